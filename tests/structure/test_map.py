"""`etabli map`: the story, its file, and what is said of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etabli
import etabli.examples
from etabli.cli import main
from etabli.errors import DataError, UsageError
from etabli.structure.maptold import shares
from etabli.structure.methods import projections
from etabli.structure.projections.autoencoder import trained

PENGUINS = Path(etabli.examples.__file__).parent / "penguins.csv"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    return etabli.map(PENGUINS, ignore=("species",), methods=("pca",), effort="glance", out=str(tmp_path_factory.mktemp("map") / "run"))


def test_the_file_places_new_rows_as_the_result_says(drawn: etabli.Study) -> None:
    points = drawn.result["points"]
    rows = list(csv.DictReader(PENGUINS.read_text().splitlines()))
    given = {name: [rows[i][name] for i in points["row"]] for name in drawn.result["used"]}
    answers = drawn.model.predict(given)
    assert set(answers) == {"coordinates", "error", "certainty", "novelty"}
    assert answers["coordinates"][:, 0] == pytest.approx(points["x"], abs=1e-9)
    assert answers["coordinates"][:, 1] == pytest.approx(points["y"], abs=1e-9)
    assert answers["error"][:, 0] == pytest.approx(points["error"], abs=1e-9)
    assert list(answers.frame)[:4] == ["x1", "x2", "error", "certainty"]


def test_certainty_is_uniform_on_rows_like_these_and_small_on_a_strange_one(drawn: etabli.Study) -> None:
    certainty = np.array(drawn.result["points"]["certainty"])
    assert 0.4 < certainty.mean() < 0.65
    row = {name: ["39.1"] for name in drawn.result["used"]} | {"island": ["Torgersen"], "sex": ["male"], "year": ["2007"]}
    strange = row | {"bill_depth_mm": ["190"], "flipper_length_mm": ["20"], "body_mass_g": ["3750"]}
    assert drawn.model.predict(strange)["certainty"][0, 0] < 0.01


def test_what_is_told_of_it(drawn: etabli.Study) -> None:
    result = drawn.result
    assert result["task"] == "map"
    assert result["winner"]["family"] == "pca"
    assert "year" not in result["used"]  # when a row was recorded is not what it is like
    assert any(warning["code"] == "left_out" and warning["columns"] == ["year"] for warning in result["warnings"])
    assert result["map"]["components"]["held_out"] > 0
    number = result["map"]["components"]
    assert number["used"] == max(2, number["parallel"])
    assert number["beyond"] >= number["parallel"]
    assert sum(result["map"]["explained"]) <= 1 + 1e-9
    first = result["map"]["loadings"][0]["text"]["en"]
    assert first.startswith("x1: ")
    assert "flipper_length_mm" in first
    assert "body_mass_g" in first
    assert len(result["points"]["kept"]) == len(result["points"]["x"])
    assert "nearest" in result["map"]["believe"]["en"]
    assert result["map"]["trust"]["picture"]["trustworthiness"] <= 1  # of held-out rows, as the text
    assert f"{result['map']['trust']['picture']['trustworthiness']:.2f}" in result["map"]["believe"]["en"]
    first = result["map"]["loadings"][0]["loadings"][0]
    assert first["feature"] in ("flipper_length_mm", "body_mass_g") and 0.7 < abs(first["loading"]) <= 1.05
    assert result["proof"]["max_difference"] < 1e-12


def test_cells_for_colouring_are_those_of_the_drawn_rows(drawn: etabli.Study) -> None:
    points = drawn.result["points"]
    table = list(csv.DictReader(PENGUINS.read_text().splitlines()))
    kept = {one["name"]: one for one in points["columns"]}
    species, mass = kept["species"], kept["body_mass_g"]
    assert species["used"] == ("species" in drawn.result["used"])
    assert [species["levels"][k] for k in species["codes"]] == [table[row]["species"] for row in points["row"]]
    assert all(m is None or m == float(table[row]["body_mass_g"]) for m, row in zip(mass["values"], points["row"], strict=True))
    assert min(mass["told"], species["told"]) > 0.7
    assert kept["year"]["told"] < 0.3  # which nothing on the map goes with


def test_three_rows_are_shown_beside_what_the_map_gives_back(drawn: etabli.Study) -> None:
    pairs = drawn.result["map"]["rebuilt"]
    assert [one["which"] for one in pairs] == ["kept", "usual", "lost"] and pairs[0]["error"] < pairs[1]["error"] < pairs[2]["error"]
    gaps = [sum((e["own"] - e["again"]) ** 2 for e in one["features"]) for one in pairs]
    assert gaps[0] < gaps[2] and all(len(one["features"]) == 8 for one in pairs)
    points = dict(zip(drawn.result["points"]["row"], drawn.result["points"]["error"], strict=True))
    assert [points[one["row"]] for one in pairs] == [one["error"] for one in pairs]
    assert "What the coordinates keep of a row" in (drawn.folder / "report.html").read_text(encoding="utf-8")


def test_an_autoencoder_tells_how_it_learned_and_the_others_do_not() -> None:
    pytest.importorskip("jax")
    x = np.random.default_rng(0).normal(size=(120, 6))
    found = projections()["autoencoder"].fit({"kind": "variational", "components": 2}, x, 0, iter([False, True]).__next__)
    told = trained(found)
    assert told is not None and len(told["folds"][0]["held"]) == 2 and told["layers"][-1]["shape"] == [6]
    weights = sum(v.size for name, v in found.arrays.items() if name.startswith("net."))
    assert sum(one["weights"] for one in told["layers"]) == weights
    assert trained(projections()["pca"].fit({"components": 2}, x, 0, lambda: False)) is None


def test_a_place_that_keeps_fewer_neighbours_is_named() -> None:
    from etabli.structure.doubted import where

    z = np.random.default_rng(0).uniform(size=(900, 2))
    here = (z < 1 / 3).all(axis=1)
    found = where(z, np.where(here, 0.2, 0.8))
    assert found["place"] == [0, 0] and found["text"]["en"].startswith("Least to be believed is the bottom left")
    assert where(z, np.full(900, 0.5))["place"] is None


def test_a_colour_that_is_no_column_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["map", str(PENGUINS), "--methods", "pca", "--effort", "glance", "--colour", "specis", "-q"]) == 2
    assert 'did you mean "species"' in capsys.readouterr().err.replace("“", '"')


def test_the_command_writes_coordinates_of_new_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["map", str(PENGUINS), "--components", "3", "--methods", "pca", "--effort", "glance", "--json", "-q"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["map"]["components"] | {"used": 3, "asked": 3} == result["map"]["components"]
    assert main(["predict", "penguins.map.etabli/model.onnx", str(PENGUINS), "-o", "out.csv", "-q"]) == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert len(rows) == 344
    assert {"x1", "x2", "x3", "error", "certainty", "novelty"} <= set(rows[0])


def test_a_run_that_goes_on_does_nothing_twice_and_answers_the_same(tmp_path: Path) -> None:
    runs = [etabli.map(PENGUINS, methods=("pca",), effort="glance", out=str(tmp_path / "run")) for _ in range(2)]
    assert runs[0].result["leaderboard"] == runs[1].result["leaderboard"]  # seconds too: they were read, not measured again
    assert runs[0].result["points"] == runs[1].result["points"]


def test_a_wrong_method_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pca"):
        etabli.map(PENGUINS, methods=("pcaa",), out=str(tmp_path / "run"))


def test_columns_without_anything_in_common_are_called_so(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(200, 5))
    result = etabli.map({f"c{j}": x[:, j] for j in range(5)}, methods=("pca",), effort="glance", out=str(tmp_path / "run")).result
    assert result["map"]["components"]["parallel"] == 0
    assert "no_common_structure" in [warning["code"] for warning in result["warnings"]]
    assert "hardly" in result["sentence"]["en"]


def never() -> bool:
    return False


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 60), st.integers(2, 8))
def test_principal_axes_are_orthonormal_and_do_not_depend_on_the_order_of_columns(seed: int, rows: int, columns: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)) * np.geomspace(1, 8, columns)
    method = projections()["pca"]
    count = min(2, columns)
    found = method.fit({"components": count}, x, 0, never)
    axes = found.arrays["axes"]
    assert axes.T @ axes == pytest.approx(np.eye(count), abs=1e-10)
    order = random.permutation(columns)
    other = method.fit({"components": count}, x[:, order], 0, never)
    assert method.apply(other, x[:, order]) == pytest.approx(method.apply(found, x), abs=1e-6)
    assert method.back(found, method.apply(found, x)).shape == x.shape


def test_principal_components_are_scikit_learns() -> None:
    from sklearn.decomposition import PCA

    for shape in ((100, 6), (20, 50)):
        x = np.random.default_rng(0).normal(size=shape) * np.geomspace(1, 5, shape[1])
        method = projections()["pca"]
        z = method.apply(method.fit({"components": 3}, x, 0, never), x)
        assert np.abs(z) == pytest.approx(np.abs(PCA(3, svd_solver="full").fit_transform(x)), abs=1e-8)
        assert shares(x, z) == pytest.approx(PCA(3, svd_solver="full").fit(x).explained_variance_ratio_, abs=1e-10)


def test_parts_are_placed_by_non_negative_least_squares() -> None:
    from scipy.optimize import nnls

    random = np.random.default_rng(0)
    weights, parts = (random.exponential(size=shape) * (random.random(shape) > 0.4) for shape in ((200, 4), (4, 15)))
    x = weights @ parts + 0.05 * random.random((200, 15))
    method = projections()["nmf"]
    found = method.fit({"components": 4, "origin": [0.0] * 15}, x, 0, never)
    z = method.apply(found, x)
    exact = np.array([nnls(found.arrays["back"].T, row)[0] for row in x])
    assert z.min() >= 0
    assert found.arrays["back"].min() >= 0
    assert np.abs(z - exact).max() < 0.01 * exact.max()
    assert ((x - method.back(found, z)) ** 2).sum() < 1e-3 * (x**2).sum()


def test_independent_sources_come_apart() -> None:
    random = np.random.default_rng(0)
    sources = np.column_stack([np.sign(np.sin(np.arange(1500) / 7)), random.laplace(size=1500), random.random(1500)])
    x = sources @ random.normal(size=(3, 6)) + 0.01 * random.normal(size=(1500, 6))
    method = projections()["ica"]
    z = method.apply(method.fit({"components": 3}, x, 0, never), x)
    together = np.abs(np.corrcoef(z.T, sources.T)[:3, 3:])
    assert (together.max(axis=0) > 0.98).all()
    assert (np.sort(together, axis=0)[-2] < 0.15).all()


def test_kernel_components_are_scikit_learns_where_every_row_is_a_landmark() -> None:
    from sklearn.decomposition import KernelPCA

    x = np.random.default_rng(0).normal(size=(60, 4))
    method = projections()["kpca"]
    found = method.fit({"components": 3, "width": 1.0}, x, 0, never)
    theirs = KernelPCA(3, kernel="rbf", gamma=float(found.arrays["gamma"])).fit(x)
    new = np.random.default_rng(1).normal(size=(20, 4))
    for rows in (x, new):
        assert np.abs(method.apply(found, rows)) == pytest.approx(np.abs(theirs.transform(rows)), abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.sampled_from(["pca", "svd", "random", "ica", "nmf"]))
def test_what_was_made_of_few_coordinates_is_given_back(seed: int, columns: int, name: str) -> None:
    random = np.random.default_rng(seed)
    x = random.random((40, 1)) @ random.random((1, columns)) + 1
    method = projections()[name]
    found = method.fit({"components": min(2, columns), "origin": [0.0] * columns}, x, 0, never)
    again = method.back(found, method.apply(found, x))
    if name != "random":
        assert again == pytest.approx(x, abs=0.1 if name == "nmf" else 1e-6)
    twice = method.back(found, method.apply(found, again))
    assert twice == pytest.approx(again, abs=0.02 if name == "nmf" else 1e-6)  # placing what was rebuilt changes nothing


def test_methods_that_need_a_zero_are_offered_for_amounts_only(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    amounts = {f"c{j}": column for j, column in enumerate((random.exponential(size=(120, 2)) @ random.exponential(size=(2, 5)) + 0.01).T)}
    result = etabli.map(amounts, effort="glance", components=2, out=str(tmp_path / "amounts")).result
    assert {"nmf", "svd"} <= {entry["name"] for entry in result["leaderboard"]}
    assert not any("origin" in entry["values"] for entry in result["leaderboard"])
    nmf = etabli.map(amounts, methods=("nmf",), effort="glance", components=2, out=str(tmp_path / "nmf"))
    answers = nmf.model.predict({name: [0.0] for name in amounts})
    assert answers["coordinates"] == pytest.approx(np.zeros((1, 2)), abs=1e-9)  # zero everywhere is nothing of each part
    with pytest.raises(DataError, match="never negative"):
        etabli.map(PENGUINS, methods=("nmf",), effort="glance", out=str(tmp_path / "no"))


def test_the_most_faithful_wins_and_chance_does_not(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    angle = random.random(400) * 2 * np.pi
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0][:2]
    x = np.column_stack([np.cos(angle), np.sin(angle)]) @ turn + 0.02 * random.normal(size=(400, 6))
    result = etabli.map({f"c{j}": x[:, j] for j in range(6)}, effort="glance", out=str(tmp_path / "run")).result
    assert result["winner"]["family"] == "pca"
    assert result["leaderboard"][0]["faithfulness"] > 0.8
    by_chance = next(entry for entry in result["leaderboard"] if entry["name"] == "random")
    assert by_chance["faithfulness"] < result["leaderboard"][0]["faithfulness"] - 0.1
    assert not by_chance["tied"]
