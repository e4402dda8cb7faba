"""What is told of a winner's use of the columns is what the file answers, and where it fails is read from the out-of-fold table."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
import etabli.examples
from etabli.faces.report.explained import fails, uses
from etabli.work import moved

ROWS = 600


def _table(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """y = 3 a + b² where job is no "c", and noise that is five times larger where it is; twin says what a says; luck says nothing."""
    rng = np.random.default_rng(0)
    a, b, luck = rng.normal(size=(3, ROWS))
    job = rng.choice(list("abc"), ROWS, p=[0.5, 0.3, 0.2])
    y = 3 * a + b**2 + np.where(job == "c", 2.5, 0.5) * rng.normal(size=ROWS)
    twin = np.where(rng.random(ROWS) < 0.05, np.nan, np.exp(a))
    rows = [
        {
            "a": f"{a[i]:.3f}",
            "b": f"{b[i]:.3f}",
            "twin": "" if np.isnan(twin[i]) else f"{twin[i]:.3f}",
            "luck": f"{luck[i]:.3f}",
            "job": job[i],
            "y": f"{y[i]:.3f}",
        }
        for i in range(ROWS)
    ]
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path, rows


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[etabli.Study, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("explained")
    path, rows = _table(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moved, "DEPENDENCE", 1)  # all rows, so that the file can be asked the same
        return etabli.fit(path, "y", effort="glance", families=("lightgbm",), test=None, out=folder / "run.etabli"), rows


def _used(study: etabli.Study) -> dict[str, dict[str, Any]]:
    return {one["column"]: one for one in study.result["explanation"]["importance"]["columns"]}


def test_what_matters_matters_and_luck_does_not(study: Any) -> None:
    used = _used(study[0])
    assert list(used) == sorted(used, key=lambda name: -used[name]["value"]) and set(used) == {"a", "b", "twin", "luck", "job"}
    assert used["b"]["low"] > 0 and used["luck"]["low"] <= 0 <= used["luck"]["high"]
    [group] = study[0].result["explanation"]["importance"]["groups"]
    assert set(group["columns"]) == {"a", "twin"} and group["relation"] > 0.95
    assert group["low"] > max(used["a"]["value"], used["twin"]["value"]) > 0


def test_the_score_that_becomes_worse_is_the_leaderboards(study: Any) -> None:
    result = study[0].result
    asked = result["explanation"]["importance"]
    winner = next(row for row in result["leaderboard"] if row["name"] in (result["winner"]["name"], "combination"))
    assert asked["rows"] == ROWS and asked["score"] == pytest.approx(winner["score"], rel=0.05)


def test_partial_dependence_is_the_mean_of_what_the_file_answers(study: Any) -> None:
    done, rows = study
    effects = {one["column"]: one for one in done.result["explanation"]["effects"]["columns"]}
    assert {"a", "b"} <= set(effects) or {"twin", "b"} <= set(effects)
    for name, one in effects.items():
        for place in (0, len(one["x"]) - 1):
            same = [{**row, name: one["x"][place]} for row in rows]
            assert one["dependence"][place] == pytest.approx(float(done.model.predict(same)["prediction"].mean()), rel=1e-9)
        assert all(low <= value <= high for low, value, high in zip(one["low"], one["effect"], one["high"], strict=True))
    b = effects["b"]
    middle = int(np.argmin(np.abs(np.array(b["x"]))))
    assert b["effect"][0] > b["effect"][middle] + 1 and b["effect"][-1] > b["effect"][middle] + 1  # b²


def test_the_noisy_rows_are_named(study: Any) -> None:
    found = study[0].result["explanation"]["slices"]
    assert [one["where"]["en"] for one in found["list"]] == ["job = c"] and found["looked"] > 50
    one = found["list"][0]
    assert one["low"] > one["elsewhere"] and one["low"] < one["score"] < one["high"] and one["rows"] == round(one["share"] * found["rows"])
    assert "job = c" in fails(study[0].result, "fr") and "+" in uses(study[0].result, "en")
    page = study[0].report.read_text(encoding="utf-8")
    for text in ("What it uses", "How it uses them", "Where it fails", "job = c"):
        assert text in page


def test_the_same_seed_says_the_same_and_a_cap_leaves_it_out(study: Any) -> None:
    done = study[0]
    before = json.dumps(done.result["explanation"]["importance"])
    again = etabli.resume(done.folder)
    assert json.dumps(again.result["explanation"]["importance"]) == before
    late = etabli.resume(done.folder, time=1e-3)
    assert late.result["explanation"] == {"columns_left_out": 0, "slices": None, "importance": None, "effects": None}
    assert "left out" in late.report.read_text(encoding="utf-8") and uses(late.result, "en") == ""


def test_classes_and_an_additive_winner(tmp_path: Path) -> None:
    file = etabli.examples.path("penguins.csv")
    three = etabli.fit(file, "species", effort="glance", families=("tree",), out=tmp_path / "tree.etabli").result["explanation"]
    assert three["effects"]["columns"] and {one["class"] for one in three["effects"]["columns"]} <= {"Adelie", "Chinstrap", "Gentoo"}
    for one in three["effects"]["columns"]:
        assert all(0 <= p <= 1 for p in one["dependence"])
    sums = etabli.fit(file, "sex", effort="glance", families=("logistic",), out=tmp_path / "sum.etabli").result
    assert sums["explanation"]["effects"] is None and sums["inside"]["effects"] and sums["explanation"]["importance"]["columns"]
