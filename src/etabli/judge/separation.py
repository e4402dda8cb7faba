"""How far groups lie apart, beside their stability: the silhouette (Rousseeuw 1987) for round ones, the density between and within (Moulavi et al.
2014) for those of any shape, and the dispersion of the gap statistic (Tibshirani, Walther & Hastie 2001)."""

from __future__ import annotations

import numpy as np

from etabli.records import Array

NEAR = 5  # neighbours within which a row is dense


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


def reachable(apart: Array) -> Array:
    """Mutual reachability distances [n, n] of rows with these distances [n, n]: no less than the distance of either row to its fifth neighbour (Campello et
    al. 2013)."""
    place = min(NEAR, len(apart) - 1)
    core = np.partition(apart, place, axis=1)[:, place]
    return np.asarray(np.maximum(apart, np.maximum(core[:, None], core[None])))


def density(reach: Array, label: Array) -> float:
    """Whether groups of any shape lie apart, -1 to 1, by `reachable` distances [n, n]; -1 in `label` [n]: in no group, which counts 0. A group's value is
    (gap - sparse) / the larger of both: sparse is its widest step along its minimum spanning tree, gap the smallest distance to another group, both
    between inner rows, which end no branch. The mean over all rows (DBCV, Moulavi et al. 2014; but distances to the fifth neighbour stand for theirs
    of all neighbours, whose power of the number of columns is not stable). 0 for one group."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    names = [int(name) for name in np.unique(label[label >= 0])]
    if len(names) < 2:
        return 0.0
    inner, sparse = dict[int, Array](), dict[int, float]()
    for name in names:
        own = np.flatnonzero(label == name)
        inner[name], sparse[name] = own, np.inf
        if len(own) > 3:
            tree = minimum_spanning_tree(reach[np.ix_(own, own)] + 1e-6).tocoo()  # the library takes 0 for no step
            ends = np.bincount(np.r_[tree.row, tree.col], minlength=len(own)) > 1
            steps = tree.data[ends[tree.row] & ends[tree.col]]
            inner[name] = own[ends] if ends.any() else own
            sparse[name] = float((steps if len(steps) else tree.data).max(initial=1e-6))
    total = 0.0
    for name in names:
        gap = min(float(reach[np.ix_(inner[name], inner[other])].min()) for other in names if other != name)
        value = (gap - sparse[name]) / max(gap, sparse[name]) if np.isfinite(sparse[name]) else -1.0
        total += value * float((label == name).sum())
    return total / len(label)
