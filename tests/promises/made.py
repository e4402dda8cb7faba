"""Made tables whose truth is known, and fifty cheap candidates that are really fitted on them.

Made-up scores would make the simulation easy: there a row's luck touches that row alone. A real candidate is fitted on the rows of
the other folds, so the rows share their luck, and that is where an honest score may fail. The candidates are linear and logistic
ridge on subsets of the columns, nearest neighbours, naive Bayes and stumps, in numpy, some tenths of a millisecond a fit, so that
hundreds of comparisons of fifty candidates take minutes. The truth of a comparison is its winner, fitted again on all rows, on many
fresh rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
COLUMNS = 20
FOLDS = 5
FRESH = 10_000
EFFECT = np.array([0.55, 0.4, 0.3, 0.2, 0.1] + [0.0] * (COLUMNS - 5))  # of the columns, where there is a signal
TINY = 1e-12


@dataclass(frozen=True)
class Made:
    """X [n, 20]; y: 0 or 1, or numbers [n]; weight [n] or None; fold [n], below 0 where a row only teaches. groups [n] or None. forward:
    only earlier folds teach. latent: deviation of what rows of a group, or of a time, have in common."""

    X: Array
    y: Array
    fold: Array
    weight: Array | None
    binary: bool
    groups: Array | None = None
    forward: bool = False
    latent: float = 0.0

    def teachers(self, k: int) -> Array:
        """Rows from which fold k is predicted."""
        return np.flatnonzero(self.fold < k if self.forward else self.fold != k)


@dataclass(frozen=True)
class Candidate:
    """kind: of model; columns: that it sees; amount: its penalty or number of neighbours."""

    kind: str
    columns: Array
    amount: float


def rows(binary: bool, n: int, signal: bool, rng: np.random.Generator, latent: Array | None = None) -> tuple[Array, Array]:
    """X [n, 20] and y [n]: pure noise, or a linear signal in five columns. latent [n]: added to it."""
    X = rng.normal(size=(n, COLUMNS))
    total = X @ EFFECT if signal else np.zeros(n)
    total = total if latent is None else total + latent
    if binary:
        return X, (rng.random(n) < 1 / (1 + np.exp(-total))).astype(np.int64)
    return X, total + rng.normal(size=n)


def made(binary: bool, n: int, seed: int, signal: bool = False, weighted: bool = False) -> Made:
    """A table. weighted: weights between 0.2 and 5 that know nothing of the rows. Folds hold both classes in equal shares."""
    rng = np.random.default_rng([seed, n, int(binary), int(signal)])
    X, y = rows(binary, n, signal, rng)
    order = np.lexsort((rng.random(n), y if binary else np.zeros(n)))
    fold = np.empty(n, np.int64)
    fold[order] = (np.arange(n) + rng.integers(FOLDS)) % FOLDS
    weight = np.exp(rng.uniform(-1.6, 1.6, n)) if weighted else None
    return Made(X, y, fold, weight, binary)


def candidates(seed: int) -> list[Candidate]:
    """Fifty of them: the kinds always the same, the columns drawn."""
    rng = np.random.default_rng([seed, 50])

    def some(size: int) -> Array:
        return np.sort(rng.choice(COLUMNS, size, replace=False))

    everything = np.arange(COLUMNS)
    found = [Candidate("linear", everything, penalty) for penalty in (0.1, 10.0, 100.0, 1_000.0)]
    found += [Candidate("linear", some(size), 1.0) for size in (1, 1, 2, 2, 2, 3, 3, 5, 5, 5, 8, 8, 8, 12, 12, 12)]
    found += [Candidate("neighbours", some(size), k) for size in (2, 5, 20) for k in (5, 15, 45)]
    found += [Candidate("bayes", some(size), 0.0) for size in (1, 2, 2, 3, 5, 5, 8, 8, 12, 20)]
    found += [Candidate("stump", some(size), 0.0) for size in (1, 1, 2, 2, 3, 3, 5, 5, 8, 12, 20)]
    return found


# the candidates ------------------------------------------------------------------------------------------------------


def _linear(X: Array, y: Array, w: Array, Z: Array, amount: float, binary: bool) -> Array:
    """Ridge, or logistic ridge by Newton's method; the intercept is free."""
    design = np.column_stack([np.ones(len(X)), X])
    penalty = np.diag([1e-6] + [amount] * X.shape[1])
    theta = np.zeros(design.shape[1])
    for _ in range(6 if binary else 1):
        total = design @ theta
        mean, bend = (1 / (1 + np.exp(-total)), 0.0) if binary else (total, 1.0)
        curve = (mean * (1 - mean) if binary else bend) * w
        theta = theta - np.linalg.solve((design * curve[:, None]).T @ design + penalty, design.T @ (w * (mean - y)) + penalty @ theta)
    total = np.column_stack([np.ones(len(Z)), Z]) @ theta
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -30, 30)))) if binary else total


