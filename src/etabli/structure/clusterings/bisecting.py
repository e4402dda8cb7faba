"""Bisecting k-means: the widest group is cut in two by k-means, again and again: a tree of centres from the top down.

A row's score for a leaf is its weakest turn on the way there: by how much nearer the centre of that side is. Only the leaf that the tree leads to
has no turn against it, so the largest score is the tree's own answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.estimators.recipes import affine, number
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import counts, distinct, drawn, finished

STARTS = 5


class Bisecting(Clustering):
    """Bisecting k-means by scikit-learn, the group of largest inertia first."""

    name, title, needs, citation, rank = "bisecting", "bisecting k-means", ("scikit-learn",), "Steinbach, Karypis & Kumar 2000", 2
    doc = "Cuts the widest group in two until there are enough. Round groups as in k-means, in a tree from the top; fast for many groups."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Three to twelve clusters: two are those of k-means."""
        return [{"clusters": k} for k in counts(rows) if k > 2]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Five starts of some twenty rounds with two centres, at each level of the tree."""
        return Cost(work=1e-9 * STARTS * 20 * rows * columns * 2 * np.log2(values["clusters"] + 1) + 0.01, memory=32.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """arrays: left, right [turns, columns], the two centres of each cut; turns [turns, leaves], -1 left, 1 right, 0 not on the way."""
        from sklearn.cluster import BisectingKMeans

        order = drawn(x, len(x), seed)
        clusters = distinct(x, int(values["clusters"]))
        fitted: Any = BisectingKMeans(clusters, n_init=STARTS, random_state=seed).fit(x[order])
        shift = getattr(fitted, "_X_mean", 0.0)
        left: list[Array] = []
        right: list[Array] = []
        ways: dict[int, dict[int, float]] = {}
        waiting: list[tuple[Any, dict[int, float]]] = [(fitted._bisecting_tree, {})]
        while waiting:
            node, way = waiting.pop()
            if node.left is None:
                ways[int(node.label)] = way
                continue
            here = len(left)
            left.append(node.left.center + shift)
            right.append(node.right.center + shift)
            waiting += [(node.left, way | {here: -1.0}), (node.right, way | {here: 1.0})]
        turns = np.zeros((len(left), len(ways)))
        for leaf, way in ways.items():
            turns[list(way), leaf] = list(way.values())
        arrays = {"left": np.reshape(left, (-1, x.shape[1])), "right": np.reshape(right, (-1, x.shape[1])), "turns": turns}
        return finished(self.name, values, arrays, x, (order, fitted.labels_.astype(np.int64)), self.apply)

    def apply(self, found: Found, x: Array) -> Array:
        """The weakest turn on the way to each leaf: half the difference of squared distances."""
        weights, bias, turns = _leads(found)
        if not len(turns):
            return np.zeros((len(x), 1))
        lead = x @ weights + bias
        ways = [np.flatnonzero(turns[:, leaf]) for leaf in range(turns.shape[1])]
        return np.stack([(lead[:, way] * turns[way, leaf]).min(axis=1) for leaf, way in enumerate(ways)], axis=1)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """All turns by one product, the least of each way."""
        weights, bias, turns = _leads(found)
        if not len(turns):
            return graph.op("Mul", graph.op("Gather", x, graph.const([0], np.int64), axis=1), number(graph, 0.0))
        lead = affine(graph, x, weights, bias[None])
        scores = []
        for leaf in range(turns.shape[1]):
            way = np.flatnonzero(turns[:, leaf])
            taken = graph.op("Gather", lead, graph.const(way, np.int64), axis=1)
            signed = graph.op("Mul", taken, number(graph, turns[way, leaf][None]))
            scores.append(graph.op("ReduceMin", signed, graph.const([1], np.int64), keepdims=1))
        return graph.op("Concat", *scores, axis=1)


def _leads(found: Found) -> tuple[Array, Array, Array]:
    """(weights [columns, turns], bias [turns], turns): half of |x - left|^2 - |x - right|^2, positive where right is nearer."""
    left, right = found.arrays["left"], found.arrays["right"]
    return np.ascontiguousarray((right - left).T), ((left**2).sum(axis=1) - (right**2).sum(axis=1)) / 2, found.arrays["turns"]
