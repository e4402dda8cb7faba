"""Neighbours: the k nearest or those within a radius, nearest centroids, and the local outlier factor.

The training points are stored in the file (`nearest.py` says how they are found, and what happens at ties). Uniform and distance weights
are written; a function of weights is refused. A radius compares squared distances made by differences, as the trees do.

Distance weights after a brute-force search (scikit-learn's choice beyond fifteen columns) are refused: its distances come from a rounded
product, in which a row that equals a training row is some 1e-8 away instead of 0, and one over that is noise (differences of 7e-8 of the
scale were measured). The same estimator with a tree has true distances.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of, decided, detector, margins, matrix, probabilities, value, versus
from etabli.estimators.nearest import closeness, nearest, power_of
from etabli.estimators.recipes import affine, centred, dense, distances, number, place, repeated, shares, square, square_distances, total
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array


def _neighbours(estimator: Any, graph: Graph, frame: Frame) -> tuple[str, str]:
    """(weights [rows, k], numbers of the points [rows, k])."""
    x = matrix(estimator, graph, frame)
    distance, places = nearest(graph, x, estimator._fit_X, int(estimator.n_neighbors), power_of(estimator))
    return _weighed(estimator, graph, distance), places


def _weighed(estimator: Any, graph: Graph, distance: str) -> str:
    if estimator.weights in (None, "uniform"):
        return graph.op("Add", graph.op("Mul", distance, number(graph, 0.0)), number(graph, 1.0))
    if estimator.weights == "distance":
        if estimator._fit_method == "brute":
            reason = "its distances are rounded so that equal rows are not at distance 0, and it weighs by their inverse"
            raise Refused(estimator, reason, 'fit it with algorithm="ball_tree": the same neighbours, true distances')
        return closeness(graph, distance)
    raise Refused(estimator, "its weights are a function of its own", 'use weights="uniform" or "distance"')


def _blend(graph: Graph, weights: str, places: str, table: Array) -> tuple[str, str]:
    """(weighted sums of the neighbours' rows of the table [rows, width], sums of weights [rows, 1])."""
    found = graph.op("Gather", number(graph, table), places, axis=0)  # [rows, k, width]
    by_weight = graph.op("Mul", found, graph.op("Unsqueeze", weights, graph.const([2], np.int64)))
    return total(graph, by_weight, axis=1, keep=False), total(graph, weights)


def _targets(estimator: Any) -> Array:
    """[points, targets] of a regressor."""
    y = dense(estimator._y)
    return y.reshape(len(y), -1)


def _one_hot(estimator: Any) -> Array:
    """[points, classes] of a classifier of one label."""
    return np.asarray(np.eye(len(classes_of(estimator)))[estimator._y])


@writes("sklearn.neighbors._regression.KNeighborsRegressor")
def mean_of_nearest(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the neighbours' targets."""
    weights, places = _neighbours(estimator, graph, frame)
    table = _targets(estimator)
    summed, weight = _blend(graph, weights, places, table)
    return value(estimator, graph.op("Div", summed, weight), table.shape[1])


@writes("sklearn.neighbors._classification.KNeighborsClassifier")
def shares_of_nearest(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The shares of the classes among the neighbours."""
    table = _one_hot(estimator)
    weights, places = _neighbours(estimator, graph, frame)
    summed, _ = _blend(graph, weights, places, table)
    return probabilities(estimator, graph, shares(graph, summed), label=place(graph, summed))


def _within(estimator: Any, graph: Graph, frame: Frame) -> str:
    """[rows, points]: the weight of each point, 0 outside the radius."""
    x, power, points = matrix(estimator, graph, frame), power_of(estimator), dense(estimator._fit_X)
    if power == 2.0:
        squared = square_distances(graph, x, points, exact=True)
        inside = graph.op("LessOrEqual", squared, number(graph, estimator.radius**2))
        distance = graph.op("Sqrt", squared)
    else:
        distance = distances(graph, x, points, power)
        inside = graph.op("LessOrEqual", distance, number(graph, estimator.radius))
    weights = _weighed(estimator, graph, distance)
    return graph.op("Where", inside, weights, number(graph, 0.0))


@writes("sklearn.neighbors._regression.RadiusNeighborsRegressor")
def mean_within(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the targets within the radius; NaN where there is none."""
    weights, table = _within(estimator, graph, frame), _targets(estimator)
    return value(estimator, graph.op("Div", affine(graph, weights, table), total(graph, weights)), table.shape[1])


@writes("sklearn.neighbors._classification.RadiusNeighborsClassifier")
def shares_within(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The shares of the classes within the radius; the outlier label where there is none (NaN without one: scikit-learn raises)."""
    table, label = _one_hot(estimator), estimator.outlier_label_
    weights = _within(estimator, graph, frame)
    summed = affine(graph, weights, table)
    if label is None:
        return probabilities(estimator, graph, shares(graph, summed), label=place(graph, summed))
    known = np.flatnonzero(np.asarray(estimator.classes_) == np.ravel(label)[0])
    if len(known) != 1:
        raise Refused(estimator, f"its outlier label {label!r} is none of the classes")
    empty = graph.op("Equal", total(graph, weights), number(graph, 0.0))
    summed = graph.op("Where", empty, repeated(graph, summed, np.eye(table.shape[1])[known[0]]), summed)
    return probabilities(estimator, graph, shares(graph, summed), label=place(graph, summed))


@writes("sklearn.neighbors._nearest_centroid.NearestCentroid")
def centroids(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """With equal priors the label is the nearest centroid in the columns as they are; the scores measure in standardised columns."""
    if estimator.metric not in ("euclidean", "manhattan"):
        raise Refused(estimator, f"its metric is {estimator.metric!r}", "use euclidean or manhattan")
    x, classes = matrix(estimator, graph, frame), len(classes_of(estimator))
    spread = dense(estimator.within_class_std_dev_)
    spread = np.where(spread == 0, 1.0, spread)
    points, prior = dense(estimator.centroids_), dense(estimator.class_prior_)
    power = 2.0 if estimator.metric == "euclidean" else 1.0
    far = square(graph, distances(graph, centred(graph, x, 0.0, spread), points / spread, power))
    score = graph.op("Sub", number(graph, 2.0 * np.log(prior)), far)
    equal = np.isclose(prior, 1 / classes).all()
    label = place(graph, distances(graph, x, points, power), smallest=True) if equal else place(graph, score)
    if not hasattr(estimator, "decision_function"):
        return decided(estimator, graph, label)
    return margins(estimator, versus(graph, score, classes), label=label)


@writes("sklearn.neighbors._lof.LocalOutlierFactor")
def outlier_factor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The local outlier factor of new rows (novelty=True): neighbours' density over the row's own (Breunig et al. 2000)."""
    if not estimator.novelty:
        raise Refused(estimator, "it judges its own training rows only", "fit it with novelty=True")
    x, count = matrix(estimator, graph, frame), int(estimator.n_neighbors_)
    distance, places = nearest(graph, x, estimator._fit_X, count, power_of(estimator))
    reach = graph.op("Gather", number(graph, estimator._distances_fit_X_[:, count - 1]), places, axis=0)
    mean = graph.op("Div", total(graph, graph.op("Max", distance, reach)), number(graph, count))
    density = graph.op("Div", number(graph, 1.0), graph.op("Add", mean, number(graph, 1e-10)))
    theirs = graph.op("Gather", number(graph, estimator._lrd), places, axis=0)
    ratio = graph.op("Div", total(graph, graph.op("Div", theirs, density)), number(graph, count))
    return detector(estimator, graph, graph.op("Sub", graph.op("Neg", ratio), number(graph, estimator.offset_)))
