"""Mini-batch k-means: the centres of k-means, moved by a thousand rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import counts, distinct, drawn, finished, near, write_near

BATCH, ROUNDS = 1024, 200
START, STARTS = 4096, 10


class MiniBatch(Clustering):
    """Mini-batch k-means by scikit-learn."""

    name, title, needs, citation, rank = "minibatch", "mini-batch k-means", ("scikit-learn",), "Sculley 2010", 1
    doc = "The round groups of k-means, from a thousand rows at a time: for tables of millions of rows. A little less exact than k-means."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two to twelve clusters."""
        return [{"clusters": k} for k in counts(rows)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Ten starts on a few thousand rows, at most two hundred batches, and one pass that labels every row."""
        seen = STARTS * 30 * min(START, rows) + min(ROUNDS * BATCH, 100 * rows) + rows
        return Cost(work=5e-10 * seen * columns * values["clusters"] + 2e-8 * rows * columns + 0.01, memory=32.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Starts from the k-means of a few thousand rows, the best of ten; then at most two hundred batches."""
        from sklearn.cluster import KMeans, MiniBatchKMeans

        order = drawn(x, ROUNDS * BATCH, seed)
        few = x[drawn(x, START, seed)]
        first: Any = KMeans(distinct(few, int(values["clusters"])), n_init=STARTS, random_state=seed).fit(few)
        passes = min(100, ROUNDS * BATCH // len(order))  # the library counts passes over all rows
        fitted: Any = MiniBatchKMeans(
            len(first.cluster_centers_),
            init=first.cluster_centers_,
            batch_size=BATCH,
            n_init=1,
            max_iter=passes,
            compute_labels=False,
            random_state=seed,
        ).fit(x[order])
        centres = fitted.cluster_centers_
        return finished(self.name, values, {"centres": centres}, x, (order, near(x[order], centres).argmax(axis=1)), self.apply)

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the squared distance to each centre (up to what is the same for all)."""
        return near(x, found.arrays["centres"])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One product with all centres."""
        return write_near(graph, x, found.arrays["centres"])
