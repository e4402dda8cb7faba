"""Temperature and a bias of each class (Alexandari, Kundaje & Shrikumar 2020, "bias-corrected temperature"): five nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import EPS, STEEP, Calibrator
from etabli.judge.calibrators.powers import inverse_temperature, softmax, thinned
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@dataclass(frozen=True)
class ClassBias(Calibrator):
    """Logits of the classes = a log p + bias[class]."""

    a: float
    bias: tuple[float, ...]

    name = "temperature_bias"
    title = {"en": "temperature and class bias", "fr": "température et biais par classe"}  # noqa: RUF012
    tasks = ("multiclass",)
    citation = "Alexandari, Kundaje & Shrikumar 2020"
    rank = 4
    cheap = False

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> ClassBias:
        """Penalised maximum likelihood (L-BFGS); the penalty is worth about one row."""
        from scipy.optimize import minimize

        y, S, w = thinned(y, S, weight)
        Z, n, K = np.log(np.clip(S, EPS, 1.0)), len(y), S.shape[1]
        hits = np.bincount(y, w, K)
        right = w @ Z[np.arange(n), y]

        def loss(v: Array) -> tuple[float, Array]:
            T = Z * v[0] + v[1:]
            top = T.max(axis=1)
            E = np.exp(T - top[:, None])
            total = E.sum(axis=1)
            P = E / total[:, None] * w[:, None]
            value = w @ (np.log(total) + top) - v[0] * right - hits @ v[1:] + 0.5 * ((v[0] - 1) ** 2 + v[1:] @ v[1:])
            return value / n, np.concatenate([[(P * Z).sum() - right + v[0] - 1], P.sum(axis=0) - hits + v[1:]]) / n

        start = np.concatenate([[inverse_temperature(y, S, w)], np.zeros(K)])
        v = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(1e-3, STEEP)] + [(-30, 30)] * K).x
        return cls(float(v[0]), tuple(float(x) for x in v[1:]))

    def apply(self, S: Array) -> Array:
        """Same shape."""
        return softmax(np.log(np.clip(S, EPS, 1.0)) * self.a + np.array(self.bias))

    def write(self, graph: Graph, s: str) -> str:
        """Clip, Log, Mul, Add, Softmax."""
        z = graph.op("Log", graph.op("Clip", s, graph.const(EPS, np.float64), graph.const(1.0, np.float64)))
        z = graph.op("Add", graph.op("Mul", z, graph.const(self.a, np.float64)), graph.const([self.bias], np.float64))
        return graph.op("Softmax", z, axis=1)
