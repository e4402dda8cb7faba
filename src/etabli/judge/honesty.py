"""The honest score: what the winner of a comparison will do on new rows, from the out-of-fold table alone.

The best of C candidates owes part of its score to luck. BBC-CV (Tsamardinos, Greasidou & Borboudakis 2018, Machine Learning
107) draws rows, picks the best candidate on the drawn rows, scores it on the rows left out, and repeats: the mean is the
score of the whole procedure, and no model is fitted. Measured (bench/uncertain): it removes three quarters of the flattery on
pure noise and nine tenths on signal, as nested cross-validation does at five times the fits; its interval holds the truth
in 95 to 100 % of runs. It corrects the choice among the candidates of this table only.

**Luck that the rows left out share.** BBC-CV takes the rows it left out for strangers to the rows drawn. In a cross-validation they taught
each other's models. To second order the loss of a row is loss_i = mu + e_i + sum_j T_ij (Hoeffding 1948): e_i is its own luck and T_ij what row
j taught the model that predicted row i. A residual times what another residual did to the fit is symmetric, T_ij = T_ji; rows of one fold have
T_ij = 0. Let row i be drawn w_i times (mean 1, E w² = 2) and left out o_i = [w_i = 0] (mean 1 / e). Over the pairs
inside = mu + 1/n sum_i w_i e_i + 1/n sum_{i<j} (w_i + w_j) T_ij, outside the same with e o, and

    E (w_i + w_j)² = 6,   e E (w_i + w_j) (o_i + o_j) = 2,   E w_i² = 2,   E w_i o_i = 0.

If q of a row's variance is shared (q = 1: no own luck), outside regresses on inside with beta = q / (2 + q), from 0 to 1/3. Choosing on the
inside therefore leaves beta of the luck outside. E[outside | inside] = mu + beta (inside - mu), a signal moves both alike, and the unbiased
score is (outside - beta inside) / (1 - beta) = outside + kappa (outside - inside), kappa = q / 2. Folds cancel from the ratio. Of q the table
tells nothing in general: an effect and shared luck spread the candidates alike. Measured on noise kappa is 0.18 to 0.27 for the AUC (0.20 with real families, whole fits), 0.1 to
0.4 for log-loss and squared error; on a signal it falls to 0 and below, because there the candidates differ by luck of their own, and a draw,
noisier than the table, picks worse candidates than the table did. What tells the two apart is how much of the winner's lead over knowing
nothing vanishes on the rows left out: four fifths on noise, little on a signal. So kappa = SHARED times that part: 0.24 on noise, 0 where the
lead stays. The correction belongs to the score; of the interval it moves the worse end only, because the shared part may be nil.

Where rows do not teach each other (a forward split: only the earlier teach the later; one validation part) T is not symmetric,
E w_i o_i = 0 is all there is, and nothing is corrected; nor with so few groups that draws of them say little; their interval is
the wider of that of the draws and that of leaving out one group at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from etabli.errors import DataError
from etabli.judge.draws import few, left_out, means, units
from etabli.judge.metrics import Metric, table
from etabli.records import Array

Report = Callable[[float], float]
LEVEL = 0.95
SHARED = 0.3  # kappa where the whole lead of the winner vanishes on rows left out; measured in benchmarks/promises.md
VANISHES = 0.8  # part of the lead that does on noise, where the score of knowing nothing is not known
NOTHING = 0.5  # loss, one less the AUC, of knowing nothing
PAIRS = 60_000  # up to this many pairs within folds the AUC is bootstrapped exactly; above, by influence values


@dataclass(frozen=True)
class Honest:
    """value, low, high: the honest score with its 95 % interval, in the metric's own unit. leaderboard: the flattered score of
    the best column. winner: its index. picks [C]: share of the draws in which each candidate was the best."""

    value: float
    low: float
    high: float
    leaderboard: float
    winner: int
    picks: Array


@dataclass(frozen=True)
class Interval:
    """A score with its 95 % interval."""

    value: float
    low: float
    high: float


def _same(loss: float) -> float:
    return loss


def _ordered(value: float, low: float, high: float, report: Report) -> tuple[float, float, float]:
    ends = sorted((report(low), report(high)))
    return report(value), ends[0], ends[1]


def usable(losses: Array) -> Array:
    """Which columns [C] are finite in every row; DataError when none is."""
    fine = np.asarray(np.isfinite(losses).all(axis=0))
    if not fine.any():
        raise DataError("at least one candidate must have a finite loss in every row", f"{losses.shape[1]} candidates, none finite")
    return fine


def bbc(
    losses: Array,
    groups: Array | None = None,
    seed: int = 0,
    draws: int = 1000,
    report: Report = _same,
    level: float = LEVEL,
    shared: float = 0.0,
    nothing: float | None = None,
) -> Honest:
    """The honest score of the best of C candidates. losses: [n, C], lower is better (judge/metrics.py: table); candidates with a
    loss that is not finite are never picked. groups: [n], drawn whole (`blocks` for rows in time order). report: mean loss to
    value, Metric.report. shared: SHARED where rows taught each other's models, 0 for BBC-CV as published. nothing: mean loss of
    knowing nothing. Raises DataError when no candidate is finite."""
    losses = np.asarray(losses, np.float64)
    columns = np.flatnonzero(usable(losses))
    kept = losses[:, columns]
    if groups is not None and len(np.unique(groups)) < 2:
        groups = None
    inside, outside = means(kept, groups, seed, draws)
    return _summary(kept, inside, outside, columns, losses.shape[1], groups, report, level, shared, nothing)


def _summary(
    losses: Array,
    inside: Array,
    outside: Array,
    columns: Array,
    count: int,
    groups: Array | None,
    report: Report,
    level: float,
    shared: float,
    nothing: float | None,
) -> Honest:
    winner = int(losses.mean(axis=0).argmin())
    pick = inside.argmin(axis=1)
    drawn, scores = inside.min(axis=1), outside[np.arange(len(pick)), pick]
    both = np.isfinite(scores)
    drawn, scores = drawn[both], scores[both]
    average = losses.mean(axis=0)
    value = float(scores.mean()) if len(scores) else float(average[winner])
    moved = shared * _lost(float(drawn.mean()), value, nothing) if len(scores) else 0.0
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2]) if len(scores) else (value, value)
    if groups is not None and few(groups):
        # leaving out groups knows the winner's luck alone; measured on noise of 12 groups it held the truth in 6 of 10 tables
        half, moved = left_out(losses[:, winner], groups, level), 0.0
        low, high = min(value - half, float(low)), max(value + half, float(high))
    picks = np.zeros(count)
    picks[columns] = np.bincount(pick, minlength=len(columns)) / len(pick)
    return Honest(
        *_ordered(value + moved, float(low), float(high) + moved, report), report(float(average[winner])), int(columns[winner]), picks
    )


def _lost(inside: float, outside: float, nothing: float | None) -> float:
    """What the picks lose from the rows drawn to the rows left out (mean losses), times the part of their lead that it is."""
    gap = max(outside - inside, 0.0)
    if nothing is None:
        return VANISHES * gap
    lead = nothing - inside
    return gap * (gap / lead if lead > gap else 1.0)


def honest(
    metric: Metric,
    y: Array,
    S: Array,
    fold: Array | None = None,
    weight: Array | None = None,
    groups: Array | None = None,
    seed: int = 0,
    draws: int = 1000,
    nothing: float | None = None,
    mutual: bool = True,
) -> Honest:
    """The honest score of an out-of-fold table S [n, C, outputs] for any metric, the exact AUC of few rows included. nothing: mean
    loss of knowing nothing (Metric.rows). mutual: whether rows taught the models that predicted each other, as in a cross-validation;
    False for a forward split or one validation part."""
    shared = SHARED if mutual else 0.0
    if metric.name == "roc_auc" and S.shape[2] == 1 and weight is None:
        return bbc_auc(y, S[:, :, 0], fold, groups, seed, draws, shared=shared)
    return bbc(table(metric, y, S, weight, fold), groups, seed, draws, metric.report, LEVEL, shared, nothing)


def bbc_auc(
    y: Array,
    P: Array,
    fold: Array | None = None,
    groups: Array | None = None,
    seed: int = 0,
    draws: int = 1000,
    level: float = LEVEL,
    shared: float = 0.0,
) -> Honest:
    """The honest AUC of the best of C candidates. y: 0 or 1 [n]. P: [n, C]. Pairs are formed within a fold only; knowing nothing
    has 0.5. shared: as in `bbc`.

    Up to 60 000 pairs the AUC of every draw is exact; above, it is linear in the counts (influence values), whose error is
    of the order of one over the number of rows of the rarer class."""
    from etabli.judge.metrics import METRICS

    auc, y = METRICS["roc_auc"], np.asarray(y)
    losses = np.stack([auc.rows(y, P[:, [c]], None, fold) for c in range(P.shape[1])], axis=1)
    first, second = _pairs(y, fold)
    if len(first) > PAIRS or len(first) == 0 or not np.isfinite(losses).all():
        return bbc(losses, groups, seed, draws, auc.report, level, shared, NOTHING)
    unit, sizes = units(len(y), groups)
    difference = P[first] - P[second]
    wrong = (difference < 0) + 0.5 * (difference == 0)
    a, b = unit[first], unit[second]
    rng = np.random.default_rng(seed)
    inside, outside = np.empty((2, draws, P.shape[1]))
    step = max(1, 4_000_000 // len(first))
    for start in range(0, draws, step):
        counts = np.stack(
            [np.bincount(rng.integers(0, len(sizes), len(sizes)), minlength=len(sizes)) for _ in range(min(step, draws - start))]
        )
        for result, weights in ((inside, counts), (outside, counts == 0)):
            both = (weights[:, a] * weights[:, b]).astype(np.float64)
            total = both.sum(axis=1, keepdims=True)
            result[start : start + step] = np.where(total > 0, (both @ wrong) / np.maximum(total, 1), np.nan)
    drawn = np.isfinite(inside).all(axis=1)
    return _summary(losses, inside[drawn], outside[drawn], np.arange(P.shape[1]), P.shape[1], groups, auc.report, level, shared, NOTHING)


def _pairs(y: Array, fold: Array | None) -> tuple[Array, Array]:
    """Rows (of class 1, of class 0) of all pairs within a fold; empty when there would be more than PAIRS."""
    fold = np.zeros(len(y), np.int64) if fold is None else fold
    parts = [(np.flatnonzero((fold == k) & (y == 1)), np.flatnonzero((fold == k) & (y == 0))) for k in np.unique(fold)]
    if sum(len(p) * len(q) for p, q in parts) > PAIRS:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate([np.repeat(p, len(q)) for p, q in parts]), np.concatenate([np.tile(q, len(p)) for p, q in parts])


def interval(
    metric: Metric,
    y: Array,
    S: Array,
    weight: Array | None = None,
    fold: Array | None = None,
    groups: Array | None = None,
    seed: int = 0,
    draws: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """A metric of one column S [n, outputs], nothing chosen (an outer test, the baseline), with its bootstrap interval."""
    rows = metric.rows(y, S, weight, fold)
    value = float(rows.mean())
    if not np.isfinite(rows).all() or len(rows) < 2:
        return Interval(metric.report(value), metric.report(value), metric.report(value))
    if groups is not None and few(groups):
        half = left_out(rows, groups, level)
        low, high = value - half, value + half
    else:
        groups = groups if groups is not None and len(np.unique(groups)) > 1 else None
        low, high = np.quantile(means(rows[:, None], groups, seed, draws)[0], [(1 - level) / 2, (1 + level) / 2])
    return Interval(*_ordered(value, float(low), float(high), metric.report))
