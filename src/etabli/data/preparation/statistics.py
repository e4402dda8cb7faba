"""Target statistics of levels: smoothed means, and their out-of-fold twin for the rows they were learned on.

A level's mean is drawn towards the mean of all rows as if m more rows had that mean (Micci-Barreca 2001, with m by empirical
Bayes: variance within levels over variance between them, the one-way random-effects estimate of Henderson 1953). A row must
not see its own target in its own feature: training rows get the means of the other inner folds. CatBoost's ordered statistics
(Prokhorenkova et al. 2018) serve the same end with the rows *before* it in a random order; folds are kept instead, as every
row's statistic then rests on four fifths of the data, not on a random and for early rows tiny part.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array

CLASSES = 10  # at most so many target columns a category (the most frequent classes)


def outcomes(y: Array) -> tuple[Array, Array]:
    """([rows, q] the target columns used, their positions): all, or the CLASSES most frequent indicators when there are more."""
    if y.shape[1] <= CLASSES:
        return y, np.arange(y.shape[1])
    kept = np.sort(np.argsort(-y.sum(axis=0), kind="stable")[:CLASSES])
    return np.ascontiguousarray(y[:, kept]), kept


def smoothed(codes: Array, levels: int, y: Array) -> tuple[Array, Array]:
    """([levels, q] smoothed means, [q] the mean of all rows). codes: int64 [rows] below `levels`; negative: not counted as a level.

    A level without rows has the mean of all. Without rows at all everything is 0.
    """
    q = y.shape[1]
    prior = y.mean(axis=0) if len(y) else np.zeros(q)
    inside = codes >= 0
    known, y = (codes, y) if inside.all() else (codes[inside], y[inside])
    counts = np.bincount(known, minlength=levels).astype(np.float64)
    means = np.tile(prior, (levels, 1))
    for column in range(q):
        total = np.bincount(known, y[:, column], levels)
        m = weight_of_prior(known, counts, total, y[:, column])
        means[:, column] = (total + m * prior[column]) / (counts + m)
    return means, prior


def weight_of_prior(codes: Array, counts: Array, total: Array, y: Array) -> float:
    """m: how many rows the mean of all is worth against a level's own rows. Between 1 and the number of rows.

    m = (variance within levels) / (variance between level means beyond what the former explains).
    """
    rows, seen = len(y), counts > 0
    groups = int(seen.sum())
    if rows <= groups or groups < 2:  # one row a level, or one level: nothing tells the two variances apart
        return float(max(rows, 1))
    centre = y.mean()
    own = np.divide(total, counts, out=np.zeros_like(total), where=seen)
    within = float(np.sum((y - own[codes]) ** 2)) / (rows - groups)
    among = float(np.sum(counts[seen] * (own[seen] - centre) ** 2)) / (groups - 1)
    typical = (rows - float(np.sum(counts**2)) / rows) / (groups - 1)
    between = (among - within) / typical
    if between <= 0 or within >= between * rows:
        return float(rows)
    return max(within / between, 1.0)


def out_of_fold(codes: Array, levels: int, y: Array, folds: Array) -> Array:
    """[rows, q]: each row's statistic from the other inner folds' rows; where there are none, the mean of all rows."""
    made = np.tile(y.mean(axis=0) if len(y) else np.zeros(y.shape[1]), (len(y), 1))
    for fold in np.unique(folds):
        held = folds == fold
        if held.all():
            break
        means, prior = smoothed(codes[~held], levels, y[~held])
        made[held] = np.where(codes[held, None] >= 0, means[codes[held].clip(0)], prior) if levels else prior
    return made


def explained(codes: Array, y: Array, half: Array, shrink: float = 5.0) -> float:
    """The share of y's squares ([rows, q]) that level means explain on the half of the rows they were not learned from; below 0
    when they only add noise. codes: int64 [rows] from 0. half: bool [rows]."""
    levels = int(codes.max(initial=0)) + 1
    left = whole = 0.0
    for column in range(y.shape[1]):
        for side in (half, ~half):
            counts = np.bincount(codes[side], minlength=levels)
            means = np.bincount(codes[side], y[side, column], levels) / (counts + shrink)
            rest = y[~side, column]
            left += float(np.sum((rest - means[codes[~side]]) ** 2))
            whole += float(np.sum(rest**2))
    return 1.0 - left / whole if whole > 0 else 0.0


def residual(first: Array, second: Array, y: Array, shrink: float = 5.0, passes: int = 3) -> Array:
    """[rows, q]: what an additive model of two coded columns leaves of y (backfitting, means drawn towards 0)."""
    rest = y.copy()
    codes = (first, second)
    counts = [np.bincount(code) for code in codes]
    means = [np.zeros((len(count), y.shape[1])) for count in counts]
    for _ in range(passes):
        for side, code in enumerate(codes):
            rest += means[side][code]
            for column in range(y.shape[1]):
                means[side][:, column] = np.bincount(code, rest[:, column]) / (counts[side] + shrink)
            rest -= means[side][code]
    return rest
