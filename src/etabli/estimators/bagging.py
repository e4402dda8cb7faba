"""scikit-learn's Bagging (Breiman 1996): the mean of members, each on its own columns.

Members that are trees become one TreeEnsemble, whose features are renumbered to the columns that the member saw: equal bit for bit.
Others are written by their own functions on those columns and added in their order. Members of a classifier count classes from 0 in the
order of the whole's classes; one that missed a class adds nothing to it. Members without probabilities vote.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators import sktrees
from etabli.estimators.answers import classes_of, matrix
from etabli.estimators.members import label, probabilities, value
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph import trees
from etabli.graph.graph import Graph


def _pairs(estimator: Any) -> list[tuple[Any, Any]]:
    return list(zip(estimator.estimators_, [np.asarray(places, np.int64) for places in estimator.estimators_features_], strict=True))


def _divided(estimator: Any, graph: Graph, total: str) -> str:
    return graph.op("Div", total, graph.const(float(estimator.n_estimators), np.float64))


@writes("sklearn.ensemble._bagging.BaggingRegressor")
def regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the members' values."""
    from etabli.estimators import predictor

    x, exact, total = matrix(estimator, graph, frame), _are_trees(estimator), ""
    if exact:
        made = trees.Trees()
        for member, places in _pairs(estimator):
            shape = sktrees.branches(member.tree_)
            shape.add(made, member.tree_.value[shape.leaves, 0, 0], places=places)
        total = trees.write(graph, sktrees.rounded(graph, x), made.arrays(), 1)
    else:
        for member, places in _pairs(estimator):
            mine = value(graph, predictor(member, graph, frame.take(graph, places.tolist())), member)
            total = graph.op("Add", total, mine) if total else mine
    one = sktrees.alone(estimator)
    return Answer(_divided(estimator, graph, total), "identity", lambda rows: one.predict(rows)[:, None], exact)


def _are_trees(estimator: Any) -> bool:
    if any(getattr(member, "n_outputs_", 1) != 1 for member in estimator.estimators_):
        raise Refused(estimator, "members of several outputs are not written")
    return all(hasattr(member, "tree_") for member in estimator.estimators_)


@writes("sklearn.ensemble._bagging.BaggingClassifier")
def classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the members' probabilities (or votes), and the class of the largest."""
    classes, exact = classes_of(estimator), _are_trees(estimator)
    count, x = len(classes), matrix(estimator, graph, frame)
    if exact:
        made = trees.Trees()
        for member, places in _pairs(estimator):
            shape = sktrees.branches(member.tree_)
            for k, mine in enumerate(member.classes_):
                shape.add(made, member.tree_.value[shape.leaves, 0, k], int(mine), places)
        total = trees.write(graph, sktrees.rounded(graph, x), made.arrays(), count)
    else:
        total = _mixed(estimator, graph, frame, count)
    both, one = _divided(estimator, graph, total), sktrees.alone(estimator)
    if count > 2:
        return Answer(both, "probability", one.predict_proba, exact, classes, outputs=count)
    raw = graph.op("Gather", both, graph.const([1], np.int64), axis=1)
    chosen = graph.op("ArgMax", both, axis=1, keepdims=1)
    return Answer(raw, "probability", lambda rows: one.predict_proba(rows)[:, [1]], exact, classes, chosen)


def _mixed(estimator: Any, graph: Graph, frame: Frame, count: int) -> str:
    from etabli.estimators import predictor

    total = ""
    for member, places in _pairs(estimator):
        view = frame.take(graph, places.tolist())
        if len(member.classes_) == 1:
            mine = graph.const(np.eye(count)[[int(member.classes_[0])]], np.float64)
        elif hasattr(member, "predict_proba"):
            spread = np.eye(count)[np.asarray(member.classes_, np.int64)]  # [its classes, all classes]
            mine = probabilities(graph, predictor(member, graph, view), member)
            mine = mine if len(spread) == count else graph.op("MatMul", mine, graph.const(spread, np.float64))
        else:
            place = graph.op("Gather", graph.const(member.classes_, np.int64), label(graph, predictor(member, graph, view)), axis=0)
            mine = graph.op("Cast", graph.op("Equal", place, graph.const([list(range(count))], np.int64)), to=11)
        total = graph.op("Add", total, mine) if total else mine
    return total
