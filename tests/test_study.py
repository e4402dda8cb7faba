"""The main job, whole: from a file to an established model, for each kind of task, as a user of the Python side sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import etabli
import etabli.examples
from etabli.graph.operators import domain_of

FEW = ("ridge", "logistic", "tree", "lightgbm")
TARGETS = {"multiclass": "species", "binary": "sex", "regression": "body_mass_g"}


@pytest.fixture(scope="module", params=sorted(TARGETS))
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    folder = tmp_path_factory.mktemp(request.param) / "penguins.etabli"
    file = etabli.examples.path("penguins.csv")
    return etabli.fit(file, TARGETS[request.param], effort="glance", families=FEW, out=str(folder), seed=3)


def _rows() -> list[dict[str, str]]:
    import csv

    with open(etabli.examples.path("penguins.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_result_is_honest_about_itself(study: etabli.Study) -> None:
    result = study.result
    task = next(task for task, target in TARGETS.items() if target == result["target"])
    assert result["task"] == task
    honest, baseline = result["honest"], result["baseline"]["value"]
    assert honest["low"] <= honest["value"] <= honest["high"] < baseline  # both metrics are losses, and these columns do tell
    board = result["leaderboard"]
    assert any(row["family"] == "baseline" for row in board)
    assert board[0]["tied"] and result["winner"]["name"]
    assert len({row["name"] for row in board}) == len(board)
    for row in board:
        assert row["low"] <= row["score"] * (1 + 1e-9) or row["tied"]
    for covered in result["coverage"]:
        assert 0.75 <= covered["got"] <= 1.0
    assert result["proof"]["label_mismatches"] == 0 and result["proof"]["members"]["models"] > 10
    assert study.status == 0 and study.report.path.exists() and str(study).startswith("Expect")


def test_the_file_is_closed_and_describes_itself(study: etabli.Study) -> None:
    model = onnx.load(study.folder / "model.onnx")
    onnx.checker.check_model(model)
    for node in model.graph.node:
        assert node.domain == domain_of(node.op_type)
    card = json.loads(next(prop.value for prop in model.metadata_props if prop.key == "etabli.card"))
    assert card["honest"] == pytest.approx(study.result["honest"])
    assert {column["name"] for column in card["columns"]} == set(_rows()[0]) - {study.result["target"]}
    assert study.model.self_test().passed


def test_it_answers_rows_it_never_saw_in_any_shape(study: etabli.Study) -> None:
    rows, target = _rows(), study.result["target"]
    known = [row for row in rows if row[target] not in ("", "NA")]
    answers: dict[str, Any] = study.model.predict(known)
    again = study.model.predict(etabli.examples.path("penguins.csv"))
    assert len(again["prediction"]) == len(rows)
    if study.result["task"] == "regression":
        truth = np.array([float(row[target]) for row in known])
        inside = (answers["lower"][:, 0] <= truth) & (truth <= answers["upper"][:, 0])
        assert inside.mean() > 0.85
        wide = study.model.predict(known, confidence=0.99)
        assert (wide["upper"] - wide["lower"] >= answers["upper"] - answers["lower"]).all()
    else:
        truth = np.array([row[target] for row in known], object)
        assert (answers["prediction"][:, 0] == truth).mean() > 0.8
        assert np.allclose(answers["probability"].sum(1), 1)
        place = np.array([study.result["classes"].index(label) for label in truth])
        assert answers["set"][np.arange(len(known)), place].mean() > 0.85
    strange = study.model.predict([{**known[0], "bill_length_mm": "900", "island": "Atlantis"}])
    assert strange["novelty"][0, 0] < 0.02 < np.median(answers["novelty"])


def test_the_same_seed_gives_the_same_file(study: etabli.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / study.folder.name
    again = etabli.fit(etabli.examples.path("penguins.csv"), study.result["target"], effort="glance", families=FEW, out=str(out), seed=3)
    assert (again.folder / "model.onnx").read_bytes() == (study.folder / "model.onnx").read_bytes()


def test_a_finished_run_is_read_again_and_resumed_at_once(study: etabli.Study) -> None:
    before = (study.folder / "model.onnx").read_bytes()
    done = {path.name: path.stat().st_mtime_ns for path in (study.folder / "done").iterdir()}
    assert etabli.load_study(study.folder).result["winner"] == study.result["winner"]
    etabli.resume(study.folder)
    assert (study.folder / "model.onnx").read_bytes() == before
    assert {path.name: path.stat().st_mtime_ns for path in (study.folder / "done").iterdir()} == done
