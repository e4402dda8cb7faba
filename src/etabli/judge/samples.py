"""Two samples of one column, old and new: how far they are apart, and whether chance explains it.

The distance is the largest gap of the cumulative shares of numbers (Kolmogorov & Smirnov) and half the sum of the gaps of the shares of
levels (total variation); both lie between 0 and 1. Many columns are many tests: `holm` corrects (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.records import Array

EXPECTED = 5.0  # levels of which fewer are expected are taken together, or the chi-square is none


def numbers(old: Array, new: Array) -> tuple[float, float]:
    """(distance, p) of two samples of numbers, none missing."""
    from scipy.stats import ks_2samp

    found = ks_2samp(old, new, method="asymp")
    return float(found.statistic), float(found.pvalue)


def counts(old: Array, new: Array) -> tuple[float, float]:
    """(distance, p) of two rows of counts [levels] by a chi-square of homogeneity."""
    from scipy.stats import chi2_contingency

    table = np.array([old, new], np.float64)
    if (table.sum(axis=1) == 0).any():
        return 0.0, 1.0
    distance = float(np.abs(table[0] / table[0].sum() - table[1] / table[1].sum()).sum() / 2)
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    rare = expected < EXPECTED
    table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    return distance, 1.0 if table.shape[1] < 2 else float(chi2_contingency(table, correction=False).pvalue)


def more_than(hits: int, rows: int, share: float) -> float:
    """Chance of that many hits or more of `rows`, when each is one with probability `share`."""
    from scipy.stats import binom

    return float(binom.sf(hits - 1, rows, share))


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979): the chance of one this small among them is at most that."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    if len(p):
        corrected[order] = np.minimum(1.0, np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1)))
    return [float(value) for value in corrected]


def too_small(p: Array, calibrated: int = 0) -> tuple[float, float]:
    """(largest excess of the share of p-values [n] at or below a level over that level, its p): are they smaller than uniform ones?

    The one-sided test of Kolmogorov & Smirnov of two samples, where `calibrated` rows made the p-values (0: exact ones); conservative
    where p-values are rounded up."""
    ordered, rows = np.sort(p), len(p) * calibrated / (len(p) + calibrated) if calibrated else len(p)
    excess = float(np.max(np.arange(1, len(p) + 1) / len(p) - ordered, initial=0.0))
    return excess, float(np.exp(-2 * rows * excess**2))
