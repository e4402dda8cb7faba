"""The nested audit sees nothing where there is nothing: its mean bias is none, for fifty candidates really fitted without each pair of folds."""

from __future__ import annotations

import pytest

from tests.promises.measured import Question
from tests.promises.measured import figures as leaderboards
from tests.promises.twice import figures


def test_the_audit_is_not_flattered_by_noise() -> None:
    found = figures("roc_auc", 200, range(8))
    naive = leaderboards(Question("roc_auc", 200, draws=100), range(8)).naive
    assert found.bias < 3 * found.error < naive
    assert found.holds >= 6 / 8


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "n", "signal"), [("roc_auc", 100, False), ("roc_auc", 200, False), ("roc_auc", 200, True)])
def test_the_audit_has_no_bias_and_holds_the_truth(metric: str, n: int, signal: bool) -> None:
    found = figures(metric, n, range(200), signal)
    assert abs(found.bias) < 0.02 + 3 * found.error
    assert found.holds > 0.9
