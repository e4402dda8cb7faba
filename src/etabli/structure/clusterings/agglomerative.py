"""Agglomerative clustering: the two nearest groups are joined, again and again, until as many are left as asked.

The tree needs all distances between rows, so at most four thousand rows are joined and the others placed. Neither linkage says where a new
row belongs. Ward: to the nearest mean, which is where joining it adds least to the spread within (up to a factor n / (n + 1)). Average: to the
cluster of the nearest row. The mean distance, which is the linkage, does not do: within a wide cluster most rows are nearer on average
to a small one at its rim (on overlapping clouds it gave back 0.86 of the tree's labels, the nearest other row 0.99). How often placing gives back
the tree's own labels is measured (`agreement`), for average linkage with no row as its own neighbour.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import (
    CELLS,
    POINTS,
    alone,
    closest,
    counts,
    distinct,
    drawn,
    finished,
    near,
    outlined,
    write_closest,
    write_near,
)

SAMPLE = 4000
TREES = 32  # kept: one tree serves every number of clusters


class Ward(Clustering):
    """Ward's method by scipy, cut at a number of clusters."""

    name, title, needs, citation, rank = "ward", "agglomerative (Ward)", ("scipy",), "Ward 1963; Murtagh & Legendre 2014", 2
    doc = "Joins the groups whose union spreads least, from single rows up. Round groups as in k-means, without a chance start, and a tree of them."

    linkage = "ward"

    def __init__(self) -> None:
        self._trees: OrderedDict[bytes, Array] = OrderedDict()

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two to twelve clusters."""
        return [{"clusters": k} for k in counts(rows)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """All distances between at most four thousand rows; the others are placed."""
        seen = min(rows, SAMPLE)
        return Cost(
            work=(3e-10 * columns + 2.5e-8) * seen**2 + 0.005 + 1e-9 * rows * columns * values["clusters"],
            memory=24.0 * seen**2 + 24.0 * rows * columns,
        )

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The tree of at most four thousand rows, cut."""
        from scipy.cluster.hierarchy import cut_tree

        order = drawn(x, SAMPLE, seed)
        seen = x[order]
        clusters = distinct(seen, int(values["clusters"]))
        labels = cut_tree(self._tree(seen), n_clusters=clusters)[:, 0].astype(np.int64) if len(seen) > 1 else np.zeros(1, np.int64)
        arrays, alike = self._learned(seen, labels)
        return finished(self.name, values, arrays, x, (order, labels), self.apply, alike)

    def _tree(self, x: Array) -> Array:
        """The linkage of those rows, made once."""
        from scipy.cluster.hierarchy import linkage

        key = sha256(np.ascontiguousarray(x).tobytes() + str(x.shape).encode()).digest()
        if key not in self._trees:
            self._trees[key] = linkage(x, self.linkage)
            while len(self._trees) > TREES:
                self._trees.popitem(last=False)
        return self._trees[key]

    def _learned(self, x: Array, labels: Array) -> tuple[dict[str, Array], Array | None]:
        """(what places rows, the labels that placing gives to x where `apply` would flatter)."""
        return {"centres": np.array([x[labels == k].mean(axis=0) for k in range(labels.max() + 1)])}, None

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the squared distance to each mean (up to what is the same for all)."""
        return near(x, found.arrays["centres"])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One product with all means."""
        return write_near(graph, x, found.arrays["centres"])


class Average(Ward):
    """Average linkage (UPGMA) by scipy, cut at a number of clusters."""

    name, title, needs, citation, rank = "average", "agglomerative (average)", ("scipy",), "Sokal & Michener 1958", 4
    doc = "Joins the groups whose rows are nearest on average. Groups of unequal size and spread; rows far from all stay alone."
    linkage = "average"

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """As Ward's; placing a row takes a thousand distances."""
        whole = super().cost(values, rows, columns)
        return Cost(work=whole.work + 1.2e-9 * rows * min(rows, POINTS) * (columns + 2), memory=whole.memory + 32.0 * CELLS)

    def _learned(self, x: Array, labels: Array) -> tuple[dict[str, Array], Array | None]:
        kept = outlined(x, labels)
        owner, floor = labels[kept], np.zeros(len(kept))
        return {"points": x[kept], "owner": owner}, alone(x, kept, floor, owner).argmin(axis=1)

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the squared distance to the nearest stored row of each cluster."""
        points, owner = found.arrays["points"], found.arrays["owner"]
        return -closest(x, points, np.zeros(len(points)), owner)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Distances to all stored rows, the least of each cluster."""
        points, owner = found.arrays["points"], found.arrays["owner"]
        return graph.op("Neg", write_closest(graph, x, points, np.zeros(len(points)), owner))
