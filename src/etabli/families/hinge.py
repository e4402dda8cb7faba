"""Newton's method for squared hinges and squared epsilon-insensitive losses, many problems at once (no family: `linearsvm.py` uses it).

Both losses are squares where they are not zero, so the curvature of a row is 2 or nothing, and Newton's method ends after a few steps,
once it knows which rows count (Keerthi & DeCoste 2005; Chapelle 2007). Every column of one matrix of weights is a problem of its own: a
class against the rest, a penalty, a part of the rows (by weights of zero). A single matrix product gives all margins; the Newton steps
are found by conjugate gradients, preconditioned in the eigenbasis of X'X, where every penalty is a shift of the diagonal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from etabli.records import Array

TOLERANCE = 1e-9  # largest entry of the gradient of the mean loss, on columns of unit scale
EIGEN_COLUMNS = 800  # more columns than this: the diagonal of X'X preconditions
BLOCK = 3_000_000  # margins held at once (24 MB an array)
STEPS, INNER, HALVINGS = 60, 200, 30


def minimise(x: Array, targets: Array, shares: Array, penalties: Array, width: float | None, stop: Callable[[], bool]) -> Array:
    """Weights [features + 1, problems], the last row the free intercepts: the mean loss + penalty |w|^2 / 2, each column apart.

    x: float64 [rows, features]. targets: [rows, problems], +1 and -1 for the squared hinge max(0, 1 - t z)^2 (width None), or numbers
    for max(0, |t - z| - width)^2. shares: [rows, problems], weights that add to 1 in each column. penalties: [problems]. `stop` is
    looked at before each Newton step.
    """
    ones = np.hstack([x, np.ones((len(x), 1))])
    basis = _basis(ones)
    found = np.zeros((ones.shape[1], len(penalties)))
    size = max(1, BLOCK // max(1, len(x)))
    for start in range(0, len(penalties), size):
        part = slice(start, start + size)
        found[:, part] = _solve(_Loss(ones, targets[:, part], shares[:, part], penalties[part], width), basis, stop)
    return found


def _basis(x: Array) -> tuple[Array, Array | None]:
    """Eigenvalues [columns, 1] and eigenvectors of X'X / rows, or its diagonal and None when there are many columns."""
    if x.shape[1] > EIGEN_COLUMNS:
        return (x * x).mean(axis=0)[:, None], None
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    return np.maximum(values, 0)[:, None], vectors


class _Loss:
    """The loss of a block of problems; `of` takes some of them."""

    def __init__(self, x: Array, targets: Array, shares: Array, penalties: Array, width: float | None) -> None:
        self.x, self.targets, self.shares, self.penalties, self.width = x, targets, shares, penalties, width
        self.free = np.ones((x.shape[1], 1))
        self.free[-1] = 0

    def of(self, some: Array) -> _Loss:
        """The problems for which `some` is true."""
        return _Loss(self.x, self.targets[:, some], self.shares[:, some], self.penalties[some], self.width)

    def at(self, w: Array) -> tuple[Array, Array, Array]:
        """Value [problems], gradient [columns, problems], curvature of the rows [rows, problems]."""
        z = self.x @ w
        if self.width is None:
            slack = np.maximum(1 - self.targets * z, 0)
            slope = -2 * self.targets * slack
        else:
            off = z - self.targets
            slack = np.maximum(np.abs(off) - self.width, 0)
            slope = 2 * np.sign(off) * slack
        shrunk = self.penalties * self.free * w
        value = (self.shares * slack**2).sum(axis=0) + (shrunk * w).sum(axis=0) / 2
        return value, self.x.T @ (self.shares * slope) + shrunk, 2 * self.shares * (slack > 0)


def _solve(loss: _Loss, basis: tuple[Array, Array | None], stop: Callable[[], bool]) -> Array:
    w = np.zeros((loss.x.shape[1], len(loss.penalties)))
    active = np.arange(len(loss.penalties))
    value, gradient, curvature = loss.at(w)
    for _ in range(STEPS):
        going = np.abs(gradient).max(axis=0) > TOLERANCE
        if not going.any() or stop():
            break
        if not going.all():
            loss, active, value, gradient, curvature = loss.of(going), active[going], value[going], gradient[:, going], curvature[:, going]
        step = _conjugate(loss, curvature, gradient, basis)
        slope = (gradient * step).sum(axis=0)
        length, here = np.ones(len(active)), w[:, active]
        made = loss.at(here + step)
        for _ in range(HALVINGS):
            bad = made[0] > value + 1e-4 * length * slope + 1e-14 * np.abs(value)
            if not bad.any():
                break
            length[bad] /= 2
            made = loss.at(here + length * step)
        else:
            length[bad] = 0  # no descent left at this precision: the problem is as good as it gets
        w[:, active] = here + length * step
        value, gradient, curvature = made
        gradient[:, length == 0] = 0
    return w


def _conjugate(loss: _Loss, curvature: Array, gradient: Array, basis: tuple[Array, Array | None]) -> Array:
    """The Newton step of each problem by preconditioned conjugate gradients."""
    values, vectors = basis
    scale = curvature.sum(axis=0) + 1e-12  # mean curvature [problems]
    shift = values * scale + loss.penalties + 1e-6 * scale
    shrink = loss.penalties * loss.free
    goal = np.minimum(0.1, np.sqrt(np.abs(gradient).max(axis=0))) ** 2

    def precondition(r: Array) -> Array:
        return r / shift if vectors is None else np.asarray(vectors @ ((vectors.T @ r) / shift))

    step, r = np.zeros_like(gradient), -gradient
    z = precondition(r)
    direction, rz = z, (r * z).sum(axis=0)
    goal = goal * rz
    for _ in range(INNER):
        curved = loss.x.T @ (curvature * (loss.x @ direction)) + shrink * direction
        bend = (direction * curved).sum(axis=0)
        going = (rz > goal) & (bend > 0)
        if not going.any():
            break
        length = np.where(going, rz / np.where(going, bend, 1), 0)
        step += length * direction
        r = r - length * curved
        z = precondition(r)
        new = (r * z).sum(axis=0)
        direction = np.where(going, z + new / np.where(going, rz, 1) * direction, 0)
        rz = np.where(going, new, 0)
    return step
