"""Venn-Abers predictors (Vovk, Petej & Fedorova 2015), merged: the row is put into the calibration rows once as a 0 and once as a
1; isotonic regression gives p0 and p1, one of which is perfectly calibrated, and p1 / (1 - p0 + p1) is what is shown.

p0 and p1 are constant between neighbouring calibration scores, so a table is exact and three nodes suffice. Above 1 000
distinct scores neighbours are put together first: a coarser score, for which everything holds as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import Calibrator
from etabli.judge.lookup import below, write_below
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

KNOTS = 1_000
QUICK = 200
ENOUGH = 20
GRAIN = 1e-9  # scores closer than this are one: answers to the very calibration rows (an adopted model's) must not turn on a last digit


@dataclass(frozen=True)
class VennAbers(Calibrator):
    """knots: calibration scores in order [k]. p0, p1: [k + 1], the entry i for scores above i knots. merged: what is shown."""

    knots: Array
    p0: Array
    p1: Array
    merged: Array

    name = "venn_abers"
    title = {"en": "Venn-Abers", "fr": "Venn-Abers"}  # noqa: RUF012
    tasks = ("binary",)
    citation = "Vovk, Petej & Fedorova 2015"
    rank = 6
    weighted = False  # p0 and p1 count rows
    cheap = False

    @classmethod
    def possible(cls, y: Array) -> bool:
        """From 20 rows of the rarer class on."""
        return min(int(np.sum(y == 0)), int(np.sum(y == 1))) >= ENOUGH

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> VennAbers:
        """One isotonic regression for each place and label (scipy's pool adjacent violators)."""
        return cls._fit(y, S, KNOTS)

    @classmethod
    def quick(cls, y: Array, S: Array, weight: Array | None = None) -> VennAbers:
        """With neighbours put together to 200 scores: 8 ms in place of 50."""
        return cls._fit(y, S, QUICK)

    @classmethod
    def _fit(cls, y: Array, S: Array, most: int) -> VennAbers:
        from scipy.optimize import isotonic_regression

        grains, level, rows = np.unique(np.round(S[:, 0] / GRAIN), return_inverse=True, return_counts=True)
        knots = (grains + 0.5) * GRAIN  # the upper end of each grain: whatever falls into it is not above it
        if len(knots) > most:
            part = np.minimum(((np.cumsum(rows) - rows / 2) * (most / len(y))).astype(np.int64), most - 1)
            _, part = np.unique(part, return_inverse=True)
            level, rows = part[level], np.bincount(part, rows)
            knots = knots[np.append(np.flatnonzero(np.diff(part)), len(part) - 1)]  # the largest score of each part
        share, many = np.bincount(level, y) / rows, rows.astype(np.float64)
        tables = np.empty((2, len(knots) + 1))
        for label in (0, 1):
            for place in range(len(knots) + 1):
                fitted = isotonic_regression(np.insert(share, place, label), weights=np.insert(many, place, 1.0))
                tables[label, place] = fitted.x[place]
        p0, p1 = tables
        return cls(knots, p0, p1, p1 / (1 - p0 + p1))

    def apply(self, S: Array) -> Array:
        """Same shape."""
        return np.asarray(self.merged[below(S, self.knots)])

    def both(self, S: Array) -> tuple[Array, Array]:
        """p0 and p1, same shape each: what the probability would be, were the row one more calibration row of either class."""
        place = below(S, self.knots)
        return np.asarray(self.p0[place]), np.asarray(self.p1[place])

    def write_both(self, graph: Graph, s: str) -> tuple[str, str]:
        """The same in the graph; the search is that of `write`."""
        place = write_below(graph, s, self.knots)
        return graph.op("Gather", graph.const(self.p0, np.float64), place), graph.op("Gather", graph.const(self.p1, np.float64), place)

    def write(self, graph: Graph, s: str) -> str:
        """TreeEnsemble (a search), Cast, Gather."""
        return graph.op("Gather", graph.const(self.merged, np.float64), write_below(graph, s, self.knots))
