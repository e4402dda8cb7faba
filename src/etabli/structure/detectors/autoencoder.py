"""What an autoencoder cannot rebuild: odd is a row whose columns do not go together as those of the others do (the extra `etabli[nets]`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.projections.autoencoder import Autoencoder, network


@final
class Rebuilding(Detector):
    """The squared error of the rebuilt row, by a denoising autoencoder, which cannot learn to copy (Vincent et al. 2008)."""

    name, title, needs, rank = "autoencoder", "autoencoder", ("jax",), 9
    citation = "Hawkins, He, Williams & Baxter 2002; Vincent et al. 2008"
    slow = True
    doc = "A network learns to rebuild rows from a few numbers: odd is what it cannot rebuild. For many columns that hang together."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """A third of the columns, ten at most."""
        return [{"kind": "denoising", "components": int(np.clip(columns // 3, 1, min(10, max(rows, 1))))}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """That of the projection."""
        return Autoencoder().cost(values, rows, columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """One network."""
        return Found(self.name, values, Autoencoder().fit(values, x, seed, stop).arrays)

    def _gap(self, found: Found, x: Array) -> Array:
        auto = network(found)
        gap = (x - auto.back(auto.down(x))) / auto.scale
        return np.asarray(gap * gap)

    def apply(self, found: Found, x: Array) -> Array:
        """The mean over the columns."""
        return np.asarray(self._gap(found, x).sum(axis=1, keepdims=True) / x.shape[1])

    def shares(self, found: Found, x: Array) -> Array | None:
        """The error of each column."""
        return np.asarray(self._gap(found, x) / x.shape[1])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Down, back, the squares."""
        auto = network(found)
        gap = graph.op("Div", graph.op("Sub", x, auto.write_back(graph, auto.write_down(graph, x))), graph.const(auto.scale, np.float64))
        total = graph.op("ReduceSum", graph.op("Mul", gap, gap), graph.const([1], np.int64), keepdims=1)
        return graph.op("Div", total, graph.const(float(len(auto.centre)), np.float64))
