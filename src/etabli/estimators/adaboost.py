"""scikit-learn's AdaBoost: votes of weighted classifiers (SAMME, Zhu et al. 2009), the weighted median of regressors (Drucker 1997).

A classifier of trees is one TreeEnsemble whose leaves are votes: the weight for the class that the leaf names, minus weight / (K - 1) for
the others. Of two classes the second's sum is the first's, negated, so one output is enough. Members that are no trees are written by
their own functions and vote through their labels. The weighted median sorts the members' answers and adds their weights one by one, in
scikit-learn's order, because where the sum passes one half decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators import sktrees
from etabli.estimators.answers import classes_of, matrix
from etabli.estimators.members import label, value
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph import trees
from etabli.graph.graph import Graph


@writes("sklearn.ensemble._weight_boosting.AdaBoostClassifier")
def classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """decision_function / (K - 1) as margins; the label is made of them."""
    classes, members = classes_of(estimator), estimator.estimators_
    if any(list(member.classes_) != list(estimator.classes_) for member in members):
        raise Refused(estimator, "a member knows other classes than the whole")
    weights, count = np.asarray(estimator.estimator_weights_, np.float64)[: len(members)], len(classes)
    exact = all(hasattr(member, "tree_") for member in members)
    votes = _trees(estimator, graph, frame, weights) if exact else _votes(estimator, graph, frame, weights)
    decision = graph.op("Div", votes, graph.const(float(estimator.estimator_weights_.sum()), np.float64))
    if count > 2:
        raw = graph.op("Div", decision, graph.const(float(count - 1), np.float64))
        chosen = graph.op("ArgMax", decision, axis=1, keepdims=1)
        return Answer(raw, "softmax", lambda rows: estimator.decision_function(rows) / (count - 1), exact, classes, chosen, outputs=count)
    raw = graph.op("Add", decision, decision)
    chosen = graph.op("Cast", graph.op("Greater", raw, graph.const(0.0, np.float64)), to=7)
    return Answer(raw, "sigmoid", lambda rows: estimator.decision_function(rows)[:, None], exact, classes, chosen)


def _trees(estimator: Any, graph: Graph, frame: Frame, weights: Any) -> str:
    """The sums of votes: of class 1 alone for two classes, else [rows, classes]."""
    count, made = len(estimator.classes_), trees.Trees()
    outputs = [1] if count == 2 else list(range(count))
    for member, weight in zip(estimator.estimators_, weights, strict=True):
        shape = sktrees.branches(member.tree_)
        named = member.tree_.value[shape.leaves, 0, :].argmax(axis=1)
        for target, k in enumerate(outputs):
            shape.add(made, np.where(named == k, weight, -1 / (count - 1) * weight), target)
    x = sktrees.rounded(graph, matrix(estimator, graph, frame))
    return trees.write(graph, x, made.arrays(), len(outputs))


def _votes(estimator: Any, graph: Graph, frame: Frame, weights: Any) -> str:
    from etabli.estimators import predictor

    count, total = len(estimator.classes_), ""
    outputs = [1] if count == 2 else list(range(count))
    names = graph.const([outputs], np.int64)
    for member, weight in zip(estimator.estimators_, weights, strict=True):
        mine = graph.op("Equal", label(graph, predictor(member, graph, frame)), names)
        vote = graph.op("Where", mine, graph.const(weight, np.float64), graph.const(-1 / (count - 1) * weight, np.float64))
        total = graph.op("Add", total, vote) if total else vote
    return total


@writes("sklearn.ensemble._weight_boosting.AdaBoostRegressor")
def regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """One of the members' answers: the first, from below, at which half of the weight is reached."""
    from etabli.estimators import predictor

    members, x = estimator.estimators_, matrix(estimator, graph, frame)
    weights = np.asarray(estimator.estimator_weights_, np.float64)[: len(members)]
    if not (weights >= 0).all():
        raise Refused(estimator, "a member has a negative weight")
    exact = all(hasattr(member, "tree_") for member in members)
    if exact:
        made = trees.Trees()
        for number, member in enumerate(members):
            shape = sktrees.branches(member.tree_)
            shape.add(made, member.tree_.value[shape.leaves, 0, 0], number)
        answers = trees.write(graph, sktrees.rounded(graph, x), made.arrays(), len(members))
    else:
        each = [value(graph, predictor(member, graph, frame), member) for member in members]
        answers = graph.op("Concat", *each, axis=1) if len(each) > 1 else each[0]
    raw = answers if len(members) == 1 else _median(graph, answers, weights)
    return Answer(raw, "identity", lambda rows: estimator.predict(rows)[:, None], exact)


def _median(graph: Graph, answers: str, weights: Any) -> str:
    """[rows, 1]: the weighted median along each row. answers: [rows, members]."""
    count = len(weights)
    values, order = graph.ops("TopK", answers, graph.const([count], np.int64), count=2, axis=1, largest=0, sorted=1)
    each = graph.ops("Split", graph.op("Gather", graph.const(weights, np.float64), order, axis=0), count=count, axis=1, num_outputs=count)
    sums = [each[0]]
    for weight in each[1:]:
        sums.append(graph.op("Add", sums[-1], weight))
    half = graph.op("Mul", graph.const(0.5, np.float64), sums[-1])
    below = graph.op("Cast", graph.op("Less", graph.op("Concat", *sums, axis=1), half), to=7)
    return graph.op("GatherElements", values, graph.op("ReduceSum", below, graph.const([1], np.int64), keepdims=1), axis=1)
