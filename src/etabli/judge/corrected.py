"""The corrected t interval of the difference of two candidates over repeated cross-validation.

The differences of the folds are not independent: any two training sets share most of their rows. Nadeau and Bengio (2003, Inference for
the generalization error, Machine Learning 52) put the variance of their mean at (1 / J + n2 / n1) times the variance of a fold's, J the
number of folds of all repeats, n2 and n1 the rows tested and learned from; Bouckaert and Frank (2004) showed that it holds its level for
repeated folds, and that the plain t test does not (equal models called different in half of the studies). With one partition of five
folds it can hardly tell anything apart. It speaks of one pair of candidates, where `ties` speaks of all at once.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array


def corrected(losses: Array, winner: int, fold: Array, ratio: float, level: float = 0.95) -> tuple[Array, Array]:
    """(low, high) [C] of each candidate's mean loss minus the winner's. losses: [m, C], the rows of all repeats; fold: [m], a number of
    its own for each fold of each repeat. ratio: rows tested over rows learned from, of one fold."""
    from scipy.stats import t

    _, place = np.unique(fold, return_inverse=True)
    sizes = np.bincount(place).astype(np.float64)
    difference = losses - losses[:, [winner]]
    means = np.stack([np.bincount(place, column, len(sizes)) for column in difference.T], axis=1) / sizes[:, None]
    count = len(sizes)
    half = t.ppf(0.5 + level / 2, count - 1) * np.sqrt((1 / count + ratio) * means.var(axis=0, ddof=1))
    middle = means.mean(axis=0)
    return middle - half, middle + half
