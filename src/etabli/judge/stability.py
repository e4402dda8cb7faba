"""Is a partition found again in other rows? Two halves are clustered apart, and place all rows; how far they agree is the stability.

The measure is the adjusted Rand index (Hubert & Arabie 1985): 1 for the same groups whatever their names, 0 on average for chance. Stability
as the reason to believe a number of clusters: Ben-Hur, Elisseeff & Guyon 2002; Lange et al. 2004.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array


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


def halves(rows: int, times: int, seed: int) -> list[tuple[Array, Array]]:
    """Pairs of disjoint halves of the row numbers, sorted."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(times):
        order = random.permutation(rows)
        made.append((np.sort(order[: rows // 2]), np.sort(order[rows // 2 :])))
    return made
