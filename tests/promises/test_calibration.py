"""The chosen calibrator never makes the log-loss of unseen rows worse by more than a standard error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.kept import gain
from tests.promises.real import SETS, Real

CLASSES = [one for one in SETS if one.task != "regression"]
KINDS = ("linear", "boosted", "forest", "bayes")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["linear", "bayes"])
def test_calibration_helps_or_leaves_alone(kind: str, weighted: bool, shared: Path) -> None:
    found = gain(CLASSES[0], shared, kind, range(2), weighted)
    assert found.kept, found
    if kind == "bayes":  # far too sure of itself: whoever leaves that alone is not calibrating
        assert found.chosen < found.raw - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("one", CLASSES, ids=[one.name for one in CLASSES])
def test_calibration_on_all_sets(one: Real, kind: str, weighted: bool, shared: Path) -> None:
    found = gain(one, shared, kind, range(5), weighted)
    assert found.kept, found
