"""What `tree.py` and `forest.py` share: scikit-learn's trees as arrays, bit for bit (no family of its own).

scikit-learn rounds x to float32 and compares with thresholds in double; the graph does the same casts. Predictions go through
the fitted `tree_` itself, tree after tree: scikit-learn's own `predict` refuses infinities, and with several threads it adds the trees
in the order they happen to finish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from etabli.graph import trees as forest
from etabli.graph.graph import Graph
from etabli.records import Array, Data

LARGEST = float(np.finfo(np.float32).max)


def single(x: Array) -> Array:
    """x rounded to float32, beyond its range infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(x, np.float32)


def learnable(x: Array) -> Array:
    """x as float32 without infinities, which scikit-learn refuses to learn from: the order of the values is kept."""
    return np.ascontiguousarray(np.clip(x, -LARGEST, LARGEST), np.float32)


def columns(data: Data, classes: Array | None) -> tuple[Array, int]:
    """(the output column of each of the model's classes, or -1 when it needs none; the number of output columns).

    A binary model gives the share of class 1 alone; a class that this fold never saw keeps the share 0.
    """
    if data.task == "regression" or classes is None:
        return np.zeros(1, np.int64), 1
    if data.task == "binary":
        return np.where(classes == 1, 0, -1), 1
    return np.asarray(classes, np.int64), data.classes


def arrays(trees: Sequence[Any], column: Array) -> dict[str, Array]:
    """Flat arrays of fitted `tree_` objects. A leaf has one weight, so K classes take K copies of each tree."""
    made = forest.Trees()
    used = np.flatnonzero(column >= 0)
    for tree in trees:
        left, right = tree.children_left, tree.children_right
        inner = left >= 0
        number = np.where(inner, np.cumsum(inner) - 1, -np.cumsum(~inner))  # leaf i is ~i
        shape = (tree.feature[inner], tree.threshold[inner], number[left[inner]], number[right[inner]])
        for k in used:
            made.add(*shape, tree.value[~inner, 0, k], nan_true=tree.missing_go_to_left[inner], target=int(column[k]))
    if not len(used):  # two classes, and only the negative one was seen
        made.constant(0.0)
    return made.arrays()


def native(trees: Sequence[Any], column: Array, outputs: int) -> Callable[[Array], Array]:
    """The mean over the trees of scikit-learn's own tree predictions, added in the order of the trees."""
    used = np.flatnonzero(column >= 0)

    def predict(x: Array) -> Array:
        rounded, total = single(x), np.zeros((len(x), outputs))
        for tree in trees:
            total[:, column[used]] += tree.predict(rounded)[:, used]
        return total / len(trees) if len(trees) > 1 else total

    return predict


def write(graph: Graph, x: str, kept: Mapping[str, Any], outputs: int) -> str:
    """Rounds to float32, sums the trees, divides by their number (kept["trees"])."""
    rounded = graph.op("Cast", graph.op("Cast", x, to=1), to=11)  # to float, back to double
    total = forest.write(graph, rounded, kept, outputs)
    return total if int(kept["trees"]) == 1 else graph.op("Div", total, graph.const(float(kept["trees"]), np.float64))
