"""The numbers that draw a finding: few, finite, and of what the words say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from etabli.data.audit import audit
from etabli.data.sources import read
from etabli.data.target import target as make_target


def test_findings_hold_the_few_numbers_that_draw_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = 600
    y = rng.permutation(rows) < 27
    leak = y + 0.001 * rng.normal(size=rows)
    age = np.round(rng.normal(40, 8, rows), 1)
    age[rng.choice(rows, 30, replace=False)] = -999
    gap = np.where(y | (rng.random(rows) < 0.3), "", np.round(rng.normal(size=rows), 3).astype(str))
    lines = [f"{a},{b:.5f},{c},{'ill' if d else 'well'}" for a, b, c, d in zip(age, leak, gap, y, strict=True)]
    (tmp_path / "t.csv").write_text("age,leak,gap,state\n" + "\n".join(lines) + "\n", encoding="utf-8")
    table = read(tmp_path / "t.csv", None, {})
    goal, _ = make_target(table, "state", None, "ill")
    found = {finding.code: finding.evidence["picture"] for finding in audit(table, goal) if "picture" in finding.evidence}
    assert {"near_perfect", "hidden_missing", "telling_gaps", "imbalance"} <= set(found)
    for picture in found.values():
        assert picture["kind"] in ("line", "bars", "spike") and 2 <= len(picture["x"]) == len(picture["y"]) <= 24
        assert np.isfinite(picture["y"]).all() and json.dumps(picture)
    assert found["near_perfect"]["label"] == "ill" and found["near_perfect"]["y"][0] == 0 and found["near_perfect"]["y"][-1] > 0.9
    assert found["hidden_missing"]["at"] == 0 and found["hidden_missing"]["y"][0] == 30
    assert found["telling_gaps"]["y"][1] > found["telling_gaps"]["y"][0] == 0
    assert sorted(found["imbalance"]["y"]) == [int(y.sum()), int((~y).sum())]
