"""Newton's method for logistic losses, all penalties at once (no family of its own: `logistic.py` uses it).

Weights are one array [columns, outputs, penalties]: a single matrix product gives every margin of every penalty. Two classes are left to
`quasi.py`, which is three times as fast; what it does not finish (classes that a plane separates, mostly) and everything else is done here.
Newton steps are found by conjugate gradients, preconditioned in the eigenbasis of X'X, where every penalty is a shift of the diagonal
(truncated Newton: Nash 2000; Komarek & Moore 2005 for the logistic loss). Step halving per problem; converged problems leave the arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from etabli.families import quasi
from etabli.records import Array

TOLERANCE = 5e-9  # largest entry of the gradient of the mean loss, on columns of unit scale
EIGEN_COLUMNS = 800  # more columns than this: the diagonal of X'X preconditions
BLOCK = 3_000_000  # margins held at once (24 MB an array)
LARGE, SPARSE = 200_000, 0.15  # cells from which, and share of cells that are not 0 up to which, the matrix is made sparse
STEPS, INNER, HALVINGS = 100, 200, 30


def minimise(x: Array, y: Array, outputs: int, weight: Array | None, penalties: Sequence[float], stop: Callable[[], bool]) -> Array:
    """Weights [features + 1, outputs, penalties] of penalised logistic regressions, the last row the free intercepts.

    Minimises the mean loss + penalty |W|^2 / 2. x: float64 [rows, features]. y: int64 class numbers [rows]. outputs: 1 for
    two classes (the margin of class 1), else one a class (softmax). `stop` is looked at before each Newton step.
    """
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    strength = np.asarray(penalties, np.float64)
    order = np.argsort(strength)[::-1]  # strong penalties first: each block starts from the last solution of the one before
    found = np.zeros((x.shape[1] + 1, outputs, len(order)))
    if outputs == 1 and x.shape[1] < EIGEN_COLUMNS and not _empty(x):
        found[:, 0], done = quasi.minimise(x, y, share, strength, TOLERANCE, stop)
        order = order[~done[order]]
        if not len(order):
            return found
    size = max(1, min(len(order), BLOCK // max(1, len(y) * outputs)))
    ones = np.hstack([x, np.ones((len(x), 1))])
    basis, ones = _basis(ones, share), _without_zeros(ones)
    start: Array | None = None
    for place in range(0, len(order), size):
        block = order[place : place + size]
        begun = found[:, :, block] if start is None else np.repeat(start, len(block), axis=2)
        solved = _solve(ones, y, share, strength[block], begun, basis, stop)
        found[:, :, block] = solved
        start = solved[:, :, -1:]
    if outputs > 1:  # a softmax does not know the level of its margins: the intercepts add to zero
        found[-1] -= found[-1].mean(axis=0)
    return found


def _basis(x: Array, share: Array) -> tuple[Array, Array | None]:
    """Eigenvalues [columns, 1, 1] and eigenvectors of X' diag(share) X, or its diagonal and None when there are many columns."""
    if x.shape[1] > EIGEN_COLUMNS:
        return (share @ (x * x))[:, None, None], None
    values, vectors = np.linalg.eigh((x * share[:, None]).T @ x)
    return np.maximum(values, 0)[:, None, None], vectors


def _empty(x: Array) -> bool:
    """Large and nearly empty (words of texts)."""
    return bool(x.size >= LARGE and np.count_nonzero(x) <= SPARSE * x.size)


def _without_zeros(x: Array) -> Any:
    """The same matrix as a sparse one when it is large and nearly empty: products cost a twentieth."""
    if not _empty(x):
        return x
    from scipy.sparse import csr_array

    return csr_array(x)


def _product(x: Any, w: Array) -> Array:
    """[rows, outputs, problems] (or [columns, ...] from the transposed x) in one matrix product."""
    return np.asarray((x @ w.reshape(w.shape[0], -1)).reshape(x.shape[0], *w.shape[1:]))


