"""Marginal tails: how rare each value is by itself, added up (ECOD's idea; COPOD's without the copula's correction for skewness).

The share of rows at most, and at least, as large is read from stored steps. Their borders lie midway between values that occur, so that
the last bit of a value never decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.estimators.recipes import total
from etabli.graph.graph import Graph
from etabli.graph.steps import searchsorted
from etabli.records import Array, Cost
from etabli.structure.method import Detector, Found, Stop, Values

KNOTS, CELLS = 200, 60_000  # borders a column; of all columns together


@final
class Tails(Detector):
    """knots: borders of all columns, one after the other; ends: where each column's end; rare: minus the log of the smaller tail, a step each."""

    name, title, citation, rank = "tails", "marginal tails", "Li et al. 2022 (ECOD); Li et al. 2020 (COPOD)", 0
    doc = "How rare each value is by itself, added up over the columns. No settings, says itself which columns; blind to combinations."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """None to set."""
        return [{}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """A sort a column."""
        return Cost(work=2e-7 * rows * columns + 1e-5, memory=16.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The steps of every column."""
        most = int(np.clip(CELLS // x.shape[1], 4, KNOTS))
        knots, rare = [], []
        for j in range(x.shape[1]):
            values_j = np.sort(x[:, j])
            borders = _borders(values_j, most)
            below = np.searchsorted(values_j, borders)
            left = (1 + np.append(below, len(x))) / (len(x) + 1)  # rows at most as large as the step's end
            right = (1 + len(x) - np.append(0, below)) / (len(x) + 1)
            knots.append(borders)
            rare.append(-np.log(np.minimum(1.0, 2 * np.minimum(left, right))))
        ends = np.cumsum([len(borders) for borders in knots])
        return Found(self.name, values, {"knots": np.concatenate(knots), "ends": ends, "rare": np.concatenate(rare)})

    def shares(self, found: Found, x: Array) -> Array:
        """[rows, columns]: minus the log of each value's rarity."""
        made = np.empty(x.shape)
        for j, borders in enumerate(_apart(found)):
            start = int(found.arrays["ends"][j]) - len(borders) + j
            made[:, j] = found.arrays["rare"][start + np.searchsorted(borders, x[:, j], side="left")]
        return made

    def apply(self, found: Found, x: Array) -> Array:
        """Their sum."""
        return np.asarray(self.shares(found, x).sum(axis=1, keepdims=True))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One search in all columns, one look-up, one sum."""
        borders = _apart(found)
        offsets = [int(found.arrays["ends"][j]) - len(one) + j for j, one in enumerate(borders)]
        place = graph.op("Cast", searchsorted(graph, x, borders, offsets), to=7)
        return total(graph, graph.op("Gather", graph.const(found.arrays["rare"]), place, axis=0))


def _apart(found: Found) -> list[Array]:
    return np.split(found.arrays["knots"], found.arrays["ends"][:-1])


def _borders(values: Array, most: int) -> Array:
    """Midway between neighbouring values: all, or those that leave about equal shares between and every rare end."""
    distinct = np.unique(values)
    middle = distinct[:-1] + np.diff(distinct) / 2
    middle = np.unique(middle[(middle > distinct[:-1]) & (middle < distinct[1:])])
    if len(middle) <= most:
        return middle
    side = np.unique(np.geomspace(1, len(middle) / 2, most // 2).astype(np.int64)) - 1
    return np.asarray(middle[np.unique(np.concatenate([side, len(middle) - 1 - side]))])
