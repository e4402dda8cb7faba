"""Powers of odds and of probabilities: what temperature, Platt and class bias share.

A calibrated binary probability is 1 / (1 + ((1 - p) / p)^a e^-b): a Pow in place of two logarithms and an exponential, six or
seven nodes in place of eleven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import EPS
from etabli.judge.calibrators.logistic import steepness
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

LIMIT = 400_000  # numbers a multiclass fit looks at: more rows are thinned evenly


def write_odds(graph: Graph, s: str, a: float, b: float) -> str:
    """The nodes of 1 / (1 + ((1 - p) / p)^a e^-b)."""
    one = graph.const(1.0, np.float64)
    p = graph.op("Clip", s, graph.const(EPS, np.float64), graph.const(1 - EPS, np.float64))
    odds = graph.op("Pow", graph.op("Div", graph.op("Sub", one, p), p), graph.const(a, np.float64))
    if b:
        odds = graph.op("Mul", odds, graph.const(np.exp(-b), np.float64))
    return graph.op("Div", one, graph.op("Add", one, odds))


def softmax(z: Array) -> Array:
    """Rows to probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def thinned(y: Array, S: Array, weight: Array | None = None) -> tuple[Array, Array, Array]:
    """At most LIMIT numbers, rows spread evenly, with their weights."""
    step = -(-S.size // LIMIT)
    w = np.ones(len(y)) if weight is None else weight
    return y[::step], S[::step], w[::step]


def inverse_temperature(y: Array, S: Array, weight: Array | None = None) -> float:
    """The exponent of the probabilities [n, K] with the best likelihood, by Newton's method; one row's weight pulls to 1."""
    y, S, w = thinned(y, S, weight)
    Z = np.log(np.clip(S, EPS, 1.0))
    right = w @ Z[np.arange(len(y)), y]
    a = 1.0
    for _ in range(30):
        P = softmax(Z * a)
        first = (P * Z).sum(axis=1)
        slope = w @ first - right + (a - 1)
        curve = w @ ((P * Z * Z).sum(axis=1) - first**2) + 1
        new = steepness(float(np.clip(a - slope / curve, a / 3, a * 3)))  # the loss is convex; thirds keep the first steps tame
        if abs(new - a) < 1e-9 * a:
            break
        a = new
    return float(a)
