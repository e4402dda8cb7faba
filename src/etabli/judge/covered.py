"""Row by row: does the interval or the set hold the truth, and how large is it, with quantiles of the other folds."""

from __future__ import annotations

import numpy as np

from etabli.judge import conformal, sets
from etabli.records import Array


def numbers(
    kind: conformal.Kind, y: Array, S: Array, fold: Array, level: float = 0.9, weight: Array | None = None
) -> tuple[Array, Array] | None:
    """(bool [n], width [n]) of intervals; None where there is one fold only."""
    if len(np.unique(fold)) < 2:
        return None
    lower, upper = conformal.crossfit(kind, y, S, fold, level, weight)
    return (y >= lower[:, 0]) & (y <= upper[:, 0]), (upper - lower)[:, 0]


def classes(
    by_class: bool, y: Array, S: Array, fold: Array, count: int, level: float = 0.9, weight: Array | None = None
) -> tuple[Array, Array] | None:
    """(bool [n], labels [n]) of sets of `count` classes; None where there is one fold only."""
    if len(np.unique(fold)) < 2:
        return None
    inside = np.empty((len(y), count), bool)
    for k in np.unique(fold):
        here, other = fold == k, fold != k
        learned = sets.fit(y[other], S[other], count, by_class, None if weight is None else weight[other])
        inside[here] = learned.apply(S[here], level)
    return inside[np.arange(len(y)), y], inside.sum(axis=1).astype(np.float64)
