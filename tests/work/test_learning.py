"""The learning curve of a run: what it is made of, when there is none, and that an interruption changes nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
import etabli.examples
from etabli.records import Split
from etabli.work import learning
from etabli.work.tasks import Task, rows_of
from tests.test_result import DOCUMENTED, walk

FAMILIES = ("logistic",)


def _fitted(folder: Path, **options: Any) -> dict[str, Any]:
    chosen: dict[str, Any] = {"effort": "glance", "families": FAMILIES, "out": folder, **options}
    return dict(etabli.fit(etabli.examples.path("penguins.csv"), "species", **chosen).result)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("learning") / "run.etabli"
    return folder, _fitted(folder)


def test_the_last_point_is_the_path_that_won_and_all_are_judged_on_the_same_rows(first: tuple[Path, dict[str, Any]]) -> None:
    made = first[1]["learning"]
    rows = [point["rows"] for point in made["points"]]
    assert (
        rows == sorted(rows)
        and rows[-1] == pytest.approx(344 * 2 / 3, abs=1)
        and made["twice"]["rows"] == pytest.approx(2 * rows[-1], abs=1)
    )
    best = min(entry["score"] for entry in first[1]["leaderboard"])
    assert made["points"][-1]["score"] == pytest.approx(best)
    assert made["verdict"] in ("helps", "little", "unknown") and made["text"]["en"] and made["reason"] == {}
    assert all(point["low"] <= point["score"] <= point["high"] for point in made["points"])
    assert made["twice"]["low"] <= made["twice"]["score"] <= made["twice"]["high"]
    assert {path for path, _ in walk({"learning": made})} == {path for path in DOCUMENTED if path.split(".")[0] == "learning"}


def test_a_run_that_goes_on_draws_the_same_curve(first: tuple[Path, dict[str, Any]]) -> None:
    folder, before = first
    done = folder / "done"
    parts = [path for path in done.glob("*.json") if json.loads(path.read_text())["task"]["share"] < 1]
    assert len(parts) >= 6
    for path in parts[::2]:
        path.unlink()
    again = etabli.resume(folder).result
    assert again["learning"] == before["learning"]


@pytest.mark.parametrize(("change", "code"), [({"GLANCE": 10}, "glance"), ({"FREE": 0.0, "SHARE": 0.0}, "dear"), ({"FEW": 10**6}, "few")])
def test_why_there_is_none_is_said(
    first: tuple[Path, dict[str, Any]], change: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in change.items():
        monkeypatch.setattr(learning, name, value)
    made = etabli.resume(first[0]).result["learning"]
    assert made["points"] == [] and made["verdict"] is None and made["reason"] == learning.WHY[code]


def test_the_constant_and_time_have_none(tmp_path: Path) -> None:
    assert _fitted(tmp_path / "base.etabli", families=("baseline",))["learning"]["reason"] == learning.WHY["constant"]
    lines = ["day,x,y", *(f"2020-01-{1 + i % 28:02d} {i // 28:02d}:00,{i % 7},{i * 0.1 + i % 7}" for i in range(300))]
    (tmp_path / "time.csv").write_text("\n".join(lines))
    made = etabli.fit(
        tmp_path / "time.csv", "y", effort="glance", families=("ridge",), time_column="day", out=tmp_path / "time.etabli"
    ).result
    assert made["learning"]["reason"] == learning.WHY["forward"]


def test_parts_of_the_rows_are_nested_and_hold_whole_groups() -> None:
    fold, groups = np.arange(90) % 3, np.repeat(np.arange(30), 3)
    for ids in (None, groups):
        split = Split("grouped", np.repeat(np.arange(30) % 3, 3) if ids is not None else fold, 3, groups=ids)
        seen = [set(rows_of(Task("s", 0, (), 7, share), split)[0].tolist()) for share in (1 / 8, 1 / 4, 1 / 2, 1.0)]
        assert all(small < large for small, large in pairwise(seen))
        assert [len(rows) for rows in seen] == ([7, 15, 30, 60] if ids is None else [6, 15, 30, 60])
        if ids is not None:
            assert all(np.bincount(groups[list(rows)], minlength=30).tolist().count(3) * 3 == len(rows) for rows in seen)
