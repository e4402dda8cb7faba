"""Isolation forest: random splits cut an odd row off early.

The depth at which a row ends is one TreeEnsemble, as in `estimators/isolationforest.py`; here the trees are kept as flat arrays, and numpy
walks the same trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from etabli.estimators import sktrees
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.placing import drawn

SEEN = 256  # rows a tree sees, as in the paper
STEP = 20_000


@final
class IsolationForest(Detector):
    """By scikit-learn's trees. The score is 2 ** (-depth / expected depth), between 0 and 1."""

    name, title, needs, citation, rank = "iforest", "isolation forest", ("scikit-learn",), "Liu, Ting & Zhou 2008", 1
    doc = "Random splits, a column at a time: an odd row is cut off early. Needs no scale and no shape; does not see rows that are odd only together."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two hundred trees."""
        return [{"trees": 200}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Trees of 256 rows, walked by every row."""
        return Cost(work=2e-3 * values["trees"] + 3e-8 * rows * values["trees"], memory=16.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Trees in an order of their own; the rows in an order of their content."""
        from sklearn.ensemble import IsolationForest as Library
        from sklearn.ensemble._iforest import _average_path_length

        library: Any = Library(n_estimators=int(values["trees"]), max_samples=min(SEEN, len(x)), random_state=seed)
        library.fit(x[drawn(x, len(x), seed)])
        made = trees.Trees()
        for number, (member, places) in enumerate(zip(library.estimators_, library.estimators_features_, strict=True)):
            shape = sktrees.branches(member.tree_)
            path, beyond = library._decision_path_lengths[number], library._average_path_length_per_tree[number]
            shape.add(made, path[shape.leaves] + beyond[shape.leaves] - 1.0, places=np.asarray(places, np.int64))
        expected = float(values["trees"] * _average_path_length([min(SEEN, len(x))])[0]) or 1.0
        return Found(self.name, values, {**made.arrays(), "expected": np.array(expected)})

    def apply(self, found: Found, x: Array) -> Array:
        """Walks all trees at once, a level a time."""
        one = found.arrays
        seen = np.asarray(x, np.float32).astype(np.float64)
        depth = np.zeros(len(x))
        for start in range(0, len(x), STEP):
            part = seen[start : start + STEP]
            rows = np.arange(len(part))
            for root in one["root"]:
                at, leaf = np.full(len(part), root), np.zeros(len(part), bool)
                while not leaf.all():
                    go = rows[~leaf]
                    node = at[go]
                    true = part[go, one["feature"][node]] <= one["split"][node]
                    at[go] = np.where(true, one["true"][node], one["false"][node])
                    leaf[go] = np.where(true, one["true_leaf"][node], one["false_leaf"][node]) > 0
                depth[start : start + STEP] += one["weight"][at]
        return np.asarray(2.0 ** (-depth / one["expected"]))[:, None]

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One TreeEnsemble."""
        flat = {name: array for name, array in found.arrays.items() if name != "expected"}
        depth = trees.write(graph, sktrees.rounded(graph, x), flat, 1)
        share = graph.op("Div", depth, graph.const(float(found.arrays["expected"]), np.float64))
        return graph.op("Pow", graph.const(2.0, np.float64), graph.op("Neg", share))
