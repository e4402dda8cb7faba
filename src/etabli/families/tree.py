"""One decision tree: the model that can be read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families import cart
from etabli.families.family import Family, Stop
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

DEPTHS = ((4, 500), (6, 1000), (3, 500), (8, 2000), (2, 500), (12, 5000))  # depth; a leaf holds at least rows / this


@final
class Tree(Family):
    """A classification or regression tree of scikit-learn."""

    name: ClassVar[str] = "tree"
    title: ClassVar[str] = "Decision tree"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    citation: ClassVar[str] = "Breiman, Friedman, Olshen & Stone 1984"
    rank: ClassVar[int] = 2
    monotone: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A short list of yes-or-no questions. Use it when the rule itself must be read and discussed; it is seldom the most accurate."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Six depths, with leaves that grow with the data; categories as target statistics when there are any."""
        wants = Wants(categories="target") if facts.categories else Wants()
        made = [{"max_depth": depth, "min_samples_leaf": max(2, facts.rows // share)} for depth, share in DEPTHS]
        return [Setting(self.name, values, wants, origin="depths as in mljar-supervised, and deeper") for values in made]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Sorting each column once, then a pass a level."""
        levels = min(float(setting.values["max_depth"]), np.log2(facts.rows + 2))
        outputs = facts.classes if facts.task == "multiclass" else 1
        work = 0.03 + 4.6e-9 * facts.rows * np.log2(facts.rows + 2) * facts.width * (levels + 4) * (1 + 0.02 * outputs)
        return Cost(work=work, memory=16.0 * facts.rows * (facts.columns + 4))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """scikit-learn's tree; missing values are routed where they fit best."""
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        make = DecisionTreeRegressor if data.task == "regression" else DecisionTreeClassifier
        model = make(random_state=data.seed, monotonic_cst=cart.directions(data), **setting.values)
        model.fit(cart.learnable(data.x), data.y, sample_weight=data.weight)
        return cart.fitted(setting, data, [model.tree_], getattr(model, "classes_", None))

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One TreeEnsemble."""
        return cart.write(graph, x, fitted.arrays, int(fitted.arrays["outputs"]))
