"""Which columns say the same: how strongly two columns of any kinds are related, 0 to 1, and the groups that hang together.

Two numbers: Spearman's rank correlation, without its sign. Two categories: Cramer's V, corrected for what chance gives to many levels
(Bergsma 2013). One of each: the correlation ratio of the number's ranks, corrected in the same way (epsilon squared, Kelley 1935). Rows
where either is missing are left out. Groups are made by complete linkage: every two columns of a group are related at least so strongly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.judge.cells import Cells
from etabli.records import Array

STRONG = 0.8
FEW = 30  # rows that two columns must both know


def related(a: Cells, b: Cells) -> float:
    """How strongly two columns are related, 0 to 1; 0 where too few rows know both."""
    known = ~(a.missing | b.missing)
    if known.sum() < FEW:
        return 0.0
    x, y = a.values[known], b.values[known]
    if a.levels is None and b.levels is None:
        return _correlation(_ranks(x), _ranks(y))
    if a.levels is None:
        return _ratio(y, _ranks(x))
    return _ratio(x, _ranks(y)) if b.levels is None else _cramer(x, y)


def groups(columns: Sequence[Cells], strong: float = STRONG) -> list[tuple[tuple[int, ...], float]]:
    """(numbers of the columns, the weakest relation among them) of each group of at least two."""
    if len(columns) < 2:
        return []
    from scipy.cluster.hierarchy import fcluster, linkage

    first, second = np.triu_indices(len(columns), 1)
    strength = np.array([related(columns[int(i)], columns[int(j)]) for i, j in zip(first, second, strict=True)])
    cluster = fcluster(linkage(1 - strength, "complete"), 1 - strong + 1e-12, "distance")
    made = []
    for one in np.unique(cluster):
        members = np.flatnonzero(cluster == one)
        if len(members) > 1:
            inside = np.isin(first, members) & np.isin(second, members)
            made.append((tuple(int(i) for i in members), float(strength[inside].min())))
    return sorted(made)


def _ranks(x: Array) -> Array:
    from scipy.stats import rankdata

    return np.asarray(rankdata(x), np.float64)


def _correlation(x: Array, y: Array) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(min(1.0, abs(x @ y) / scale)) if scale > 0 else 0.0


def _ratio(code: Array, rank: Array) -> float:
    """Correlation ratio of `rank` by `code`."""
    _, level = np.unique(code, return_inverse=True)
    sizes = np.bincount(level)
    n, k = len(rank), len(sizes)
    total = float(((rank - rank.mean()) ** 2).sum())
    if total == 0 or k < 2 or n <= k:
        return 0.0
    mean = np.bincount(level, rank) / sizes
    inner = float(((rank - mean[level]) ** 2).sum())
    return float(np.sqrt(max(0.0, 1 - (inner / (n - k)) / (total / (n - 1)))))


def _cramer(x: Array, y: Array) -> float:
    _, i = np.unique(x, return_inverse=True)
    _, j = np.unique(y, return_inverse=True)
    r, c, n = int(i.max()) + 1, int(j.max()) + 1, len(i)
    if min(r, c) < 2 or r * c > 4_000_000:
        return 0.0
    table = np.bincount(i * c + j, minlength=r * c).reshape(r, c).astype(np.float64)
    expected = np.outer(table.sum(1), table.sum(0)) / n
    phi = float(((table - expected) ** 2 / expected).sum() / n)
    spare = (r - 1) * (c - 1) / (n - 1)
    room = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(min(1.0, max(0.0, phi - spare) / room))) if room > 0 else 0.0
