"""How the model uses a column: accumulated local effects (Apley & Zhu 2020, JRSS B 82), with intervals.

A curve of the mean answer with the column set to one value for every row (partial dependence, Friedman 2001) asks the model about rows
that do not exist: a flat of 20 m2 with 9 rooms. Accumulated local effects move each row only to the ends of its own small bin and
add up the mean changes, so related columns do not leak into one another. Both are drawn: where they part, columns are related.

Numbers: bins by quantiles. Categories have no order, so levels are put in one by how alike their rows are in the other columns (the sum of
Kolmogorov-Smirnov and total variation distances, laid on a line by classical scaling), and rows move to the levels beside their own.
Pairs: the second difference over a grid of bins, less the curves of both columns: what the two do only together.

Everything here is a function of arrays; who moves the cells and asks the model is `work/`. Intervals are bootstrap intervals over rows (whole
groups): of this model on other rows like these, not of other models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge import draws
from etabli.judge.cells import Cells
from etabli.records import Array

BINS = 16
FEWEST = 10  # rows of a bin
GRID = 6  # bins a side for pairs


@dataclass(frozen=True)
class Curve:
    """Values [points] around 0 (the mean over the rows), with their pointwise 95 % interval."""

    value: Array
    low: Array
    high: Array


def edges(x: Array, bins: int = BINS, fewest: int = FEWEST) -> Array:
    """Points [K + 1] that part the known values in at most `bins` bins of about equal count, none of fewer than `fewest` rows where there are
    as many; values that are common are points themselves."""
    known = x[~np.isnan(x)]
    values, counts = np.unique(known, return_counts=True)
    if len(values) > bins + 1:
        often = values[counts * bins >= len(known)]
        rest = known[~np.isin(known, often)]
        cuts = np.quantile(rest, np.linspace(0, 1, max(4, bins - len(often)) + 1), method="inverted_cdf") if len(rest) else rest
        values = np.unique(np.concatenate([often, cuts]))
    if len(values) < 3:
        return values
    kept, inside = [values[0]], 0
    for point, count in zip(values[1:], np.bincount(bin_of(known, values), minlength=len(values) - 1), strict=True):
        inside += int(count)
        if inside >= fewest:
            kept.append(point)
            inside = 0
    if kept[-1] != values[-1]:  # what is left joins the last bin
        kept[max(1, len(kept) - 1) :] = [values[-1]]
    return np.array(kept)


def bin_of(x: Array, points: Array) -> Array:
    """The bin [n] of each value: bin k is (points[k], points[k + 1]], the first one closed; -1 for missing."""
    place = np.clip(np.searchsorted(points, x, "left") - 1, 0, max(0, len(points) - 2))
    return np.where(np.isnan(x), -1, place)


def accumulated(
    change: Array,
    step: Array,
    weight: Array,
    at: Array,
    unit: Array | None = None,
    seed: int = 0,
    count: int = 300,
) -> Curve:
    """The curve over the points of `at`. change: [m] of the answer, over step [m] (from point s to s + 1). weight: [m]. at: [m, points], how
    much of each row lies at each point, for the mean that is taken off. unit: [m], drawn whole (a row may move twice)."""
    steps = at.shape[1] - 1
    moves = np.zeros((len(change), 2 * steps))
    rows = np.arange(len(change))
    moves[rows, step] = weight * change
    moves[rows, steps + step] = weight
    table = np.hstack([moves, at])

    def curve(sums: Array) -> Array:
        totals, share = sums[..., steps : 2 * steps], sums[..., 2 * steps :]
        mean = np.divide(sums[..., :steps], totals, out=np.zeros_like(totals), where=totals > 0)
        path = np.concatenate([np.zeros((*mean.shape[:-1], 1)), np.cumsum(mean, axis=-1)], axis=-1)
        return np.asarray(path - ((path * share).sum(axis=-1) / share.sum(axis=-1))[..., None])

    value = curve(table.mean(axis=0))
    if unit is not None and len(np.unique(unit)) < 2:
        return Curve(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    low, high = np.quantile(curve(draws.means(table, unit, seed, count)[0]), [0.025, 0.975], axis=0)
    return Curve(value, low, high)


def halves(place: Array, points: int, weight: Array) -> Array:
    """[n, points]: rows in bins between points lie half at either end."""
    made, rows = np.zeros((len(place), points)), np.arange(len(place))
    made[rows, place] = made[rows, place + 1] = weight / 2
    return made


def alike(code: Array, levels: Array, others: Sequence[Cells]) -> Array:
    """The numbers of `levels`, in an order in which those whose rows are alike in the other columns are neighbours."""
    count = len(levels)
    if count < 3:
        return levels
    apart = np.zeros((count, count))
    for other in others:
        known = ~other.missing
        _, value = np.unique(other.values[known], return_inverse=True)
        width = int(value.max(initial=-1)) + 1
        if width < 2:
            continue
        mine = code[known]
        table = np.stack([np.bincount(value[mine == level], minlength=width) for level in levels]).astype(np.float64)
        table /= np.maximum(table.sum(axis=1, keepdims=True), 1)
        if other.levels is None:
            table = np.cumsum(table, axis=1)
        for i in range(count):
            gap = np.abs(table - table[i])
            apart[i] += gap.max(axis=1) if other.levels is None else gap.sum(axis=1) / 2
    centre = np.eye(count) - 1 / count
    _, vectors = np.linalg.eigh(-centre @ (apart**2) @ centre / 2)
    line = vectors[:, -1]
    line = line if line[np.argmax(np.abs(line))] > 0 else -line  # an eigenvector has no sign of its own
    return np.asarray(levels[np.argsort(line, kind="stable")])


@dataclass(frozen=True)
class Surface:
    """What two columns do only together: value [points of the first, points of the second], weighted mean 0 over rows and along each
    column. size: its root mean square over the rows, in the answer's unit."""

    value: Array
    size: float


