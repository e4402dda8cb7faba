"""How far groups lie apart, told beside their stability: the silhouette (Rousseeuw 1987) and the dispersion of the gap statistic (Tibshirani,
Walther & Hastie 2001)."""

from __future__ import annotations

import numpy as np

from etabli.records import Array


def between(x: Array) -> Array:
    """Distances [n, n] of the rows x [n, d]."""
    square = (x * x).sum(axis=1)
    made: Array = np.sqrt(np.maximum(square[:, None] + square - 2 * (x @ x.T), 0))
    np.fill_diagonal(made, 0.0)
    return made


def silhouette(apart: Array, label: Array) -> float:
    """The mean silhouette, -1 to 1, of groups [n] of rows with these distances [n, n]; 0 for one group; a row alone in its group counts 0."""
    names, label = np.unique(label, return_inverse=True)
    if len(names) < 2:
        return 0.0
    sizes, own = np.bincount(label), np.arange(len(label))
    sums = apart @ np.eye(len(names))[label]
    inner = sums[own, label] / np.maximum(sizes[label] - 1, 1)
    sums[own, label] = np.inf
    outer = (sums / sizes).min(axis=1)
    score = np.where(sizes[label] > 1, (outer - inner) / np.maximum(np.maximum(outer, inner), 1e-300), 0.0)
    return float(score.mean())


def dispersion(x: Array, label: Array) -> float:
    """The sum of the squares of the distances to the groups' means."""
    names, label = np.unique(label, return_inverse=True)
    sums = np.zeros((len(names), x.shape[1]))
    np.add.at(sums, label, x)
    return float(((x - (sums / np.bincount(label)[:, None])[label]) ** 2).sum())
