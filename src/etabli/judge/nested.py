"""The nested audit: choose anew in each fold, on rows whose models never saw it, and score the choice there.

The honest score corrects the choice by a bootstrap of one table. Nested cross-validation (Stone 1974; Varma & Simon 2006) needs no such
argument: for outer fold k everything (candidate, weights of the combination, calibrators) is chosen on the other folds, from
predictions by models that learned from neither k nor the fold they predict, and only then meets the rows of k, by models that
learned from all folds but k. No row that judges was seen by the choice or by a fit.

The usual price is a whole comparison a fold. But a model fitted on all folds but {k, l} predicts fold l for the choice of k *and* fold k for
the choice of l, so K (K - 1) / 2 fits a path do for all outer folds: ten for five folds, where the comparison took five.

The interval is the bootstrap of rows (or groups) with the choice of each fold held fast, and as much wider as the luck that rows of a
table share makes an out-of-fold mean (`ties.SHARED`): a t interval over K folds rests on K numbers that are not independent either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from etabli.judge import calibration, combine, metrics
from etabli.judge.honesty import interval
from etabli.judge.metrics import Metric
from etabli.judge.ties import SHARED
from etabli.records import Array, TaskKind

POOL = 30  # the best of each inner table, of which the combination may choose
PARTS = 5  # parts made by chance where there is one inner fold only


@dataclass(frozen=True)
class Nested:
    """value, low, high: the score with its 95 % interval, in the metric's unit. choices: for each judged fold the candidate's number,
    or the number of candidates for the combination. folds: the judged ones. scores: [n, outputs] of the rows that were judged."""

    value: float
    low: float
    high: float
    choices: tuple[int, ...]
    folds: tuple[int, ...]
    scores: Array


@dataclass(frozen=True)
class Asked:
    """How a choice is made. limit: most members of a combination. free [C]: who may be in it. only: the one calibrator that is wanted, or
    None."""

    metric: Metric
    task: TaskKind
    limit: int
    free: Array
    seed: int = 0
    only: str | None = None


Inner = Callable[[int], tuple[Array, Array]]  # outer fold -> (positions of the inner rows [m], their scores [m, C, outputs])


def chosen(asked: Asked, y: Array, fold: Array, S: Array, weight: Array | None, new: Array) -> tuple[Array, int]:
    """(scores [r, outputs] of the choice on rows it has not seen, the choice). y, fold: [m] of the inner rows; S: [m, C, outputs] their raw
    scores; new: [r, C, outputs] raw scores of the others."""
    if len(np.unique(fold)) < 2:
        fold = np.random.default_rng(asked.seed).permutation(len(y)) % PARTS
    absolute, columns = asked.metric.name == "mae", range(S.shape[1])
    calibrated = np.stack([calibration.crossfit(y, S[:, c], fold, asked.task, weight=weight, only=asked.only) for c in columns], 1)
    losses = metrics.table(asked.metric, y, calibrated, weight, fold).mean(axis=0)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    best = int(losses.argmin())
    taken, counts = [best], np.array([1])
    pool = [int(c) for c in np.argsort(losses, kind="stable") if asked.free[c]][:POOL]
    if len(pool) > 1 and asked.limit > 1:
        P = calibrated[:, pool]
        own = combine.crossfit(P, y, fold, asked.task, asked.limit, absolute=absolute, seed=asked.seed, weight=weight)
        if float(asked.metric.rows(y, own, weight, fold).mean()) < losses[best]:
            mixed = combine.greedy(P, y, asked.task, asked.limit, absolute=absolute, seed=asked.seed, weight=weight)
            taken, counts = [pool[i] for i in mixed.members], np.array([mixed.counts[i] for i in mixed.members])
            best = S.shape[1]
    told = [calibration.choose(y, S[:, c], fold, asked.task, True, weight, asked.only).calibrator.apply(new[:, c]) for c in taken]
    return combine.blend(np.stack(told, 1), counts), best


def nested(
    asked: Asked, y: Array, fold: Array, outer: Array, inner: Inner, weight: Array | None = None, groups: Array | None = None
) -> Nested:
    """y: [n]; fold: int [n]; outer: [n, C, outputs] raw scores by models that learned from the other folds. inner: for outer fold k the raw
    scores of other rows, by models that learned from neither their fold nor k; of a fold without such rows it gives none, and it is not judged."""
    scores, judged, choices, folds = np.full((len(y), outer.shape[2]), np.nan), np.zeros(len(y), bool), list[int](), list[int]()
    for k in np.unique(fold):
        rows, S = inner(int(k))
        if not len(rows):
            continue
        here = fold == k
        scores[here], choice = chosen(asked, y[rows], fold[rows], S, None if weight is None else weight[rows], outer[here])
        judged |= here
        choices.append(choice)
        folds.append(int(k))
    said = interval(
        asked.metric,
        y[judged],
        scores[judged],
        None if weight is None else weight[judged],
        fold[judged],
        None if groups is None else groups[judged],
        asked.seed,
    )
    low, high = (said.value + SHARED * (end - said.value) for end in (said.low, said.high))
    if asked.metric.form == "complement":
        high = min(high, 1.0)
    elif said.low >= 0:  # no loss of ours is below none
        low = max(low, 0.0)
    return Nested(said.value, low, high, tuple(choices), tuple(folds), scores)
