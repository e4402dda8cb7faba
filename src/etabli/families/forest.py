"""Random forest of scikit-learn, bit for bit.

The number of leaves is capped so that a forest's file stays below some 40 MB: K classes need K copies of each tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families import cart
from etabli.families.family import Family, Stop
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind


@final
class Forest(Family):
    """Many deep trees on resampled rows, averaged."""

    name: ClassVar[str] = "forest"
    title: ClassVar[str] = "Random forest"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    citation: ClassVar[str] = "Breiman 2001"
    rank: ClassVar[int] = 4
    kin: ClassVar[str] = "forest"
    monotone: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "The mean of hundreds of deep trees, each grown on a random half of the evidence. Hard to do wrong: use it on small or noisy data, "
        "and as a second opinion beside boosting."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Two or three: the usual default, more columns a split, and target statistics instead of codes for wide categories."""
        if facts.task == "regression":
            ways: list[tuple[dict[str, Any], str]] = [
                ({"max_features": 0.6, "min_samples_leaf": 2}, "AutoGluon zero-shot 2023, RF_r39, narrower"),
                ({"max_features": 1.0, "min_samples_leaf": 5}, "AutoGluon zero-shot 2023, RF_r127"),
            ]
        else:
            ways = [
                ({"max_features": "sqrt", "min_samples_leaf": 2}, "scikit-learn default with leaves of two rows"),
                (
                    {"max_features": 0.5, "min_samples_leaf": 5, "criterion": "entropy"},
                    "AutoGluon zero-shot 2023, RF_r15 and RFEntr, narrower",
                ),
            ]
        return cart.settings(self.name, facts, ways)

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Sorting the tried columns on every level of every tree."""
        values, rows = setting.values, facts.rows
        share = values["max_features"]
        tried = max(1.0, np.sqrt(facts.columns) if share == "sqrt" else share * facts.width)
        depth = np.log2(rows / float(values["min_samples_leaf"]) + 2)
        entropy = 1.5 if values.get("criterion") == "entropy" else 1.0
        outputs = facts.classes if facts.task == "multiclass" else 1
        leaves = min(0.4 * rows / float(values["min_samples_leaf"]), float(values.get("max_leaf_nodes", rows)))
        work = float(values["n_estimators"]) * (
            1.2e-3 + entropy * rows * depth * (2.5e-8 * tried + 4.5e-8) * (1 + 0.02 * outputs) + (1.5e-6 + cart.WRITING) * leaves * outputs
        )
        return Cost(work=work, memory=8.0 * rows * facts.columns + 150.0 * leaves * outputs * float(values["n_estimators"]))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """scikit-learn's forest; missing values are routed where they fit best."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        return cart.grow(RandomForestRegressor if data.task == "regression" else RandomForestClassifier, setting, data, stop)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One TreeEnsemble and a division."""
        return cart.write(graph, x, fitted.arrays, int(fitted.arrays["outputs"]))
