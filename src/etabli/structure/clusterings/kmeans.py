"""k-means: the nearest of k centres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import counts, distinct, drawn, finished, near, write_near

STARTS = 10


class KMeans(Clustering):
    """k-means by scikit-learn."""

    name, title, needs, citation, rank = "kmeans", "k-means", ("scikit-learn",), "Lloyd 1982; Arthur & Vassilvitskii 2007", 0
    doc = "Round groups of about one size: each row belongs to the nearest centre. Fast, and the first to try."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two to twelve clusters."""
        return [{"clusters": k} for k in counts(rows)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Ten starts of some thirty rounds."""
        return Cost(work=5e-10 * STARTS * 30 * rows * columns * values["clusters"] + 0.01, memory=32.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The best of ten starts."""
        from sklearn.cluster import KMeans as Library

        order = drawn(x, len(x), seed)
        clusters = distinct(x, int(values["clusters"]))
        fitted: Any = Library(clusters, n_init=STARTS, random_state=seed).fit(x[order])
        own = (order, fitted.labels_.astype(np.int64))
        return finished(self.name, values, {"centres": fitted.cluster_centers_}, x, own, self.apply)

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the squared distance to each centre (up to what is the same for all)."""
        return near(x, found.arrays["centres"])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One product with all centres."""
        return write_near(graph, x, found.arrays["centres"])
