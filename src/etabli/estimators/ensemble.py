"""Voting and stacking: several estimators of the same columns, their answers averaged, counted or given to a last estimator.

Means are summed in the members' order and divided once, as numpy does over a first axis. The members of both classifiers learn labels
as places, so a member's own classes are numbers here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators import members
from etabli.estimators.answers import classes_of, native, probabilities
from etabli.estimators.answers import value as valued
from etabli.estimators.recipes import column, number, place
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.steps import one_hot


def mean(graph: Graph, tensors: list[str], weights: list[float] | None = None) -> str:
    """numpy.average over the list."""
    total = ""
    for i, tensor in enumerate(tensors):
        term = tensor if weights is None else graph.op("Mul", tensor, number(graph, float(weights[i])))
        total = graph.op("Add", total, term) if total else term
    count = float(len(tensors)) if weights is None else float(np.sum(np.asarray(weights, np.float64)))
    return graph.op("Div", total, number(graph, count))


def _answers(owner: Any, graph: Graph, frame: Frame) -> list[tuple[Any, Answer]]:
    kept = [member for member in owner.estimators_ if not isinstance(member, str)]
    return [(member, estimators.predictor(member, graph, frame)) for member in kept]


def _bound(answers: list[tuple[Any, Answer]]) -> float:
    """A mean is as near as the members."""
    return max(answer.bound for _, answer in answers)


@writes("sklearn.ensemble._voting.VotingRegressor")
def voting_regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The mean of the members' values."""
    answers = _answers(estimator, graph, frame)
    values = [members.value(graph, answer, member) for member, answer in answers]
    return valued(estimator, mean(graph, values, estimator._weights_not_none), bound=_bound(answers))


@writes("sklearn.ensemble._voting.VotingClassifier")
def voting_classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """soft: the mean of the probabilities; hard: the label with most votes, the first among equals."""
    classes, weights, answers = classes_of(estimator), estimator._weights_not_none, _answers(estimator, graph, frame)
    if any(len(answer.classes) != len(classes) for _, answer in answers):
        raise Refused(estimator, "a member saw fewer classes than the whole")
    if estimator.voting == "soft":
        shares = mean(graph, [members.probabilities(graph, answer, member) for member, answer in answers], weights)
        # the mean of trees may tie, and the library then compares its two columns; elsewhere a tie is rounding
        label = place(graph, shares) if all(answer.exact for _, answer in answers) else ""
        return probabilities(estimator, graph, shares, label=label, bound=_bound(answers))
    votes = ""
    for i, (member, answer) in enumerate(answers):
        chosen = members.prediction(graph, answer, member)
        hot = one_hot(graph, chosen, [0] * len(classes), [float(code) for code in range(len(classes))])
        term = graph.op("Mul", hot, number(graph, 1.0 if weights is None else float(weights[i])))
        votes = graph.op("Add", votes, term) if votes else term

    def counted(x: Any) -> Any:
        given = 1.0 if weights is None else np.asarray(weights, np.float64)
        each = estimator.transform(x)[:, :, None] == np.arange(len(classes))
        tally = (each * np.reshape(given * np.ones(each.shape[1]), (1, -1, 1))).sum(axis=1)
        return tally[:, 1] - tally[:, 0] if len(classes) == 2 else tally

    raw, width = votes, len(classes)
    if width == 2:
        raw, width = graph.op("Sub", column(graph, votes, 1), column(graph, votes, 0)), 1
    values = Part(raw, width)  # it has no probabilities: votes are its decision
    return Answer(raw, "identity", native(counted), exact=True, classes=classes, label=place(graph, votes), values=values, outputs=width)


def _stacked(estimator: Any, graph: Graph, frame: Frame) -> tuple[Frame, float]:
    """What the last estimator is given: a member's probabilities (of two classes the second), decision or prediction, then the columns;
    and how near the members are."""
    if isinstance(getattr(estimator, "_label_encoder", None), list):
        raise Refused(estimator, "it predicts several labels a row")
    made, answers = Frame(()), _answers(estimator, graph, frame)
    for (member, answer), method in zip(answers, estimator.stack_method_, strict=True):
        width = len(answer.classes)
        if method == "predict_proba":
            part = members.positive(graph, answer, member) if width == 2 else members.probabilities(graph, answer, member)
            width = 1 if width == 2 else width
        elif method == "decision_function":
            part, width = members.decision(graph, answer, member), 1 if width == 2 else width
        elif method == "predict":
            part, width = members.prediction(graph, answer, member), answer.outputs if not answer.classes else 1
        else:
            raise Refused(estimator, f"stack_method {method!r} is not known")
        made = made + Frame((Part(part, width),))
    return made + Frame(frame.parts) if estimator.passthrough else made, _bound(answers)


@writes("sklearn.ensemble._stacking.StackingRegressor")
def stacking_regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The last estimator on the members' values."""
    given, bound = _stacked(estimator, graph, frame)
    answer = estimators.predictor(estimator.final_estimator_, graph, given)
    return replace(answer, native=_after(estimator, answer), exact=False, bound=max(bound, answer.bound))


@writes("sklearn.ensemble._stacking.StackingClassifier")
def stacking_classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The last estimator on the members' probabilities; its labels are places in the classes."""
    given, bound = _stacked(estimator, graph, frame)
    answer = estimators.predictor(estimator.final_estimator_, graph, given)
    names = np.asarray(estimator.classes_).tolist()
    classes = tuple(names[int(code)] for code in answer.classes)
    return replace(answer, native=_after(estimator, answer), exact=False, classes=classes, bound=max(bound, answer.bound))


def _after(estimator: Any, answer: Answer) -> Any:
    inner = answer.native
    return lambda x: inner(estimator.transform(x))
