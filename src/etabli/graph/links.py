"""Links: from a family's raw output to a score, as nodes and in numpy.

The sigmoid is composed as 1 / (1 + Exp(-x)), because onnxruntime's Sigmoid is off by 4e-6 at x = -25 and exactly 0 at -40
(log-loss infinite); the softmax is composed too, with the maximum taken off first. Both twins do the same operations in the
same order: they agree within 4 ulp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from etabli.records import Array, Link

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


def link(graph: Graph, raw: str, kind: Link) -> str:
    """Adds the nodes that turn raw outputs ([rows, outputs] double) into a score: [rows, 1] the value or the probability of
    classes[1], or [rows, classes] probabilities. ValueError for an unknown kind."""
    if kind in ("identity", "probability"):
        return raw
    if kind == "exp":
        return graph.op("Exp", raw)
    if kind == "sigmoid":
        one = graph.const(1.0, np.float64)
        return graph.op("Div", one, graph.op("Add", one, graph.op("Exp", graph.op("Neg", raw))))
    if kind == "softmax":
        axis = graph.const([1], np.int64)
        powers = graph.op("Exp", graph.op("Sub", raw, graph.op("ReduceMax", raw, axis, keepdims=1)))
        return graph.op("Div", powers, graph.op("ReduceSum", powers, axis, keepdims=1))
    raise ValueError(f"unknown link {kind!r}")


def apply(raw: Array, kind: Link) -> Array:
    """The numpy twin of `link`: raw [rows, outputs] to a score of the same shape. ValueError for an unknown kind."""
    if kind in ("identity", "probability"):
        return raw
    if kind == "exp":
        return np.asarray(np.exp(raw))
    if kind == "sigmoid":
        with np.errstate(over="ignore"):  # exp(800) is infinite and 1 / inf the right 0
            return np.asarray(1.0 / (1.0 + np.exp(-raw)))
    if kind == "softmax":
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    raise ValueError(f"unknown link {kind!r}")
