"""Clusterings that place new rows: the nearest of stored centres, with the distances to them where the estimator transforms.

Bisecting k-means walks a tree of pairs of centres: all pairs are compared at once and a row belongs to the leaf whose every turn it takes.
Clusterings that have no `predict` (DBSCAN, HDBSCAN, OPTICS, agglomerative, spectral) are refused by name (`refusals.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import clusters, matrix
from etabli.estimators.recipes import affine, centred, dense, number, place, square_distances
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array

_MODULE = "sklearn.cluster."


@writes(_MODULE + "_kmeans.KMeans", _MODULE + "_kmeans.MiniBatchKMeans")
def means(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The nearest centre; the distances to all."""
    squared, far = _far(estimator, graph, frame, estimator.cluster_centers_)
    return clusters(estimator, graph, place(graph, squared, smallest=True), range(far.width), far)


@writes(_MODULE + "_birch.Birch")
def birch(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The cluster of the nearest subcluster; the distances to all subclusters."""
    squared, far = _far(estimator, graph, frame, estimator.subcluster_centers_)
    return clusters(estimator, graph, place(graph, squared, smallest=True), list(estimator.subcluster_labels_), far)


@writes(_MODULE + "_mean_shift.MeanShift", _MODULE + "_affinity_propagation.AffinityPropagation")
def centres(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The nearest centre, without distances."""
    if not len(getattr(estimator, "cluster_centers_", ())):
        raise Refused(estimator, "it has no centres")
    squared, far = _far(estimator, graph, frame, estimator.cluster_centers_)
    return clusters(estimator, graph, place(graph, squared, smallest=True), range(far.width))


def _far(estimator: Any, graph: Graph, frame: Frame, points: Any) -> tuple[str, Part]:
    """([rows, centres] squared distances, distances)."""
    squared = square_distances(graph, matrix(estimator, graph, frame), dense(points))
    return squared, Part(graph.op("Sqrt", squared), len(points))


@writes(_MODULE + "_bisect_k_means.BisectingKMeans")
def bisecting(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The leaf of the tree of bisections."""
    _, far = _far(estimator, graph, frame, estimator.cluster_centers_)
    x, shift = matrix(estimator, graph, frame), getattr(estimator, "_X_mean", 0.0)
    left: list[Array] = []  # centres of every bisection
    right: list[Array] = []
    leaves: list[tuple[int, dict[int, float]]] = []  # label and turns of every leaf
    waiting: list[tuple[Any, dict[int, float]]] = [(estimator._bisecting_tree, {})]
    while waiting:
        node, turns = waiting.pop()
        if node.left is None:
            leaves.append((int(node.label), turns))
            continue
        here = len(left)
        left.append(node.left.center + shift)
        right.append(node.right.center + shift)
        waiting += [(node.left, turns | {here: -1.0}), (node.right, turns | {here: 1.0})]
    if not left:
        return clusters(estimator, graph, place(graph, far.tensor), [leaves[0][0]], far)
    one, two = np.array(left), np.array(right)
    centre = one.mean(axis=0)
    one, two = one - centre, two - centre
    # |x - right|^2 - |x - left|^2, negative where right is nearer; equal goes left
    lead = affine(graph, centred(graph, x, centre), 2.0 * (one - two).T, (two**2).sum(axis=1) - (one**2).sum(axis=1))
    turned = graph.op("Where", graph.op("Less", lead, number(graph, 0.0)), number(graph, 1.0), number(graph, -1.0))
    taken, lengths = np.zeros((len(left), len(leaves))), np.zeros(len(leaves))
    for k, (_, turns) in enumerate(leaves):
        taken[list(turns), k], lengths[k] = list(turns.values()), len(turns)
    return clusters(estimator, graph, place(graph, affine(graph, turned, taken, -lengths)), [label for label, _ in leaves], far)


@writes(_MODULE + "_agglomerative.FeatureAgglomeration")
def pooled(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Means of the columns of each group; other pooling functions are refused."""
    if estimator.pooling_func is not np.mean:
        raise Refused(estimator, "its pooling function is not numpy.mean")
    groups = np.eye(int(estimator.labels_.max()) + 1)[estimator.labels_]
    summed = affine(graph, matrix(estimator, graph, frame), groups)
    return Frame((Part(graph.op("Div", summed, number(graph, groups.sum(axis=0))), groups.shape[1]),))
