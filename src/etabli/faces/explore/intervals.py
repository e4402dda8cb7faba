"""Means and rates of many parts at once, from their sums alone, each with its 95 % interval.

Three sums a part (rows, sum, sum of squares) are all that is needed, so one pass over ten million rows in DuckDB and one over a sample in
numpy end in the same function.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from etabli.records import Array

LEVEL = 0.95


@dataclass(frozen=True)
class Means:
    """rows: int [parts] with a known target. value, low, high: float64 [parts]; NaN where there are too few rows."""

    rows: Array
    value: Array
    low: Array
    high: Array


def means(rows: Array, total: Array, square: Array, share: bool) -> Means:
    """rows, total, square [parts]: how many, the sum and the sum of squares of the target's numbers.

    share: of zeros and ones; the interval is Wilson's (1927), which is right for few rows and never leaves 0 to 1. Else Student's t
    for the mean, from two rows on.
    """
    rows, total, square = (np.asarray(a, np.float64) for a in (rows, total, square))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(rows > 0, total / rows, np.nan)
        low, high = _wilson(value, rows) if share else _student(value, rows, square)
    return Means(rows.astype(np.int64), value, low, high)


def _wilson(p: Array, n: Array) -> tuple[Array, Array]:
    z2 = NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return np.maximum(0.0, np.where(p <= 0, 0.0, centre - half)), np.minimum(1.0, np.where(p >= 1, 1.0, centre + half))


def _student(mean: Array, n: Array, square: Array) -> tuple[Array, Array]:
    from scipy.special import stdtrit

    spread = np.maximum(square / n - mean**2, 0.0) * n / (n - 1)  # of large sums the difference may fall below zero by rounding
    half = stdtrit(np.maximum(n - 1, 1), (1 + LEVEL) / 2) * np.sqrt(spread / n)
    half = np.where(n > 1, half, np.nan)
    return mean - half, mean + half
