"""Means and shares of some of the rows, with their chance: rows of a group that belong together are one draw.

An estimate is its value and one number a row, its influence: how far the row moves it (sums to 0). The variance of any difference of
estimates, and their correlation, is read off the influences added up by group (the sandwich of Huber 1967; Liang & Zeger 1986), and Student's t with
one degree of freedom fewer than there are groups (or rows) makes intervals of few rows wide enough. The same as a bootstrap that draws
groups whole, in the limit, and without draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import Array

DRAWS = 10_000


@dataclass(frozen=True)
class Estimate:
    """value. influence: float64 [n], 0 for rows outside. rows: how many are in it. share: whether it is a share of yes and no."""

    value: float
    influence: Array
    rows: int
    share: bool = False


@dataclass(frozen=True)
class Reach:
    """A value with its interval."""

    value: float
    low: float
    high: float


def mean(z: Array, here: Array, weight: Array | None = None) -> Estimate:
    """The weighted mean of z [n] over the rows `here` (bool [n])."""
    w = np.ones(len(z)) if weight is None else np.asarray(weight, np.float64)
    influence, total = np.zeros(len(z)), float(w[here].sum())
    if not total > 0:
        return Estimate(float("nan"), influence, 0)
    value = float(w[here] @ z[here] / total)
    influence[here] = w[here] * (z[here] - value) / total
    return Estimate(value, influence, int(here.sum()), share=np.asarray(z).dtype == bool)


class Units:
    """What chance draws: rows, or groups of rows. groups: [n] or None."""

    def __init__(self, groups: Array | None, rows: int) -> None:
        self.of = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
        self.count = rows if groups is None else int(self.of.max(initial=-1)) + 1
        self.rows = groups is None

    def sums(self, influence: Array) -> Array:
        """Influences added up by unit [units]."""
        return influence if self.rows else np.bincount(self.of, influence, self.count)

    def inside(self, here: Array) -> int:
        """Units with a row `here` (bool [n])."""
        return int(here.sum()) if self.rows else int(np.unique(self.of[here]).size)


def error(estimate: Estimate, units: Units, here: Array) -> tuple[float, int]:
    """(standard error, degrees of freedom). A share of all or nothing has the error of one with two more rows, one each way (Agresti & Caffo 2000)."""
    count = units.inside(here)
    if count < 2:
        return float("nan"), 0
    square = float((units.sums(estimate.influence) ** 2).sum()) * count / (count - 1)
    if estimate.share:
        p = (estimate.value * count + 1) / (count + 2)
        square = max(square, p * (1 - p) / (count + 2))
    return float(np.sqrt(square)), count - 1


def reach(estimate: Estimate, units: Units, here: Array, level: float = 0.95) -> Reach:
    """The interval of one estimate: Wilson's (1927) for a share, at the number of rows that its error is worth; Student's t for the rest."""
    from scipy.special import ndtri, stdtrit

    value = estimate.value
    wide, free = error(estimate, units, here)
    if not free or not np.isfinite(value):
        return Reach(value, float("nan"), float("nan"))
    if estimate.share:
        plain = value * (1 - value)
        own = float((units.sums(estimate.influence) ** 2).sum()) * (free + 1) / free
        n = min(float(estimate.rows), plain / own) if own > 0 and plain > 0 else float(free + 1)
        z = float(stdtrit(free, (1 + level) / 2)) if not units.rows else float(ndtri((1 + level) / 2))
        centre, half = (
            (value + z * z / (2 * n)) / (1 + z * z / n),
            z * np.sqrt(plain / n + z * z / (4 * n * n)) / (1 + z * z / n),
        )
        return Reach(value, max(0.0, float(centre - half)), min(1.0, float(centre + half)))
    half = float(stdtrit(free, (1 + level) / 2)) * wide
    return Reach(value, value - half, value + half)


def together(
    estimates: list[tuple[Estimate, float, int]], units: Units, level: float = 0.95, seed: int = 0, draws: int = DRAWS
) -> list[Reach]:
    """Simultaneous intervals: with probability `level` all of them hold (the max-statistic; Hothorn, Bretz & Westfall 2008).

    estimates: (estimate, standard error, degrees of freedom). Their correlation is that of their influences."""
    from scipy.special import ndtr, stdtrit

    fit = [i for i, (_, wide, free) in enumerate(estimates) if np.isfinite(wide) and wide > 0 and free > 0]
    alpha = 1 - level
    if len(fit) > 1:
        sums = np.stack([units.sums(estimates[i][0].influence) for i in fit], axis=1)
        size = np.sqrt((sums**2).sum(axis=0))
        sums /= np.where(size > 0, size, 1.0)
        likeness = sums.T @ sums
        np.fill_diagonal(likeness, 1.0)
        values, vectors = np.linalg.eigh(likeness)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        z = np.random.default_rng(seed).normal(size=(draws, len(fit))) @ root.T
        alpha = float(np.quantile(2 * ndtr(-np.abs(z).max(axis=1)), alpha))
    made = []
    for i, (one, wide, free) in enumerate(estimates):
        half = float(stdtrit(free, 1 - alpha / 2)) * wide if i in fit else float("nan")
        made.append(Reach(one.value, one.value - half, one.value + half))
    return made
