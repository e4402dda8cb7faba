"""Isotonic regression: straight lines between the stored thresholds.

In double scipy leaves them to `numpy.interp`, which is written bit for bit. Fitted on single precision the whole line is in single precision, by scipy's own formula, and
the nodes do the same operations in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import native
from etabli.estimators.interpolation import interp
from etabli.estimators.recipes import dense, number, repeated
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.steps import searchsorted
from etabli.records import Array

FLOAT, INT64, DOUBLE = 1, 7, 11  # ONNX's numbers of the types


@writes("sklearn.isotonic.IsotonicRegression")
def isotonic(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Outside the thresholds: the nearest (clip), or NaN (nan; raise, where scikit-learn raises). One threshold: its value everywhere."""
    if frame.width != 1:
        raise Refused(estimator, f"it takes one column and is given {frame.width}")
    x, knots, values = frame.matrix(graph, estimator), estimator.X_thresholds_, estimator.y_thresholds_
    single = np.asarray(knots).dtype == np.float32
    if len(knots) == 1:
        return Answer(repeated(graph, x, dense(values)), "identity", native(estimator.predict))
    if single:
        x = graph.op("Cast", graph.op("Cast", x, to=FLOAT), to=DOUBLE)
    raw = _single(graph, x, knots, values) if single else interp(graph, x, dense(knots), dense(values))
    if estimator.out_of_bounds != "clip":
        outside = graph.op("Or", graph.op("Less", x, number(graph, knots[0])), graph.op("Greater", x, number(graph, knots[-1])))
        raw = graph.op("Where", outside, number(graph, np.nan), raw)
    return Answer(raw, "identity", native(estimator.predict))


def _single(graph: Graph, x: str, knots: Array, values: Array) -> str:
    """scipy's `interp1d` in float32, constant outside. x: doubles that are exact in float32."""
    kept = graph.op("Clip", x, number(graph, knots[0]), number(graph, knots[-1]))
    above = searchsorted(graph, kept, [dense(knots)])
    below = graph.op("Sub", graph.op("Clip", above, number(graph, 1.0), number(graph, len(knots) - 1.0)), number(graph, 1.0))
    segment = graph.op("Cast", below, to=INT64)
    tables = (np.diff(values) / np.diff(knots), knots[:-1], values[:-1])
    slope, start, base = (graph.op("Gather", graph.const(table, np.float32), segment, axis=0) for table in tables)
    step = graph.op("Sub", graph.op("Cast", kept, to=FLOAT), start)
    return graph.op("Cast", graph.op("Add", graph.op("Mul", slope, step), base), to=DOUBLE)
