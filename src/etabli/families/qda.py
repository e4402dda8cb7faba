"""Quadratic discriminant analysis: one normal distribution a class, each with a covariance of its own.

A class of few rows cannot know its covariance. It is therefore mixed with the pooled one and with its own diagonal, as in Friedman's
regularised discriminant analysis (1989). With n_k the rows of class k and n those of all,

    S_k(a) = ((1 - a) n_k S_k + a n S) / ((1 - a) n_k + a n),      C_k = (1 - g) S_k(a) + g diag(S_k(a)) + floor I.

The fewer rows a class has, the more of the pooled covariance it gets: a = 0 trusts every class (plain QDA when g = 0 too), a = 1 is
the linear analysis. Friedman shrinks towards the identity; the diagonal is taken instead (as naive Bayes does), since columns differ in
variance within a class. Categories come as target statistics: one-hot columns are nothing like normal (log-loss after calibration on 4 000
rows of a census 0.43 against 0.38). The floor (1e-4, in columns of unit variance) keeps constant, duplicate and collinear
columns harmless.

The margin is log(share) - log det(C_k) / 2 - |R_k (x - m_k)|^2 / 2 with R_k' R_k the inverse of C_k: a product with all R_k side by side,
a difference, squares, and sums over each class's columns. Cells beyond 1 000 standard deviations count as that far: squares stay finite.
More than 150 columns are first projected on their leading principal components: K covariances of p x p would neither be known nor fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.lda import log_shares, moments
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

FLOOR, FAR, COLUMNS = 1e-4, 1e3, 150
AMOUNTS = ((0.5, 0.1), (0.02, 0.0), (0.1, 0.1))  # (pooled, diagonal)

NUMBERS: Final[tuple[Literal["rank", "scaled"], ...]] = ("rank", "scaled")


def covariances(x: Array, y: Array, classes: int, weight: Array | None, pooled: float, diagonal: float) -> tuple[Array, Array, Array]:
    """(shares [classes], means [classes, features], regularised covariances [classes, features, features], floor not yet added).

    A class without rows has share 0, the mean of all rows and the pooled covariance.
    """
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    shares, means = moments(y, classes, share, x)
    scatter = np.zeros((classes, x.shape[1], x.shape[1]))
    for k in range(classes):
        mine = np.flatnonzero(y == k)
        z = (x[mine] - means[k]) * np.sqrt(share[mine])[:, None]
        scatter[k] = z.T @ z
    whole = scatter.sum(axis=0)
    weights = (1 - pooled) * shares + pooled
    made = ((1 - pooled) * scatter + pooled * whole) / np.where(weights > 0, weights, 1)[:, None, None]
    made[weights == 0] = whole
    places = np.arange(x.shape[1])
    own = made[:, places, places].copy()
    made *= 1 - diagonal
    made[:, places, places] = own
    return shares, means, made


def _principal(x: Array, weight: Array | None) -> Array:
    """[features, COLUMNS] the directions of largest variance, signs fixed."""
    share = np.full(len(x), 1 / len(x)) if weight is None else weight / weight.sum()
    z = (x - share @ x) * np.sqrt(share)[:, None]
    wide = x.shape[1] > x.shape[0]
    values, vectors = np.linalg.eigh(z @ z.T if wide else z.T @ z)
    kept = np.flatnonzero(values > 1e-12 * max(float(values.max()), 1e-300))[-COLUMNS:]
    if not len(kept):
        return np.eye(x.shape[1], 1)
    found = z.T @ vectors[:, kept] / np.sqrt(values[kept]) if wide else vectors[:, kept]
    return np.asarray(found * np.sign(found[np.abs(found).argmax(axis=0), np.arange(len(kept))]))


def margins(x: Array, arrays: Any) -> Array:
    """[rows, classes] as `Qda.write` does it (for two classes [rows, 1], of the second less of the first)."""
    x = np.clip(x, -FAR, FAR)
    if "project" in arrays:
        x = x @ arrays["project"]
    z = (x @ arrays["root"] - arrays["shift"]).reshape(len(x), len(arrays["bias"]), -1)
    made = arrays["bias"] - (z * z).sum(axis=2) * 0.5
    return np.asarray(made[:, 1:] - made[:, :1] if arrays["binary"] else made)


@final
class Qda(Family):
    """Quadratic discriminant analysis, regularised."""

    name: ClassVar[str] = "qda"
    title: ClassVar[str] = "Quadratic discriminant analysis"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    citation: ClassVar[str] = "Friedman 1989"
    rank: ClassVar[int] = 2
    doc: ClassVar[str] = (
        "Every class is a cloud with a mean and a shape of its own. Use it when columns are numbers, roughly normal within a class, and "
        "classes differ in spread or in how columns go together."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Three mixtures of own, pooled and diagonal covariance, of ranks and then of scaled columns."""
        categories: Literal["one-hot", "target"] = "target" if facts.categories else "one-hot"
        recipes = [Wants(numbers=numbers, filled=True, categories=categories) for numbers in NUMBERS]
        return [
            Setting(self.name, {"pooled": pooled, "diagonal": diagonal}, wants, origin="Friedman 1989, corners of its square")
            for wants in recipes
            for pooled, diagonal in AMOUNTS
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """A covariance and a decomposition a class."""
        width = min(facts.columns, COLUMNS)
        small = min(facts.rows, facts.columns)
        cells = facts.rows * facts.columns
        work = 0.005 + cells * (2e-8 + 1e-9 * facts.classes) + 1e-10 * facts.rows * width * width * (1 + 0.3 * facts.classes)
        work += 1e-4 * facts.classes + 1e-9 * facts.classes * width**3
        if facts.columns > COLUMNS:
            work += 1e-10 * cells * small + 3e-10 * small**3
        kept = facts.classes * width * (2 * width + min(facts.rows, 20_000))
        return Cost(work=work, memory=8.0 * (3 * cells + 2 * small**2 + kept))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """Means, covariances and their inverse roots."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # the same bits on any number of cores
            arrays = _learn(data, float(setting.values["pooled"]), float(setting.values["diagonal"]))
        return Fitted(setting, arrays, "sigmoid" if data.task == "binary" else "softmax", lambda x: margins(x, arrays))

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product for all classes, squares, sums."""
        kept = fitted.arrays
        classes = len(kept["bias"])
        x = graph.op("Clip", x, graph.const(-FAR, np.float64), graph.const(FAR, np.float64))
        if "project" in kept:
            x = graph.op("MatMul", x, graph.const(kept["project"]))
        z = graph.op("Sub", graph.op("MatMul", x, graph.const(kept["root"])), graph.const(kept["shift"]))
        z = graph.op("Reshape", z, graph.const([-1, classes, kept["root"].shape[1] // classes], np.int64))
        squares = graph.op("ReduceSum", graph.op("Mul", z, z), graph.const([2], np.int64), keepdims=0)
        made = graph.op("Sub", graph.const(kept["bias"]), graph.op("Mul", squares, graph.const(0.5, np.float64)))
        if not kept["binary"]:
            return made
        first, second = graph.ops("Split", made, graph.const([1, 1], np.int64), count=2, axis=1)
        return graph.op("Sub", second, first)


def _learn(data: Data, pooled: float, diagonal: float) -> dict[str, Array]:
    x = np.clip(data.x, -FAR, FAR)
    kept: dict[str, Array] = {}
    if x.shape[1] > COLUMNS:
        kept["project"] = _principal(x, data.weight)
        x = x @ kept["project"]
    classes = max(data.classes, 2)
    shares, means, covariance = covariances(x, data.y, classes, data.weight, pooled, diagonal)
    width = x.shape[1]
    root = np.zeros((width, classes * width))
    shift = np.zeros(classes * width)
    bias = log_shares(shares, len(x))
    for k in range(classes):
        values, vectors = np.linalg.eigh(covariance[k])
        values = np.maximum(values, 0) + FLOOR
        part = slice(k * width, (k + 1) * width)
        root[:, part] = vectors / np.sqrt(values)
        shift[part] = means[k] @ root[:, part]
        bias[k] -= 0.5 * np.log(values).sum()
    return kept | {"root": root, "shift": shift, "bias": bias, "binary": np.array(data.task == "binary")}
