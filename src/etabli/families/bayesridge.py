"""Bayesian ridge regression: the penalty that makes the data most likely, and how sure the line is.

The coefficients have a normal prior of variance 1 / l, the errors are normal of variance 1 / a, and both variances are those that
maximise the evidence, the probability of the data with the coefficients integrated out (MacKay 1992). In the eigenbasis of the
centred Gram matrix the evidence depends on the ratio k = l / a alone, once the best noise for that ratio is put in:

    -2 log evidence = n log(sum_j u_j k / (s_j + k) + rest) + sum_j log(1 + s_j / k)

with s_j the eigenvalues and u_j the target's energy along them. So one eigendecomposition leaves a search along one line: a grid of
quarter decades, then golden sections to 1e-10. (scikit-learn's BayesianRidge iterates the same evidence, to a tolerance of 1e-3.) Nothing is left to choose: there is one setting a recipe, and no penalty is tried in the race.

The posterior is kept: `deviation` gives the standard deviation of the value at a row (the noise, the coefficients' doubt and the
intercept's), and `write_deviation` its nodes. Directions of the columns that the training rows do not span keep the prior's variance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.ridge import dense, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

GRID = np.arange(-24, 29) / 4  # log10 of the ratio over the mean eigenvalue; below 1e-6 the noise would be nothing
GOLDEN = (np.sqrt(5.0) - 1) / 2


@final
class BayesRidge(Family):
    """Ridge regression whose penalty maximises the evidence."""

    name: ClassVar[str] = "bayesridge"
    title: ClassVar[str] = "Bayesian ridge regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "MacKay 1992; Tipping 2001"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "bayeslogistic"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the columns whose penalty follows from the data without trying any. Use it when rows are few and the "
        "uncertainty of the line itself matters."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """One for each of two recipes."""
        return [Setting(self.name, {}, wants, origin="no hyperparameters") for wants in recipes(facts)]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """One Gram matrix and one eigendecomposition."""
        small, large = sorted((facts.rows, facts.columns))
        work = 0.02 + 8e-9 * facts.rows * facts.columns + 5e-10 * large * small**2 + 1e-9 * small**3
        return Cost(work=work, memory=8.0 * (3 * facts.rows * facts.columns + 4 * small**2))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """The most likely penalty."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(data.threads):
            arrays = posterior(data.x, data.y, data.weight)
        return Fitted(setting, arrays, "identity", lambda x: dense(x, arrays["weights"], arrays["bias"]))

    def deviation(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The posterior's own."""
        return write_deviation(graph, x, fitted.arrays)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)


def posterior(x: Array, y: Array, weight: Array | None) -> dict[str, Array]:
    """The posterior at the variances of greatest evidence.

    x: float64 [rows, features]; y: [rows]; weight: [rows] or None, counted as repeated rows after scaling to a mean of one.
    weights [features, 1], bias [1]: its mean. centre [features]: the columns' means. directions [features, rank]: what the rows span;
    sigma [rank]: the coefficients' variances along them. prior: their variance elsewhere. noise: the errors' variance. rows: their number.
    """
    n = len(y)
    w = np.ones(n) if weight is None else weight * (n / weight.sum())
    centre, mean = w @ x / n, float(w @ y) / n
    root = np.sqrt(w)
    z, t = (x - centre) * root[:, None], (y - mean) * root
    wide = x.shape[1] > n
    values, vectors = np.linalg.eigh(z @ z.T if wide else z.T @ z)
    spanned = values > max(z.shape) * np.finfo(np.float64).eps * max(values.max(initial=0.0), np.finfo(np.float64).tiny)
    values, vectors = values[spanned], vectors[:, spanned]
    directions = z.T @ vectors / np.sqrt(values) if wide else vectors
    along = directions.T @ (z.T @ t)  # [rank]
    energy = along**2 / values
    total = float(t @ t)
    rest = max(total - float(energy.sum()), 1e-14 * total)
    if total == 0 or not len(values):
        found = {"weights": np.zeros((x.shape[1], 1)), "sigma": np.zeros(len(values)), "prior": np.asarray(0.0)}
        noise = total / n
    else:
        ratio = _best(lambda k: _surprise(k, values, energy, rest, n), float(values.mean()))
        noise = float((energy * ratio / (values + ratio)).sum() + rest) / n
        mean_weights = directions @ (along / (values + ratio))
        found = {"weights": mean_weights[:, None], "sigma": noise / (values + ratio), "prior": np.asarray(noise / ratio)}
    found |= {"centre": centre, "directions": directions, "noise": np.asarray(noise), "rows": np.asarray(float(n))}
    return found | {"bias": mean - centre @ found["weights"]}


def _surprise(ratio: Array, values: Array, energy: Array, rest: float, n: int) -> Array:
    """-2 log evidence [ratios], up to a constant, at the best noise for each ratio."""
    share = values[:, None] / ratio
    return np.asarray(n * np.log((energy[:, None] / (1 + share)).sum(axis=0) + rest) + np.log1p(share).sum(axis=0))


def _best(surprise: Callable[[Array], Array], unit: float) -> float:
    """The ratio of least surprise: the best of the grid, then golden sections between its neighbours."""
    height = surprise(unit * 10**GRID)
    place = int(height.argmin())
    low, high = GRID[max(place - 1, 0)], GRID[min(place + 1, len(GRID) - 1)]
    while high - low > 1e-10:
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        one, two = surprise(unit * 10 ** np.array([left, right]))
        low, high = (low, right) if one <= two else (left, high)
    return float(unit * 10 ** ((low + high) / 2))


# how sure it is --------------------------------------------------------------------------------------------------------


def deviation(arrays: Mapping[str, Any], x: Array) -> Array:
    """The posterior standard deviation of a new value at each row: float64 [rows, 1]. x: [rows, features].

    Normal intervals follow: value +- 1.96 deviations holds 95 % if the model is right; the conformal interval holds it anyway.
    """
    away = x - arrays["centre"]
    seen = away @ arrays["directions"]
    outside = np.maximum((away**2).sum(axis=1, keepdims=True) - (seen**2).sum(axis=1, keepdims=True), 0.0)
    if arrays["directions"].shape[1] == x.shape[1]:
        outside = np.zeros_like(outside)
    doubt = (seen**2 * arrays["sigma"]).sum(axis=1, keepdims=True) + arrays["prior"] * outside
    return np.asarray(np.sqrt(doubt + arrays["noise"] * (1 + 1 / arrays["rows"])))


def write_deviation(graph: Graph, x: str, arrays: Mapping[str, Any]) -> str:
    """The nodes of `deviation`: [rows, 1] double."""

    def c(value: Any) -> str:
        return graph.const(np.asarray(value), np.float64)

    axis = graph.const([1], np.int64)
    away = graph.op("Sub", x, c(arrays["centre"]))
    seen = graph.op("MatMul", away, c(arrays["directions"]))
    squares = graph.op("Mul", seen, seen)
    doubt = graph.op("MatMul", squares, c(arrays["sigma"][:, None]))
    if arrays["directions"].shape[1] < len(arrays["centre"]):
        whole = graph.op("ReduceSum", graph.op("Mul", away, away), axis, keepdims=1)
        outside = graph.op("Relu", graph.op("Sub", whole, graph.op("ReduceSum", squares, axis, keepdims=1)))
        doubt = graph.op("Add", doubt, graph.op("Mul", outside, c(arrays["prior"])))
    return graph.op("Sqrt", graph.op("Add", doubt, c(arrays["noise"] * (1 + 1 / arrays["rows"]))))
