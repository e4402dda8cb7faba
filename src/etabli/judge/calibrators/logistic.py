"""Logistic regression on one to three features of a probability, as temperature, Platt and beta calibration all are.

Sixty candidates times five folds are fitted before a comparison is ranked, so it must take well under a millisecond: rows
are first added up in 2 048 cells of the logit (their mean logit stands for them; the error is of the order of the square of
a cell's width, .013), then Newton's method runs on the cells. A prior worth about one row pulls towards "as it is", so that
separable or few rows give a finite, sensible answer.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.calibrators.calibrator import EPS, STEEP
from etabli.records import Array

CELLS = 2_048


def logit(p: Array) -> Array:
    """log(p / (1 - p)) of probabilities kept EPS away from 0 and 1."""
    p = np.clip(p, EPS, 1 - EPS)
    return np.asarray(np.log(p) - np.log(1 - p))


def cells(y: Array, p: Array, weight: Array | None = None) -> tuple[Array, Array, Array]:
    """Mean logit, number of rows, number of positives (both weighed); one entry a row when there are few rows."""
    z = logit(p)
    w = np.ones(len(z)) if weight is None else weight
    if len(z) <= CELLS:
        return z, w, w * y
    edge = -float(logit(np.zeros(1))[0])
    cell = np.clip(((z + edge) * (CELLS / (2 * edge))).astype(np.int64), 0, CELLS - 1)
    rows = np.bincount(cell, w, CELLS)
    used = rows > 0
    return (
        np.bincount(cell, w * z, CELLS)[used] / rows[used],
        rows[used],
        np.bincount(cell, w * y, CELLS)[used],
    )


def newton(features: Array, rows: Array, positives: Array, prior: Array) -> Array:
    """The maximum of the penalised likelihood [d]. features: [cells, d]; prior: [d], where a penalty of one row pulls to."""

    def loss(theta: Array) -> float:
        t = features @ theta
        return float(rows @ np.logaddexp(0, t) - positives @ t + 0.5 * ((theta - prior) ** 2).sum())

    theta, now = prior.astype(np.float64), loss(prior)
    for _ in range(50):
        q = 1 / (1 + np.exp(-np.clip(features @ theta, -500, 500)))
        slope = features.T @ (rows * q - positives) + theta - prior
        curve = (features * (rows * q * (1 - q))[:, None]).T @ features + np.eye(len(theta))
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while (new := loss(theta - size * step)) > now and size > 1e-6:
            size /= 2
        if new > now:
            break
        theta, gain, now = theta - size * step, now - new, new
        if gain < 1e-10 * (1 + abs(now)):
            break
    return theta


def steepness(value: float) -> float:
    """An exponent within what the graph can carry: rising, finite."""
    return float(min(max(value, 1e-3), STEEP))
