"""Extremely randomised trees of scikit-learn, bit for bit.

Like a random forest, but every tree sees all rows and each tried column is split at a random threshold; the best of the tried columns is
kept. The thresholds cost no sorting, so a tree grows two to three times as fast as a forest's, and their randomness smooths the mean. On
2 000 rows of letters the log-loss was 0.63 (random forest: 0.70), of storms 0.37 (0.38); the error of house prices was 25 200 (25 600), of
California's districts 57 700 (57 500). Where targets are noisy (customers who leave: 0.48 with leaves of two rows) larger leaves are better
(0.43 with ten). Leaves of one row are not offered, and their number is capped as for a forest: K classes need K copies of each tree. The
side of missing values is drawn with the threshold; a node that saw none sends them with the larger part.
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
class ExtraTrees(Family):
    """Many deep trees with random thresholds, averaged."""

    name: ClassVar[str] = "extratrees"
    title: ClassVar[str] = "Extra trees"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    citation: ClassVar[str] = "Geurts, Ernst & Wehenkel 2006"
    rank: ClassVar[int] = 4
    kin: ClassVar[str] = "forest"
    monotone: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "The mean of hundreds of deep trees that split at random places. Smoother than a random forest and quicker to grow: use it on noisy "
        "numbers, and where a forest does well."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Two or three: small leaves, larger ones for noisy targets, and the other recipe for categories."""
        origin = "AutoGluon zero-shot 2023, XT_r42, with leaves of two rows"
        smooth = "between AutoGluon zero-shot 2023's XT_r178 and XT_r4 (leaves of 4 and of 20 rows)"
        ways: list[tuple[dict[str, Any], str]] = [
            ({"max_features": 0.75, "min_samples_leaf": 2}, origin),
            ({"max_features": 0.75, "min_samples_leaf": 10}, smooth),
        ]
        return cart.settings(self.name, facts, ways)

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """One look at each tried column on every level of every tree."""
        values, rows = setting.values, facts.rows
        share = values["max_features"]
        tried = max(1.0, np.sqrt(facts.columns) if share == "sqrt" else share * facts.width)
        outputs = facts.classes if facts.task == "multiclass" else 1
        leaves = min(0.6 * rows / float(values["min_samples_leaf"]), float(values.get("max_leaf_nodes", rows)))
        depth = np.log2(leaves + 2)
        look = (6.5e-9 if facts.task == "regression" else 4.5e-9) * tried + 2e-8
        work = float(values["n_estimators"]) * (
            1.2e-3 + rows * depth * look + ((1e-6 + 1e-7 * tried) * (1 + 0.5 * (outputs - 1)) + cart.WRITING * outputs) * leaves
        )
        return Cost(work=work, memory=8.0 * rows * facts.columns + 150.0 * leaves * outputs * float(values["n_estimators"]))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """scikit-learn's extra trees, in batches."""
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        return cart.grow(ExtraTreesRegressor if data.task == "regression" else ExtraTreesClassifier, setting, data, stop)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One TreeEnsemble and a division."""
        return cart.write(graph, x, fitted.arrays, int(fitted.arrays["outputs"]))
