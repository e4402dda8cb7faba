"""Rows of mixed columns as points: factor analysis of mixed data (Escofier 1979; Pagès 2004), which is PCA where every column has its say.

A number is centred, scaled to variance 1 and kept within three standard deviations, so that one wild cell does not own an axis; one with a
long tail (skewness beyond `SKEWED`) goes by the normal scores of its ranks; a missing one is put at the mean. A level that at least one row in fifty has becomes a column (is it so, less its share, over the share's root); the
rest of a category's levels are one, and so is "missing", if they are so many. So a number and a category weigh alike on any axis. An axis points to where its
heaviest column rises: the same rows give the same map, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge.cells import Cells
from etabli.records import Array

OFTEN, LEVELS = 0.02, 12  # share of the rows that gives a level its own column; levels of a category at most
AXES = 12  # kept at most
FAR = 3.0
SKEWED = 1.5
DENSE = 1_200  # up to this many columns (or rows) all axes are computed, beyond that the first ones


@dataclass(frozen=True)
class Lean:
    """What an axis leans on. share: of the axis, 0 to 1. direction: +1 where the column rises along it, -1 where it falls; 0 for a
    category, with the level at its upper end (`up`) and at its lower end (`down`)."""

    column: str
    share: float
    direction: int = 0
    up: str | None = None
    down: str | None = None


@dataclass(frozen=True)
class Placed:
    """scores: float64 [rows, axes]. shares: of the variance, an axis each. leans: for each axis its columns, heaviest first."""

    scores: Array
    shares: tuple[float, ...]
    leans: tuple[tuple[Lean, ...], ...]


def prepared(columns: Sequence[Cells]) -> tuple[Array, list[tuple[int, str | None]]]:
    """([rows, made columns] float64, centred; for each the number of its column and its level, None for numbers)."""
    made, names = [], list[tuple[int, str | None]]()
    for i, column in enumerate(columns):
        if column.levels is None:
            if (x := _scaled(column.values, ~column.missing)) is not None:
                made.append(x)
                names.append((i, None))
            continue
        counts = np.bincount(column.values + 1, minlength=len(column.levels) + 1)
        order = np.argsort(-counts, kind="stable")[:LEVELS]
        kept = [int(k) for k in order if counts[k] >= OFTEN * len(column.values)]
        own = [column.values == k - 1 for k in kept]
        rest = ~np.any(own, axis=0) if own else np.ones(len(column.values), bool)
        for level, has in [*zip((("" if k == 0 else column.levels[k - 1]) for k in kept), own, strict=True), ("…", rest)]:
            share = has.mean()
            if OFTEN <= share < 1:  # fewer would lie far out and own an axis
                made.append((has - share) / np.sqrt(share))
                names.append((i, level))
    rows = len(columns[0].values) if columns else 0
    matrix = np.array(made).T if made else np.zeros((rows, 0))
    return matrix - matrix.mean(0) if rows else matrix, names


def _scaled(x: Array, there: Array) -> Array | None:
    """A number as its column of the matrix; None where it does not vary."""
    known = x[there]
    if not known.size or known.std() <= 1e-12 * max(1.0, abs(known.mean())):
        return None
    known = (known - known.mean()) / known.std()
    if abs((known**3).mean()) > SKEWED:
        from scipy.special import ndtri

        _, place, counts = np.unique(known, return_inverse=True, return_counts=True)
        known = ndtri(((np.cumsum(counts) - (counts - 1) / 2)[place] - 0.5) / len(known))
        known = (known - known.mean()) / known.std()
    made = np.zeros(len(x))
    made[there] = np.clip(known, -FAR, FAR)
    return made


def placed(columns: Sequence[Cells]) -> Placed:
    """The rows on the axes of greatest variance; fewer axes than AXES where the columns give no more."""
    x, names = prepared(columns)
    total = float((x * x).sum())
    if not x.size or total == 0:
        return Placed(np.zeros((len(x), 0)), (), ())
    directions = _directions(x)
    scores = x @ directions
    variance = (scores * scores).sum(0)
    kept = variance > 1e-9 * total
    directions, scores = directions[:, kept], scores[:, kept]
    leans = tuple(_leans(directions[:, k], names, columns) for k in range(directions.shape[1]))
    return Placed(scores, tuple(float(v) for v in variance[kept] / total), leans)


def _directions(x: Array) -> Array:
    """Orthonormal [columns, axes], the greatest variance first; the largest part of each is positive."""
    rows, width = x.shape
    if width <= DENSE:
        found = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :AXES]
    elif rows <= DENSE:
        left = np.linalg.eigh(x @ x.T)[1]
        found = x.T @ left[:, ::-1][:, : min(AXES, rows)]
        found = found / np.maximum(np.linalg.norm(found, axis=0), 1e-300)
    else:  # subspace iteration (Halko, Martinsson and Tropp 2011), from a fixed start
        found = np.random.default_rng(0).normal(size=(width, AXES + 8))
        for _ in range(6):
            found = np.linalg.qr(x.T @ (x @ found))[0]
        small = x @ found
        found = (found @ np.linalg.eigh(small.T @ small)[1][:, ::-1])[:, :AXES]
    heavy = np.abs(np.round(found, 9)).argmax(0)
    return np.asarray(found * np.where(found[heavy, np.arange(found.shape[1])] < 0, -1.0, 1.0))


def _leans(direction: Array, names: Sequence[tuple[int, str | None]], columns: Sequence[Cells]) -> tuple[Lean, ...]:
    owner = np.array([i for i, _ in names])
    weight = np.bincount(owner, direction**2, minlength=len(columns))
    made = []
    for i in np.argsort(-weight, kind="stable")[:8]:
        mine = np.flatnonzero(owner == i)
        if not mine.size:
            continue
        if columns[i].levels is None:
            made.append(Lean(columns[i].name, float(weight[i]), 1 if direction[mine[0]] > 0 else -1))
        else:
            top, low = mine[direction[mine].argmax()], mine[direction[mine].argmin()]
            made.append(Lean(columns[i].name, float(weight[i]), 0, names[top][1], names[low][1]))
    return tuple(made)
