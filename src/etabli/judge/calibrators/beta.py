"""Beta calibration (Kull, Silva Filho & Flach 2017): its own exponent for p and for 1 - p, eight nodes. It can repair scores that
Platt's sigmoid cannot, and "as it is" is one of its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import EPS, Calibrator
from etabli.judge.calibrators.logistic import cells, newton, steepness
from etabli.judge.calibrators.platt import offset
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@dataclass(frozen=True)
class Beta(Calibrator):
    """New logit = a log p - b log(1 - p) + c, with a, b above zero (rising)."""

    a: float
    b: float
    c: float

    name = "beta"
    title = {"en": "beta calibration", "fr": "calibration bêta"}  # noqa: RUF012
    tasks = ("binary",)
    citation = "Kull, Silva Filho & Flach 2017"
    rank = 3

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> Beta:
        """Maximum likelihood; a falling half is dropped and the rest refitted, as the authors do."""
        z, rows, positives = cells(y, S[:, 0], weight)
        left, right = -np.logaddexp(0, -z), np.logaddexp(0, z)  # log p and -log(1 - p)
        a, b, _ = newton(np.column_stack([left, right, np.ones_like(z)]), rows, positives, np.array([1.0, 1.0, 0.0]))
        if b < a and b < 0:
            a, b = newton(np.column_stack([left, np.ones_like(z)]), rows, positives, np.array([1.0, 0.0]))[0], 0.0
        elif a < 0:
            a, b = 0.0, newton(np.column_stack([right, np.ones_like(z)]), rows, positives, np.array([1.0, 0.0]))[0]
        a, b = steepness(float(a)), steepness(float(b))
        return cls(a, b, offset(a * left + b * right, rows, positives))

    def apply(self, S: Array) -> Array:
        """Same shape."""
        p = np.clip(S, EPS, 1 - EPS)
        return np.asarray(1 / (1 + np.power(1 - p, self.b) / np.power(p, self.a) * np.exp(-self.c)))

    def write(self, graph: Graph, s: str) -> str:
        """Clip, Sub, Pow, Pow, Div, Mul, Add, Div."""
        one = graph.const(1.0, np.float64)
        p = graph.op("Clip", s, graph.const(EPS, np.float64), graph.const(1 - EPS, np.float64))
        top = graph.op("Pow", graph.op("Sub", one, p), graph.const(self.b, np.float64))
        odds = graph.op("Div", top, graph.op("Pow", p, graph.const(self.a, np.float64)))
        return graph.op("Div", one, graph.op("Add", one, graph.op("Mul", odds, graph.const(np.exp(-self.c), np.float64))))