class _Loss:
    """The mean loss of all problems: value [problems], gradient, and products with the curvature. Binary when outputs is 1."""

    def __init__(self, x: Any, y: Array, share: Array, penalty: Array, outputs: int) -> None:
        self.x, self.share, self.penalty = x, share[:, None, None], penalty
        self.free = np.ones((x.shape[1], 1, 1))
        self.free[-1] = 0
        self.y = (y[:, None] if outputs == 1 else y[:, None] == np.arange(outputs)).astype(np.float64)[:, :, None]

    def at(self, w: Array, active: Array) -> tuple[Array, Array, Array]:
        """Value [problems], gradient [columns, outputs, problems], probabilities [rows, outputs, problems]."""
        z = _product(self.x, w)
        if z.shape[1] == 1:
            probability = np.tanh(z / 2) / 2 + 0.5
            log = np.logaddexp(0, z) - self.y * z
        else:
            top = z.max(axis=1, keepdims=True)
            power = np.exp(z - top)
            total = power.sum(axis=1, keepdims=True)
            probability = power / total
            log = np.log(total) + top - (self.y * z).sum(axis=1, keepdims=True)
        ridge = self.penalty[active] * self.free * w
        value = (self.share * log).sum(axis=(0, 1)) + (ridge * w).sum(axis=(0, 1)) / 2
        return value, _product(self.x.T, self.share * (probability - self.y)) + ridge, probability

    def curve(self, probability: Array, v: Array, active: Array) -> Array:
        """The Hessian times v."""
        u = _product(self.x, v)
        u = u - (probability * u).sum(axis=1, keepdims=True) if u.shape[1] > 1 else u * (1 - probability)
        return np.asarray(_product(self.x.T, self.share * probability * u) + self.penalty[active] * self.free * v)


def _solve(x: Any, y: Array, share: Array, penalty: Array, w: Array, basis: tuple[Array, Array | None], stop: Callable[[], bool]) -> Array:
    loss = _Loss(x, y, share, penalty, w.shape[1])
    active = np.arange(len(penalty))
    value, gradient, probability = loss.at(w, active)
    for _ in range(STEPS):
        size = np.abs(gradient).max(axis=(0, 1))
        going = size > TOLERANCE
        if not going.any() or stop():
            break
        active, value, gradient, probability, size = active[going], value[going], gradient[..., going], probability[..., going], size[going]
        step = _conjugate(loss, probability, gradient, active, basis, np.minimum(0.1, np.sqrt(size)))
        slope = (gradient * step).sum(axis=(0, 1))
        length = np.ones(len(active))
        here = w[:, :, active]
        for _ in range(HALVINGS):
            made = loss.at(here + length * step, active)
            bad = made[0] > value + 1e-4 * length * slope + 1e-14 * np.abs(value)
            if not bad.any():
                break
            length[bad] /= 2
        else:
            length[bad] = 0  # no descent left at this precision: the problem is as good as it gets
            made = loss.at(here + length * step, active)
        w[:, :, active] = here + length * step
        moved = length > 0
        value, gradient, probability = (part[..., moved] for part in made)
        active = active[moved]
    return w


def _conjugate(
    loss: _Loss, probability: Array, gradient: Array, active: Array, basis: tuple[Array, Array | None], accuracy: Array
) -> Array:
    """The Newton step by preconditioned conjugate gradients, each problem to its own relative accuracy."""
    values, vectors = basis
    scale = (loss.share * probability * (1 - probability)).sum(axis=0) + 1e-300  # mean curvature [outputs, problems]
    shift = values * scale + loss.penalty[active] + 1e-6 * scale

    def precondition(r: Array) -> Array:
        return r / shift if vectors is None else _product(vectors, _product(vectors.T, r) / shift)

    step, r = np.zeros_like(gradient), -gradient
    z = precondition(r)
    direction, rz = z, (r * z).sum(axis=(0, 1))
    goal = accuracy**2 * rz
    place = np.arange(len(active))  # of the problems still going; the others leave the arrays
    for _ in range(INNER):
        curved = loss.curve(probability, direction, active)
        bend = (direction * curved).sum(axis=(0, 1))
        fine = bend > 0
        length = np.where(fine, rz / np.where(fine, bend, 1), 0)
        step[..., place] += length * direction
        r = r - length * curved
        z = precondition(r)
        new = (r * z).sum(axis=(0, 1))
        going = fine & (new > goal)
        if not going.any():
            break
        direction = z + new / rz * direction
        rz = new
        if not going.all():
            place, active, goal, rz = place[going], active[going], goal[going], rz[going]
            r, direction, probability, shift = (np.ascontiguousarray(part[..., going]) for part in (r, direction, probability, shift))
    return step
