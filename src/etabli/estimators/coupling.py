"""The probabilities of libsvm: a logistic of every pair's margin, coupled into one distribution (Wu, Lin & Weng 2004, method 2).

libsvm does not solve the coupling: it improves the shares one by one until no equation is off by more than 0.005 / classes, at most 100
rounds (or as many as classes), and stops there. So the answer depends on where the loop stops, and only the same loop gives the same
numbers. Here its rounds stand one behind the other; a row that has stopped keeps its shares. What a round of three classes takes is some
fifty small nodes. More than eight classes would make the file thousands of nodes long and are refused.

In scikit-learn's binary case the two classes go through the same loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.recipes import number, total
from etabli.estimators.writing import Refused
from etabli.graph.graph import Graph

ROUNDS, LEAST, MOST_CLASSES = 100, 1e-7, 8


def coupled(estimator: Any, graph: Graph, between: str, classes: int) -> str:
    """[rows, classes]. between: [rows, pairs], the margins of each pair, positive for its first class. Refused beyond eight classes."""
    if classes > MOST_CLASSES:
        reason = f"probability=True with {classes} classes is a loop of {ROUNDS * classes} steps"
        raise Refused(estimator, reason, "calibrate it with CalibratedClassifierCV, or fit it without probabilities")
    matrix, diagonal = _equations(graph, _pair_shares(estimator, graph, between), classes)
    slope = np.eye(classes)
    shares = graph.op("Mul", diagonal, number(graph, 0.0))
    shares = graph.op("Add", shares, number(graph, 1.0 / classes))
    for _ in range(ROUNDS):
        product = _product(graph, matrix, shares)
        energy = total(graph, graph.op("Mul", shares, product))
        off = graph.op("Abs", graph.op("Sub", product, energy))
        worst = graph.op("ReduceMax", off, graph.const([1], np.int64), keepdims=1)
        stopped = graph.op("Less", worst, number(graph, 0.005 / classes))
        improved, running = shares, product
        for t in range(classes):
            one = number(graph, slope[t : t + 1])
            mine, own = (total(graph, graph.op("Mul", tensor, one)) for tensor in (running, diagonal))
            step = graph.op("Div", graph.op("Sub", energy, mine), own)
            scale = graph.op("Add", step, number(graph, 1.0))
            twice = graph.op("Add", graph.op("Mul", step, own), graph.op("Mul", number(graph, 2.0), mine))
            energy = graph.op("Add", energy, graph.op("Mul", step, twice))
            energy = graph.op("Div", graph.op("Div", energy, scale), scale)
            line = graph.op("Mul", step, graph.op("Gather", matrix, graph.const(t, np.int64), axis=1))
            running = graph.op("Div", graph.op("Add", running, line), scale)
            improved = graph.op("Div", graph.op("Add", improved, graph.op("Mul", step, one)), scale)
        shares = graph.op("Where", stopped, shares, improved)
    return shares


def _pair_shares(estimator: Any, graph: Graph, between: str) -> str:
    """[rows, pairs]: the share of the first class of each pair, kept off 0 and 1."""
    slope, start = estimator.probA_, estimator.probB_
    one = number(graph, 1.0)
    inner = graph.op("Add", graph.op("Mul", between, number(graph, slope)), number(graph, start))
    fall = graph.op("Exp", graph.op("Neg", graph.op("Abs", inner)))  # libsvm's two forms, neither of which overflows
    upper = graph.op("GreaterOrEqual", inner, number(graph, 0.0))
    share = graph.op("Div", graph.op("Where", upper, fall, one), graph.op("Add", one, fall))
    return graph.op("Min", graph.op("Max", share, number(graph, LEAST)), number(graph, 1.0 - LEAST))


def _equations(graph: Graph, share: str, classes: int) -> tuple[str, str]:
    """(Q [rows, classes, classes], its diagonal [rows, classes]): Q[t, t] the sum of r[j, t]^2, Q[t, j] = -r[j, t] r[t, j]."""
    both = graph.op("Concat", share, graph.op("Sub", number(graph, 1.0), share), axis=1)
    couples = {pair: k for k, pair in enumerate((i, j) for i in range(classes) for j in range(i + 1, classes))}
    count = len(couples)

    def found(i: int, j: int) -> int:  # the column of r[i, j]: the share of i against j
        return couples[i, j] if i < j else couples[j, i] + count

    rows = [t for t in range(classes) for j in range(classes)]
    columns = [j for t in range(classes) for j in range(classes)]
    off = [found(j, t) if j != t else 0 for t, j in zip(rows, columns, strict=True)]
    opposite = [found(t, j) if j != t else 0 for t, j in zip(rows, columns, strict=True)]
    theirs = graph.op("Gather", both, graph.const(off, np.int64), axis=1)
    ours = graph.op("Gather", both, graph.const(opposite, np.int64), axis=1)
    shape = graph.const([-1, classes, classes], np.int64)
    apart = number(graph, 1.0 - np.eye(classes))
    squares = graph.op("Mul", graph.op("Reshape", graph.op("Mul", theirs, theirs), shape), apart)
    diagonal = total(graph, squares, axis=2, keep=False)
    cross = graph.op("Mul", graph.op("Reshape", graph.op("Mul", theirs, ours), shape), apart)
    on = graph.op("Mul", graph.op("Unsqueeze", diagonal, graph.const([2], np.int64)), number(graph, np.eye(classes)))
    return graph.op("Sub", on, cross), diagonal


def _product(graph: Graph, matrix: str, shares: str) -> str:
    """[rows, classes]: the matrix of each row times its shares."""
    return total(graph, graph.op("Mul", matrix, graph.op("Unsqueeze", shares, graph.const([1], np.int64))), axis=2, keep=False)
