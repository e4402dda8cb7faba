"""What in a map of rows may be believed: are rows that are near each other on it near each other in the table, and the other way round?

Everything is a function of ranks: rank[i, j] = r when row j is the r-th nearest of row i (0: the row itself). So no scale, rotation or
bending of the map matters. Trustworthiness and continuity: Venna & Kaski 2001; neighbour recall beyond chance at every size of
neighbourhood, and its area with the weight 1/K: Lee, Peluffo-Ordonez & Verleysen 2015. Whether the same picture comes out again is a
Procrustes correlation (Gower 1971; Jackson 1995). Ranks of n rows take n * n numbers: at most some 2,000 rows are judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from etabli.records import Array

SIZES = (5, 10, 20, 50)
NEAR = 10  # neighbours that "near" means


@dataclass(frozen=True)
class Trust:
    """trustworthiness: 1 when no row is shown near another that is not near it; continuity: 1 when no near row is shown far off; near: with
    how many neighbours. recall: share of a row's K nearest that are among its K nearest on the map, by K; chance: the same by chance.
    area: recall beyond chance over all K, 1 at best, 0 by chance. kept: float64 [rows], the share of each row's `near` nearest kept."""

    near: int
    trustworthiness: float
    continuity: float
    recall: Mapping[int, float]
    chance: Mapping[int, float]
    area: float
    kept: Array


def ranks(x: Array) -> Array:
    """int32 [n, n]: rank[i, j], 0 for the row itself. x: [n, columns]. Equal distances keep the order of the rows."""
    centred = x - x.mean(axis=0)
    square = (centred * centred).sum(axis=1)
    distance = square[:, None] + square[None] - 2 * centred @ centred.T
    np.fill_diagonal(distance, -np.inf)
    order = np.argsort(distance, axis=1, kind="stable")
    rank = np.empty(order.shape, np.int32)
    np.put_along_axis(rank, order, np.arange(len(x), dtype=np.int32)[None], axis=1)
    return rank


def trust(rows: Array, shown: Array, near: int = NEAR) -> Trust:
    """rows, shown: the ranks (`ranks`) of the same n >= 4 rows in the table and on the map. near is brought below half the rows."""
    n = len(rows)
    near = max(1, min(near, (n - 1) // 2))
    worst = n * near * (2 * n - 3 * near - 1) / 2  # the sum of the excesses when near rows are the farthest
    here, there = (rows >= 1) & (rows <= near), (shown >= 1) & (shown <= near)
    false = float((rows[there & ~here] - near).sum()) / worst
    lost = float((shown[here & ~there] - near).sum()) / worst
    later = np.maximum(rows, shown)  # from this K on, a pair is near in both
    counted = np.cumsum(np.bincount(later[later > 0], minlength=n)[1:n])  # [n - 1], of K = 1 ... n - 1
    k = np.arange(1, n)
    recall = counted / (n * k)
    beyond = ((n - 1) * recall[:-1] - k[:-1]) / (n - 1 - k[:-1])
    area = float((beyond / k[:-1]).sum() / (1 / k[:-1]).sum())
    sizes = [size for size in SIZES if size <= n - 2] or [1]
    return Trust(
        near,
        1 - false,
        1 - lost,
        {size: float(recall[size - 1]) for size in sizes},
        {size: size / (n - 1) for size in sizes},
        area,
        (here & there).sum(axis=1) / near,
    )


def procrustes(one: Array, two: Array) -> float:
    """How far two maps of the same rows [n, k] are one picture, after moving, turning, mirroring and stretching: 1 the same, about 0 unrelated;
    0 when one of them is a single point."""
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    if size == 0:
        return 0.0
    return min(1.0, float(np.linalg.svd(one.T @ two, compute_uv=False).sum()) / size)


def moved(one: Array, two: Array) -> Array:
    """float64 [n]: how far each row lies from its own place in another map of the same rows [n, k], after moving, turning, mirroring and stretching
    the second onto the first (Gower 1971); in root mean square distances from the middle of the first, NaN when one map is a single point."""
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    size = float(np.linalg.norm(one)), float(np.linalg.norm(two))
    if not all(size):
        return np.full(len(one), np.nan)
    one, two = one / size[0], two / size[1]
    left, values, right = np.linalg.svd(two.T @ one)
    gap = one - two @ (left @ right) * values.sum()
    return np.asarray(np.sqrt((gap**2).sum(axis=1) * len(one)))
