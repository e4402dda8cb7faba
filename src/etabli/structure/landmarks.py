"""What UMAP and t-SNE share: a map of some rows, and a rule that puts every other row on it.

Neither method says where a new row lies. So at most MOST rows, the landmarks, are embedded, and a row is put at the mean of its nearest landmarks'
places, weighed by closeness (Nadaraya 1964; Watson 1964): with D the squared distance of the (k + 1)-th nearest, one at d counts 1 - d / D, so
that a row's place moves without a jump when two neighbours change places. Nothing is trained twice, and the rule is the same in the file and here:
distances on the exact grid of `families/distances.py`.

How well it places is measured, not assumed: a tenth of the landmarks is placed by the others, and held against where the embedding itself put them
(`placed`: the median error as a share of the picture's spread; `recall`: of each one's ten nearest landmarks in the embedding, the share that are
still its ten nearest from where it was placed).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from etabli.families.distances import grid, squared, table, weighed, whole, write_squared, write_weighed
from etabli.graph.graph import Graph
from etabli.records import Array
from etabli.structure.method import Found, Projection, Stop, Values
from etabli.structure.placing import drawn, in_parts

MOST = 5_000  # landmarks
NEAREST = 10  # that place a row
FEWEST = 15  # distinct rows below which there is nothing to bend: the leading columns are shown
TEST, NEAR = 0.1, 10


class Landmarks(Projection):
    """Found.arrays: the grid and points of `families/distances.py`, places [points, components], nearest, placed, recall."""

    slow: ClassVar[bool] = True

    @abstractmethod
    def embedded(self, values: Values, x: Array, components: int, seed: int) -> Array:
        """[rows, components]: the library's own places of distinct rows x."""

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two coordinates: a picture."""
        return [{"components": min(2, rows, columns)}]

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Embeds the landmarks and measures the rule on a tenth of them."""
        from threadpoolctl import threadpool_limits

        components = min(int(values["components"]), *x.shape)
        spread = float(x.std(axis=0).max()) or 1.0
        kept = grid(np.ones(x.shape[1]), max(32.0 * spread, float(np.abs(x).max())))
        seen = x[drawn(x, MOST, seed)]
        seen = seen[np.sort(np.unique(whole(seen, kept), axis=0, return_index=True)[1])]
        with threadpool_limits(1):  # the same bits on any number of cores
            places = self.embedded(values, seen, components, seed) if len(seen) >= FEWEST else seen[:, :components]
        places = np.asarray(places, np.float64)
        points = whole(seen, kept)
        error, recall = _measured(points, places, seed)
        order = np.random.default_rng(seed).permutation(len(seen))  # onnxruntime's search for the k nearest is slow on sorted points
        arrays = kept | {"points": table(points[order]), "places": np.ascontiguousarray(places[order])}
        return Found(self.name, values, arrays | {"nearest": np.array(_nearest(len(seen))), "placed": error, "recall": recall})

    def apply(self, found: Found, x: Array) -> Array:
        """The weighted mean of the nearest landmarks' places."""
        kept = found.arrays
        return in_parts(x, kept["points"].shape[1], lambda part: _placed(squared(whole(part, kept), kept["points"]), kept["places"]))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Whole numbers, one product, the k-th distance, weights, one product."""
        kept = found.arrays
        weights, _ = write_weighed(graph, write_squared(graph, x, kept), int(kept["nearest"]))
        total = graph.op("ReduceSum", weights, graph.const([1], np.int64), keepdims=1)
        return graph.op("Div", graph.op("MatMul", weights, graph.const(kept["places"])), total)


def _nearest(landmarks: int) -> int:
    return min(NEAREST + 1, landmarks)


def _placed(distance: Array, places: Array) -> Array:
    """[rows, components], from squared distances [rows, landmarks]."""
    weights, _ = weighed(distance, _nearest(len(places)))
    return np.asarray(weights @ places / weights.sum(axis=1, keepdims=True))


def _measured(points: Array, places: Array, seed: int) -> tuple[Array, Array]:
    """(median error over the picture's spread, neighbour recall) of landmarks placed by the others; NaN where there are too few to tell."""
    out = np.sort(np.random.default_rng([seed, 1]).permutation(len(points))[: int(TEST * len(points))])
    if len(points) < FEWEST or len(out) < 2:
        return np.array(np.nan), np.array(np.nan)
    rest = np.setdiff1d(np.arange(len(points)), out)
    again = in_parts(points[out], len(rest), lambda part: _placed(squared(part, table(points[rest])), places[rest]))
    spread = float(np.sqrt(places.var(axis=0).sum())) or 1.0
    error = np.median(np.sqrt(((again - places[out]) ** 2).sum(axis=1))) / spread

    def around(at: Array) -> Array:
        gap = ((at[:, None] - places[rest][None]) ** 2).sum(axis=2)
        return np.argpartition(gap, NEAR - 1, axis=1)[:, :NEAR]

    kept = [len(np.intersect1d(a, b)) / NEAR for a, b in zip(around(again), around(places[out]), strict=True)]
    return np.array(error), np.array(np.mean(kept))
