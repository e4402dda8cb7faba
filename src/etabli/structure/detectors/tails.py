"""Marginal tails: how rare each value is by itself; the columns' p-values are joined by their harmonic mean.

ECOD (Li et al. 2022) adds up the logs of the tails; then one value beyond everything is drowned by many columns that are a little rare, so here the
smallest p-value decides (`harmonic.py`). Up to the 99.5 % point a value is as rare as the share of values beyond it; from there on its tail is
continued (`judge/tails.py`), so that a number beyond all seen is odder than the largest seen, and the odder the farther.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import final

import numpy as np

from etabli.graph.graph import Graph
from etabli.graph.steps import interpolate
from etabli.judge.tails import columns
from etabli.records import Array, Cost
from etabli.structure.harmonic import joined, write_joined
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.owners import leveled, tilt, tilted, write_tilted

KNOTS, CELLS = 200, 60_000  # knots a column; of all columns together


@final
class Tails(Detector):
    """knots: of all columns, one after the other; ends: where each column's end; heights: minus the log of the smaller tail at each."""

    name, title, citation, rank = "tails", "marginal tails", "Li et al. 2022; Wilson 2019; Pickands 1975", 0
    doc = "How rare each value is by itself; the rarest of a row decides. No settings, says itself which columns; blind to combinations."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """None to set."""
        return [{}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """A sort a column."""
        return Cost(work=2e-7 * rows * columns + 5e-3 * columns + 1e-5, memory=16.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The curve of every column."""
        return Found(self.name, values, curves(columns(x, most(x.shape[1]))))

    def fit_columns(self, values: Values, x: Array, owner: Array, seed: int, stop: Stop) -> Found:
        """The axes of a text count together as one column."""
        widths = np.ones(x.shape[1])
        for block in (np.flatnonzero(owner == i) for i in np.unique(owner)):
            if not leveled(x[:, block]):
                widths[block] = len(block)
        found = self.fit(values, x, seed, stop)
        return Found(self.name, values, {**found.arrays, **tilt(widths)})

    def shares(self, found: Found, x: Array) -> Array:
        """[rows, columns]: minus the log of each value's rarity."""
        return heights(found.arrays, x)

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the log of the harmonic mean of the columns' p-values."""
        return joined(tilted(found.arrays, heights(found.arrays, x)))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One search in all columns."""
        logs = write_tilted(found.arrays, graph, write_heights(found.arrays, graph, x))
        return write_joined(graph, logs, len(found.arrays["ends"]))


def most(columns: int) -> int:
    """Knots a column."""
    return int(np.clip(CELLS // columns, 16, KNOTS))


def curves(made: Sequence[tuple[Array, Array]], of: str = "") -> dict[str, Array]:
    """Curves (knots, heights) as arrays, one after the other, their names beginning with `of`."""
    ends = np.cumsum([len(knots) for knots, _ in made])
    knots, height = (np.concatenate([np.empty(0), *(one[k] for one in made)]) for k in (0, 1))
    return {f"{of}knots": knots, f"{of}heights": height, f"{of}ends": np.asarray(ends, np.int64)}


def heights(arrays: Mapping[str, Array], x: Array, of: str = "") -> Array:
    """[rows, columns]: each cell's height on its column's curve."""
    made = np.empty(x.shape)
    for j, (knots, height) in enumerate(zip(*_apart(arrays, of), strict=True)):
        made[:, j] = np.interp(x[:, j], knots, height)
    return made


def write_heights(arrays: Mapping[str, Array], graph: Graph, x: str, of: str = "") -> str:
    """The same as nodes."""
    return interpolate(graph, x, *_apart(arrays, of))


def _apart(arrays: Mapping[str, Array], of: str) -> tuple[list[Array], list[Array]]:
    ends = [0, *arrays[f"{of}ends"].tolist()]
    knots, height = ([arrays[of + name][start:end] for start, end in pairwise(ends)] for name in ("knots", "heights"))
    return knots, height
