"""SplineTransformer: B-splines of all columns at once, by de Boor's recursion as scipy runs it.

One interval of the knots holds a cell (the first and last reach on for ever, which continues the outer polynomials); from that
one-hot the degrees are built up, each a weighted sum of two neighbours. Constant and linear extrapolation evaluate at the clipped
cell and add the slope of the boundary times the overshoot.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.blocks import asked, block, clipped, number
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array


@writes("sklearn.preprocessing._polynomial.SplineTransformer")
def spline(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """[rows, columns x splines]; a missing cell is all zeros when handle_missing says so, else NaN (the library refuses it)."""
    asked(estimator, frame.width)
    degree, beyond, parts = int(estimator.degree), estimator.extrapolation, estimator.bsplines_
    if beyond not in ("constant", "linear", "continue", "periodic", "error"):
        raise Refused(estimator, f"extrapolation={beyond!r} is not known")
    if degree == 0 and beyond in ("constant", "linear", "periodic"):
        raise Refused(estimator, f"degree=0 with extrapolation={beyond!r}: the library's own edges differ", 'extrapolation="continue"')
    knots = np.stack([np.asarray(part.t, np.float64) for part in parts])
    low, high = knots[:, degree].copy(), knots[:, -degree - 1].copy()
    if (
        beyond == "linear" and degree == 1
    ):  # scikit-learn 1.9 goes on with degree 2 after the first column: its outer knots are one further in
        low[1:], high[1:] = knots[1:, 2], knots[1:, -3]
        if (low > high).any():
            raise Refused(estimator, "degree=1 and two knots with linear extrapolation: the library's edges cross", "three knots")
    x = frame.matrix(graph, estimator)
    inside = x
    if beyond in ("constant", "linear"):
        inside = clipped(graph, x, low, high)
    elif beyond == "periodic":
        inside = _wrapped(graph, x, low, high)
    made = _basis(graph, inside, knots, degree)
    count = knots.shape[1] - 1 - degree
    if beyond == "periodic":  # the last `degree` splines are the first ones again
        count -= degree
        made = graph.op("Add", _last(graph, made, 0, count), _padded(graph, _last(graph, made, count, count + degree), count - degree))
    elif beyond == "linear":
        made = _sloped(graph, made, x, inside, parts, low, high, degree)
    three = graph.op("Unsqueeze", x, graph.const([2], np.int64))
    if beyond == "error":
        out = graph.op("Or", graph.op("Less", x, graph.const(low[None])), graph.op("Greater", x, graph.const(high[None])))
        made = graph.op("Where", graph.op("Unsqueeze", out, graph.const([2], np.int64)), number(graph, np.nan), made)
    empty = 0.0 if getattr(estimator, "handle_missing", "error") == "zeros" else np.nan
    made = graph.op("Where", graph.op("IsNaN", three), number(graph, empty), made)
    if not estimator.include_bias:
        count -= 1
        made = _last(graph, made, 0, count)
    return block(graph.op("Reshape", made, graph.const([0, -1], np.int64)), frame.width * count)


def _last(graph: Graph, tensor: str, start: int, stop: int) -> str:
    """A slice of the last of three axes."""
    return graph.op("Slice", tensor, *[graph.const([at], np.int64) for at in (start, stop, 2)])


def _padded(graph: Graph, tensor: str, zeros: int) -> str:
    """`zeros` columns of 0 behind the last axis."""
    if not zeros:
        return tensor
    nothing = graph.op("Mul", _last(graph, tensor, 0, 1), number(graph, 0.0))
    return graph.op("Concat", tensor, *[nothing] * zeros, axis=2)


def _wrapped(graph: Graph, x: str, low: Array, high: Array) -> str:
    """low + (x - low) modulo (high - low)."""
    start, period = graph.const(low[None]), graph.const((high - low)[None])
    along = graph.op("Sub", x, start)
    turns = graph.op("Floor", graph.op("Div", along, period))
    return graph.op("Add", start, graph.op("Sub", along, graph.op("Mul", turns, period)))


def _basis(graph: Graph, x: str, knots: Array, degree: int) -> str:
    """[rows, columns, splines] double of x [rows, columns]. knots: [columns, knots]."""
    x = graph.op("Unsqueeze", x, graph.const([2], np.int64))
    starts = knots[:, :-1].copy()
    first, last = degree, knots.shape[1] - degree - 2  # the intervals that hold cells
    starts[:, : first + 1] = -np.inf
    starts[:, last + 1 :] = np.inf
    begun = graph.op("Cast", graph.op("GreaterOrEqual", x, graph.const(starts[None])), to=11)
    # interval i holds x when it has begun and the next has not; those before `first` have all begun with it
    ended = graph.op(
        "Concat", _last(graph, begun, 1, starts.shape[1]), graph.op("Mul", _last(graph, begun, 0, 1), number(graph, 0.0)), axis=2
    )
    made = graph.op("Sub", begun, ended)
    for k in range(1, degree + 1):
        span = knots[:, k:] - knots[:, :-k]
        weight = graph.op("Div", made, graph.const(span[None]))
        rise = graph.op("Mul", weight, graph.op("Sub", x, graph.const(knots[None, :, :-k])))
        fall = graph.op("Mul", weight, graph.op("Sub", graph.const(knots[None, :, k:]), x))
        count = span.shape[1]
        made = graph.op("Add", _last(graph, rise, 0, count - 1), _last(graph, fall, 1, count))
    return made


def _sloped(graph: Graph, made: str, x: str, inside: str, parts: list[Any], low: Array, high: Array, degree: int) -> str:
    """Adds the boundary's slope times how far x is outside."""
    outside = graph.op("Sub", x, inside)
    zero = number(graph, 0.0)
    reach = max(degree, 2)  # only so many splines at an edge go on
    for edge, side, still in ((low, "Less", slice(reach, None)), (high, "Greater", slice(None, -reach))):
        slope = np.stack([np.asarray(part(at, nu=1), np.float64) for part, at in zip(parts, edge, strict=True)])
        slope[:, still] = 0.0
        over = graph.op("Where", graph.op(side, outside, zero), outside, zero)
        over = graph.op("Unsqueeze", over, graph.const([2], np.int64))
        made = graph.op("Add", made, graph.op("Mul", over, graph.const(slope[None])))
    return made
