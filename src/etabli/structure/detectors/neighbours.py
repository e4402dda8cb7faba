"""Distances to stored points: far from the nearest (k-NN distance), or farther than they are from each other (local outlier factor).

At most two thousand points are kept, drawn by chance: small samples find outliers as well as all rows do (Sugiyama & Borgwardt 2013), and a
file stays small. Each point is moved by a thousandth of the spread, so that no two are equal, no density is infinite, and no two distances
are tied: a tie would be broken one way here and another way in the file.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.estimators.nearest import SPARE, nearest
from etabli.estimators.recipes import total
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.placing import CELLS, drawn, in_parts

POINTS = 2000
MOVED = 1e-3


class _Stored(Detector, ABC):
    """points [n, columns]. near: neighbours asked for."""

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Every row against every stored point."""
        points = min(rows, POINTS)
        return Cost(work=1e-9 * rows * points * columns + 1e-8 * rows * points, memory=8.0 * points * columns + 4e7)

    def stored(self, x: Array, seed: int) -> Array:
        """The points to keep; of fewer than three rows each is taken several times."""
        points = x[drawn(x, POINTS, seed)]
        points = np.repeat(points, 3, axis=0) if len(points) < 3 else points
        spread = float(np.sqrt(x.var(axis=0).mean())) or 1.0
        return np.asarray(points + MOVED * spread * np.random.default_rng(seed).normal(size=points.shape))


@final
class Neighbours(_Stored):
    """The mean distance to the k nearest stored points."""

    name, title, citation, rank = "knn", "k nearest neighbours", "Ramaswamy, Rastogi & Shim 2000; Sugiyama & Borgwardt 2013", 2
    doc = "How far the nearest other rows are: an odd row has none nearby. Sees rows that are odd only together; needs comparable columns."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """The five nearest."""
        return [{"near": 5}]

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Keeps points."""
        return Found(self.name, values, {"points": self.stored(x, seed)})

    def apply(self, found: Found, x: Array) -> Array:
        """The mean of k distances."""
        points = found.arrays["points"]
        near = min(int(found.values["near"]), len(points) - 1)
        return in_parts(x, len(points), lambda part: _nearest(part, points, near)[0].mean(axis=1, keepdims=True))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """The same."""
        points = found.arrays["points"]
        near = min(int(found.values["near"]), len(points) - 1)
        distance, _ = nearest(graph, x, points, near, 2.0)
        return graph.op("Div", total(graph, distance), graph.const(float(near), np.float64))


@final
class LocalOutliers(_Stored):
    """The density around the nearest stored points over the density at the row (novelty mode)."""

    name, title, citation, rank = "lof", "local outlier factor", "Breunig, Kriegel, Ng & Sander 2000", 4
    doc = "How much thinner the rows lie here than around the nearest others: for tables whose groups differ in density."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Twenty neighbours."""
        return [{"near": 20}]

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """reach: each point's distance to its k-th neighbour; dense: its local reachability density."""
        points = self.stored(x, seed)
        near = min(int(values["near"]), len(points) - 1)
        found = [_nearest(points[i : i + 500], points, near + 1) for i in range(0, len(points), 500)]
        distance, place = (np.concatenate(part)[:, 1:] for part in zip(*found, strict=True))  # the first is the point itself
        reach = distance[:, -1]
        dense = 1 / np.maximum(distance, reach[place]).mean(axis=1)
        return Found(self.name, values, {"points": points, "reach": reach, "dense": dense})

    def apply(self, found: Found, x: Array) -> Array:
        """About 1 for usual rows."""
        points, reach, dense = (found.arrays[name] for name in ("points", "reach", "dense"))
        near = min(int(found.values["near"]), len(points) - 1)

        def factor(part: Array) -> Array:
            distance, place = _nearest(part, points, near)
            return np.asarray(dense[place].mean(axis=1) * np.maximum(distance, reach[place]).mean(axis=1))[:, None]

        return in_parts(x, len(points), factor)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """The same."""
        points, reach, dense = (found.arrays[name] for name in ("points", "reach", "dense"))
        near = min(int(found.values["near"]), len(points) - 1)
        distance, place = nearest(graph, x, points, near, 2.0)
        far = graph.op("Max", distance, graph.op("Gather", graph.const(reach), place, axis=0))
        around = total(graph, graph.op("Gather", graph.const(dense), place, axis=0))
        both = graph.op("Mul", around, total(graph, far))
        return graph.op("Div", both, graph.const(float(near) ** 2, np.float64))


def _nearest(x: Array, points: Array, near: int) -> tuple[Array, Array]:
    """(distances [rows, near], numbers of the points), the nearest first: candidates by one product, then by differences, as in the file."""
    centre = points.mean(axis=0)
    moved = points - centre
    rough = (x - centre) @ (-2.0 * moved.T) + (moved**2).sum(axis=1)
    wanted = min(near + SPARE, len(points))
    place = np.argpartition(rough, wanted - 1, axis=1)[:, :wanted] if wanted < len(points) else np.tile(np.arange(len(points)), (len(x), 1))
    step = max(1, CELLS // (wanted * x.shape[1]))
    squared = np.concatenate(
        [((x[i : i + step, None] - points[place[i : i + step]]) ** 2).sum(axis=2) for i in range(0, len(x), step)]
        or [np.zeros((0, wanted))]
    )
    order = np.argsort(squared, axis=1, kind="stable")[:, :near]
    return np.sqrt(np.take_along_axis(squared, order, axis=1)), np.take_along_axis(place, order, axis=1)
