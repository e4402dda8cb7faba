"""Spectral clustering: k-means after the rows are moved to where a random walk between neighbours would mix.

The eigenvectors of the walk need all pairs of rows, so at most a thousand landmarks walk. A new row's place is the mean of the landmarks' places,
weighed by the chance to step there and divided by the eigenvalue (Nyström; Bengio et al. 2004). For a landmark this is its own
place, exactly. Steps are exp(-distance^2 / (own scale * other's scale)), a row's scale being the distance to its seventh neighbour (Zelnik-Manor &
Perona 2004), so that thin groups and dense ones hold together alike. The chances are a softmax, which the file computes as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.estimators.recipes import number
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import counts, distinct, drawn, finished, in_parts, near, rough, squares, write_near, write_squares

LANDMARKS, NEIGHBOURS = 1000, 7
STARTS = 10
MIXED = 1e-3  # eigenvalues below carry no groups, and dividing by them only noise


class Spectral(Clustering):
    """Normalised spectral clustering (random walk) on landmarks, by scipy and scikit-learn."""

    name, title, needs, citation, rank = (
        "spectral",
        "spectral",
        ("scipy", "scikit-learn"),
        "Shi & Malik 2000; Zelnik-Manor & Perona 2004",
        7,
    )
    doc = "Groups of any shape, held together by chains of neighbours, such as rings and crescents. Every row belongs to one."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two to twelve clusters."""
        return [{"clusters": k} for k in counts(rows)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Eigenvectors of at most a thousand landmarks; as many distances for every row."""
        seen = min(rows, LANDMARKS)
        return Cost(
            work=1e-10 * seen**3 + 1.2e-9 * rows * seen * (columns + 12) + 0.01, memory=40.0 * seen**2 + 24.0 * rows * columns + 1e8
        )

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """k-means on as many eigenvectors as clusters."""
        from scipy.linalg import eigh
        from sklearn.cluster import KMeans

        order = drawn(x, LANDMARKS, seed)
        seen = x[order]
        clusters = distinct(seen, int(values["clusters"]))
        floor = rough(seen)
        far = squares(seen, seen)
        scale = _scales(far, floor)
        steps = np.exp(-far / (scale * scale[:, 0]))
        root = np.sqrt(steps.sum(axis=1))
        value, vector = eigh(steps / (root[:, None] * root), subset_by_index=(len(seen) - min(clusters, len(seen)), len(seen) - 1))
        keep = np.flatnonzero(value > MIXED)[::-1]
        place = vector[:, keep] / root[:, None] * np.linalg.norm(root)
        place *= np.where(place[np.abs(place).argmax(axis=0), np.arange(len(keep))] < 0, -1.0, 1.0)
        fitted: Any = KMeans(distinct(place, clusters), n_init=STARTS, random_state=seed).fit(place)
        arrays = {
            "points": seen,
            "scale": scale[:, 0],
            "floor": np.array(floor),
            "place": place / value[keep],
            "centres": fitted.cluster_centers_,
        }
        return finished(self.name, values, arrays, x, (order, fitted.labels_.astype(np.int64)), self.apply)

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the squared distance to each centre among the eigenvectors (up to what is the same for all)."""
        points, scale, floor, place, centres = (found.arrays[key] for key in ("points", "scale", "floor", "place", "centres"))

        def part(rows: Array) -> Array:
            far = squares(rows, points)
            log = far / -(_scales(far, float(floor)) * scale)
            chance = np.exp(log - log.max(axis=1, keepdims=True))
            return near((chance / chance.sum(axis=1, keepdims=True)) @ place, centres)

        return in_parts(x, len(points), part)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Distances to the landmarks, a softmax, one product to the eigenvectors, one with the centres."""
        points, scale, floor = (found.arrays[key] for key in ("points", "scale", "floor"))
        far = write_squares(graph, x, points)
        count = min(NEIGHBOURS + 1, len(points))
        nearest = graph.ops("TopK", far, graph.const([count], np.int64), count=2, axis=1, largest=0, sorted=1)[0]
        last = graph.op("Sqrt", graph.op("Gather", nearest, graph.const([count - 1], np.int64), axis=1))
        own = graph.op("Max", last, number(graph, float(floor)))
        chance = graph.op("Softmax", graph.op("Div", far, graph.op("Mul", own, number(graph, -scale[None]))), axis=1)
        return write_near(graph, graph.op("MatMul", chance, number(graph, found.arrays["place"])), found.arrays["centres"])


def _scales(far: Array, floor: float) -> Array:
    """[rows, 1]: the distance to the seventh neighbour beside the row itself, or beside its nearest landmark. far: squared distances."""
    place = min(NEIGHBOURS, far.shape[1] - 1)
    return np.asarray(np.maximum(np.sqrt(np.partition(far, place, axis=1)[:, place : place + 1]), floor))
