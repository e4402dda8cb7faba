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
from etabli.errors import UsageError
from etabli.structure.maptold import shares
from etabli.structure.method import Projection
from etabli.structure.methods import projections

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
    number = result["map"]["components"]
    assert number["used"] == max(2, number["parallel"])
    assert sum(result["map"]["explained"]) <= 1 + 1e-9
    first = result["map"]["loadings"][0]["text"]["en"]
    assert first.startswith("x1: ")
    assert "flipper_length_mm" in first
    assert "body_mass_g" in first
    assert len(result["points"]["kept"]) == len(result["points"]["x"])
    assert "nearest" in result["map"]["believe"]["en"]
    assert result["proof"]["max_difference"] < 1e-12


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


def straight() -> list[Projection]:
    return [method for method in projections().values() if method.linear]


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
