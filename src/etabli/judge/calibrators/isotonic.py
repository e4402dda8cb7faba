"""Isotonic regression (Zadrozny & Elkan 2002), straight between its knots, nine nodes.

Any rising map, so it needs many rows: with few it is worse than nothing, hence from 1 000 rows of the rarer class on. Its
ends are kept one row's weight away from 0 and 1, or one sure mistake would cost infinitely much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibrators.calibrator import Calibrator
from etabli.judge.lookup import below, write_below
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

ENOUGH = 1_000


@dataclass(frozen=True)
class Isotonic(Calibrator):
    """Knots x, rising values v, slopes between them; flat outside."""

    x: Array
    v: Array
    slope: Array

    name = "isotonic"
    title = {"en": "isotonic regression", "fr": "régression isotone"}  # noqa: RUF012
    tasks = ("binary",)
    citation = "Zadrozny & Elkan 2002"
    rank = 5
    cheap = False

    @classmethod
    def possible(cls, y: Array) -> bool:
        """From 1 000 rows of the rarer class on."""
        return min(int(np.sum(y == 0)), int(np.sum(y == 1))) >= ENOUGH

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> Isotonic:
        """Pool adjacent violators, by scikit-learn."""
        from sklearn.isotonic import IsotonicRegression

        edge = 1 / (len(y) + 2)
        found = IsotonicRegression(y_min=edge, y_max=1 - edge).fit(np.maximum(S[:, 0], 1e-9), y, weight)  # nearer to 0 slopes overflow
        x, v = np.asarray(found.X_thresholds_, np.float64), np.asarray(found.y_thresholds_, np.float64)
        if len(x) == 1:
            x, v = np.array([x[0], np.nextafter(x[0], 2.0)]), np.repeat(v, 2)
        return cls(x, v, np.diff(v) / np.diff(x))

    def apply(self, S: Array) -> Array:
        """Same shape."""
        p = np.clip(S, self.x[0], self.x[-1])
        k = below(p, self.x[1:-1])
        return np.asarray(self.v[k] + (p - self.x[k]) * self.slope[k])

    def write(self, graph: Graph, s: str) -> str:
        """Clip, two nodes of look-up, three Gathers, Sub, Mul, Add."""
        p = graph.op("Clip", s, graph.const(self.x[0], np.float64), graph.const(self.x[-1], np.float64))
        k = write_below(graph, p, self.x[1:-1])
        x, v, slope = (graph.op("Gather", graph.const(part, np.float64), k) for part in (self.x[:-1], self.v[:-1], self.slope))
        return graph.op("Add", v, graph.op("Mul", graph.op("Sub", p, x), slope))
