"""Maps by kernels: kernel ridge regression, kernel principal components, Nystroem's approximation, random Fourier features, label spreading."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import matrix, probabilities, value
from etabli.estimators.kernels import pairwise
from etabli.estimators.nearest import nearest
from etabli.estimators.recipes import affine, cosine, dense, number, place, shares, square_distances, total
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph


def _unextended(estimator: Any) -> None:
    if getattr(estimator, "kernel_params", None):
        raise Refused(estimator, "kernel_params is for kernels that are functions")


@writes("sklearn.kernel_ridge.KernelRidge")
def ridge(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The kernel against the training rows times the dual coefficients."""
    _unextended(estimator)
    x, weights = matrix(estimator, graph, frame), dense(estimator.dual_coef_)
    weights = weights.reshape(len(weights), -1)
    kernel = pairwise(estimator, graph, x, estimator.X_fit_, estimator.kernel, estimator.gamma, estimator.degree, estimator.coef0)
    return value(estimator, affine(graph, kernel, weights), weights.shape[1])


@writes("sklearn.decomposition._kernel_pca.KernelPCA")
def components(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The centred kernel times the scaled eigenvectors; directions of eigenvalue zero give zero."""
    _unextended(estimator)
    x = matrix(estimator, graph, frame)
    kernel = pairwise(estimator, graph, x, estimator.X_fit_, estimator.kernel, estimator.gamma_, estimator.degree, estimator.coef0)
    rows, everything = dense(estimator._centerer.K_fit_rows_), float(estimator._centerer.K_fit_all_)
    mean = graph.op("Div", total(graph, kernel), number(graph, len(rows)))
    middle = graph.op("Add", graph.op("Sub", graph.op("Sub", kernel, number(graph, rows)), mean), number(graph, everything))
    values, vectors = dense(estimator.eigenvalues_), dense(estimator.eigenvectors_)
    axes = np.where(values == 0, 0.0, vectors / np.sqrt(np.where(values == 0, 1.0, values)))
    return Frame((Part(affine(graph, middle, axes), axes.shape[1]),))


@writes("sklearn.kernel_approximation.Nystroem")
def landmarks(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The kernel against the landmarks, whitened."""
    _unextended(estimator)
    x, gamma = matrix(estimator, graph, frame), estimator.gamma
    settings = {key: found for key in ("degree", "coef0") if (found := getattr(estimator, key)) is not None}
    kernel = pairwise(estimator, graph, x, estimator.components_, estimator.kernel, gamma, **settings)
    return Frame((Part(affine(graph, kernel, estimator.normalization_.T), len(estimator.normalization_)),))


@writes("sklearn.kernel_approximation.RBFSampler", "sklearn.kernel_approximation.SkewedChi2Sampler")
def waves(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Cosines of random projections (Rahimi & Recht 2007), of logarithms for the skewed chi-squared kernel (NaN outside its range)."""
    x = matrix(estimator, graph, frame)
    if hasattr(estimator, "skewedness"):
        x = graph.op("Log", graph.op("Add", x, number(graph, estimator.skewedness)))
    made = cosine(graph, affine(graph, x, estimator.random_weights_, estimator.random_offset_))
    scaled = graph.op("Mul", made, number(graph, (2.0 / estimator.n_components) ** 0.5))
    return Frame((Part(scaled, int(estimator.n_components)),))


@writes("sklearn.semi_supervised._label_propagation.LabelPropagation", "sklearn.semi_supervised._label_propagation.LabelSpreading")
def spreading(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Label distributions of the training rows, weighed by the kernel or summed over neighbours."""
    x, points = matrix(estimator, graph, frame), dense(estimator.X_)
    if estimator.kernel == "rbf":
        by_kernel = graph.op("Exp", graph.op("Mul", square_distances(graph, x, points), number(graph, -float(estimator.gamma))))
        summed = affine(graph, by_kernel, estimator.label_distributions_)
    elif estimator.kernel == "knn":
        _, places = nearest(graph, x, points, int(estimator.n_neighbors), 2.0)
        summed = total(graph, graph.op("Gather", number(graph, estimator.label_distributions_), places, axis=0), axis=1, keep=False)
    else:
        raise Refused(estimator, "its kernel is a function of its own")
    return probabilities(estimator, graph, shares(graph, summed), label=place(graph, summed))
