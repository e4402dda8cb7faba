"""scikit-learn's trees and forests, bit for bit: decision trees, extra trees, random forests (also what `families/cart.py` writes by).

scikit-learn rounds x to float32 and compares with thresholds in double; the graph does the same two casts. A forest's answer is the
sum over the trees in their order, divided by their number, so the native call is made with one job: with several, scikit-learn adds
the trees in the order they happen to finish. A leaf of the operator has one weight, so K classes take K copies of each tree. Of two
classes one copy is enough for the probability, but not for the label where leaves are mixed: scikit-learn compares two sums that were
rounded each on its own, and trees that balance exactly are decided by that rounding. So a mixed forest carries both copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from etabli.estimators.answers import classes_of, matrix
from etabli.estimators.writing import Answer, Frame, writes
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array


class Branches(NamedTuple):
    """A tree's inner nodes in the order of `Trees.add` (children: >= 0 a node, < 0 the leaf ~child), and the node numbers of its leaves."""

    feature: Array
    split: Array
    true: Array
    false: Array
    nan_true: Array
    leaves: Array

    def add(self, made: trees.Trees, weight: Array, target: int = 0, places: Array | None = None) -> None:
        """Adds the tree with that weight a leaf. places: the column of the matrix that each of the tree's features is."""
        feature = self.feature if places is None else places[self.feature]
        made.add(feature, self.split, self.true, self.false, weight, nan_true=self.nan_true, target=target)


def branches(tree: Any) -> Branches:
    """Of a fitted `tree_`."""
    left, right = tree.children_left, tree.children_right
    inner = left >= 0
    number = np.where(inner, np.cumsum(inner) - 1, -np.cumsum(~inner))  # leaf i is ~i
    return Branches(
        np.asarray(tree.feature[inner], np.int64),
        tree.threshold[inner],
        number[left[inner]],
        number[right[inner]],
        tree.missing_go_to_left[inner],
        np.flatnonzero(~inner),
    )


def arrays(grown: Sequence[Any], column: Array) -> dict[str, Array]:
    """Flat arrays of fitted `tree_` objects with one output: class k of each leaf's shares adds to output column[k], -1 for nowhere."""
    made = trees.Trees()
    used = np.flatnonzero(np.asarray(column) >= 0)
    for tree in grown:
        shape = branches(tree)
        for k in used:
            shape.add(made, tree.value[shape.leaves, 0, k], int(column[k]))
    if not len(used):  # two classes, and only the negative one was seen
        made.constant(0.0)
    return made.arrays()


def rounded(graph: Graph, x: str) -> str:
    """x as scikit-learn's trees see it: to float, back to double."""
    return graph.op("Cast", graph.op("Cast", x, to=1), to=11)


def mean(graph: Graph, x: str, flat: Any, count: int, outputs: int) -> str:
    """The sum of the trees on x (not yet rounded), divided by their number."""
    total = trees.write(graph, rounded(graph, x), flat, outputs)
    return total if count == 1 else graph.op("Div", total, graph.const(float(count), np.float64))


def alone(estimator: Any) -> Any:
    """The same estimator (not a copy of what it learned), working in one thread and saying nothing."""
    quiet = copy(estimator)
    for name, value in (("n_jobs", 1), ("verbose", 0)):
        if hasattr(quiet, name):
            setattr(quiet, name, value)
    return quiet


def grown_in(estimator: Any) -> list[Any]:
    """The `tree_` objects of a forest or of a single tree."""
    return [member.tree_ for member in estimator.estimators_] if hasattr(estimator, "estimators_") else [estimator.tree_]


@writes(
    "sklearn.tree._classes.DecisionTreeRegressor",
    "sklearn.tree._classes.ExtraTreeRegressor",
    "sklearn.ensemble._forest.RandomForestRegressor",
    "sklearn.ensemble._forest.ExtraTreesRegressor",
)
def regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the trees; several outputs take a copy of each tree an output."""
    x, grown, outputs = matrix(estimator, graph, frame), grown_in(estimator), int(estimator.n_outputs_)
    made = trees.Trees()
    for tree in grown:
        shape = branches(tree)
        for k in range(outputs):
            shape.add(made, tree.value[shape.leaves, k, 0], k)
    raw = mean(graph, x, made.arrays(), len(grown), outputs)
    one = alone(estimator)
    return Answer(raw, "identity", lambda rows: np.reshape(one.predict(rows), (-1, outputs)), exact=True, outputs=outputs)


@writes(
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._classes.ExtraTreeClassifier",
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.ensemble._forest.ExtraTreesClassifier",
)
def classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the trees' shares of the classes."""
    classes = classes_of(estimator)
    x, grown, one, count = matrix(estimator, graph, frame), grown_in(estimator), alone(estimator), len(classes)
    if count > 2:
        raw = mean(graph, x, arrays(grown, np.arange(count)), len(grown), count)
        return Answer(raw, "probability", one.predict_proba, exact=True, classes=classes, outputs=count)
    if all(_pure(tree) for tree in grown):  # the sums are whole numbers: no rounding decides
        raw, label = mean(graph, x, arrays(grown, np.array([-1, 0])), len(grown), 1), ""
    else:
        both = mean(graph, x, arrays(grown, np.arange(2)), len(grown), 2)
        raw = graph.op("Gather", both, graph.const([1], np.int64), axis=1)
        label = graph.op("ArgMax", both, axis=1, keepdims=1)
    return Answer(raw, "probability", lambda rows: one.predict_proba(rows)[:, [1]], exact=True, classes=classes, label=label)


def _pure(tree: Any) -> bool:
    share = tree.value[tree.children_left < 0, 0, :]
    return bool(((share == 0) | (share == 1)).all())
