"""Confident learning: wrong labels come first, right ones are left, and the counts are those of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.judge.noise import suspects


def out_of_fold(rows: int, wrong: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(labels, probabilities, folds, rows with a wrong label): three clouds, predicted by a real model."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, rows)
    x = 3.2 * np.eye(3)[truth] + rng.normal(size=(rows, 3))
    flipped = np.sort(rng.choice(rows, int(wrong * rows), replace=False))
    y = truth.copy()
    y[flipped] = (truth[flipped] + rng.integers(1, 3, flipped.size)) % 3
    split = StratifiedKFold(5, shuffle=True, random_state=seed)
    fold = np.empty(rows, np.int64)
    for k, (_, held) in enumerate(split.split(x, y)):
        fold[held] = k
    return y, cross_val_predict(LogisticRegression(), x, y, cv=split, method="predict_proba"), fold, flipped


@pytest.mark.parametrize("wrong", [0.02, 0.08])
def test_planted_wrong_labels_are_found(wrong):
    precision, recall = [], []
    for seed in range(5):
        y, P, fold, flipped = out_of_fold(1500, wrong, seed)
        found = suspects(y, P, fold)
        first = found.rows[: flipped.size]
        precision.append(np.isin(first, flipped).mean())
        recall.append(np.isin(flipped, found.rows).mean())
        assert (np.diff(found.margin) <= 0).all() and (found.margin > 0).all() and (found.given != found.suggested).all()
        assert (y[found.rows] == found.given).all() and found.joint.sum() == pytest.approx(1)
        assert abs(found.share - wrong) < 0.03
    assert np.mean(precision) > 0.7 and np.mean(recall) > 0.8


def test_without_wrong_labels_only_the_overlap_is_named():
    y, P, fold, _ = out_of_fold(1500, 0.0, 0)
    assert len(suspects(y, P, fold).rows) <= ((P.argmax(1) != y).mean() + 0.005) * y.size
    sure = np.eye(3)[y] * 0.97 + 0.01
    assert not suspects(y, sure, fold).rows.size


def test_the_counts_are_those_of_the_paper():
    """The confident joint written as the paper's double loop (one fold, so one threshold a class)."""
    y, P, _, _ = out_of_fold(400, 0.1, 3)
    limit = [P[y == j, j].mean() for j in range(3)]
    counts = np.zeros((3, 3))
    for i, p in zip(y, P, strict=True):
        able = [j for j in range(3) if p[j] >= limit[j]]
        if able:
            counts[i, max(able, key=lambda j: p[j])] += 1
    joint = counts / counts.sum(1, keepdims=True) * np.bincount(y)[:, None] / y.size
    assert np.allclose(suspects(y, P).joint, joint, atol=1e-15)


@given(st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    y, p, fold = rng.integers(0, 2, 60), rng.random(60), rng.integers(0, 3, 60)
    order = rng.permutation(60)
    once, again = suspects(y, p, fold), suspects(y[order], p[order], fold[order])
    assert set(once.rows.tolist()) == set(order[again.rows].tolist())


def test_edges():
    assert not suspects(np.empty(0, np.int64), np.empty((0, 3))).rows.size
    assert not suspects(np.zeros(5, np.int64), np.full((5, 2), 0.5)).rows.size
    with pytest.raises(ValueError, match="every row needs"):
        suspects(np.array([0, 2]), np.array([0.1, 0.2]))