def surface(change: Array, first: Array, second: Array, shape: tuple[int, int], weight: Array) -> Surface:
    """change: second differences [n] over the cell (first, second) of each row's bins. shape: number of bins of both."""
    cell = first * shape[1] + second
    count = np.bincount(cell, weight, shape[0] * shape[1]).reshape(shape)
    total = np.bincount(cell, weight * change, shape[0] * shape[1]).reshape(shape)
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    mean = _filled(mean)
    path = np.zeros((shape[0] + 1, shape[1] + 1))
    path[1:, 1:] = np.cumsum(np.cumsum(mean, axis=0), axis=1)
    path -= _along(path, count)[:, None]  # the accumulated effect of the first column that is left in it, then of the second
    path -= _along(path.T, count.T)[None, :]
    middle = (path[1:, 1:] + path[:-1, 1:] + path[1:, :-1] + path[:-1, :-1]) / 4
    centre = float((middle * count).sum() / count.sum())
    return Surface(path - centre, float(np.sqrt(((middle - centre) ** 2 * count).sum() / count.sum())))


def _along(path: Array, count: Array) -> Array:
    """The first column's own accumulated effect within a surface."""
    step = np.diff(path, axis=0)
    step = (step[:, 1:] + step[:, :-1]) / 2
    rows = count.sum(axis=1)
    mean = np.divide((step * count).sum(axis=1), rows, out=np.zeros(len(rows)), where=rows > 0)
    return np.append(0.0, np.cumsum(mean))


def _filled(grid: Array) -> Array:
    """Empty cells take the value of the nearest cell that is not."""
    empty = np.argwhere(np.isnan(grid))
    known = np.argwhere(~np.isnan(grid))
    made = grid.copy()
    for i, j in empty:
        nearest = known[np.argmin(((known - (i, j)) ** 2).sum(axis=1))]
        made[i, j] = grid[tuple(nearest)]
    return made
