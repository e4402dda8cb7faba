"""The whole command on files of pure noise: no sentence sees anything, and the interval holds what the model file reaches on fresh rows."""

from __future__ import annotations

import pytest

from benchmarks.whole import one
from tests.promises.measured import chance

METRICS = ("roc_auc", "log_loss", "rmse")


@pytest.mark.slow
def test_the_whole_command_sees_nothing_in_noise() -> None:
    seen = [one((metric, 200, False, seed)) for metric in METRICS for seed in range(2)]
    assert sum(row["evidence"] for row in seen) <= chance(0.05, len(seen))
    assert sum(not row["holds"] for row in seen) <= chance(0.07, len(seen))


@pytest.mark.slow
def test_the_whole_command_holds_the_truth_of_a_signal() -> None:
    seen = [one((metric, 200, True, seed)) for metric in METRICS for seed in range(2)]
    assert sum(not row["holds"] for row in seen) <= chance(0.07, len(seen))
