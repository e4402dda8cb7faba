"""What every clustering promises beside the contract: the order of the rows does not matter, equal rows stay together, few rows do, and
placing new rows gives back what the method said of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import etabli.examples
from etabli.data.sources import read
from etabli.judge.stability import adjusted_rand
from etabli.records import Array
from etabli.structure.method import Clustering
from etabli.structure.methods import clusterings
from etabli.structure.space import learned
from tests.structure.test_conformance import answered

METHODS = list(clusterings().values())
NAMED = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


def never() -> bool:
    return False


def groups(rows: int, apart: float = 6.0, columns: int = 4) -> tuple[Array, Array]:
    """Three round groups, and which."""
    random = np.random.default_rng(11)
    which = random.integers(0, 3, rows)
    return random.normal(size=(3, columns))[which] * apart + random.normal(size=(rows, columns)), which


def setting(method: Clustering, x: Array) -> dict[str, object]:
    """The first setting, of three clusters where the number is given."""
    return dict(next(values for values in method.settings(*x.shape) if values.get("clusters", 3) == 3))


@NAMED
def test_groups_that_are_there_are_found(method: Clustering) -> None:
    x, which = groups(300)
    found = method.fit(setting(method, x), x, 0, never)
    assert found.labels is not None
    assert adjusted_rand(found.labels, which) > 0.9
    assert float(found.arrays["agreement"]) > 0.97


@NAMED
def test_rows_in_another_order_give_the_same_clusters(method: Clustering) -> None:
    x, _ = groups(240, apart=1.5)
    order = np.random.default_rng(5).permutation(len(x))
    one, two = (method.fit(setting(method, x), rows, 0, never).labels for rows in (x, x[order]))
    assert one is not None
    assert two is not None
    assert adjusted_rand(one[order], two) == 1.0


@NAMED
def test_equal_rows_stay_together(method: Clustering) -> None:
    x, _ = groups(90)
    found = method.fit(setting(method, x), np.repeat(x, 3, axis=0), 0, never)
    assert found.labels is not None
    assert (found.labels.reshape(-1, 3) == found.labels[::3, None]).all()


@NAMED
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_hardly_any_rows(method: Clustering, rows: int) -> None:
    x = np.arange(2.0 * rows).reshape(rows, 2)
    values = setting(method, groups(300)[0])
    found = method.fit(values, x, 0, never)
    assert found.labels is not None
    assert found.labels.shape == (rows,)
    assert np.isfinite(method.apply(found, x)).all()


@NAMED
def test_a_large_table_is_placed_like_its_sample(method: Clustering) -> None:
    x, which = groups(12_000)
    values = setting(method, x)
    found = method.fit(values, x, 0, never)
    assert found.labels is not None
    assert adjusted_rand(found.labels, which) > 0.9
    assert float(found.arrays["agreement"]) > 0.95
    assert method.cost(values, *x.shape).memory < 1e9
    few = x[::200]
    answer = method.apply(found, few)
    assert np.abs(answered(method, found, few) - answer).max() <= 1e-12 * max(1.0, np.abs(answer).max())


@pytest.mark.parametrize("name", ["dbscan", "hdbscan", "spectral"])
def test_two_crescents_are_two_groups(name: str) -> None:
    from sklearn.datasets import make_moons

    x, which = make_moons(800, noise=0.06, random_state=0)
    method = clusterings()[name]
    best = max(
        adjusted_rand(np.asarray(method.fit(values, x, 0, never).labels), which)
        for values in method.settings(*x.shape)
        if values.get("clusters", 2) == 2
    )
    assert best > 0.95


@pytest.mark.parametrize("name", ["dbscan", "hdbscan"])
def test_a_row_far_from_all_belongs_to_none(name: str) -> None:
    x, _ = groups(300)
    method = clusterings()[name]
    found = method.fit(setting(method, x), x, 0, never)
    scores = method.apply(found, np.array([[60.0, -60.0, 60.0, -60.0], x[found.labels == 0][0]]))
    assert scores[0].argmax() == scores.shape[1] - 1
    assert scores[1].argmax() == 0


def test_dbscan_is_the_librarys() -> None:
    from sklearn.cluster import DBSCAN

    x, _ = groups(400, apart=2.5)
    method = clusterings()["dbscan"]
    for values in method.settings(*x.shape):
        found = method.fit(values, x, 0, never)
        theirs = DBSCAN(eps=float(found.arrays["eps"]), min_samples=values["neighbours"]).fit(x)
        core = theirs.core_sample_indices_
        assert found.labels is not None
        assert adjusted_rand(found.labels[core], theirs.labels_[core]) == 1.0
        assert ((found.labels < 0) == (theirs.labels_ < 0)).all()
        if values["core"] != "knee":
            assert len(core) >= values["core"] * len(x)


def test_bisections_are_the_librarys() -> None:
    from sklearn.cluster import BisectingKMeans

    x, _ = groups(400, apart=1.0)
    method = clusterings()["bisecting"]
    found = method.fit({"clusters": 9}, x, 0, never)
    rows = np.argsort((x * np.random.default_rng(0).normal(size=4)).sum(axis=1), kind="stable")
    theirs = BisectingKMeans(9, n_init=5, random_state=0).fit(x[rows])
    new = groups(200)[0]
    assert (method.apply(found, new).argmax(axis=1) == theirs.predict(new)).all()


def test_bic_is_the_librarys() -> None:
    from sklearn.mixture import GaussianMixture

    x, _ = groups(300)
    method = clusterings()["mixture"]
    for shape in ("full", "tied", "diag"):
        found = method.fit({"clusters": 3, "covariance": shape}, x, 0, never)
        theirs = GaussianMixture(3, covariance_type=shape, reg_covar=0.01 * x.var(axis=0).mean(), n_init=3, random_state=0).fit(x)
        assert float(found.arrays["bic"]) == pytest.approx(theirs.bic(x), rel=1e-3)


def test_a_mixed_table_with_missing_cells_is_grouped(tmp_path: Path) -> None:
    """The bundled penguins: numbers, categories and gaps, through the space."""
    file = Path(etabli.examples.__file__).parent / "penguins.csv"
    table = read(str(file), tmp_path / "data", {}, lambda *_, **__: None)
    rows = np.arange(table.rows)
    names = [column.name for column in table.columns]
    x = learned(table, names, rows, 0).apply(table, rows)
    for method in METHODS:
        found = method.fit(setting(method, x), x, 0, never)
        assert found.labels is not None
        assert 0 < found.labels.max() < 12
        answer = method.apply(found, x)
        assert np.abs(answered(method, found, x) - answer).max() <= 1e-12 * max(1.0, np.abs(answer).max())


def test_the_methods_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    from etabli.cli import main

    assert main(["families", "--job", "cluster", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told] == [method.name for method in METHODS]
    assert all(one["tasks"] == ["cluster"] and one["citation"] and one["needs"] for one in told)
    assert main(["families", "--job", "cluster"]) == 0
    assert "k-means" in capsys.readouterr().out
    assert main(["families", "--json"]) == 0
    assert "ridge" in {one["name"] for one in json.loads(capsys.readouterr().out)}
