"""Small recipes that the writers of transformers share: a block of columns, a row of constants, bounds that leave NaN alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from etabli.estimators.writing import Frame, Part, Refused
from etabli.graph.graph import Graph


def block(tensor: str, width: int) -> Frame:
    """A Frame of one block of doubles."""
    return Frame((Part(tensor, width),))


def row(graph: Graph, values: Any) -> str:
    """A constant [1, k] double, one number a column."""
    return graph.const(np.asarray(values, np.float64).reshape(1, -1))


def number(graph: Graph, value: float) -> str:
    """A scalar double."""
    return graph.const(value, np.float64)


def columns(frame: Frame, graph: Graph) -> Iterator[Part]:
    """Its columns one by one, each a Part of width 1."""
    for place in range(frame.width):
        yield frame.take(graph, [place]).parts[0]


def filled(graph: Graph, like: str, value: float, width: int = 1) -> str:
    """[rows, width] of one number; `like` is any tensor [rows, k]."""
    rows = graph.op("Slice", graph.op("Shape", like), graph.const([0], np.int64), graph.const([1], np.int64))
    shape = graph.op("Concat", rows, graph.const([width], np.int64), axis=0)
    return graph.op("Expand", graph.const([[value]], np.float64), shape)


def clipped(graph: Graph, x: str, low: Any = None, high: Any = None) -> str:
    """x between low and high (numbers or [1, k]); NaN stays NaN, which `Clip` does not promise."""
    if low is not None:
        bound = row(graph, low)
        x = graph.op("Where", graph.op("Less", x, bound), bound, x)
    if high is not None:
        bound = row(graph, high)
        x = graph.op("Where", graph.op("Greater", x, bound), bound, x)
    return x


def asked(estimator: Any, width: int) -> None:
    """Refused when it was fitted on another number of columns than it is given."""
    due = getattr(estimator, "n_features_in_", width)
    if due != width:
        raise Refused(estimator, f"it was fitted on {due} columns and is given {width}")


def in_double(estimator: Any, dtype: Any) -> None:
    """Refused when its output is in a precision that later steps would compute in, as float32 does."""
    if dtype is not None and np.dtype(dtype).kind == "f" and np.dtype(dtype) != np.float64:
        raise Refused(estimator, f"it gives {np.dtype(dtype).name}, and the file computes in float64", "dtype=np.float64, and fit again")
