"""Least squares on several folds at once, for every penalty: what `ridge.py`, `lasso.py`, `elasticnet.py` and `ols.py` share (no family
of its own).

A fold is reduced once to its centred normal equations, X'X and X'y: from there on no row is looked at again, and twenty penalties
cost less than one pass over the rows. Sparse paths go from the strongest penalty to the weakest, each starting from the last solution,
all folds side by side (`quadratic.py`). With more columns than `GRAM`, or than four times the rows, there is no X'X of all columns: the
path works on the few columns that may be in the model and then looks at all of them, until none outside wants in (a working set: Johnson &
Guestrin 2015).
Measured on 2 000 x 20 with five folds: 20 lasso penalties take 7 ms, scikit-learn's grid search 200 ms, its LassoCV 17 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from etabli.families import quadratic
from etabli.records import Array, Data

GRAM = 800  # columns up to which X'X is made of all of them, unless they are more than four times the rows
ROUNDS = 1_000  # growths of the working set for one penalty; a few are the rule
ENTER = 20  # columns that may enter the working set at a time


@dataclass(frozen=True)
class Centred:
    """A fold's rows, centred and scaled so that sums are weighted means: z [rows, width], t [rows]; what was taken off; and the
    weighted standard deviation of the target."""

    z: Array
    t: Array
    centre: Array
    mean: float
    spread: float

    def intercepts(self, coefficients: Array) -> Array:
        """[penalties] of coefficients [width, penalties]."""
        return np.asarray(self.mean - self.centre @ coefficients)


def centred(x: Array, y: Array, weight: Array | None) -> Centred:
    """x: float64 [rows, width]. weight: [rows] or None."""
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    centre, mean = share @ x, float(share @ y)
    root = np.sqrt(share)
    t = (y - mean) * root
    z = x - centre
    z *= root[:, None]
    return Centred(z, t, centre, mean, float(np.sqrt(t @ t)))


@cache
def controller() -> Any:
    """Looks for the libraries of matrix products, once a process: it takes 20 milliseconds, so a worker does it before it forks."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which matrix products use one thread: the same bits on any number of cores."""
    return controller().limit(limits=1)


def directions(data: Data) -> Array | None:
    """The declared directions [width], or None when there is none."""
    made = np.array([feature.direction for feature in data.features], np.int64)
    return made if made.any() else None


# ridge ---------------------------------------------------------------------------------------------------------------


def ridge(fold: Centred, penalties: Sequence[float]) -> Array:
    """Coefficients [width, penalties] by one eigendecomposition, in the smaller of rows and columns. Directions that the data do not
    span (constant and duplicate columns) get coefficient zero instead of amplified rounding."""
    z, t = fold.z, fold.t
    wide = z.shape[1] > z.shape[0]
    values, vectors = np.linalg.eigh(z @ z.T if wide else z.T @ z)
    spanned = values > max(z.shape) * np.finfo(np.float64).eps * max(values.max(initial=0.0), np.finfo(np.float64).tiny)
    values, vectors = values[spanned, None], vectors[:, spanned]
    shrunk = (vectors.T @ (t if wide else z.T @ t))[:, None] / (values + np.asarray(penalties, np.float64))
    return np.asarray(z.T @ (vectors @ shrunk) if wide else vectors @ shrunk)


def signed_ridge(fold: Centred, penalties: Sequence[float], direction: Array) -> Array:
    """Ridge regressions whose declared coefficients keep their sign, [width, penalties]."""
    z, told, back = turned(fold.z, direction)
    gram, linear, b = (z.T @ z)[None], (z.T @ fold.t)[None], np.zeros((1, z.shape[1]))
    found = np.zeros((z.shape[1], len(penalties)))
    for place in np.argsort(penalties)[::-1]:
        b = quadratic.minimise(gram, linear, 0.0, float(penalties[place]), b, told)
        found[:, place] = b[0]
    return back(found)


