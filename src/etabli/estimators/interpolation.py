"""`numpy.interp` equal bit for bit, at the knots too, where a line drawn from the knot before may miss by an ulp.

A cell's state is twice its place among the knots plus whether it is one of them: 0 below all, 2i + 1 at knot i, 2i + 2 after it. Tables by
state hold what numpy reads: the knot and value on the left, and the slope.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.graph.graph import Graph
from etabli.graph.steps import searchsorted
from etabli.records import Array


def states(graph: Graph, x: str, knots: Sequence[Array]) -> str:
    """int64 [rows, columns]: the state of each cell among its column's knots (distinct, rising), those of later columns counted on."""
    offsets = np.cumsum([0, *[2 * len(column) + 1 for column in knots]])[:-1]
    below = searchsorted(graph, x, knots, [int(offset) for offset in offsets])
    up_to = searchsorted(graph, x, [np.nextafter(column, -np.inf) for column in knots])  # a knot at or below x has a predecessor below x
    return graph.op("Cast", graph.op("Add", below, up_to), to=7)


def interp(graph: Graph, x: str, knots: Array, values: Array) -> str:
    """[rows, 1] of one column: straight lines between two or more distinct rising knots, constant outside; NaN stays NaN."""
    knots, values = np.asarray(knots, np.float64), np.asarray(values, np.float64)
    count = len(knots)
    anchor, slope, base = (np.zeros(2 * count + 1) for _ in range(3))
    base[0], base[1::2], base[2 * count] = values[0], values, values[-1]
    between = np.arange(2, 2 * count, 2)
    anchor[between], base[between], slope[between] = knots[:-1], values[:-1], np.diff(values) / np.diff(knots)
    state = states(graph, x, [knots])
    start, rise, left = (graph.op("Gather", graph.const(table), state, axis=0) for table in (anchor, slope, base))
    return graph.op("Add", graph.op("Mul", rise, graph.op("Sub", x, start)), left)
