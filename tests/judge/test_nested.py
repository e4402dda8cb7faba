"""The nested audit of arrays: the choice of a fold sees no row of it, and its rows are scored by the models that were given."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.metrics import METRICS
from etabli.judge.nested import Asked, chosen, nested

RNG = np.random.default_rng(0)
N, FOLDS, C = 150, 5, 4
FOLD = np.arange(N) % FOLDS
Y = RNG.normal(size=N)
OUTER = RNG.normal(size=(N, C, 1))
INNER = RNG.normal(size=(FOLDS, N, C, 1))


def inner(k: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(k != FOLD)
    return rows, INNER[k, rows]


def asked(limit: int = 1, metric: str = "rmse", task: str = "regression") -> Asked:
    return Asked(METRICS[metric], task, limit, np.ones(C, bool))  # type: ignore[arg-type]


def test_each_fold_chooses_by_its_inner_rows_and_is_scored_by_its_outer_column() -> None:
    found = nested(asked(), Y, FOLD, OUTER, inner)
    best = tuple(int(((INNER[k, k != FOLD, :, 0] - Y[k != FOLD, None]) ** 2).mean(axis=0).argmin()) for k in range(FOLDS))
    assert found.choices == best and len(set(best)) > 1 and found.folds == tuple(range(FOLDS))
    column = OUTER[np.arange(N), np.array(best)[FOLD], 0]
    assert found.value == pytest.approx(np.sqrt(((Y - column) ** 2).mean()))
    assert found.low < found.value < found.high


def test_a_row_that_judges_is_seen_by_no_choice() -> None:
    """Whatever the rows of a fold are, its own choice and scores stay."""
    before = nested(asked(limit=3), Y, FOLD, OUTER, inner)
    other = np.where(FOLD == 2, 100.0 - Y, Y)
    after = nested(asked(limit=3), other, FOLD, OUTER, inner)
    assert after.choices[2] == before.choices[2]
    assert np.array_equal(after.scores[FOLD == 2], before.scores[FOLD == 2])


def test_a_combination_is_a_choice_and_its_weights_are_of_the_inner_rows() -> None:
    noise = RNG.normal(size=(N, C, 1))
    S = Y[:, None, None] + noise  # the mean of four is twice as good
    scores, choice = chosen(asked(limit=4), Y, FOLD, S, None, np.arange(4.0).reshape(1, 4, 1))
    assert choice == C and 1 < scores[0, 0] < 2
    barred = Asked(METRICS["rmse"], "regression", 4, np.array([True, False, False, False]))
    assert chosen(barred, Y, FOLD, S, None, OUTER)[1] < C


def test_a_fold_with_nothing_to_choose_by_is_not_judged() -> None:
    def earlier(k: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(k > FOLD)
        return rows, OUTER[rows]

    y = (Y > 0).astype(np.int64)
    S = 1 / (1 + np.exp(-OUTER))
    found = nested(asked(3, "log_loss", "binary"), y, FOLD, S, lambda k: (earlier(k)[0], S[earlier(k)[0]]))
    assert found.folds == (1, 2, 3, 4) and np.isnan(found.scores[FOLD == 0]).all()
    assert np.isfinite(found.scores[FOLD > 0]).all() and 0 < found.low < found.value < found.high


def test_the_interval_stays_where_scores_can_be() -> None:
    y = (Y > 0).astype(np.int64)
    S = np.clip(y + 0.45 * RNG.normal(size=N), 0.01, 0.99)[:, None, None].repeat(C, axis=1)
    rows = [np.flatnonzero(k != FOLD) for k in range(FOLDS)]
    found = nested(asked(1, "roc_auc", "binary"), y, FOLD, S, lambda k: (rows[k], S[rows[k]]))
    assert found.low < found.value < found.high <= 1
    assert nested(asked(1, "accuracy", "binary"), y, FOLD, S, lambda k: (rows[k], S[rows[k]])).high <= 1
