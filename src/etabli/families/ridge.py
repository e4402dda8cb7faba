"""Ridge regression: one eigendecomposition serves every penalty.

Minimises  sum_i w_i (y_i - x_i b - c)^2 / sum_i w_i + penalty |b|^2  with the intercept c free. The penalty is per unit of weight,
so that neither the number of rows nor the scale of the weights changes its meaning (scikit-learn's alpha = penalty * sum w).
The rows are reduced to their normal equations, in the smaller of rows and columns; in the eigenbasis each of the nineteen penalties is a
division (`gaussian.py`): on 2 000 x 20 and five folds all 95 models take 1 ms, scikit-learn's grid search 200 ms. Where directions are
declared, coefficients that would have the other sign are zero: an exact active set on the same normal equations (`quadratic.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families import gaussian
from etabli.families.family import Family, Stop
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

# Half decades from 1e-6 to 1e3, the usual middle first.
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-12, 7)), key=lambda p: abs(np.log10(p) + 2)))


def path(x: Array, y: Array, weight: Array | None, penalties: Sequence[float], direction: Array | None = None) -> tuple[Array, Array]:
    """Coefficients [features, penalties] and intercepts [penalties] of ridge regressions (Hoerl & Kennard 1970).

    x: float64 [rows, features]. weight: [rows] or None. direction: [features] of -1, 0, +1 or None: the sign a coefficient may have.
    """
    fold = gaussian.centred(x, y, weight)
    coefficients = gaussian.ridge(fold, penalties) if direction is None else gaussian.signed_ridge(fold, penalties, direction)
    return coefficients, fold.intercepts(coefficients)


def dense(x: Array, weights: Array, bias: Array) -> Array:
    """x @ weights + bias, as `write_dense` does it."""
    return np.asarray(x @ weights + bias)


def write_dense(graph: Graph, x: str, arrays: Any) -> str:
    """MatMul and Add: [rows, outputs] from arrays["weights"] [features, outputs] and arrays["bias"] [outputs]."""
    return graph.op("Add", graph.op("MatMul", x, graph.const(arrays["weights"], np.float64)), graph.const(arrays["bias"], np.float64))


def linear(setting: Setting, weights: Array, bias: Array) -> Fitted:
    """A fitted weighted sum that gives the value itself. weights: [features, 1]. bias: [1]."""
    return Fitted(setting, {"weights": weights, "bias": bias}, "identity", lambda x: dense(x, weights, bias))


def recipes(facts: Facts) -> list[Wants]:
    """What a linear model wants: scaled columns, then ranks (with target statistics where one-hot would be very wide)."""
    scaled = Wants(numbers="scaled", filled=True, categories="one-hot")
    many = facts.largest_category > 30
    return [scaled, Wants(numbers="rank", filled=True, categories="target" if many else "one-hot")]


def by_penalty(family: str, facts: Facts, penalties: Sequence[float], origin: str, **values: float) -> list[Setting]:
    """A linear family's settings: each penalty for each recipe. values: what all of them have."""
    return [
        Setting(family, {**values, "penalty": penalty}, wants, path="penalty", origin=origin)
        for wants in recipes(facts)
        for penalty in penalties
    ]


@final
class Ridge(Family):
    """Linear regression with a squared penalty on the coefficients."""

    name: ClassVar[str] = "ridge"
    title: ClassVar[str] = "Ridge regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "Hoerl & Kennard 1970"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "logistic"
    monotone: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the columns, with small coefficients preferred. Use it when effects are roughly straight lines, rows are few, "
        "or the answer must be explained."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Nineteen penalties for each of two recipes."""
        return by_penalty(self.name, facts, PENALTIES, "half decades")

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """One Gram matrix and one eigendecomposition, for the whole path."""
        small, large = sorted((facts.rows, facts.columns))
        work = 0.0005 + 5e-9 * facts.rows * facts.columns + 3.5e-11 * large * small**2 + 2e-10 * small**3
        if facts.monotone:  # a system a penalty or two
            work += len(PENALTIES) * (2e-4 + 1e-10 * min(facts.columns, facts.rows) ** 3)
        return Cost(work=work, memory=8.0 * (3 * facts.rows * facts.columns + 4 * small**2))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties by one eigendecomposition."""
        with gaussian.one_thread():
            penalties = [float(setting.values["penalty"]) for setting in settings]
            weights, bias = path(data.x, data.y, data.weight, penalties, gaussian.directions(data))
        return [linear(setting, weights[:, [i]].copy(), bias[[i]]) for i, setting in enumerate(settings)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)
