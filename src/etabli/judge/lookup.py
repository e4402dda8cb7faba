"""Looking a value up among sorted knots, in numpy and in the graph alike: how many knots lie strictly below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from etabli.graph.steps import searchsorted
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


def below(x: Array, knots: Array) -> Array:
    """Number of knots strictly below each x, int64, same shape; a NaN is above all of them."""
    return np.asarray(np.searchsorted(knots, x, side="left"), np.int64)


def write_below(graph: Graph, x: str, knots: Array) -> str:
    """The same in the graph: x [rows, 1] double -> [rows, 1] int64. Two nodes. knots: distinct."""
    return graph.op("Cast", searchsorted(graph, x, [np.asarray(knots, np.float64)]), to=7)
