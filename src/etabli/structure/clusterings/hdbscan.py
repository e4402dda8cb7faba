"""HDBSCAN: DBSCAN at every reach at once; the clusters that last longest as the reach shrinks are kept, each of its own density.

The hierarchy does not say where a new row belongs. A row is as far from a cluster as from its nearest stored row, never nearer than that row's own
core distance (the mutual reachability of the method, but for the new row's own part). It belongs where this is within the cluster's reach: the
bound that best parts the cluster's own rows, each without itself, from the rows the method left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import POINTS, alone, answers, drawn, finished, largest, outlined, reached, reaches, rough, write_reached

SAMPLE = 4000
LEAST, NEIGHBOURS = (0.05, 0.02, 0.1), (5, 15)


class Hdbscan(Clustering):
    """HDBSCAN by scikit-learn. least: the smallest cluster, as a share of the rows. neighbours: those of the core distance."""

    name, title, needs, citation, rank = "hdbscan", "HDBSCAN", ("scikit-learn",), "Campello, Moulavi & Sander 2013", 6
    doc = "Groups of any shape and each of its own density; rows between them belong to none. No reach has to be chosen."
    counted, noise = False, True

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Smallest clusters of a fiftieth to a tenth of the rows; five and fifteen neighbours."""
        allowed = [m for m in NEIGHBOURS if rows >= 4 * m] or [max(2, min(NEIGHBOURS[0], rows))]
        return [{"least": least, "neighbours": m} for m in allowed for least in LEAST if least * rows >= 5] or [
            {"least": LEAST[0], "neighbours": allowed[0]}
        ]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """The tree of at most four thousand rows; a thousand distances for every row."""
        seen = min(rows, SAMPLE)
        work = 1.5e-9 * seen**2 * (columns + 8) + 1.2e-9 * rows * min(seen, POINTS) * (columns + 4)
        return Cost(work=work + 0.01, memory=24.0 * seen * POINTS + 24.0 * rows * columns + 5e7)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The lasting clusters of at most four thousand rows."""
        from sklearn.cluster import HDBSCAN
        from sklearn.neighbors import NearestNeighbors

        order = drawn(x, SAMPLE, seed)
        seen, neighbours = x[order], min(int(values["neighbours"]), len(x))
        smallest = max(2, neighbours, round(float(values["least"]) * len(seen)))
        labels = np.full(len(seen), -1)
        if smallest <= len(seen) and len(seen) > 2:
            labels = largest(HDBSCAN(min_cluster_size=smallest, min_samples=neighbours, copy=True).fit(seen).labels_)
        core = NearestNeighbors(n_neighbors=neighbours).fit(seen).kneighbors(seen)[0][:, -1]
        kept = outlined(seen, labels)
        owner, floor = labels[kept], core[kept] ** 2
        near = alone(seen, kept, floor, owner)
        reach = reaches(near, labels, rough(seen))
        alike = answers(np.concatenate([-near / reach**2, np.full((len(seen), 1), -1.0)], axis=1), len(reach))
        arrays = {"points": seen[kept], "floor": floor, "owner": owner, "reach": reach}
        return finished(self.name, values, arrays, x, (order, labels), self.apply, alike)

    def apply(self, found: Found, x: Array) -> Array:
        """-(mutual reachability of the nearest stored row of each cluster / reach)^2 / 2; -1/2 for none."""
        return reached(x, *(found.arrays[key] for key in ("points", "floor", "owner", "reach")))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Distances to the stored rows, the least of each cluster."""
        return write_reached(graph, x, *(found.arrays[key] for key in ("points", "floor", "owner", "reach")))