def _neighbours(X: Array, y: Array, w: Array, Z: Array, amount: float, binary: bool) -> Array:
    """The weighed mean of the nearest rows, with one row's worth of the mean of all."""
    k = min(int(amount), len(X) - 1)
    squares = (X**2).sum(axis=1)
    answer = np.empty(len(Z))
    for start in range(0, len(Z), 2_000):
        near = np.argpartition(squares - 2 * Z[start : start + 2_000] @ X.T, k, axis=1)[:, :k]
        total = w[near].sum(axis=1)
        answer[start : start + 2_000] = ((w[near] * y[near]).sum(axis=1) + np.average(y, weights=w)) / (total + 1)
    return answer


def _bayes(X: Array, y: Array, w: Array, Z: Array, amount: float, binary: bool) -> Array:
    """Gaussian naive Bayes; for numbers the mean of one straight line a column."""
    if not binary:
        middle, centre = np.average(X, axis=0, weights=w), np.average(y, weights=w)
        slope = (w * (y - centre)) @ (X - middle) / (w @ (X - middle) ** 2)
        return np.asarray(centre + (Z - middle) @ slope / X.shape[1])
    total = np.full(len(Z), np.log(w[y == 1].sum() / w[y == 0].sum()))
    for label, sign in ((1, 1.0), (0, -1.0)):
        here = y == label
        middle = np.average(X[here], axis=0, weights=w[here])
        spread = np.average((X[here] - middle) ** 2, axis=0, weights=w[here]) + 1e-3
        total -= sign * 0.5 * ((Z - middle) ** 2 / spread + np.log(spread)).sum(axis=1)
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -30, 30))))


def _stump(X: Array, y: Array, w: Array, Z: Array, amount: float, binary: bool) -> Array:
    """The best cut at one of nine quantiles of one column."""
    cuts = np.quantile(X, np.arange(1, 10) / 10, axis=0)
    above = (X[:, None, :] > cuts[None]).reshape(len(X), -1).astype(np.float64)
    heavy, light = np.maximum(w @ above, TINY), np.maximum(w @ (1 - above), TINY)
    up, down = (w * y) @ above / heavy, (w * y) @ (1 - above) / light
    best = int(np.argmax(heavy * light * (up - down) ** 2))
    cut, column = divmod(best, X.shape[1])
    share = [
        (part * weight + np.average(y, weights=w)) / (weight + 1) for part, weight in ((down[best], light[best]), (up[best], heavy[best]))
    ]
    return np.where(Z[:, column] > cuts[cut, column], share[1], share[0])


KINDS: dict[str, Callable[[Array, Array, Array, Array, float, bool], Array]] = {
    "linear": _linear,
    "neighbours": _neighbours,
    "bayes": _bayes,
    "stump": _stump,
}


def predicted(one: Candidate, data: Made, learn: Array, Z: Array) -> Array:
    """Scores [len(Z)] of rows Z [m, 20], learned from the rows `learn` of the table."""
    weight = np.ones(len(data.y)) if data.weight is None else data.weight
    fit = KINDS[one.kind]
    return fit(data.X[learn][:, one.columns], data.y[learn], weight[learn], Z[:, one.columns], one.amount, data.binary)


def out_of_fold(data: Made, some: list[Candidate]) -> Array:
    """The table S [n, C, 1]: every row by models that did not see it, NaN where it only teaches."""
    S = np.full((len(data.y), len(some), 1), np.nan)
    for k in range(FOLDS):
        here, learn = data.fold == k, data.teachers(k)
        for c, one in enumerate(some):
            S[here, c, 0] = predicted(one, data, learn, data.X[here])
    return S


def constant(data: Made) -> Array:
    """What knowing nothing says [n, 1]: the mean of the other folds."""
    answer = np.full((len(data.y), 1), np.nan)
    weight = np.ones(len(data.y)) if data.weight is None else data.weight
    for k in range(FOLDS):
        learn = data.teachers(k)
        answer[data.fold == k] = np.average(data.y[learn], weights=weight[learn])
    return answer


def fresh(one: Candidate, data: Made, signal: bool, seed: int) -> tuple[Array, Array]:
    """(truth [m], score [m, 1]) of the candidate fitted on all rows, on 10 000 rows nobody has seen."""
    rng = np.random.default_rng([seed, 10_000])
    Z, y = rows(data.binary, FRESH, signal, rng, data.latent * rng.normal(size=FRESH) if data.latent else None)
    return y, predicted(one, data, np.arange(len(data.y)), Z)[:, None]
