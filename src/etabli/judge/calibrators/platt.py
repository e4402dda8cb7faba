"""Platt's sigmoid (Platt 1999) on the logit: a slope and an offset, seven nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import EPS, Calibrator
from etabli.judge.calibrators.logistic import cells, newton, steepness
from etabli.judge.calibrators.powers import write_odds
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@dataclass(frozen=True)
class Platt(Calibrator):
    """New logit = a logit + b; a stays above zero, so that the order of the rows is kept."""

    a: float
    b: float

    name = "platt"
    title = {"en": "Platt's sigmoid", "fr": "sigmoïde de Platt"}  # noqa: RUF012
    tasks = ("binary",)
    citation = "Platt 1999"
    rank = 2

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> Platt:
        """Maximum likelihood by Newton's method."""
        z, rows, positives = cells(y, S[:, 0], weight)
        a, b = newton(np.column_stack([z, np.ones_like(z)]), rows, positives, np.array([1.0, 0.0]))
        if a != steepness(float(a)):  # the other parameter must answer to the slope that is kept
            a = steepness(float(a))
            b = offset(a * z, rows, positives)
        return cls(float(a), float(b))

    def apply(self, S: Array) -> Array:
        """Same shape."""
        p = np.clip(S, EPS, 1 - EPS)
        return np.asarray(1 / (1 + np.power((1 - p) / p, self.a) * np.exp(-self.b)))

    def write(self, graph: Graph, s: str) -> str:
        """Clip, Sub, Div, Pow, Mul, Add, Div."""
        return write_odds(graph, s, self.a, self.b)


def offset(given: Array, rows: Array, positives: Array) -> float:
    """The best constant to add to a given logit."""
    b = 0.0
    for _ in range(50):
        q = 1 / (1 + np.exp(-np.clip(given + b, -500, 500)))
        step = float((rows @ q - positives.sum() + b) / (rows @ (q * (1 - q)) + 1))
        b -= float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return b
