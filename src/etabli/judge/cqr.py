"""Conformalised quantile regression (Romano, Patterson & Candès 2019): two quantile models make the interval, held-out rows correct it.

The models give a low and a high end for each row, without any promise. What they missed on out-of-fold rows (how far the truth
lay beyond an end, negative where it lay inside) gives one number a confidence level that moves both ends outwards, or inwards. So two models
fitted once answer every level. The interval always holds the prediction, which may lie beyond an end of the models; the
correction counts that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from etabli.judge.ranks import KNOTS, Ranks, ranks
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

LOW, HIGH = 0.05, 0.95  # the quantiles that the two models learn


@dataclass(frozen=True)
class Cqr:
    """beyond: the table of how far the truth lay beyond an end. Scores are [n, 3]: the prediction, the low and the high end."""

    beyond: Ranks
    kind: Literal["cqr"] = "cqr"
    edges: Array = field(default_factory=lambda: np.empty(0))

    def apply(self, S: Array, confidence: float, half_width: float = 1.0) -> tuple[Array, Array]:
        """lower, upper [n, 1] at that level; infinite where the rows cannot carry it. half_width: see `Intervals.apply`."""
        p, low, high = (S[:, [i]] for i in range(3))
        move = self.beyond.at(confidence)
        lower, upper = np.minimum(low - move, p), np.maximum(high + move, p)
        return p - (p - lower) * half_width, p + (upper - p) * half_width

    def write(self, graph: Graph, prediction: str, confidence: str, half_width: str = "", ends: tuple[str, ...] = ()) -> tuple[str, str]:
        """The same in the graph. prediction and both ends: [rows, 1] double; confidence, half_width: scalar doubles ("" for 1)."""
        move = self.beyond.write(graph, confidence)
        lower = graph.op("Min", graph.op("Sub", ends[0], move), prediction)
        upper = graph.op("Max", graph.op("Add", ends[1], move), prediction)
        down, up = graph.op("Sub", prediction, lower), graph.op("Sub", upper, prediction)
        if half_width:
            down, up = graph.op("Mul", down, half_width), graph.op("Mul", up, half_width)
        return graph.op("Sub", prediction, down), graph.op("Add", prediction, up)


def fit(y: Array, S: Array, weight: Array | None = None, knots: int = KNOTS) -> Cqr:
    """Learns from targets y [n] and out-of-fold scores S [n, 3]. weight: [n] or None."""
    p, low, high = (S[:, i].astype(np.float64) for i in range(3))
    beyond = np.where(y < p, low - y, np.where(y > p, y - high, np.minimum(low - y, y - high)))
    return Cqr(ranks([beyond], knots=knots, weights=None if weight is None else [weight]))
