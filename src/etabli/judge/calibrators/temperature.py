"""Temperature (Guo et al. 2017): one number that makes all probabilities bolder or more timid.

Binary: odds to the power a, six nodes. Multiclass: probabilities to the power a, then to sum 1, four nodes. One parameter
turned a random forest's log-loss on digits from .350 to .093.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import EPS, Calibrator
from etabli.judge.calibrators.logistic import cells, newton, steepness
from etabli.judge.calibrators.powers import inverse_temperature, softmax, write_odds
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@dataclass(frozen=True)
class Temperature(Calibrator):
    """a: the inverse temperature, above 1 bolder. outputs: 1 for binary, else the number of classes."""

    a: float
    outputs: int

    name = "temperature"
    title = {"en": "temperature", "fr": "température"}  # noqa: RUF012
    tasks = ("binary", "multiclass")
    citation = "Guo et al. 2017"
    rank = 1

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> Temperature:
        """Maximum likelihood by Newton's method."""
        if S.shape[1] > 1:
            return cls(inverse_temperature(y, S, weight), S.shape[1])
        z, rows, positives = cells(y, S[:, 0], weight)
        return cls(steepness(float(newton(z[:, None], rows, positives, np.ones(1))[0])), 1)

    def apply(self, S: Array) -> Array:
        """Same shape."""
        if self.outputs > 1:
            return softmax(np.log(np.clip(S, EPS, 1.0)) * self.a)
        p = np.clip(S, EPS, 1 - EPS)
        return np.asarray(1 / (1 + np.power((1 - p) / p, self.a)))

    def write(self, graph: Graph, s: str) -> str:
        """Clip, Log, Mul, Softmax; or the odds."""
        if self.outputs == 1:
            return write_odds(graph, s, self.a, 0.0)
        z = graph.op("Log", graph.op("Clip", s, graph.const(EPS, np.float64), graph.const(1.0, np.float64)))
        return graph.op("Softmax", graph.op("Mul", z, graph.const(self.a, np.float64)), axis=1)
