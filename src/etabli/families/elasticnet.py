"""The elastic net: half of the penalty on the absolute, half on the squared coefficients.

Minimises  mean squared error / 2 + penalty (l1_ratio |b|_1 + (1 - l1_ratio) |b|^2 / 2)  on a target of unit spread; everything else is as
for the lasso (`lasso.py` says how the path is computed and what the penalty means; `quadratic.py` solves it exactly). The squared part
shares the weight among columns that say the same, where the lasso takes one of them by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from etabli.families.family import Family, Stop
from etabli.families.lasso import PENALTIES, path_cost, paths
from etabli.families.ridge import by_penalty, write_dense
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind


@final
class ElasticNet(Family):
    """Linear regression with an absolute and a squared penalty on the coefficients."""

    name: ClassVar[str] = "elasticnet"
    title: ClassVar[str] = "Elastic net"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    citation: ClassVar[str] = "Zou & Hastie 2005"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "logistic"
    monotone: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of some of the columns, with weight shared among columns that say the same. Use it when there are many columns, "
        "most do not matter, and those that do come in groups."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Twenty penalties for each of two recipes, with an even mixture."""
        return by_penalty(self.name, facts, PENALTIES, "scikit-learn's default mixture", l1_ratio=0.5)

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """As the lasso's path."""
        return path_cost(facts)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return paths([setting], [data], float(setting.values["l1_ratio"]), lambda: False)[0][0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties, strong to weak."""
        return self.fit_folds(settings, [data], stop)[0]

    def fit_folds(self, settings: Sequence[Setting], folds: Sequence[Data], stop: Stop) -> list[list[Fitted]]:
        """All penalties of all folds, side by side."""
        return paths(settings, folds, float(settings[0].values["l1_ratio"]), stop)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)
