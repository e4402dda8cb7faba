"""Ridge regression: one eigendecomposition serves every penalty.

Minimises  sum_i w_i (y_i - x_i b - c)^2 / sum_i w_i + penalty |b|^2  with the intercept c free. The penalty is per unit of weight,
so that neither the number of rows nor the scale of the weights changes its meaning (scikit-learn's alpha = penalty * sum w).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

# Half decades from 1e-6 to 1e3, the usual middle first.
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-12, 7)), key=lambda p: abs(np.log10(p) + 2)))


def path(x: Array, y: Array, weight: Array | None, penalties: Sequence[float]) -> tuple[Array, Array]:
    """Coefficients [features, penalties] and intercepts [penalties] of ridge regressions (Hoerl & Kennard 1970).

    x: float64 [rows, features]. weight: [rows] or None. Works in the smaller of rows and columns. Directions that the data do
    not span (constant and duplicate columns) get coefficient zero instead of amplified rounding.
    """
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    centre, mean = share @ x, float(share @ y)
    root = np.sqrt(share)[:, None]
    z, t = (x - centre) * root, (y - mean) * root[:, 0]
    wide = x.shape[1] > x.shape[0]
    values, vectors = np.linalg.eigh(z @ z.T if wide else z.T @ z)
    spanned = values > max(z.shape) * np.finfo(np.float64).eps * max(values.max(initial=0.0), np.finfo(np.float64).tiny)
    values, vectors = values[spanned, None], vectors[:, spanned]
    shrunk = (vectors.T @ (t if wide else z.T @ t))[:, None] / (values + np.asarray(penalties, np.float64))
    coefficients = z.T @ (vectors @ shrunk) if wide else vectors @ shrunk
    return coefficients, mean - centre @ coefficients


def dense(x: Array, weights: Array, bias: Array) -> Array:
    """x @ weights + bias, as `write_dense` does it."""
    return np.asarray(x @ weights + bias)


def write_dense(graph: Graph, x: str, arrays: Any) -> str:
    """MatMul and Add: [rows, outputs] from arrays["weights"] [features, outputs] and arrays["bias"] [outputs]."""
    return graph.op("Add", graph.op("MatMul", x, graph.const(arrays["weights"], np.float64)), graph.const(arrays["bias"], np.float64))


def recipes(facts: Facts) -> list[Wants]:
    """What a linear model wants: scaled columns, then ranks (with target statistics where one-hot would be very wide)."""
    scaled = Wants(numbers="scaled", filled=True, categories="one-hot")
    many = facts.largest_category > 30
    return [scaled, Wants(numbers="rank", filled=True, categories="target" if many else "one-hot")]


@final
class Ridge(Family):
    """Linear regression with a squared penalty on the coefficients."""

    name: ClassVar[str] = "ridge"
    title: ClassVar[str] = "Ridge regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "Hoerl & Kennard 1970"
    rank: ClassVar[int] = 1
    doc: ClassVar[str] = (
        "A weighted sum of the columns, with small coefficients preferred. Use it when effects are roughly straight lines, rows are few, "
        "or the answer must be explained."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Nineteen penalties for each of two recipes."""
        return [
            Setting(self.name, {"penalty": penalty}, wants, path="penalty", origin="half decades")
            for wants in recipes(facts)
            for penalty in PENALTIES
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """One Gram matrix and one eigendecomposition, for the whole path."""
        small, large = sorted((facts.rows, facts.columns))
        work = 0.03 + 8e-9 * facts.rows * facts.columns + 5e-10 * large * small**2 + 1.5e-9 * small**3
        return Cost(work=work, memory=8.0 * (3 * facts.rows * facts.columns + 4 * small**2))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties by one eigendecomposition."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(data.threads):
            weights, bias = path(data.x, data.y, data.weight, [float(setting.values["penalty"]) for setting in settings])
        return [_fitted(setting, weights[:, [i]].copy(), bias[[i]]) for i, setting in enumerate(settings)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)


def _fitted(setting: Setting, weights: Array, bias: Array) -> Fitted:
    return Fitted(setting, {"weights": weights, "bias": bias}, "identity", lambda x: dense(x, weights, bias))
