"""Rows whose label may be wrong: confident learning on the out-of-fold table (Northcutt, Jiang and Chuang 2021, "Confident learning:
estimating uncertainty in dataset labels", Journal of Artificial Intelligence Research 70).

Every row was predicted by models that did not see it, so a label that contradicts a confident prediction is not one that the model learned by
heart. A row counts as class j when its probability of j reaches the average that the rows labelled j get themselves (by fold, because the
models of two folds are not equally bold). Counting rows by given and by such class gives the joint of given and true labels; scaled to the
given classes' sizes, its cells away from the diagonal say how many rows of each kind to suspect, and those with the largest margin of the
other class are taken ("prune by noise rate").

What it finds are candidates. Where classes overlap, honest labels contradict confident predictions too, and no table of predictions can
tell chance in the world from a slip of the pen; a person looks at the rows. Nothing is removed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import Array

FEWEST = 10  # rows of a class in a fold, below which the average over all folds stands in


@dataclass(frozen=True)
class Suspects:
    """Candidates, the clearest first. rows: int64 positions in y. given, suggested: int64 class numbers. margin: float64, probability of the
    suggested class less that of the given one, above 0. joint: float64 [K, K], estimated share of rows by given (down) and true class."""

    rows: Array
    given: Array
    suggested: Array
    margin: Array
    joint: Array

    @property
    def share(self) -> float:
        """Estimated share of wrong labels."""
        return float(1 - np.trace(self.joint))


def suspects(y: Array, probabilities: Array, fold: Array | None = None) -> Suspects:
    """Rows whose label may be wrong. y: int64 [rows] class numbers. probabilities: float64 [rows, K], or [rows] / [rows, 1] of class 1, each
    from models that did not see the row. fold: int [rows] whose models predicted it; None: one. ValueError for shapes that do not fit."""
    P = np.asarray(probabilities, np.float64)
    P = P[:, None] if P.ndim == 1 else P
    P = np.column_stack([1 - P, P]) if P.shape[1] == 1 else P
    y, count = np.asarray(y, np.int64), P.shape[1]
    if np.isnan(P).any() or (y.size and not 0 <= y.min() <= y.max() < count):
        raise ValueError("every row needs a class below the number of probabilities, and no probability may be missing")
    if not y.size:
        return Suspects(y, y, y, np.empty(0), np.eye(count) / count)
    sure = _thresholds(y, P, np.zeros(y.size, np.int64) if fold is None else np.asarray(fold)) <= P
    counted = sure.any(1)
    believed = np.where(sure, P, -1.0).argmax(1)
    confident = np.bincount(y[counted] * count + believed[counted], minlength=count * count).reshape(count, count).astype(float)
    joint = _joint(confident, np.bincount(y, minlength=count))
    best, other = np.zeros(y.size), np.full(y.size, -1, np.int64)
    for i, j in np.argwhere(joint > 0):
        if i == j:
            continue
        rows = np.flatnonzero(y == i)
        margin = P[rows, j] - P[rows, i]
        taken = np.argsort(-margin, kind="stable")[: round(float(joint[i, j]) * y.size)]
        taken = taken[margin[taken] > best[rows[taken]]]
        best[rows[taken]], other[rows[taken]] = margin[taken], j
    rows = np.flatnonzero(other >= 0)
    rows = rows[np.argsort(-best[rows], kind="stable")]
    return Suspects(rows, y[rows], other[rows], best[rows], joint)


def _thresholds(y: Array, P: Array, fold: Array) -> Array:
    """float64 [rows, K]: the mean probability of each class among its own rows, in the row's fold; above 1 for a class without rows."""
    classes = np.arange(P.shape[1])
    whole = np.array([P[y == j, j].mean() if (y == j).any() else 2.0 for j in classes])
    out = np.empty_like(P)
    for k in np.unique(fold):
        part = fold == k
        own = [part & (y == j) for j in classes]
        out[part] = [P[rows, j].mean() if rows.sum() >= FEWEST else whole[j] for j, rows in enumerate(own)]
    return out


def _joint(confident: Array, sizes: Array) -> Array:
    """The counts scaled so that each given class has its share of all rows; a class of which no row is counted is believed."""
    total = confident.sum(1, keepdims=True)
    rows = np.where(total > 0, confident / np.maximum(total, 1), np.eye(len(sizes)))
    return np.asarray(rows * sizes[:, None] / sizes.sum())
