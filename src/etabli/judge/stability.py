"""Is a partition found again in other rows? Two halves are clustered apart, and place all rows; how far they agree is the stability.

The measure is the adjusted Rand index (Hubert & Arabie 1985): 1 for the same groups whatever their names, 0 on average for chance. Stability
as the reason to believe a number of clusters: Ben-Hur, Elisseeff & Guyon 2002; Lange et al. 2004. The index hardly sees small clusters;
`strength` looks at the worst one. Alone both prefer two groups whatever the
rows are, and a long cloud is cut in two at the same place every time; so they are compared with what rows without groups give (`cloud`), and
only the excess speaks (as the gap statistic does for dispersion, Tibshirani et al. 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from etabli.records import Array

Shape = Literal["normal", "even", "bent"]
SHAPES: tuple[Shape, ...] = ("normal", "even", "bent")


def adjusted_rand(one: Array, two: Array) -> float:
    """Two labellings int [n] (any names; -1 is a label like another) -> 1 for equal partitions, about 0 for unrelated ones."""
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(two, return_inverse=True)
    table = np.zeros((a.max(initial=0) + 1, b.max(initial=0) + 1))
    np.add.at(table, (a, b), 1)
    pairs = (table * (table - 1)).sum() / 2
    rows = float((table.sum(1) * (table.sum(1) - 1)).sum() / 2)
    columns = float((table.sum(0) * (table.sum(0) - 1)).sum() / 2)
    every = len(one) * (len(one) - 1) / 2
    expected = rows * columns / every if every else 0.0
    largest = (rows + columns) / 2
    return 1.0 if largest == expected else float((pairs - expected) / (largest - expected))


def strength(own: Array, other: Array) -> float:
    """How well the worst cluster is found again (prediction strength, Tibshirani & Walther 2005): of the pairs of rows that `own` [n] puts into
    one cluster, the share that `other` [n] puts into one too, the least over the clusters. Label -1: in no cluster, which makes no pairs. A
    cluster of one row is not found again: 0."""
    least = 1.0
    for label in np.unique(own[own >= 0]):
        there = other[own == label]
        rows, counts = len(there), np.bincount(there[there >= 0]).astype(float)
        least = min(least, float((counts * (counts - 1)).sum() / (rows * (rows - 1))) if rows > 1 else 0.0)
    return least


def halves(rows: int, times: int, seed: int | Sequence[int]) -> list[tuple[Array, Array]]:
    """Pairs of disjoint halves of the row numbers, sorted."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(times):
        order = random.permutation(rows)
        made.append((np.sort(order[: rows // 2]), np.sort(order[rows // 2 :])))
    return made


def cloud(x: Array, shape: Shape, whole: Sequence[Array], random: np.random.Generator) -> Array:
    """Rows without groups that look like x [n, d] otherwise. normal: Gaussian, of the same covariance. even: uniform in the box along the
    principal axes (Tibshirani et al. 2001). bent: Gaussian once each number was bent so that its long tail is none, and bent back (`bent`). whole: coordinates of one category each (or a flag): these are dealt anew among the rows, together, so
    that the levels and their shares stay, and what binds them to the rest goes. Coordinates with few distinct values keep them: the drawn
    numbers are replaced by the column's own, rank by rank, so that lumps of a scale are not taken for groups."""
    n = len(x)
    made = np.empty_like(x)
    categories = np.concatenate([*whole, np.empty(0, np.int64)]).astype(np.int64)
    numbers = np.setdiff1d(np.arange(x.shape[1]), categories)
    if len(numbers):
        part, back = bent(x[:, numbers]) if shape == "bent" else (x[:, numbers], None)
        centre = part.mean(axis=0)
        _, size, axes = np.linalg.svd(part - centre, full_matrices=False)
        if shape != "even":
            scores = random.normal(size=(n, len(size))) * size / np.sqrt(max(1, n - 1))
        else:
            along = (part - centre) @ axes.T
            scores = random.uniform(along.min(axis=0), along.max(axis=0), (n, len(size)))
        drawn = scores @ axes + centre
        drawn = drawn if back is None else back(drawn)
        for j, number in enumerate(numbers):
            if len(np.unique(x[:, number])) <= FEW * n:
                drawn[np.argsort(drawn[:, j], kind="stable"), j] = np.sort(x[:, number])
        made[:, numbers] = drawn
    for block in whole:
        made[:, block] = x[random.permutation(n)][:, block]
    return made


def bent(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """(x [n, d] with each column as near to a normal law as one power brings it, the way back). Yeo & Johnson 2000, by scikit-learn; a column
    stays where its power cannot be found. What is drawn beyond the rows is brought to their ends."""
    from sklearn.preprocessing import PowerTransformer

    sizes = x.std(axis=0)
    fine = np.flatnonzero(sizes > 0)
    powers = PowerTransformer().fit(x[:, fine] / sizes[fine])
    straight = powers.transform(x[:, fine] / sizes[fine])
    sound = np.isfinite(straight).all(axis=0) & np.isfinite(powers.inverse_transform(straight)).all(axis=0)
    made = x.copy()
    made[:, fine[sound]] = straight[:, sound]
    low, high = straight.min(axis=0), straight.max(axis=0)

    def back(drawn: Array) -> Array:
        whole = powers.inverse_transform(np.clip(drawn[:, fine], low, high)) * sizes[fine]
        returned = drawn.copy()
        returned[:, fine[sound]] = whole[:, sound]
        return returned

    return made, back


FEW = 0.2  # a number with fewer distinct values for its rows is a scale with steps
