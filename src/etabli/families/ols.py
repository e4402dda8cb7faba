"""Ordinary least squares, by the singular value decomposition of the centred matrix.

Not by the normal equations, which would lose half of the digits where columns are nearly dependent: without a penalty nothing else keeps
such coefficients in place. Where columns are dependent, or more than the rows, the answer is the shortest of all best ones (minimum norm):
equal columns get equal coefficients, constant ones zero. Ridge regression with a small penalty nearly always predicts as well or
better; this family is here because it is what most people mean by a regression, and because its coefficients have no shrinkage.
Where directions are declared, coefficients that would have the other sign are zero (non-negative least squares, Lawson & Hanson 1974),
by an exact active set on the normal equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families import gaussian
from etabli.families.family import Family, Stop
from etabli.families.ridge import linear, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind


@final
class LeastSquares(Family):
    """Linear regression without a penalty."""

    name: ClassVar[str] = "ols"
    title: ClassVar[str] = "Linear regression (least squares)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "Legendre 1805; Gauss 1809"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "logistic"
    monotone: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the columns with the least squared error, and nothing else. Use it when rows are many more than columns and the "
        "coefficients themselves are wanted."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """It has no setting; the recipes differ."""
        return [Setting(self.name, {}, wants, origin="no setting") for wants in recipes(facts)]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """One decomposition."""
        small, large = sorted((facts.rows, facts.columns))
        work = 0.0005 + 2.5e-8 * facts.rows * facts.columns + 1.5e-10 * large * small**2 + 3e-10 * small**3
        return Cost(work=work, memory=8.0 * (4 * facts.rows * facts.columns + 4 * small**2))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """The shortest of the best coefficients."""
        told = gaussian.directions(data)
        with gaussian.one_thread():
            fold = gaussian.centred(data.x, data.y, data.weight)
            if told is not None:
                weights = gaussian.signed_ridge(fold, [0.0], told)
            else:
                rounding = max(fold.z.shape) * np.finfo(np.float64).eps
                weights = np.linalg.lstsq(fold.z, fold.t, rcond=rounding)[0][:, None]
        return linear(setting, weights, fold.intercepts(weights))

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)
