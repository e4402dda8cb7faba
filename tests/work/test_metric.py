"""A metric that is asked for ranks from end to end, and its promise can be checked again from the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from etabli import examples, fit
from etabli.errors import DataError, UsageError
from etabli.faces.words import known
from etabli.model.check import check

PENGUINS = examples.path("penguins.csv")


def test_stated_costs_rank_and_are_promised(tmp_path: Path) -> None:
    options = {"effort": "glance", "families": ("logistic", "tree"), "cost": {"female>male": 5.0}}
    result = fit(PENGUINS, "sex", metric="cost", out=str(tmp_path / "run"), **options).result
    assert result["metric"] == "cost" and not result["greater_is_better"]
    best = next(row for row in result["leaderboard"] if row["tied"])
    assert best["score"] == min(row["score"] for row in result["leaderboard"])
    assert best["score"] == pytest.approx(result["cost"]["value"], rel=0.2)
    assert result["baseline"]["value"] == pytest.approx(result["cost"]["constant"], rel=1e-9)
    assert [warning["level"] for warning in result["warnings"] if warning["code"] == "metric"] == ["note"]
    seen = check(tmp_path / "run" / "model.onnx", PENGUINS)
    assert seen.scores[0].metric == "cost" and seen.scores[0].promised == result["honest"]
    assert seen.scores[0].value < result["baseline"]["value"] and np.isfinite(seen.scores[0].high)


def test_a_metric_that_the_targets_forbid_is_refused_before_any_work(tmp_path: Path) -> None:
    rows = "\n".join(f"{i % 13},{i % 5 - 1},{i % 4}" for i in range(60))
    (tmp_path / "t.csv").write_text("a,y,z\n" + rows + "\n", encoding="utf-8")
    for target, name, kind in (
        ("y", "poisson", DataError),
        ("z", "mape", DataError),
        ("y", "max_error", UsageError),
        ("y", "pinball", UsageError),
    ):
        with pytest.raises(kind) as caught:
            fit(tmp_path / "t.csv", target, task="regression", metric=name, out=str(tmp_path / "run"))
        assert caught.value.hint
        assert not list((tmp_path / "run").glob("done/*"))


def test_a_metric_without_a_short_name_is_shown_by_its_title() -> None:
    assert known("metric", "pinball@0.75", "fr") == "perte pinball à 0,75"
    assert known("metric", "log_loss", "en") == "log-loss" and known("metric", "of a plug_in") == "of a plug in"
