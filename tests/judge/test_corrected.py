"""The corrected t interval of repeated cross-validation: the formula of the papers, and the level they claim for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from etabli.judge.corrected import corrected


def test_it_is_the_formula_of_nadeau_and_bengio() -> None:
    rng = np.random.default_rng(0)
    fold = np.concatenate([np.repeat(np.arange(5), 20), np.repeat(np.arange(5, 10), 20), np.repeat(np.arange(10, 15), 20)])
    losses = rng.normal(size=(300, 3))
    low, high = corrected(losses, 1, fold, 20 / 80)
    means = np.array([(losses[fold == k, 0] - losses[fold == k, 1]).mean() for k in range(15)])
    error = np.sqrt((1 / 15 + 20 / 80) * means.var(ddof=1))
    assert (low[0], high[0]) == pytest.approx(stats.t.interval(0.95, 14, means.mean(), error))
    assert low[1] == high[1] == 0


def test_equal_candidates_are_seldom_called_different() -> None:
    """Two ridge regressions of different columns of noise, three repeats of five folds: truly equal, and fitted for real. The plain t
    interval of fifteen folds is the one that fails."""
    plain = wide = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(60, 2, 4)), rng.normal(size=60)
        rows, folds, squares = [], [], []
        for repeat in range(3):
            fold = rng.permutation(60) % 5
            for k in range(5):
                here, other = fold == k, fold != k
                answers = [X[here, side] @ np.linalg.lstsq(X[other, side], y[other], rcond=None)[0] for side in range(2)]
                squares.append(np.stack([(y[here] - answer) ** 2 for answer in answers], 1))
                folds.append(np.full(here.sum(), 5 * repeat + k))
                rows.append(np.flatnonzero(here))
        losses, fold = np.concatenate(squares), np.concatenate(folds)
        low, high = corrected(losses, 0, fold, 0.25)
        wide += not low[1] <= 0 <= high[1]
        means = np.array([np.diff(losses[fold == k], axis=1).mean() for k in range(15)])
        plain += abs(means.mean()) > stats.t.ppf(0.975, 14) * means.std(ddof=1) / np.sqrt(15)
    assert wide <= stats.binom.ppf(0.99, 60, 0.05) < plain
