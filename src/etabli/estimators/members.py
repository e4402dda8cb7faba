"""What a meta-estimator asks of its members: a value, probabilities, a decision, a label, as scikit-learn's response methods give them.

A member's Answer holds its raw output and the link to a score. For two classes scikit-learn's probabilities are [rows, 2]; here the
second is the one kept and the first is 1 - it, which is how most of the library computes it (the mean of a forest's trees is within
one ulp).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.recipes import above, column, number, place
from etabli.estimators.writing import Answer, Refused
from etabli.graph.graph import Graph
from etabli.graph.links import link


def value(graph: Graph, answer: Answer, owner: Any) -> str:
    """[rows, outputs] of a regressor's `predict`."""
    if answer.classes:
        raise Refused(owner, "a classifier stands where a regressor is due")
    return link(graph, answer.raw, answer.link)


def positive(graph: Graph, answer: Answer, owner: Any) -> str:
    """[rows, 1]: the probability of the second of two classes."""
    if len(answer.classes) != 2:
        raise Refused(owner, "two classes are due")
    return column(graph, probabilities(graph, answer, owner), 1) if answer.link == "softmax" else _linked(graph, answer, owner)


def probabilities(graph: Graph, answer: Answer, owner: Any) -> str:
    """[rows, classes] of `predict_proba`."""
    score = _linked(graph, answer, owner)
    if len(answer.classes) != 2 or answer.link == "softmax":
        return score
    return graph.op("Concat", graph.op("Sub", number(graph, 1.0), score), score, axis=1)


def _linked(graph: Graph, answer: Answer, owner: Any) -> str:
    if not answer.classes or answer.link not in ("sigmoid", "softmax", "probability"):
        raise Refused(owner, "it gives no probabilities")
    return link(graph, answer.raw, answer.link)


def decision(graph: Graph, answer: Answer, estimator: Any) -> str:
    """[rows, 1] for two classes, else [rows, classes]: `decision_function`, of the member `estimator`.

    Margins are the decision. Of probabilities the writer says the decision in `values`.
    """
    if not answer.classes:
        raise Refused(estimator, "it decides no classes")
    width = 1 if len(answer.classes) == 2 else len(answer.classes)
    factor = _margin(inner(estimator), len(answer.classes))
    if answer.link in ("sigmoid", "softmax", "identity"):
        return answer.raw if factor == 1.0 else graph.op("Mul", answer.raw, number(graph, factor))
    if answer.values is None or answer.values.width != width:
        raise Refused(estimator, "its decision_function is not written beside its probabilities")
    return answer.values.tensor


def inner(estimator: Any) -> Any:
    """The predictor inside of pipelines, searches and frozen estimators."""
    while True:
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif type(estimator).__name__ == "FrozenEstimator":
            estimator = estimator.estimator
        else:
            return estimator


def _margin(estimator: Any, classes: int) -> float:
    """The decision over the margin whose logistic or softmax is the probability: 1 but for two kinds of boosting."""
    kind = type(estimator).__name__
    if kind == "GradientBoostingClassifier" and estimator.loss == "exponential":
        return 0.5
    if kind == "AdaBoostClassifier" and classes > 2:
        return classes - 1.0
    return 1.0


def response(graph: Graph, answer: Answer, estimator: Any) -> tuple[str, str]:
    """(the decision where the library has one, else the probability: [rows, 1] for two classes; the method's name)."""
    if hasattr(estimator, "decision_function"):
        return decision(graph, answer, estimator), "decision_function"
    if len(answer.classes) == 2:
        return positive(graph, answer, estimator), "predict_proba"
    return probabilities(graph, answer, estimator), "predict_proba"


def label(graph: Graph, answer: Answer) -> str:
    """int64 [rows, 1]: the place in `classes` that `predict` gives."""
    if answer.label:
        return answer.label
    if len(answer.classes) == 2 and answer.link != "softmax":
        return above(graph, answer.raw, 0.5 if answer.link == "probability" else 0.0)
    return place(graph, answer.raw)


def prediction(graph: Graph, answer: Answer, owner: Any) -> str:
    """[rows, outputs] double: `predict`, of classes only when they are numbers."""
    if not answer.classes:
        return value(graph, answer, owner)
    if not all(isinstance(name, (int, float, np.integer, np.floating, np.bool_)) for name in answer.classes):
        raise Refused(owner, "its labels are texts and are used as numbers")
    return graph.op("Gather", number(graph, [float(name) for name in answer.classes]), label(graph, answer), axis=0)
