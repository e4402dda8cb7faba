"""Huber's robust regression: squares for small residuals, straight lines for large ones, and a scale learned with them.

Minimises  s + s * mean of h(residual / s) + penalty |w|^2 / 2  over the weights, the intercept and the scale s at once (Huber's second
proposal, convex in all of them), where h(z) is z^2 up to epsilon and 2 epsilon |z| - epsilon^2 beyond: scikit-learn's HuberRegressor,
per unit of weight. For given residuals the best scale solves a piecewise linear equation in 1 / s^2, which Newton's method from the left
solves exactly in a few passes; with the scale always at its best, what is left is a convex problem in the weights that `penalised.py`
solves for all penalties at once, to a gradient of 1e-9 (scikit-learn's L-BFGS stops at 1e-5).

The target is centred at its median and divided by its median absolute deviation before, so that gross errors do not decide what a
penalty means. epsilon 1.35 keeps 95 % of the efficiency of least squares on normal errors; 2.5 is nearer to least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.penalised import Point, shares, solve, spread
from etabli.families.ridge import dense, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

PENALTIES = (0.01, 0.1, 1e-3, 1.0)
LEAST = 0.05  # the smallest scale of the residuals, of the target's: below it nearly nothing is left to call an outlier
PASSES = 60


@final
class Huber(Family):
    """Linear regression that gross errors do not drag along."""

    name: ClassVar[str] = "huber"
    title: ClassVar[str] = "Huber regression (robust)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "Huber 1964; Huber 1981"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "logistic"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the columns, fitted so that rows far off count by their distance and not by its square. Use it when some "
        "values of the target are grossly wrong."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Four penalties for each of three: the usual epsilon, a wide one, the usual one on ranks."""
        scaled, ranks = recipes(facts)
        return [
            Setting(
                self.name,
                {"epsilon": epsilon, "penalty": penalty},
                wants,
                path=f"epsilon {epsilon:g}",
                origin="scikit-learn's epsilon" if epsilon == 1.35 else "Huber's upper choice",
            )
            for epsilon, wants in ((1.35, scaled), (2.5, scaled), (1.35, ranks))
            for penalty in PENALTIES
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Some ten Newton steps for the whole path, and one eigendecomposition."""
        cells = facts.rows * (facts.columns + 100) * len(PENALTIES)
        work = 0.02 + 1.5e-8 * cells + 1.5e-8 * min(facts.rows, facts.columns, 800) ** 3
        return Cost(work=work, memory=8.0 * (3 * facts.rows * facts.columns + 12 * facts.rows * len(PENALTIES)))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties at once."""
        from threadpoolctl import threadpool_limits

        share = shares(data.weight, len(data.y))
        centre, scale = spread(data.y, share)
        penalties = [float(setting.values["penalty"]) for setting in settings]
        loss = Scaled((data.y - centre) / scale, share, float(settings[0].values["epsilon"]))
        with threadpool_limits(data.threads):
            found = solve(data.x, loss, share, penalties, stop) * scale
        found[-1] += centre
        return [linear(setting, found[:, [i]]) for i, setting in enumerate(settings)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)


class Scaled:
    """Huber's loss with the scale at its best for the residuals at hand. y: [rows], of unit scale. share: adds to one."""

    def __init__(self, y: Array, share: Array, epsilon: float) -> None:
        self.y, self.share, self.epsilon = y[:, None], share[:, None], epsilon

    def at(self, eta: Array) -> Point:
        """`penalised.Loss`. At its best the scale adds nothing to the first derivative; what it takes off the second is one product."""
        residual = eta - self.y
        scale = self.scale(residual)
        z = residual / scale
        inside = np.abs(z) <= self.epsilon
        bounded = np.clip(z, -self.epsilon, self.epsilon)
        value = scale + scale * (self.share * (2 * z - bounded) * bounded).sum(axis=0)
        bend = 2 * self.share * inside / scale
        turn = (bend * z * z).sum(axis=0)  # the second derivative by the scale
        held = (scale <= LEAST) | (turn <= 0)  # a scale at its bound does not move
        # all but a thousandth is taken off: towards an exact fit the loss is a straight line, which gives a step no length
        less = bend * z * np.where(held, 0, np.sqrt(0.999 / np.where(held, 1, turn)))
        return Point(value, 2 * self.share * bounded, bend, less)

    def scale(self, residual: Array) -> Array:
        """The best scale [problems]: mean of min(residual^2 / scale^2, epsilon^2) = 1, or LEAST."""
        square, limit = residual**2, self.epsilon**2
        u = 1 / np.maximum((self.share * square).sum(axis=0), LEAST**2)  # of all rows: at or left of the root
        for _ in range(PASSES):
            inside = square * u <= limit
            near = (self.share * square * inside).sum(axis=0)
            far = (self.share * ~inside).sum(axis=0)
            new = np.minimum(np.where(near > 0, (1 - limit * far) / np.where(near > 0, near, 1), np.inf), 1 / LEAST**2)
            if not (new > u * (1 + 1e-12)).any():
                break
            u = np.maximum(new, u)
        return np.asarray(1 / np.sqrt(u))


def linear(setting: Setting, w: Array) -> Fitted:
    """A fitted weighted sum from weights [features + 1, 1], the intercept last."""
    weights, bias = w[:-1].copy(), w[-1].copy()
    return Fitted(setting, {"weights": weights, "bias": bias}, "identity", lambda x: dense(x, weights, bias))
