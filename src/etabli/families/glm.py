"""Generalised linear models with a log link: Poisson, Tweedie and gamma regression.

The logarithm of the expected value is a weighted sum of the columns, so effects multiply and predictions stay above zero. The power
says how the variance grows with the mean: 1 is Poisson (counts), 2 is gamma (amounts with a constant relative error), and powers
between them are Tweedie's compound Poisson models (amounts that are often exactly zero). What is fitted is the expected value itself,
never the mean of logarithms, so nothing has to be transformed back.

Minimises  mean of half the deviance + penalty |w|^2 / 2  with the intercept free: scikit-learn's objective, with the same meaning of
the penalty. The target is divided by its mean before; then a row's curvature is about one at the start for every power, and one list
of penalties serves all targets. All penalties of a path are one Newton computation (`penalised.py`).

An exponential runs away on rows far from all that was learned from. So the predictor is clipped, natively and in the graph alike: no
prediction is more than twice the largest fitted value of the training rows, nor less than half of the smallest.
In three folds, ridge regression against Poisson (root mean squared error, best penalty of each): price of 6 000 diamonds 1 191 and 816, houses of
Ames 26 400 and 24 800, hours of air quality in Beijing 79.0 and 76.9, 670 insurance claims 36 300 and 36 100, visits to a doctor 5.31 and 5.30.
Offered where the target allows it: Poisson and Tweedie where no value is negative, gamma where all are above zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.penalised import Point, shares, solve
from etabli.families.ridge import recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

# Half decades from 1e-4 to 1, the usual middle first.
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-8, 1)), key=lambda p: abs(np.log10(p) + 2)))
MARGIN = float(np.log(2.0))  # how far a prediction's logarithm may leave the range of the fitted ones
STEEPEST = 300.0  # logarithms beyond it are not tried: their squares would overflow
NOTHING = -36.0  # the logarithm given when every training value is zero (2e-16)
DISTRIBUTIONS = {1.0: "Poisson", 2.0: "gamma"}


@final
class GLM(Family):
    """Log-linear means with a Poisson, Tweedie or gamma deviance."""

    name: ClassVar[str] = "glm"
    title: ClassVar[str] = "Generalised linear model (Poisson, gamma, Tweedie)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "Nelder & Wedderburn 1972; Jorgensen 1987"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "loglinear"
    counterpart: ClassVar[str] = "logistic"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "The logarithm of the expected value is a weighted sum of the columns: effects multiply, and predictions are positive. Use it for "
        "counts and for amounts whose spread grows with their size."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Paths of nine penalties: a power and a recipe each. None where values are negative."""
        scaled, ranks = recipes(facts)
        offered = {
            "real": [],
            "nonnegative": [(1.0, scaled), (1.0, ranks), (1.5, scaled), (1.2, scaled), (1.8, scaled)],
            "positive": [(1.0, scaled), (1.0, ranks), (2.0, scaled), (2.0, ranks)],
        }[facts.range if facts.task == "regression" else "real"]
        return [
            Setting(
                self.name,
                {"power": power, "penalty": penalty},
                wants,
                path=f"power {power:g}",
                origin="half decades",
                title=f"{self.name} {DISTRIBUTIONS.get(power, f'Tweedie {power:g}')} penalty={penalty:g}",
            )
            for power, wants in offered
            for penalty in PENALTIES
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Some hundred passes over the matrix for the whole path, and one eigendecomposition."""
        cells = facts.rows * (facts.columns + 40) * len(PENALTIES)
        work = 0.02 + 1.2e-8 * cells + 1.5e-9 * min(facts.columns, 800) ** 3
        return Cost(work=work, memory=8.0 * (3 * facts.rows * facts.columns + 10 * facts.rows * len(PENALTIES)))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties at once. ValueError when a value does not suit the power: below zero, or zero for gamma."""
        from threadpoolctl import threadpool_limits

        power = float(settings[0].values["power"])
        if data.y.min() < 0 or (power == 2 and data.y.min() <= 0):
            raise ValueError(f"power {power:g} needs values {'above' if power == 2 else 'of at least'} zero")
        share = shares(data.weight, len(data.y))
        mean = float(share @ data.y)
        if mean == 0:  # only zeros: no logarithm is small enough
            found, mean = np.zeros((data.x.shape[1] + 1, len(settings))), float(np.exp(NOTHING))
        else:
            penalties = [float(setting.values["penalty"]) for setting in settings]
            with threadpool_limits(data.threads):
                found = solve(data.x, Deviance(data.y / mean, share, power), share, penalties, stop)
        found[-1] += np.log(mean)
        return [_fitted(setting, found[:, [i]], data.x) for i, setting in enumerate(settings)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product, one sum, clipped."""
        return write_clipped(graph, x, fitted.arrays)


class Deviance:
    """Half the mean Tweedie deviance as a function of log means, without the terms that the target alone decides.

    y: [rows], of mean one. share: weights that add to one. power: 1 to 2; convex in the predictor for all of them.
    """

    def __init__(self, y: Array, share: Array, power: float) -> None:
        self.y, self.share, self.power = y[:, None], share[:, None], power

    def at(self, eta: Array) -> Point:
        """`penalised.Loss`."""
        p, eta = self.power, np.clip(eta, -STEEPEST, STEEPEST)
        up, down = np.exp((2 - p) * eta), self.y * np.exp((1 - p) * eta)  # mean^(2 - p), y mean^(1 - p)
        if p == 1:
            value = up - self.y * eta
        elif p == 2:
            value = down + eta
        else:
            value = up / (2 - p) + down / (p - 1)
        return Point((self.share * value).sum(axis=0), self.share * (up - down), self.share * ((2 - p) * up + (p - 1) * down))


def bounds(eta: Array) -> tuple[Array, Array]:
    """(low, high), scalars: the range of fitted log predictions, widened by a factor of two on the value's scale."""
    return np.asarray(eta.min() - MARGIN), np.asarray(eta.max() + MARGIN)


def clipped(x: Array, arrays: Mapping[str, Any]) -> Array:
    """x @ weights + bias within arrays["low"] and arrays["high"]: what `write_clipped` does."""
    return np.asarray(np.clip(x @ arrays["weights"] + arrays["bias"], arrays["low"], arrays["high"]))


def write_clipped(graph: Graph, x: str, arrays: Mapping[str, Any]) -> str:
    """[rows, 1]: the linear predictor within its bounds."""
    low, high = (graph.const(np.asarray(arrays[name]), np.float64) for name in ("low", "high"))
    return graph.op("Clip", write_dense(graph, x, arrays), low, high)


def _fitted(setting: Setting, w: Array, x: Array) -> Fitted:
    weights, bias = w[:-1].copy(), w[-1].copy()
    low, high = bounds(x @ weights + bias)
    arrays = {"weights": weights, "bias": bias, "low": low, "high": high}
    return Fitted(setting, arrays, "exp", lambda rows: clipped(rows, arrays))
