"""Gaussian processes: the kernel against the training rows, then a weighted sum.

The regression gives the mean; its bound follows from its weights, which grow as the noise shrinks (`answers.summation`). The classification gives Laplace's approximation (Rasmussen & Williams 2006, algorithm 3.2): the latent
mean and variance, and their average over the logistic by scikit-learn's mixture of five error functions (Williams & Barber 1998). The
mixture weighs by up to 3517 and cancels down to a probability: each term is rounded at some 2e-13, so two evaluations agree to 1e-12 and no
better (measured: 1.0e-12 at most over eight models; half of the rows within 1e-13). Its answers carry a bound of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of, matrix, probabilities, summation, value
from etabli.estimators.kernels import covariance, variance
from etabli.estimators.recipes import above, affine, dense, erf, number, place, shares, square, total
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph

LAMBDAS = np.array([0.41, 0.4, 0.37, 0.44, 0.39])
BOUND = 5e-12  # five terms of up to 1758, four roundings each
COEFS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])


@writes("sklearn.gaussian_process._gpr.GaussianProcessRegressor")
def regression(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The posterior mean, of one target or several."""
    if not hasattr(estimator, "X_train_"):
        raise Refused(estimator, "it is not fitted")
    x = matrix(estimator, graph, frame)
    weights = dense(estimator.alpha_)
    weights = weights.reshape(len(weights), -1)
    mean = affine(graph, covariance(estimator, graph, x, estimator.kernel_, estimator.X_train_), weights)
    scaled = graph.op("Mul", mean, number(graph, np.reshape(estimator._y_train_std, -1)))
    raw = graph.op("Add", scaled, number(graph, np.reshape(estimator._y_train_mean, -1)))
    size = float(np.max(estimator.kernel_.diag(estimator.X_train_)) * np.max(estimator._y_train_std))
    return value(
        estimator, raw, weights.shape[1], bound=summation(weights, size, float(np.abs(estimator.predict(estimator.X_train_)).max()))
    )


@writes("sklearn.gaussian_process._gpc.GaussianProcessClassifier")
def classification(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Two classes, or one against the rest for each of several."""
    classes, x = len(classes_of(estimator)), matrix(estimator, graph, frame)
    if classes == 2:
        share, mean = _binary(estimator, estimator.base_estimator_, graph, x)
        made = graph.op("Concat", graph.op("Sub", number(graph, 1.0), share), share, axis=1)
        return probabilities(estimator, graph, made, label=above(graph, mean), bound=BOUND)
    if estimator.multi_class != "one_vs_rest":
        raise Refused(estimator, "one_vs_one has no probabilities", 'use multi_class="one_vs_rest"')
    rest = [_binary(estimator, part, graph, x)[0] for part in estimator.base_estimator_.estimators_]
    together = graph.op("Concat", *rest, axis=1)
    return probabilities(estimator, graph, shares(graph, together), label=place(graph, together), bound=BOUND)


def _binary(owner: Any, part: Any, graph: Graph, x: str) -> tuple[str, str]:
    """([rows, 1] the probability of the second class, [rows, 1] the latent mean)."""
    from scipy.linalg import solve

    kernel = covariance(owner, graph, x, part.kernel_, part.X_train_)
    mean = affine(graph, kernel, (part.y_train_ - part.pi_)[:, None])
    spread = solve(part.L_, np.diag(part.W_sr_))  # [rows of training]^2: the latent variance is the prior's less |spread k|^2
    prior = variance(owner, graph, x, part.kernel_)
    prior = number(graph, prior) if isinstance(prior, float) else prior
    var = graph.op("Sub", prior, total(graph, square(graph, affine(graph, kernel, spread.T))))
    two = number(graph, 2.0)
    alpha = graph.op("Div", number(graph, 1.0), graph.op("Mul", two, var))
    gamma = graph.op("Mul", mean, number(graph, LAMBDAS))
    under = graph.op("Sqrt", graph.op("Div", alpha, graph.op("Add", alpha, number(graph, LAMBDAS**2))))
    ratio = graph.op("Mul", graph.op("Sqrt", graph.op("Div", number(graph, np.pi), alpha)), erf(graph, graph.op("Mul", gamma, under)))
    norm = graph.op("Mul", two, graph.op("Sqrt", graph.op("Mul", graph.op("Mul", var, two), number(graph, np.pi))))
    mixed = graph.op("Mul", graph.op("Div", ratio, norm), number(graph, COEFS))
    return graph.op("Add", total(graph, mixed), number(graph, 0.5 * COEFS.sum())), mean
