"""ROC and precision-recall curves: scikit-learn's points and areas, bands that hold the truth, groups drawn whole."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from etabli.judge.curves import FALLOUT, RECALL, curves


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two classes, one normal a unit above the other: the AUC is Phi(1 / sqrt 2) = 0.7602."""
    rng = np.random.default_rng(seed)
    hit = rng.random(rows) < 0.3
    return hit, rng.normal(size=rows) + hit


def test_points_and_areas_are_scikit_learns() -> None:
    hit, score = drawn(500, 0)
    score = score.round(1)  # ties
    found = curves(hit, score)
    assert found is not None and found.hits == hit.sum()
    fpr, tpr, _ = roc_curve(hit, score)
    assert found.tpr.value == pytest.approx(np.interp(FALLOUT, fpr, tpr))
    assert found.auc.value[0] == pytest.approx(roc_auc_score(hit, score))
    assert found.ap.value[0] == pytest.approx(average_precision_score(hit, score))
    precision, recall, _ = precision_recall_curve(hit, score)
    for r, p in zip(RECALL, found.precision.value, strict=True):
        assert p == pytest.approx(precision[np.flatnonzero(recall >= r - 1e-9)[-1]])


def test_the_interval_holds_the_area() -> None:
    held = 0
    for seed in range(40):
        found = curves(*drawn(300, seed), seed=seed)
        assert found is not None
        held += bool(found.auc.low[0] <= 0.7602 <= found.auc.high[0])
        assert (found.tpr.low <= found.tpr.high).all() and (found.precision.low <= found.precision.high).all()
    assert held >= 34


def test_one_class_has_no_curve_and_groups_and_weights_count() -> None:
    hit, score = drawn(200, 1)
    assert curves(np.zeros(9, bool), np.arange(9.0)) is None and curves(np.ones(9, bool), np.arange(9.0)) is None
    light = np.arange(9) % 2 == 0
    assert curves(light, np.arange(9.0), light * 1.0) is None and curves(light, np.arange(9.0), ~light * 1.0) is None
    once, twice = curves(hit, score), curves(np.repeat(hit, 2), np.repeat(score, 2), groups=np.repeat(np.arange(200), 2))
    doubled = curves(hit, score, weight=np.full(200, 2.0))
    assert once is not None and twice is not None and doubled is not None
    assert twice.auc.low == pytest.approx(once.auc.low) and doubled.auc.value == pytest.approx(once.auc.value)
