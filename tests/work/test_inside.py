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


def test_a_tree_beside_another_winner_is_drawn_with_both_scores(tmp_path: Path) -> None:
    study = etabli.fit(
        etabli.examples.path("penguins.csv"), "body_mass_g", effort="glance", families=("ridge", "tree"), out=str(tmp_path / "run.etabli")
    )
    found = study.result["tree"]
    assert found is not None and "tree" not in (study.result["inside"] or {})
    assert 2 <= len(_leaves(found["tree"])) <= 16 and found["name"].startswith("tree ")
    assert study.result["honest"]["low"] < found["winner"] < found["score"] < study.result["baseline"]["value"]
    page = study.report.read_text(encoding="utf-8")
    assert "A tree that one can read" in page and 'id="tree"' in page


def test_a_straight_effect_has_its_coefficient(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    lines = ["a,b,y", *(f"{a:.4f},{b:.4f},{3 * a - 20 * b + 5:.4f}" for a, b in x)]
    (tmp_path / "line.csv").write_text("\n".join(lines))
    study = etabli.fit(tmp_path / "line.csv", "y", effort="glance", families=("ols",), out=str(tmp_path / "line.etabli"))
    slopes = {one["column"]: one["slope"] for one in study.result["inside"]["effects"]}
    assert slopes["a"] == pytest.approx(3, rel=1e-3) and slopes["b"] == pytest.approx(-20, rel=1e-3)
    assert "Coefficients" in study.report.read_text(encoding="utf-8")
