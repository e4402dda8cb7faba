"""Losses of one linear predictor with a squared penalty, all penalties at once (no family of its own).

Minimises  F(x w + c) + penalty |w|^2 / 2  with the intercept c free, where F is a mean over the rows and tells its first and second
derivative by each row's predictor. Weights are one array [columns, penalties]: a matrix product serves every penalty. Newton steps are
found by conjugate gradients, preconditioned in the eigenbasis of X'X, where a penalty is a shift of the diagonal (truncated Newton:
Nash 2000). The line search costs no product, because the predictor is a straight line along a step. `glm.py`, `huber.py` and
`quantile.py` use it; the logistic losses, with their many outputs, have `newton.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from etabli.records import Array

TOLERANCE = 1e-9  # largest entry of the gradient of the mean loss, on columns and targets of unit scale
EIGEN_COLUMNS = 800  # more columns than this: the diagonal of X'X preconditions
BLOCK = 3_000_000  # predictors held at once (24 MB an array)
STEPS, INNER, HALVINGS = 100, 200, 30


@dataclass(frozen=True)
class Point:
    """A loss at some predictors. value: [problems]. slope: its derivative by each predictor, the row's weight in it; bend: the second
    derivative; both [rows, problems]. less: [rows, problems] or None: where rows share a parameter that the loss keeps at its best, the
    second derivative is the diagonal `bend` less the product of `less` with itself."""

    value: Array
    slope: Array
    bend: Array
    less: Array | None = None

    def of(self, problems: Array) -> Point:
        """Some of the problems."""
        less = None if self.less is None else self.less[:, problems]
        return Point(self.value[problems], self.slope[:, problems], self.bend[:, problems], less)

    def times(self, move: Array) -> Array:
        """The second derivative times changes of the predictors [rows, problems]."""
        made = self.bend * move
        return made if self.less is None else made - self.less * (self.less * move).sum(axis=0)


class Loss(Protocol):
    """A mean loss over the rows, convex in the predictors."""

    def at(self, eta: Array) -> Point:
        """From predictors [rows, problems]."""
        ...


def shares(weight: Array | None, rows: int) -> Array:
    """Weights that add to one: [rows]."""
    return np.full(rows, 1 / rows) if weight is None else weight / weight.sum()


def quantile(y: Array, share: Array, level: float) -> float:
    """The weighted quantile: the least value of y that has at least `level` of the weight at or below it."""
    level -= 1e-9  # a sum of weights that is the level but for its last bits counts as reaching it
    return float(np.quantile(y, level, weights=share, method="inverted_cdf"))


def spread(y: Array, share: Array) -> tuple[float, float]:
    """(median, scale): a scale that gross errors do not move, the median absolute deviation over 0.6745; the mean absolute deviation
    where more than half the values are one value; 1 where all are."""
    centre = quantile(y, share, 0.5)
    away = np.abs(y - centre)
    return centre, quantile(away, share, 0.5) / 0.6745 or float(share @ away) or 1.0


def solve(x: Array, loss: Loss, share: Array, penalties: Sequence[float], stop: Callable[[], bool], start: Array | None = None) -> Array:
    """Weights [features + 1, penalties], the last row the intercepts. x: float64 [rows, features]. start: where to begin, or zero.
    `stop` is looked at before each Newton step: what is there then is given."""
    design = np.hstack([x, np.ones((len(x), 1))])
    basis = _basis(design, share)
    found = np.zeros((design.shape[1], len(penalties))) if start is None else start.copy()
    order = np.argsort(penalties)[::-1]  # strong penalties first: a block starts from the last solution of the one before
    size = max(1, min(len(order), BLOCK // len(x)))
    for place in range(0, len(order), size):
        block = order[place : place + size]
        if place and start is None:
            found[:, block] = found[:, order[[place - 1]]]
        found[:, block] = _newton(design, loss, np.asarray(penalties, np.float64)[block], found[:, block], basis, stop)
    return found


def _basis(x: Array, share: Array) -> tuple[Array, Array | None]:
    """Eigenvalues [columns, 1] and eigenvectors of X' diag(share) X, or its diagonal and None when there are many columns."""
    if x.shape[1] > EIGEN_COLUMNS:
        return (share @ (x * x))[:, None], None
    values, vectors = np.linalg.eigh((x * share[:, None]).T @ x)
    return np.maximum(values, 0)[:, None], vectors


def _newton(x: Array, loss: Loss, penalty: Array, w: Array, basis: tuple[Array, Array | None], stop: Callable[[], bool]) -> Array:
    """Newton steps with halving; a problem that is solved leaves the arrays."""
    found, active = w, np.arange(len(penalty))
    free = np.ones((x.shape[1], 1))
    free[-1] = 0
    eta = x @ w
    point = loss.at(eta)
    value = point.value + (penalty * free * w * w).sum(axis=0) / 2
    for _ in range(STEPS):
        gradient = x.T @ point.slope + penalty[active] * free * w
        going = np.abs(gradient).max(axis=0) > TOLERANCE
        if not going.any() or stop():
            break
        active, value, point = active[going], value[going], point.of(going)
        w, eta, gradient = w[:, going], eta[:, going], gradient[:, going]
        ridge = penalty[active] * free
        step = _conjugate(x, point, gradient, ridge, basis)
        move, descent, length = x @ step, (gradient * step).sum(axis=0), np.ones(len(active))
        for _ in range(HALVINGS):
            made = loss.at(eta + length * move)
            reached = w + length * step
            total = made.value + (ridge * reached * reached).sum(axis=0) / 2
            bad = ~(total <= value + 1e-4 * length * descent + 1e-14 * np.abs(value))
            if not bad.any():
                break
            length[bad] /= 2
        moved = ~bad  # where there is no descent left at this precision the problem is as good as it gets
        active, w, eta, value = active[moved], reached[:, moved], (eta + length * move)[:, moved], total[moved]
        point = made.of(moved)
        found[:, active] = w
        if not len(active):
            break
    return found


def _conjugate(x: Array, point: Point, gradient: Array, ridge: Array, basis: tuple[Array, Array | None]) -> Array:
    """The Newton steps [columns, problems] by preconditioned conjugate gradients, each to its own relative accuracy."""
    values, vectors = basis
    scale = point.bend.sum(axis=0) + 1e-300
    shift = values * scale + ridge.max(axis=0) + 1e-6 * scale

    def precondition(r: Array) -> Array:
        return r / shift if vectors is None else np.asarray(vectors @ ((vectors.T @ r) / shift))

    accuracy = np.minimum(0.1, np.sqrt(np.abs(gradient).max(axis=0)))
    step, r = np.zeros_like(gradient), -gradient
    first = direction = z = precondition(r)
    rz = (r * z).sum(axis=0)
    goal = accuracy**2 * rz
    for _ in range(INNER):
        curved = x.T @ point.times(x @ direction) + ridge * direction
        along = (direction * curved).sum(axis=0)
        going = (along > 0) & (rz > goal)
        if not going.any():
            break
        length = np.where(going, rz / np.where(going, along, 1), 0)
        step += length * direction
        r = r - length * curved
        z = precondition(r)
        new = (r * z).sum(axis=0)
        direction = z + np.where(rz > 0, new / np.where(rz > 0, rz, 1), 0) * direction
        rz = np.where(going, new, 0)
    return np.where((step == 0).all(axis=0), first, step)  # without curvature along it: the scaled gradient itself
