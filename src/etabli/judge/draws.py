"""Bootstrap draws of the out-of-fold table: the one engine under the honest score, the ties, the race and the intervals.

Every metric gives a per-row loss whose mean is the metric (judge/metrics.py), so a bootstrap of any of them is one product
of a matrix of counts with the table of losses. Whole groups are drawn together: their rows are added up first, so grouped
data are cheaper, not dearer. The product is made in blocks of draws, on columns centred on their mean, in single precision
when there are many units: what is lost is 1e-7 of a standard deviation.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array

FEW = 15  # with fewer groups a bootstrap is too sure of itself: intervals come from leaving out one group at a time
CELLS = 4_000_000  # counts held at a time


def blocks(rows: int, length: int | None = None) -> Array:
    """Group numbers [rows] of neighbouring rows, for rows in time order: draw blocks, not rows (Künsch 1989).
    length: rows in a block, about rows^(1/3) by default, at least 5."""
    length = length or max(5, round(rows ** (1 / 3)))
    return np.arange(rows) // length


def units(rows: int, groups: Array | None) -> tuple[Array, Array]:
    """What is drawn: (unit of each row [rows], rows in each unit [units] float64)."""
    if groups is None:
        return np.arange(rows), np.ones(rows)
    _, inverse = np.unique(groups, return_inverse=True)
    return inverse, np.bincount(inverse).astype(np.float64)


def gathered(values: Array, unit: Array, count: int) -> Array:
    """Sums of the rows of `values` [n, m] by unit: [count, m]."""
    if count == len(values):
        return values
    return np.stack([np.bincount(unit, column, count) for column in values.T], axis=1)


def means(values: Array, groups: Array | None = None, seed: int = 0, draws: int = 1000) -> tuple[Array, Array]:
    """Means of the columns of `values` [n, m] over `draws` bootstrap samples, and over the rows each sample left out.

    Returns inside [draws, m], outside [draws, m]; outside is NaN where a sample drew every unit.
    """
    values = np.asarray(values, np.float64)
    unit, sizes = units(len(values), groups)
    count = len(sizes)
    centre = values.mean(axis=0)
    precision = np.float32 if count > 5_000 else np.float64
    spread = np.abs(values - centre).max(initial=0.0) or 1.0
    table = np.column_stack([gathered((values - centre) / spread, unit, count), sizes]).astype(precision)
    rng = np.random.default_rng(seed)
    step = max(1, CELLS // count)
    inside, outside = np.empty((2, draws, values.shape[1] + 1))
    for start in range(0, draws, step):
        stop = min(start + step, draws)
        counts = np.empty((stop - start, count), precision)
        for row in counts:
            row[:] = np.bincount(rng.integers(0, count, count), minlength=count)
        inside[start:stop] = counts @ table
        outside[start:stop] = (counts == 0).astype(precision) @ table
    empty = outside[:, -1] == 0
    outside[empty] = np.nan
    return (inside[:, :-1] / inside[:, -1:]) * spread + centre, (outside[:, :-1] / outside[:, -1:]) * spread + centre


def few(groups: Array | None) -> bool:
    """Whether there are groups, more than one, but too few to be drawn."""
    return groups is not None and 1 < len(np.unique(groups)) < FEW


def left_out(values: Array, groups: Array, level: float = 0.95) -> float:
    """Half-width of the interval of the mean of `values` [n]: leave out one group at a time, t with groups - 1 degrees of
    freedom (Efron 1982; Bell & McCaffrey 2002 for few clusters)."""
    from scipy.stats import t

    unit, sizes = units(len(values), groups)
    sums = np.bincount(unit, values, len(sizes))
    parts = (values.sum() - sums) / (len(values) - sizes)
    count = len(sizes)
    error = np.sqrt((count - 1) / count * ((parts - parts.mean()) ** 2).sum())
    return float(t.ppf(0.5 + level / 2, count - 1) * error)
