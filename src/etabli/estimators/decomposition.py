"""Linear projections: principal and independent components, factors, random projections, neighbourhood components.

Each is one product; what the library adds around it (means, whitening, a small inverse) is made of the estimator's own arrays in
their own precision, as the library does. Decompositions that solve a new problem for every row by iteration (NMF, dictionaries, latent
Dirichlet allocation) are refused (`refusals.py`); sparse principal components solve a ridge regression, whose inverse is stored.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import matrix
from etabli.estimators.recipes import affine, number
from etabli.estimators.recipes import dense as doubles
from etabli.estimators.writing import Frame, Part, writes
from etabli.graph.graph import Graph

_MODULE = "sklearn.decomposition."


def _block(tensor: str, width: int) -> Frame:
    return Frame((Part(tensor, width),))


@writes(_MODULE + "_pca.PCA", _MODULE + "_incremental_pca.IncrementalPCA")
def principal(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """x C' - mean C', over the standard deviations if whitened."""
    axes = estimator.components_.T
    made = affine(graph, matrix(estimator, graph, frame), axes, -(estimator.mean_.reshape(1, -1) @ axes))
    if estimator.whiten:
        scale = np.sqrt(estimator.explained_variance_)
        made = graph.op("Div", made, number(graph, np.maximum(scale, np.finfo(scale.dtype).eps)))
    return _block(made, axes.shape[1])


@writes(
    _MODULE + "_truncated_svd.TruncatedSVD",
    "sklearn.random_projection.GaussianRandomProjection",
    "sklearn.random_projection.SparseRandomProjection",
    "sklearn.neighbors._nca.NeighborhoodComponentsAnalysis",
)
def projection(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """x C'."""
    axes = doubles(estimator.components_).T
    return _block(affine(graph, matrix(estimator, graph, frame), axes), axes.shape[1])


@writes(_MODULE + "_fastica.FastICA")
def independent(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """(x - mean) C', without the mean if it was not whitened."""
    x, axes = matrix(estimator, graph, frame), estimator.components_.T
    if estimator.whiten:
        x = graph.op("Sub", x, number(graph, estimator.mean_))
    return _block(affine(graph, x, axes), axes.shape[1])


@writes(_MODULE + "_factor_analysis.FactorAnalysis")
def factors(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The posterior mean of the factors."""
    axes = estimator.components_
    weighted = axes / estimator.noise_variance_
    spread = np.linalg.inv(np.eye(len(axes)) + weighted @ axes.T)
    x = graph.op("Sub", matrix(estimator, graph, frame), number(graph, estimator.mean_))
    return _block(affine(graph, affine(graph, x, weighted.T), spread), len(axes))


@writes(_MODULE + "_sparse_pca.SparsePCA", _MODULE + "_sparse_pca.MiniBatchSparsePCA")
def sparse(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The ridge regression of a row on the components."""
    axes = doubles(estimator.components_)
    inverse = np.linalg.inv(axes @ axes.T + estimator.ridge_alpha * np.eye(len(axes)))
    x = graph.op("Sub", matrix(estimator, graph, frame), number(graph, estimator.mean_))
    return _block(affine(graph, affine(graph, x, axes.T), inverse), len(axes))
