"""Scalers, column by column or row by row, with the library's own operations in its own order: bit for bit.

On sparse input scikit-learn multiplies by 1 / scale where it divides dense input: the last bit may differ there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.blocks import asked, block, clipped, number, row
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph


@writes("sklearn.preprocessing._data.StandardScaler")
def standard(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """(x - mean) / scale."""
    asked(estimator, frame.width)
    x = frame.matrix(graph, estimator)
    if estimator.with_mean:
        x = graph.op("Sub", x, row(graph, estimator.mean_))
    if estimator.with_std:
        x = graph.op("Div", x, row(graph, estimator.scale_))
    return block(x, frame.width)


@writes("sklearn.preprocessing._data.MinMaxScaler")
def min_max(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """x * scale + min, clipped to the range when it says so."""
    asked(estimator, frame.width)
    x = graph.op("Mul", frame.matrix(graph, estimator), row(graph, estimator.scale_))
    x = graph.op("Add", x, row(graph, estimator.min_))
    if estimator.clip:
        low, high = estimator.feature_range
        x = clipped(graph, x, low, high)
    return block(x, frame.width)


@writes("sklearn.preprocessing._data.MaxAbsScaler")
def max_abs(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """x / scale."""
    asked(estimator, frame.width)
    x = graph.op("Div", frame.matrix(graph, estimator), row(graph, estimator.scale_))
    if getattr(estimator, "clip", False):
        x = clipped(graph, x, -1.0, 1.0)
    return block(x, frame.width)


@writes("sklearn.preprocessing._data.RobustScaler")
def robust(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """(x - median) / interquartile range."""
    asked(estimator, frame.width)
    x = frame.matrix(graph, estimator)
    if estimator.with_centering:
        x = graph.op("Sub", x, row(graph, estimator.center_))
    if estimator.with_scaling:
        x = graph.op("Div", x, row(graph, estimator.scale_))
    return block(x, frame.width)


@writes("sklearn.preprocessing._data.Normalizer")
def normalizer(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Rows of length 1; a row shorter than 10 eps is left as it is, as in the library's dense branch."""
    asked(estimator, frame.width)
    x = frame.matrix(graph, estimator)
    return block(over_length(estimator, graph, x, estimator.norm, 10 * float(np.finfo(np.float64).eps)), frame.width)


def over_length(owner: Any, graph: Graph, x: str, norm: str, least: float) -> str:
    """x over its row's norm ("l1", "l2", "max"); rows whose norm is below `least` are left."""
    axis = graph.const([1], np.int64)
    if norm == "l1":
        length = graph.op("ReduceSum", graph.op("Abs", x), axis, keepdims=1)
    elif norm == "l2":
        length = graph.op("Sqrt", graph.op("ReduceSum", graph.op("Mul", x, x), axis, keepdims=1))
    elif norm == "max":
        length = graph.op("ReduceMax", graph.op("Abs", x), axis, keepdims=1)
    else:
        raise Refused(owner, f"norm={norm!r} is not known")
    short = graph.op("Less", length, number(graph, least))
    return graph.op("Div", x, graph.op("Where", short, number(graph, 1.0), length))


@writes("sklearn.preprocessing._data.Binarizer")
def binarizer(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """1 above the threshold, else 0. The library refuses a missing cell: NaN here."""
    asked(estimator, frame.width)
    x = frame.matrix(graph, estimator)
    above = graph.op("Cast", graph.op("Greater", x, number(graph, float(estimator.threshold))), to=11)
    return block(graph.op("Where", graph.op("IsNaN", x), x, above), frame.width)
