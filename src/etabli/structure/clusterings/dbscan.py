"""DBSCAN: a cluster is a connected region in which every core point has enough neighbours within reach; a row in no region belongs to none.

The reach is not asked for. It is the distance to the m-th neighbour that a stated share of the rows keep to ("core"), or that of the knee of
these distances in rising order: the point farthest below the chord (Satopää et al. 2011). Half the rows are half as dense, and the rule
moves with them, where a reach in units of the columns would not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import POINTS, alone, drawn, finished, largest, outlined, reached, reaches, rough, write_reached

SAMPLE = 4000
NEIGHBOURS, FEW, CORE = (10, 20), 5, ("knee", 0.9, 0.7, 0.5)


class Dbscan(Clustering):
    """DBSCAN by scikit-learn. neighbours: m, the row itself counted. core: the share of core points, or "knee"."""

    name, title, needs, citation, rank = "dbscan", "DBSCAN", ("scikit-learn",), "Ester et al. 1996; Schubert et al. 2017", 5
    doc = "Groups of any shape, as regions of one density with emptier space between; rows in that space belong to none."
    counted, noise = False, True

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Ten and twenty neighbours, five in a small table; the reach at the knee, or such that a share of the rows are core points."""
        allowed = [m for m in NEIGHBOURS if rows >= 10 * m] or [max(2, min(FEW, rows))]
        return [{"neighbours": m, "core": core} for m in allowed for core in CORE]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """All neighbours among at most four thousand rows; a thousand distances for every other row."""
        seen = min(rows, SAMPLE)
        work = 1e-8 * seen**2 * max(columns, 8) / 8 + 1.2e-9 * rows * min(seen, POINTS) * (columns + 2)
        return Cost(work=work + 0.01, memory=20.0 * seen**2 + 24.0 * rows * columns + 5e7)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The regions among at most four thousand rows. arrays: `eps`, the reach."""
        from sklearn.cluster import DBSCAN
        from sklearn.neighbors import NearestNeighbors

        order = drawn(x, SAMPLE, seed)
        seen, neighbours = x[order], min(int(values["neighbours"]), len(x))
        far = NearestNeighbors(n_neighbors=neighbours).fit(seen).kneighbors(seen)[0][:, -1]
        eps = max(_reach(np.sort(far), values["core"]) * (1 + 1e-9), rough(seen))
        fitted = DBSCAN(eps=eps, min_samples=neighbours).fit(seen)
        labels = largest(fitted.labels_)
        core = np.full(len(seen), -1)
        core[fitted.core_sample_indices_] = labels[fitted.core_sample_indices_]
        kept = outlined(seen, core)
        points, owner, floor = seen[kept], core[kept], np.zeros(len(kept))
        whole = len(kept) == (core >= 0).sum()
        reach = np.full(labels.max(initial=-1) + 1, eps) if whole else reaches(alone(seen, kept, floor, owner), labels, rough(seen))
        arrays = {"points": points, "floor": floor, "owner": owner, "reach": reach, "eps": np.array(eps)}
        return finished(self.name, values, arrays, x, (order, labels), self.apply)

    def apply(self, found: Found, x: Array) -> Array:
        """-(distance to the nearest core point of each cluster / reach)^2 / 2; -1/2 for none."""
        return reached(x, *(found.arrays[key] for key in ("points", "floor", "owner", "reach")))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Distances to the stored core points, the least of each cluster."""
        return write_reached(graph, x, *(found.arrays[key] for key in ("points", "floor", "owner", "reach")))


def _reach(far: Array, core: float | str) -> float:
    """far: distances to the m-th neighbour, rising."""
    if core != "knee":
        return float(np.quantile(far, float(core), method="higher"))
    span = far[-1] - far[0]
    if span == 0:
        return float(far[-1])
    return float(far[np.argmax(np.linspace(0, 1, len(far)) - (far - far[0]) / span)])
