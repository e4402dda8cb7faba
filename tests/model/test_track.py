"""A file learned forward in time takes a factor on its half-widths, and a tracker keeps its coverage when the noise grows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError
from etabli.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("time")
    random = np.random.default_rng(1)
    x = random.normal(size=600)
    y = 2 * x + random.normal(size=600)
    (folder / "d.csv").write_text("t,a,y\n" + "\n".join(f"{t},{a},{b}" for t, (a, b) in enumerate(zip(x, y, strict=True))) + "\n")
    return etabli.fit(
        folder / "d.csv",
        "y",
        effort="glance",
        families=("ols",),
        time_column="t",
        ignore=("t",),
        interval="constant",
        out=str(folder / "r"),
    )


def test_the_factor_widens(study: Study) -> None:
    rows = {"a": np.linspace(-2, 2, 50)}
    one, two = study.model.predict(rows), study.model.predict(rows, half_width=2.0)
    assert np.allclose(two["upper"] - two["prediction"], 2 * (one["upper"] - one["prediction"]))
    assert np.array_equal(study.model.predict(rows, half_width=1.0)["lower"], one["lower"])
    assert study.result["proof"]["verdict"] and study.model.self_test().passed
    with pytest.raises(UsageError, match="above 0"):
        study.model.predict(rows, half_width=0.0)


def test_coverage_is_told_by_stretch_of_time(study: Study) -> None:
    for one in study.result["coverage"]:
        assert len(one["windows"]) == study.result["split"]["folds"] - 1
    assert "By stretch of time" in study.report.read_text(encoding="utf-8")


def test_a_tracked_model_keeps_its_coverage_when_the_variance_doubles(study: Study) -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=1_500)
    y = 2 * x + np.sqrt(2) * random.normal(size=1_500)
    fixed = study.model.predict({"a": x}, confidence=0.9)
    alone = np.mean((y >= fixed["lower"][:, 0]) & (y <= fixed["upper"][:, 0]))
    assert 0.70 < alone < 0.80
    tracker = etabli.track(study.model, confidence=0.9)
    for place, (a, truth) in enumerate(zip(x, y, strict=True)):
        tracker.update(tracker.predict({"a": float(a)}), truth)
        if place == 700:  # stopped, kept as JSON, and gone on with
            tracker = etabli.track(study.folder, 0.9, state=json.loads(json.dumps(tracker.state)))
    assert tracker.outcomes == 1_500
    assert 1 - tracker.missed / tracker.outcomes >= 0.87
    assert 1.2 < tracker.factor < 2.0


def test_the_long_run_holds_for_any_sequence(study: Study) -> None:
    """Outcomes that know the interval and miss whenever they can be reached: misses are still as many as asked."""
    tracker = etabli.track(study.model, confidence=0.8, rate=0.1)
    answers = tracker.predict([{"a": 0.0}])
    width = float(answers["upper"][0, 0] - answers["prediction"][0, 0])
    for _ in range(1_000):
        now = tracker.predict({"a": 0.0})
        tracker.update(now, now["prediction"] + 3 * width)  # always far off: missed until the interval is three times as wide
    assert tracker.missed / 1_000 == pytest.approx(0.2, abs=0.02)


def test_what_cannot_be(study: Study, files: Path) -> None:
    with pytest.raises(UsageError, match="forward in time"):
        etabli.track(files / "meteo.onnx")
    with pytest.raises(UsageError, match="one true value a row"):
        etabli.track(study.model).update(study.model.predict([{"a": 1.0}] * 2), [1.0])
    with pytest.raises(UsageError, match="between 0 and 1"):
        etabli.track(study.model, 90)
    tracker = etabli.track(study.model)
    assert tracker.update(study.model.predict([{"a": 1.0}]), [np.nan]) == 1.0
