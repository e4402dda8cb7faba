"""Discriminant analysis: linear (one product) and quadratic (a rotation and squares a class)."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of, margins, matrix, versus
from etabli.estimators.linear import scores
from etabli.estimators.recipes import affine, dense, number, place, square, total
from etabli.estimators.writing import Answer, Frame, Part, writes
from etabli.graph.graph import Graph


@writes("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
def linear(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Linear margins; as a transformer the discriminant coordinates (not for the lsqr solver, which has none)."""
    raw, _ = scores(estimator, graph, frame)
    if estimator.solver == "lsqr":
        return margins(estimator, raw)
    x, rotation = matrix(estimator, graph, frame), dense(estimator.scalings_)[:, : estimator._max_components]
    if estimator.solver == "svd":
        x = graph.op("Sub", x, number(graph, estimator.xbar_))
    return margins(estimator, raw, values=Part(affine(graph, x, rotation), rotation.shape[1]))


@writes("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
def quadratic(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Log likelihoods of normal classes, each with its own covariance."""
    x, classes = matrix(estimator, graph, frame), len(classes_of(estimator))
    far = []
    for mean, rotation, scaling in zip(estimator.means_, estimator.rotations_, estimator.scalings_, strict=True):
        turned = affine(graph, graph.op("Sub", x, number(graph, mean)), rotation * scaling ** (-0.5))
        far.append(total(graph, square(graph, turned)))
    volumes = np.array([np.sum(np.log(scaling)) for scaling in estimator.scalings_])
    halves = graph.op("Mul", graph.op("Add", graph.op("Concat", *far, axis=1), number(graph, volumes)), number(graph, -0.5))
    score = graph.op("Add", halves, number(graph, np.log(estimator.priors_)))
    return margins(estimator, versus(graph, score, classes), label=place(graph, score))