def turned(x: Array, direction: Array) -> tuple[Array, Array, Callable[[Array], Array]]:
    """(a matrix of fewer columns, their directions, the way back for coefficients [columns, ...]).

    Where the columns without a direction are more than the rows, they are turned onto their principal directions: the coefficients of least
    square lie in them, and their length does not change. Otherwise nothing is done.
    """
    free, signed = np.flatnonzero(direction == 0), np.flatnonzero(direction)
    if len(free) <= len(x):
        return x, direction, lambda found: found
    turn = np.linalg.svd(x[:, free], full_matrices=False)[2].T

    def back(found: Array) -> Array:
        made = np.zeros((x.shape[1], *found.shape[1:]))
        made[free] = np.tensordot(turn, found[: turn.shape[1]], axes=1)
        made[signed] = found[turn.shape[1] :]
        return made

    told = np.concatenate([np.zeros(turn.shape[1], np.int64), direction[signed]])
    return np.hstack([x[:, free] @ turn, x[:, signed]]), told, back


# sparse paths --------------------------------------------------------------------------------------------------------


def sparse(
    folds: Sequence[Centred], penalties: Sequence[float], l1_ratio: float, told: Sequence[Array | None], stop: Callable[[], bool]
) -> list[Array]:
    """Coefficients [width, penalties] a fold (told: its directions), of elastic nets on a target of unit spread:
    mean squared error / 2 + penalty (l1_ratio |b|_1 + (1 - l1_ratio) |b|^2 / 2). When `stop` says so, the weaker penalties get the last
    solution."""
    order = np.argsort(penalties)[::-1]
    steps = [(float(penalties[place]) * l1_ratio, float(penalties[place]) * (1 - l1_ratio)) for place in order]
    found: dict[int, Array] = {}
    alike: dict[tuple[int, bytes], list[int]] = {}  # folds of one width and the same directions go side by side
    for number, fold in enumerate(folds):
        if fold.z.shape[1] > min(GRAM, 4 * len(fold.z)):
            found[number] = _wide(fold, steps, told[number], stop)
        else:
            direction = told[number]
            alike.setdefault((fold.z.shape[1], b"" if direction is None else direction.tobytes()), []).append(number)
    for numbers in alike.values():
        found |= zip(numbers, _stacked([folds[number] for number in numbers], steps, told[numbers[0]], stop), strict=True)
    made = []
    for number, fold in enumerate(folds):
        coefficients = np.empty_like(found[number])
        coefficients[:, order] = found[number] * fold.spread
        made.append(coefficients)
    return made


def _stacked(folds: Sequence[Centred], steps: Sequence[tuple[float, float]], direction: Array | None, stop: Callable[[], bool]) -> Array:
    """[folds, width, penalties], strongest penalty first, on the normal equations of all columns."""
    gram = np.stack([fold.z.T @ fold.z for fold in folds])
    linear = np.stack([fold.z.T @ fold.t / (fold.spread or 1.0) for fold in folds])
    b, found = np.zeros(linear.shape), np.zeros((*linear.shape, len(steps)))
    for place, (l1, l2) in enumerate(steps):
        if not stop():
            b = quadratic.minimise(gram, linear, l1, l2, b, direction)
        found[:, :, place] = b
    return found


def _wide(fold: Centred, steps: Sequence[tuple[float, float]], direction: Array | None, stop: Callable[[], bool]) -> Array:
    """[width, penalties], strongest penalty first: on a growing set of columns, until no column outside wants in."""
    z, t = fold.z, fold.t / (fold.spread or 1.0)
    told = np.zeros(z.shape[1], np.int64) if direction is None else direction
    b, found = np.zeros(z.shape[1]), np.zeros((z.shape[1], len(steps)))
    slope = z.T @ t
    tight = 10 * quadratic.TIGHT * float(np.abs(slope).max(initial=0.0))
    for place, (l1, l2) in enumerate(steps):
        columns = np.flatnonzero(b)
        for _ in range(ROUNDS):
            if stop():
                break
            size = np.where(told * slope >= 0, np.abs(slope), 0.0)
            size[columns] = 0.0
            strongest = np.argsort(size)[::-1][: max(ENTER, len(columns) // 2)]
            columns = np.sort(np.concatenate([columns, strongest[size[strongest] > l1 + tight]]))
            part = np.ascontiguousarray(z[:, columns])
            b[columns] = quadratic.minimise((part.T @ part)[None], (part.T @ t)[None], l1, l2, b[None, columns], told[columns])[0]
            slope = z.T @ (t - part @ b[columns])
            outside = np.where(told * slope >= 0, np.abs(slope), 0.0)
            outside[columns] = 0.0
            if not (outside > l1 + tight).any():
                break
            columns = columns[b[columns] != 0]
        found[:, place] = b
    return found
