"""Linear discriminant analysis: one normal distribution a class, all with the same covariance.

Rows of class k are taken to be normal with mean m_k and the pooled covariance S of all classes. By Bayes' rule the margin of class k is
then x S^-1 m_k - m_k S^-1 m_k / 2 + log(share of k): linear in x, and known without any iteration. S is shrunk towards a multiple of
the identity, (1 - s) S + s tr(S) / p, because its small eigenvalues are underestimated when rows are few. The amount s is fixed, or
that of Ledoit & Wolf (2004), which minimises the expected squared error of the covariance. One eigendecomposition of S (or, for more
columns than rows, of the rows' inner products) serves every amount; directions that no row spans need no eigenvector.

The covariance divides by the sum of weights. Fixed amounts give scikit-learn's answer (solver "eigen"), the tests hold them to 1e-9.
Ledoit-Wolf is taken once, on the pooled residuals; scikit-learn takes it class by class, which a class of three rows does not bear.
A class that no training row has gets the mean of all rows and the share of one row in n + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.ridge import dense, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

LEDOIT_WOLF = "ledoit-wolf"
SHRINKAGES: tuple[str | float, ...] = (LEDOIT_WOLF, 0.001, 0.03, 0.2, 0.6)


def moments(y: Array, classes: int, share: Array, x: Array) -> tuple[Array, Array]:
    """(shares [classes], means [classes, features]) of the classes. share: [rows], adds to 1. A class without rows has share 0 and
    the mean of all rows."""
    member = np.zeros((classes, len(y)))
    member[y, np.arange(len(y))] = share
    shares = member.sum(axis=1)
    means = np.where(shares[:, None] > 0, member @ x / np.where(shares > 0, shares, 1)[:, None], share @ x)
    return shares, means


def log_shares(shares: Array, rows: int) -> Array:
    """Logarithms, with one row in rows + 1 for a class that has none."""
    return np.asarray(np.log(np.where(shares > 0, shares, 1.0 / (rows + 1.0))))


def ledoit_wolf(z: Array, share: Array, values: Array) -> float:
    """The amount of shrinkage, 0 to 1 (Ledoit & Wolf 2004, lemma 3.2 with its estimates).

    z: float64 [rows, features], centred. share: [rows], adds to 1. values: the eigenvalues above 0 of z' diag(share) z.
    """
    columns = z.shape[1]
    level = values.sum() / columns
    distance = float(((values - level) ** 2).sum() + (columns - len(values)) * level**2)  # |S - level I|^2
    # sum_i share_i^2 |z_i z_i' - S|^2, written out: no [features, features] matrix a row
    norms = (z * z).sum(axis=1)
    inner = ((z @ (z.T * share @ z)) * z).sum(axis=1) if columns <= len(z) else ((z @ z.T) ** 2 @ share)
    error = float(share**2 @ (norms**2 - 2 * inner + (values**2).sum()))
    return min(max(error, 0.0) / distance, 1.0) if distance > 0 else 1.0


def path(x: Array, y: Array, classes: int, weight: Array | None, shrinkages: Sequence[str | float]) -> list[tuple[Array, Array]]:
    """Weights [features, classes] and biases [classes] for each shrinkage ("ledoit-wolf" or an amount above 0 and up to 1).

    x: float64 [rows, features]. y: int64 class numbers. weight: [rows] or None.
    """
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    shares, means = moments(y, classes, share, x)
    centre = share @ x
    z = x - means[y]
    root = z * np.sqrt(share)[:, None]
    wide = x.shape[1] > x.shape[0]
    values, vectors = np.linalg.eigh(root @ root.T if wide else root.T @ root)
    kept = values > max(root.shape) * np.finfo(np.float64).eps * max(float(values.max(initial=0.0)), np.finfo(np.float64).tiny)
    values, vectors = values[kept], vectors[:, kept]
    if wide:
        vectors = root.T @ vectors / np.sqrt(values)
    level = float(values.sum()) / x.shape[1] or 1.0  # all rows of a class equal: distances count as they are
    offsets = means - centre
    inside = offsets @ vectors
    made = []
    for shrinkage in shrinkages:
        amount = ledoit_wolf(z, share, values) if shrinkage == LEDOIT_WOLF else float(shrinkage)
        floor = max(amount, 1e-6) * level
        scaled = inside / ((1 - amount) * values + floor)
        solved = scaled @ vectors.T + (offsets - inside @ vectors.T) / floor  # [classes, features]
        bias = log_shares(shares, len(y)) - 0.5 * (solved * offsets).sum(axis=1) - solved @ centre
        made.append((solved.T.copy(), bias))
    return made


@final
class Lda(Family):
    """Linear discriminant analysis with shrinkage."""

    name: ClassVar[str] = "lda"
    title: ClassVar[str] = "Linear discriminant analysis"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    citation: ClassVar[str] = "Fisher 1936; Ledoit & Wolf 2004"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "ridge"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Every class is a cloud of the same shape around its own mean. Use it when rows are few, columns are roughly normal within a class, "
        "or there are many classes."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Five shrinkages for each of two recipes."""
        origin = "Ledoit & Wolf 2004, then a ladder"
        return [
            Setting(self.name, {"shrinkage": shrinkage}, wants, path="shrinkage", origin=origin)
            for wants in recipes(facts)
            for shrinkage in SHRINKAGES
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """One covariance and one eigendecomposition, for the whole path."""
        small, large = sorted((facts.rows, facts.columns))
        cells = facts.rows * facts.columns
        work = 0.01 + cells * (3.5e-8 + 1e-9 * facts.classes) + 1e-10 * large * small**2 + 5e-10 * small**3
        return Cost(work=work, memory=8.0 * (4 * cells + 4 * small**2 + facts.rows * facts.classes))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One shrinkage."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All shrinkages by one eigendecomposition."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # the same bits on any number of cores
            made = path(data.x, data.y, max(data.classes, 2), data.weight, [setting.values["shrinkage"] for setting in settings])
        return [_fitted(setting, weights, bias, data.task) for setting, (weights, bias) in zip(settings, made, strict=True)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)


def _fitted(setting: Setting, weights: Array, bias: Array, task: TaskKind) -> Fitted:
    if task == "binary":
        weights, bias = weights[:, 1:] - weights[:, :1], bias[1:] - bias[:1]
    arrays = {"weights": weights, "bias": bias}
    return Fitted(setting, arrays, "sigmoid" if task == "binary" else "softmax", lambda x: dense(x, weights, bias))
