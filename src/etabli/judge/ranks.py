"""Conformal quantiles for any confidence level, as a table that the file carries.

The quantile at level c of n calibration scores is the ceil((n + 1) c)-th smallest; beyond n it is infinite: n rows cannot carry
that level (19 are needed for 95 %). With more than `knots` scores only every (n / knots)-th is kept, and a level picks the next
one above: never too small. Several cells (fifths of the prediction, classes) are the rows of one table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

KNOTS = 2_000  # in one head, all cells together
ROUND = 1e-9  # (n + 1) c a rounding error above a whole number is that whole number


@dataclass(frozen=True)
class Ranks:
    """table [cells, width]: entry 0 and 1 the smallest score, then rising, then infinite. slope, start [cells]: the entry of level
    c is ceil(slope c + start)."""

    table: Array
    slope: Array
    start: Array

    def at(self, confidence: float) -> Array:
        """The quantile of each cell [cells] at that level."""
        width = self.table.shape[1]
        entry = np.clip(np.ceil(self.slope * confidence + self.start), 0, width - 1).astype(np.int64)
        return np.asarray(self.table.reshape(-1)[entry + np.arange(len(self.table)) * width])

    def write(self, graph: Graph, confidence: str) -> str:
        """The same in the graph: a scalar double tensor -> [cells] double. Seven nodes on scalars (one cell: six)."""
        cells, width = self.table.shape
        x = graph.op("Mul", confidence, graph.const(self.slope, np.float64))
        x = graph.op("Ceil", graph.op("Add", x, graph.const(self.start, np.float64)))
        x = graph.op("Clip", x, graph.const(0.0, np.float64), graph.const(float(width - 1), np.float64))
        entry = graph.op("Cast", x, to=7)
        if cells > 1:
            entry = graph.op("Add", entry, graph.const(np.arange(cells) * width, np.int64))
        return graph.op("Gather", graph.const(self.table.reshape(-1), np.float64), entry)


def ranks(
    scores: Sequence[Array], tail: bool = False, knots: int = KNOTS, sign: float = 1.0, weights: Sequence[Array] | None = None
) -> Ranks:
    """The table of the calibration scores of each cell (a cell may be empty: infinite). tail: the level (1 + c) / 2 of each of two
    tails in place of c. sign: -1 for scores that conform when large: the table then holds them falling, to minus infinity.
    weights: of the scores of each cell, or None: quantiles are then weighed, and as many rows count as the weights are worth,
    (sum w)^2 / sum w^2 (Kish 1965)."""
    room = max(20, knots // len(scores))
    kept, slope, start = [], [], []
    for place, cell in enumerate(scores):
        signed = sign * np.asarray(cell, np.float64)
        order = np.argsort(signed, kind="stable")
        ordered = signed[order]
        n, m = float(len(ordered)), min(len(ordered), room)
        if weights is not None and m:
            w = np.maximum(np.asarray(weights[place], np.float64)[order], 1e-300)
            n = float(w.sum() ** 2 / (w @ w))
            reached = np.cumsum(w) / w.sum()
            ordered = ordered[np.minimum(np.searchsorted(reached, np.arange(1, m + 1) / m - ROUND), len(order) - 1)]
        elif n > m:
            ordered = ordered[np.ceil(np.arange(1, m + 1) * (n / m) - ROUND).astype(np.int64) - 1]
        kept.append(sign * ordered)
        full = (n + 1) * (m / n) if n else 1.0
        slope.append(full / 2 if tail else full)
        start.append((full / 2 if tail else 0.0) - ROUND)
    table = np.full((len(scores), max(map(len, kept)) + 2), sign * np.inf)
    for row, cell in zip(table, kept, strict=True):
        row[1 : len(cell) + 1] = cell
        row[0] = row[1]
    return Ranks(table, np.array(slope), np.array(start))
