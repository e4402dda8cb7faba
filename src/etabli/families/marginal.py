"""Marginal likelihood of Gaussian processes and the search for its maximum (no family of its own: `gp.py` uses it).

The covariance of two rows is s2 k(r) with r the distance after each column is divided by its own length (automatic relevance
determination, Rasmussen & Williams 2006, chapter 5), and the noise's variance is added on the diagonal. Parameters are the logarithms
of the lengths, of s2 and of the noise's variance. The gradient for all lengths is one product: with M symmetric,
sum_ik M_ik (z_ij - z_kj)^2 = 2 (sum_i m_i z_ij^2 - z_j' M z_j), m the row sums, so an evaluation costs a factorisation and hardly more.

Lengths get the prior of Hvarfner et al. (2024), log-normal around e^sqrt(2) sqrt(p): many columns do not make every pair of rows far apart,
and columns that say nothing go to long lengths instead of being fitted to chance. The noise's variance gets one around 0.05 (a factor of
e^1.5 either way): some rows that happen to lie on a line do not make the rest certain.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from etabli.records import Array

LENGTHS, SIGNAL, NOISE = (0.05, 1e4), (0.05, 100.0), (1e-4, 2.0)  # bounds, of columns and a target of unit variance
LOUD = float(np.log(0.05))
STEPS = 25
STARTS = ((1.0, 1.0, 0.1), (0.25, 1.0, 0.01))  # (of the prior's middle length, s2, noise)


Shape = Callable[[Array], tuple[Array, Array]]  # squared distances d to (k, -2 dk/dd)


def _matern(d: Array) -> tuple[Array, Array]:
    r = np.sqrt(3.0 * d)
    power = np.exp(-r)
    return (1.0 + r) * power, 3.0 * power


def _rbf(d: Array) -> tuple[Array, Array]:
    power = np.exp(-0.5 * d)
    return power, power


SHAPES: dict[str, Shape] = {"matern": _matern, "rbf": _rbf}


def likelihood(theta: Array, x: Array, y: Array, unsure: Array, shape: Shape) -> tuple[float, Array]:
    """(log marginal likelihood, its gradient) of y ~ N(0, s2 k + noise diag(unsure)). theta: [columns + 2] logarithms of the lengths,
    of s2 and of the noise's variance. LinAlgError when the covariance is not positive definite in doubles."""
    from scipy.linalg import cholesky
    from scipy.linalg.lapack import dpotri

    columns = x.shape[1]
    z = x / np.exp(theta[:columns])
    signal, noise = np.exp(theta[columns:])
    lengths = (z * z).sum(axis=1)
    d = np.maximum(lengths[:, None] - 2.0 * (z @ z.T) + lengths, 0.0)
    np.fill_diagonal(d, 0.0)
    part, slope = shape(d)
    part = part * signal  # `part` and `slope` may be one array
    own = noise * unsure
    root = cholesky(part + np.diag(own), lower=True, check_finite=False)
    inverse = np.tril(dpotri(root, lower=1)[0])
    inverse += np.tril(inverse, -1).T
    solved = inverse @ y
    value = -0.5 * y @ solved - np.log(np.diag(root)).sum() - 0.5 * len(y) * np.log(2 * np.pi)
    pull = np.outer(solved, solved) - inverse
    bent = pull * slope * signal
    slopes = bent.sum(axis=1) @ (z * z) - ((bent @ z) * z).sum(axis=0)
    return float(value), np.concatenate([slopes, [0.5 * np.vdot(pull, part), 0.5 * np.diag(pull) @ own]])


def search(x: Array, y: Array, unsure: Array, shape: Shape, stop: Callable[[], bool]) -> tuple[Array, float, float]:
    """(lengths [columns], s2, noise) that maximise likelihood and prior, by L-BFGS from two starts. x, y: of about unit variance.
    unsure: [rows], what the noise's variance is multiplied by. `stop` is looked at before each start and after each step."""
    from scipy.optimize import minimize

    columns = x.shape[1]
    middle = np.sqrt(2.0) + 0.5 * np.log(max(columns, 1))
    bounds = np.log(np.array([LENGTHS] * columns + [SIGNAL, NOISE]))

    def loss(theta: Array) -> tuple[float, Array]:
        away = (theta[:columns] - middle) / 3.0
        try:
            value, gradient = likelihood(theta, x, y, unsure, shape)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros(len(theta))
        loud = (theta[-1] - LOUD) / 2.25
        gradient[:columns] -= away
        gradient[-1] -= loud
        return -(value - 0.5 * (3.0 * float(away @ away) + 2.25 * loud**2)), -gradient

    def watch(intermediate_result: object) -> None:
        if stop():
            raise StopIteration

    best, lowest = np.zeros(0), np.inf
    for factor, signal, noise in STARTS:
        start = np.append(np.full(columns, middle + np.log(factor)), np.log([signal, noise])).clip(bounds[:, 0], bounds[:, 1])
        if not len(best):
            best = start
        if stop():
            break
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, callback=watch, options={"maxiter": STEPS})
        if found.fun < lowest:
            best, lowest = found.x, float(found.fun)
    made = np.exp(best)
    return made[:columns], float(made[columns]), float(made[columns + 1])
