"""Gaussian mixtures, plain and Bayesian, of every kind of covariance: the probabilities of the components."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import matrix, native
from etabli.estimators.recipes import affine, column, log_sum_exp, number, place, square, total
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array


@writes("sklearn.mixture._gaussian_mixture.GaussianMixture", "sklearn.mixture._bayesian_mixture.BayesianGaussianMixture")
def mixture(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Raw is `predict_proba`, for two components its second column."""
    count = len(estimator.means_)
    if count < 2:
        raise Refused(estimator, "one component leaves nothing to tell")
    joint = graph.op("Add", graph.op("Mul", _squares(estimator, graph, frame), number(graph, -0.5)), number(graph, _constants(estimator)))
    made = graph.op("Exp", graph.op("Sub", joint, log_sum_exp(graph, joint)))
    label, classes = place(graph, joint), tuple(range(count))
    if count == 2:
        asked = native(lambda x: estimator.predict_proba(x)[:, 1])
        return Answer(column(graph, made, 1), "probability", asked, classes=classes, label=label)
    return Answer(made, "probability", native(estimator.predict_proba), classes=classes, label=label, outputs=count)


def _constants(estimator: Any) -> Array:
    """[components]: what a component's log probability has beside the squares, its log weight included."""
    from sklearn.mixture._gaussian_mixture import _compute_log_det_cholesky

    columns = estimator.means_.shape[1]
    constants = _compute_log_det_cholesky(estimator.precisions_cholesky_, estimator.covariance_type, columns)
    constants = constants - 0.5 * columns * np.log(2 * np.pi) + estimator._estimate_log_weights()
    if hasattr(estimator, "degrees_of_freedom_"):
        from scipy.special import digamma

        freedom = estimator.degrees_of_freedom_
        spread = columns * np.log(2.0) + np.sum(digamma(0.5 * (freedom - np.arange(columns)[:, None])), axis=0)
        constants = constants - 0.5 * columns * np.log(freedom) + 0.5 * (spread - columns / estimator.mean_precision_)
    return np.asarray(constants, np.float64)


def _squares(estimator: Any, graph: Graph, frame: Frame) -> str:
    """[rows, components]: squared Mahalanobis distances."""
    x, kind = matrix(estimator, graph, frame), estimator.covariance_type
    means, roots = estimator.means_, estimator.precisions_cholesky_
    count, columns = means.shape
    if kind in ("full", "tied"):
        all_roots = roots if kind == "full" else np.broadcast_to(roots, (count, *roots.shape))
        turned = affine(
            graph, x, np.concatenate(list(all_roots), axis=1), -np.concatenate([m @ r for m, r in zip(means, all_roots, strict=True)])
        )
        apart = graph.op("Reshape", turned, graph.const([-1, count, columns], np.int64))
        return total(graph, square(graph, apart), axis=2, keep=False)
    if kind not in ("diag", "spherical"):
        raise Refused(estimator, f"its covariance_type {kind!r} is not known")
    scale = roots if kind == "diag" else roots[:, None]
    apart = graph.op("Sub", graph.op("Unsqueeze", x, graph.const([1], np.int64)), number(graph, means[None]))
    return total(graph, square(graph, graph.op("Mul", apart, number(graph, scale[None]))), axis=2, keep=False)
