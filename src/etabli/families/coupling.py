"""Machines for pairs of classes, coupled into one softmax (no family: `svm.py` uses it).

For classes i < j the margin m_ij is positive for i. A slope and a level for each pair (Platt 2000) make it log-odds u_ij. A class's score is the
sum of the logarithms of its pairwise probabilities, -softplus(-u_ij) against each other class, and one slope with a level a class makes softmax
margins of the scores. That is smooth, which counted votes are not: a row at a border could then not be promised to the last digits.
Log-loss of other rows, storm_status (9 classes, 2 000 rows) and letters (26 classes, 4 000 rows): 0.447 and 0.310; libsvm's own coupling, which
iterates for each row, 0.444 and 0.293; sums of margins 0.565 and 0.543; votes 0.556 and 0.438. The class with the largest score is right
as often as the one with most votes, or a little more often (0.853 and 0.936, votes 0.852 and 0.933).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from etabli.families import kernel, margins
from etabli.graph.graph import Graph
from etabli.records import Array


def pairs(classes: int) -> tuple[Array, Array]:
    """The first and the second class of each pair, in libsvm's order."""
    return np.triu_indices(classes, 1)


def odds(m: Array, y: Array, weight: Array | None, classes: int) -> tuple[Array, Array]:
    """(slopes, levels), [pairs] each, by maximum likelihood on the rows of either class."""
    slopes, levels = np.zeros(m.shape[1]), np.zeros(m.shape[1])
    for pair, (i, j) in enumerate(zip(*pairs(classes), strict=True)):
        rows = np.flatnonzero((y == i) | (y == j))
        won = (y[rows] == i).astype(np.int64)
        slopes[pair], levels[[pair]] = margins.scale(m[rows][:, [pair]], won, None if weight is None else weight[rows])
    return slopes, levels


def scores(u: Array, classes: int) -> Array:
    """[rows, classes]: sums of the logarithms of pairwise probabilities. u: log-odds [rows, pairs] of the first of each pair."""
    first, second = membership(classes)
    soft = np.maximum(u, 0) + np.log(1 + np.exp(-np.abs(u)))
    return np.asarray((u - soft) @ first - soft @ second)


def membership(classes: int) -> tuple[Array, Array]:
    """[pairs, classes] of 0 and 1: is this class the first, is it the second of the pair."""
    first, second = pairs(classes)
    return (first[:, None] == np.arange(classes)).astype(float), (second[:, None] == np.arange(classes)).astype(float)


def write(graph: Graph, x: str, kept: Mapping[str, Any]) -> str:
    """[rows, classes of the target]. kept: points and coefficients of each class in turn (`count` of them), as libsvm has them: the
    coefficients against every other class. spread: scores to outputs; the slope is in it, because onnxruntime leaves out products with one
    number that is within 1e-8 of 1."""
    counts = np.asarray(kept["count"])
    classes, ends = len(counts), np.cumsum(counts)
    near, rows = kernel.Near(graph, x, float(kept["gamma"])), [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    every = graph.op("Concat", *(kernel.weighted(graph, near, kept["points"][r], kept["coefficients"][r]) for r in rows), axis=1)
    first, second = pairs(classes)
    parts = [
        graph.op("Gather", every, graph.const(at, np.int64), axis=1)
        for at in (first * (classes - 1) + second - 1, second * (classes - 1) + first)
    ]
    u = graph.op("Add", graph.op("Mul", graph.op("Add", *parts), graph.const(kept["slopes"])), graph.const(kept["levels"]))
    one, zero = graph.const(1.0, np.float64), graph.const(0.0, np.float64)
    tail = graph.op("Log", graph.op("Add", one, graph.op("Exp", graph.op("Neg", graph.op("Abs", u)))))
    soft = graph.op("Add", graph.op("Max", u, zero), tail)
    first_of, second_of = membership(classes)
    won = graph.op("MatMul", graph.op("Sub", u, soft), graph.const(first_of))
    lost = graph.op("MatMul", soft, graph.const(second_of))
    raw = graph.op("MatMul", graph.op("Sub", won, lost), graph.const(kept["spread"]))
    return graph.op("Add", raw, graph.const(kept["bias"]))
