"""What the user declares beforehand: directions, columns that may interact, exposure, costs and class weights, as a user sees them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etabli
from etabli.errors import ProofError, UsageError
from etabli.families import families
from etabli.model.monotone import obeys
from etabli.records import Column, Feature, Table
from etabli.work.directions import directed, interacting, obedient


def made(folder: Path, rows: int = 400, seed: int = 0) -> Path:
    """A file whose target wiggles in x, though it rises on the whole; a plain number, a category, an exposure and a rare class."""
    random = np.random.default_rng(seed)
    x, z = random.normal(size=(2, rows))
    word = np.array(["red", "green", "blue"])[random.integers(0, 3, rows)]
    years = random.uniform(0.5, 5, rows)
    y = x + np.sin(4 * x) + 0.5 * z + (word == "red") + 0.3 * random.normal(size=rows)
    claims = random.poisson(np.exp(0.3 * x) * years)
    label = np.where(y + random.normal(size=rows) > 1.8, "ill", "well")
    path = folder / "made.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["x", "z", "word", "years", "y", "claims", "label"])
        writer.writerows(zip(x, z, word, years, y, claims, label, strict=True))
    return path


@pytest.fixture(scope="module")
def rising(tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    folder = tmp_path_factory.mktemp("rising")
    return etabli.fit(
        made(folder),
        "y",
        ignore=("claims", "label", "years"),
        effort="glance",
        families=("ridge", "tree", "lightgbm", "knn"),
        increasing=("x",),
        decreasing=("z",),
        out=str(folder / "run.etabli"),
    )


@settings(max_examples=60)
@given(st.floats(-6, 6), st.floats(-6, 6), st.floats(-6, 6), st.sampled_from(["red", "green", "blue", "", "mauve"]))
def test_the_finished_file_never_moves_the_wrong_way(rising: etabli.Study, one: float, two: float, other: float, word: str) -> None:
    low, high = sorted((one, two))
    answers = rising.model.predict([{"x": low, "z": other, "word": word}, {"x": high, "z": other, "word": word}])["prediction"][:, 0]
    assert answers[0] <= answers[1] + 1e-12 * abs(answers).max()
    answers = rising.model.predict([{"x": other, "z": low, "word": word}, {"x": other, "z": high, "word": word}])["prediction"][:, 0]
    assert answers[0] >= answers[1] - 1e-12 * abs(answers).max()


def test_families_that_cannot_obey_are_left_out_and_named(rising: etabli.Study) -> None:
    said = [warning for warning in rising.result["warnings"] if warning["code"] == "families-left-out"]
    assert len(said) == 1 and "knn" in said[0]["text"]["en"]
    assert {row["family"] for row in rising.result["leaderboard"]} <= {"baseline", "ridge", "tree", "lightgbm", "combination"}
    assert rising.result["proof"]["directions"]["comparisons"] > 100
    assert "--increasing x" in rising.result["command"] and "--decreasing z" in rising.result["command"]


def test_the_check_of_the_file_can_fail(tmp_path: Path) -> None:
    study = etabli.fit(
        made(tmp_path), "y", ignore=("claims", "label"), effort="glance", families=("lightgbm",), out=str(tmp_path / "r.etabli")
    )
    from etabli.data.store import load

    table = load(study.folder / "data")
    model = (study.folder / "model.onnx").read_bytes()
    columns = tuple(raw.name for raw in study.model.columns)
    with pytest.raises(ProofError, match="increasing in every column") as told:  # it was free to follow the sine
        obeys(model, table, columns, {"x": 1}, np.arange(table.rows))
    assert told.value.got.startswith("x from ")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"increasing": ("xx",)}, "takes a column of the file"),
        ({"increasing": ("word",)}, "takes a column of numbers"),
        ({"increasing": ("y",)}, "takes a column of numbers"),
        ({"increasing": ("x",), "decreasing": ("x",)}, "one direction"),
        ({"together": ("x,zz",)}, "takes columns of the file"),
        ({"cost": {"a>b": 1.0}}, "is for classes"),
        ({"class_weight": {"balanced": 1.0}}, "is for classes"),
        ({"exposure": "word"}, "numbers above 0"),
    ],
)
def test_what_cannot_be_declared_teaches(tmp_path: Path, options: dict[str, Any], match: str) -> None:
    with pytest.raises(etabli.errors.EtabliError, match=match):  # type: ignore[attr-defined]
        etabli.fit(made(tmp_path, 60), "y", effort="glance", families=("ridge",), out=str(tmp_path / "r"), **options)
    assert not (tmp_path / "r" / "model.onnx").exists()


def test_more_than_two_classes_have_no_direction(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rise or fall"):
        etabli.fit(made(tmp_path, 60), "word", effort="glance", families=("logistic",), increasing=("x",), out=str(tmp_path / "r"))


def test_exposure_learns_rates_and_answers_counts(tmp_path: Path) -> None:
    study = etabli.fit(
        made(tmp_path, 800),
        "claims",
        ignore=("y", "label"),
        effort="glance",
        families=("glm", "ridge"),
        exposure="years",
        out=str(tmp_path / "r.etabli"),
    )
    one, two, none = ({"x": 0.5, "z": 0.0, "word": "red", "years": years} for years in (1.0, 3.0, None))
    answers = study.model.predict([one, two, none])
    assert answers["prediction"][1] == pytest.approx(3 * answers["prediction"][0])
    assert answers["upper"][1] == pytest.approx(3 * answers["upper"][0])
    assert np.isnan(answers["prediction"][2])
    truth = np.exp(0.15)
    assert answers["prediction"][0] == pytest.approx(truth, rel=0.25)


def test_costs_change_the_answer_and_not_the_probabilities(tmp_path: Path) -> None:
    file = made(tmp_path, 600)
    plain, dear = (
        etabli.fit(file, "label", ignore=("y", "claims"), effort="glance", families=("logistic",), out=str(tmp_path / name), cost=cost)
        for name, cost in (("a.etabli", {}), ("b.etabli", {"ill>well": 20.0}))
    )
    one, two = plain.model.predict(str(file)), dear.model.predict(str(file))
    assert (one["probability"] == two["probability"]).all()
    ill = list(dear.model.classes).index("ill")
    assert ((two["prediction"][:, 0] == "ill") == (two["probability"][:, ill] > 1 / 21)).all()
    assert (two["prediction"] == "ill").sum() > (one["prediction"] == "ill").sum()
    paid = dear.result["cost"]
    assert paid["low"] <= paid["value"] <= paid["high"] and paid["value"] < 20 * np.mean([row == "ill" for row in _column(file, "label")])


def test_class_weights_reach_the_fit_and_calibration_undoes_them_in_probabilities(tmp_path: Path) -> None:
    file = made(tmp_path, 1000)
    study = etabli.fit(
        file,
        "label",
        ignore=("y", "claims"),
        effort="glance",
        families=("logistic",),
        class_weight={"ill": 30.0},
        out=str(tmp_path / "a.etabli"),
    )
    ill = list(study.model.classes).index("ill")
    share = np.mean([label == "ill" for label in _column(file, "label")])
    assert study.model.predict(str(file))["probability"][:, ill].mean() == pytest.approx(share, abs=0.05)
    assert study.result["calibration"]["method"] != "raw"


def _column(file: Path, name: str) -> list[str]:
    with open(file, encoding="utf-8") as text:
        return [row[name] for row in csv.DictReader(text)]


def test_features_get_directions_and_groups() -> None:
    features = (Feature("x", ("x",)), Feature("x missing", ("x",)), Feature("word=red", ("word",)), Feature("z", ("z",)))
    assert [feature.direction for feature in directed(features, {"x": 1, "z": -1})] == [1, 0, 0, -1]
    assert interacting(features, (("x", "z"),)) == ((0, 1, 3), (2,))
    assert interacting(features, ()) == ()


def test_obedient_families() -> None:
    kept, said = obedient(families(), "regression", {"x": 1}, ())
    assert {"ridge", "tree", "forest", "lightgbm", "xgboost", "histgb"} <= set(kept) and "knn" not in kept and said
    kept, said = obedient(families(), "regression", {}, (("x", "z"),))
    assert {"ridge", "lightgbm", "xgboost", "histgb"} <= set(kept) and "forest" not in kept and said
    assert obedient(families(), "regression", {}, ()) == (dict(families()), [])


def test_a_table_without_the_column_is_not_asked() -> None:
    table = Table((Column("x", "number"),), 3, {"x": np.arange(3.0)}, {})
    from etabli.records import Target
    from etabli.work.directions import directions

    assert directions(table, Target("y", "regression", np.zeros(3)), ("x",), ()) == {"x": 1}
