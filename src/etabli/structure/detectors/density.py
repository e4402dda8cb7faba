"""Density of a Gaussian mixture: odd is what no group makes likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.estimators.recipes import log_sum_exp
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.clusterings.mixture import Mixture
from etabli.structure.method import Detector, Found, Stop, Values


@final
class Density(Detector):
    """Minus the log density of the mixture that `cluster` fits (`clusterings/mixture.py`)."""

    name, title, needs, citation, rank = (
        "density",
        "Gaussian mixture density",
        ("scikit-learn",),
        "Dempster, Laird & Rubin 1977; Bishop 1994",
        3,
    )
    doc = "Several clouds, each with its width and tilt: odd is what lies in none. For tables with groups."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Five clouds, tilted where rows suffice; one, with few rows."""
        full = rows >= 20 * (columns + 1)
        return [{"clusters": 5 if rows >= 100 else 1, "covariance": "full" if full else "diag"}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """That of the mixture."""
        return Mixture().cost(values, rows, columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The mixture, without its labels."""
        found = Mixture().fit(values, x, seed, stop)
        return Found(self.name, values, {name: found.arrays[name] for name in ("means", "roots", "constant")})

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the log density."""
        made = []
        for start in range(0, max(len(x), 1), 5000):
            joint = Mixture().apply(found, x[start : start + 5000])
            most = joint.max(axis=1, keepdims=True)
            made.append(-(np.log(np.exp(joint - most).sum(axis=1, keepdims=True)) + most))
        return np.concatenate(made)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """The mixture's nodes and one sum."""
        return graph.op("Neg", log_sum_exp(graph, Mixture().write(found, graph, x)))
