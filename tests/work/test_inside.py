"""What is drawn of a simple winner is what the file answers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
import etabli.examples


def _rows() -> list[dict[str, Any]]:
    with open(etabli.examples.path("penguins.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _fit(folder: Path, target: str, family: str, **more: Any) -> etabli.Study:
    file = etabli.examples.path("penguins.csv")
    return etabli.fit(file, target, effort="glance", families=(family,), out=str(folder / "run.etabli"), **more)


def _leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node] if "feature" not in node else _leaves(node["yes"]) + _leaves(node["no"])


def test_a_tree_is_told_as_the_file_answers(tmp_path: Path) -> None:
    study = _fit(tmp_path, "body_mass_g", "tree", ignore=("species", "island", "sex", "year", "bill_length_mm"))
    root = study.result["inside"]["tree"]
    assert sum(leaf["rows"] for leaf in _leaves(root)) == root["rows"] == 342
    rows = _rows()
    answers = study.model.predict(rows)["prediction"][:, 0]
    for row, answer in zip(rows, answers, strict=True):
        node = root
        while "feature" in node:
            text = row[node["feature"]]
            value = np.nan if text == "NA" else float(np.float32(float(text)))
            node = node[("yes" if node["split"] is None or value <= node["split"] else "no") if value == value else node["missing"]]
        assert node["value"] == pytest.approx([answer])


def test_a_tree_of_three_classes_has_shares(tmp_path: Path) -> None:
    study = _fit(tmp_path, "species", "tree")
    for leaf in _leaves(study.result["inside"]["tree"]):
        assert len(leaf["value"]) == 3 and sum(leaf["value"]) == pytest.approx(1)
    page = study.report.read_text(encoding="utf-8")
    assert "The questions it asks" in page and "flipper_length_mm" in page


@pytest.mark.parametrize("family", ["spline", "ridge"])
def test_an_additive_model_is_the_sum_of_its_curves(tmp_path: Path, family: str) -> None:
    study = _fit(tmp_path, "body_mass_g", family, ignore=("species", "island", "sex", "year"))
    effects = {one["column"]: one for one in study.result["inside"]["effects"]}
    assert list(effects) == sorted(effects, key=lambda name: -effects[name]["size"])
    log = "link=log" in study.result["winner"]["name"]
    base = {"bill_length_mm": 43.0, "bill_depth_mm": 17.0, "flipper_length_mm": 200.0}

    def answer(**changed: float) -> float:
        value = float(study.model.predict([{**base, **changed}])["prediction"][0, 0])
        return float(np.log(value)) if log else value

    for name, one in effects.items():
        low, high = one["x"][5], one["x"][30]
        moved = answer(**{name: high}) - answer(**{name: low})
        assert one["effect"][30] - one["effect"][5] == pytest.approx(moved, rel=1e-6, abs=1e-9)
    assert "What each column adds" in study.report.read_text(encoding="utf-8")


def test_other_winners_are_not_simplified(tmp_path: Path) -> None:
    assert _fit(tmp_path, "body_mass_g", "lightgbm").result["inside"] is None
