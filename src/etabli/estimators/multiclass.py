"""Several classes by classifiers of two: one against the rest, one against one.

Both decide by their own rule (a decision, a vote), not by the largest probability: the label is written beside the score.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators import members
from etabli.estimators.answers import classes_of, decision, native, probabilities
from etabli.estimators.blocks import filled
from etabli.estimators.recipes import above, number, place, total
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph

_MODULE = "sklearn.multiclass."


@writes(_MODULE + "_ConstantPredictor")
def constant(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """What stands for a class that every row has, or none: its probability is 0 or 1, and so is its decision."""
    share = float(np.ravel(estimator.y_)[0])
    raw = filled(graph, frame.parts[0].tensor, share)
    asked = native(lambda x: np.full(len(x), share))
    return Answer(raw, "probability", asked, exact=True, classes=(0, 1), values=Part(raw, 1))


def _score(estimator: Any, graph: Graph, answer: Answer) -> str:
    """[rows, 1]: the library's `_predict_binary`: a regressor's value, a decision, else the probability of the second class."""
    if not answer.classes:
        return members.value(graph, answer, estimator)
    return members.response(graph, answer, estimator)[0]


def _bound(estimator: Any) -> float:
    """Above which such a score means the second class."""
    return 0.0 if hasattr(estimator, "decision_function") else 0.5


@writes(_MODULE + "OneVsRestClassifier")
def one_against_rest(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Probabilities over their sum where the members have them, else decisions."""
    if estimator.multilabel_:
        raise Refused(estimator, "it predicts several labels a row")
    classes_of(estimator)
    pairs = [(member, estimators.predictor(member, graph, frame)) for member in estimator.estimators_]
    scores = [_score(member, graph, answer) for member, answer in pairs]
    bound = max(answer.bound for _, answer in pairs)
    decided = graph.op("Concat", *scores, axis=1) if len(scores) > 1 else scores[0]
    label = place(graph, decided) if len(scores) > 1 else above(graph, decided, _bound(estimator.estimators_[0]))
    if not hasattr(estimator, "predict_proba"):
        if hasattr(estimator, "decision_function"):
            return decision(estimator, graph, decided, label, bound=bound)
        raise Refused(estimator, "it has neither probabilities nor decisions")
    values = Part(decided, len(scores)) if hasattr(estimator, "decision_function") else None
    shares = [members.positive(graph, answer, member) for member, answer in pairs]
    if len(shares) == 1:
        both = graph.op("Concat", graph.op("Sub", number(graph, 1.0), shares[0]), shares[0], axis=1)
        return probabilities(estimator, graph, both, label=label, values=values, bound=bound)
    joined = graph.op("Concat", *shares, axis=1)
    summed = total(graph, joined)
    none = graph.op("Equal", summed, number(graph, 0.0))
    shared = graph.op("Div", joined, graph.op("Where", none, number(graph, 1.0), summed))
    return probabilities(estimator, graph, shared, label=label, values=values, bound=bound)


@writes(_MODULE + "OneVsOneClassifier")
def one_against_one(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Votes of the pairs, their confidences breaking ties: it has a decision and no probabilities."""
    if estimator.pairwise_indices_ is not None:
        raise Refused(estimator, "its members take a kernel matrix")
    count = len(classes_of(estimator))
    votes: list[list[str]] = [[] for _ in range(count)]
    trust: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    one, bound = number(graph, 1.0), 0.0
    for (i, j), member in zip(pairs, estimator.estimators_, strict=True):
        answer = estimators.predictor(member, graph, frame)
        bound = max(bound, answer.bound)
        score = _score(member, graph, answer)
        if answer.classes:
            second = graph.op("Cast", members.label(graph, answer), to=11)
            votes[i].append(graph.op("Sub", one, second))
        else:  # a regressor votes when its value is exactly 0 or 1
            second = graph.op("Cast", graph.op("Equal", score, one), to=11)
            votes[i].append(graph.op("Cast", graph.op("Equal", score, number(graph, 0.0)), to=11))
        votes[j].append(second)
        trust[i].append(("Sub", score))
        trust[j].append(("Add", score))
    columns = [_confident(graph, votes[k], trust[k]) for k in range(count)]
    if count == 2:
        return decision(estimator, graph, columns[1], above(graph, columns[1], _bound(estimator.estimators_[0])), bound=bound)
    return decision(estimator, graph, graph.op("Concat", *columns, axis=1), bound=bound)


def _confident(graph: Graph, votes: list[str], trust: list[tuple[str, str]]) -> str:
    """Votes plus s / (3 (|s| + 1)), s the sum of the confidences in the order of the pairs."""
    counted, summed = number(graph, 0.0), number(graph, 0.0)
    for vote in votes:
        counted = graph.op("Add", counted, vote)
    for operator, score in trust:
        summed = graph.op(operator, summed, score)
    under = graph.op("Mul", number(graph, 3.0), graph.op("Add", graph.op("Abs", summed), number(graph, 1.0)))
    return graph.op("Add", counted, graph.op("Div", summed, under))
