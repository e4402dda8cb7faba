"""How strongly one column tells the target, measured on rows that did not teach it, with what chance alone would reach.

The measure is the audit's (`data/audit/measure.py`): what each cell of a column says is learned on one half of the sample and scored on the
other, both ways. So a column of a thousand levels gets no credit for being fine. Two classes, or one against the rest: the area under the ROC
curve. Numbers: the share of the variance explained, of the values or of their ranks, whichever is told better. Among many columns the best of
pure chance looks strong, so the bound for "none seen" grows with the number of columns (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from etabli.data.audit.measure import aucs, cells, r2
from etabli.faces.explore.aim import Aim
from etabli.records import Array, Column, Table

WORDS = ((0.1, "faint"), (0.3, "weak"), (0.55, "moderate"), (0.85, "strong"))  # up to which strength, the word; beyond: "nearly"
ROWS = 20_000  # of the sample that are looked at, as the audit does
CHANCE = 0.05  # that the best of all columns without a relation is called one


@dataclass(frozen=True)
class Strength:
    """score: AUC (measure "auc") or share of variance explained ("r2"; of ranks: "rank"). size: 0 to 1, comparable between measures: 2 AUC - 1, or the root of the
    share. word: none, faint, weak, moderate, strong or nearly; "unmeasured" where rows are too few. rows: that were looked at."""

    measure: str
    score: float | None
    size: float
    word: str
    rows: int


def strength(table: Table, column: Column, aim: Aim, columns: int = 1) -> Strength:
    """columns: how many are looked at side by side. The target itself is asked nothing by callers."""
    known = np.flatnonzero(~np.isnan(aim.values))
    if known.size > ROWS:
        known = known[np.sort(np.random.default_rng(20_000).choice(known.size, ROWS, replace=False))]
    measure = "auc" if aim.share else "r2"
    if column.kind == "constant" or known.size < 20:
        return Strength(measure, None, 0.0, "unmeasured" if known.size < 20 else "none", known.size)
    values, y = np.asarray(table.values[column.name])[known], aim.values[known]
    cell = cells(_codes(values), column.is_double)
    half = np.random.default_rng(7).permutation(known.size) % 2 == 0
    if aim.share:
        hit = y.astype(np.int64)
        score = float(aucs(cell, hit, 2, half)[1])
        size, floor = 2 * score - 1, _by_chance_auc(int(hit.sum()), known.size, columns)
    else:
        plain, ranked = r2(cell, y, half), r2(cell, _ranks(y), half)
        measure, score = ("rank", ranked) if ranked > plain + 0.02 else ("r2", plain)
        size, floor = float(np.sqrt(max(score, 0.0))), _by_chance_r(known.size, columns)
    if not np.isfinite(score):
        return Strength(measure, None, 0.0, "unmeasured", known.size)
    word = "none" if size <= floor else next((word for reach, word in WORDS if size < reach), "nearly")
    return Strength(measure, score, max(0.0, size), word, known.size)


def _codes(values: Array) -> Array:
    """0, 1, … by value in order, -1 missing."""
    missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
    codes = np.full(values.size, -1, np.int64)
    codes[~missing] = np.unique(values[~missing], return_inverse=True)[1]
    return codes


def _ranks(y: Array) -> Array:
    place = np.unique(y, return_inverse=True)[1]
    counts = np.bincount(place)
    return np.asarray((np.cumsum(counts) - counts / 2)[place], np.float64)


def _normal(columns: int) -> float:
    return NormalDist().inv_cdf(1 - CHANCE / max(1, columns))


def _by_chance_auc(positive: int, rows: int, columns: int) -> float:
    """2 AUC - 1 that chance reaches: the error of Mann and Whitney's statistic where there is no relation."""
    negative = max(1, rows - positive)
    return 2 * _normal(columns) * float(np.sqrt((rows + 1) / (12 * max(1, positive) * negative)))


def _by_chance_r(rows: int, columns: int) -> float:
    """The correlation of held-out predictions with the target that chance reaches."""
    return _normal(columns) / float(np.sqrt(rows))
