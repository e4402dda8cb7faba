"""Several numbers a row: one regressor an output, side by side or in a chain."""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators import members
from etabli.estimators.answers import native
from etabli.estimators.blocks import asked, block
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph

_MODULE = "sklearn.multioutput."


@writes(_MODULE + "MultiOutputRegressor")
def side_by_side(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """[rows, outputs] of independent regressors; equal bit for bit when all of them are."""
    answers = [estimators.predictor(member, graph, frame) for member in estimator.estimators_]
    values = [members.value(graph, answer, member) for member, answer in zip(estimator.estimators_, answers, strict=True)]
    raw = graph.op("Concat", *values, axis=1) if len(values) > 1 else values[0]
    exact = all(answer.exact and answer.link == "identity" for answer in answers)

    def each(x: Any) -> Any:
        return np.column_stack([member.predict(x) for member in estimator.estimators_])  # not through its n_jobs

    return Answer(raw, "identity", native(each), exact=exact, outputs=len(values), bound=max(answer.bound for answer in answers))


@writes(_MODULE + "RegressorChain")
def chain(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Each regressor sees the columns and the predictions before it."""
    asked(estimator, frame.width)
    given = block(frame.matrix(graph, estimator), frame.width)
    values: list[str] = []
    bound = 0.0
    for member in estimator.estimators_:
        before = Frame(tuple(Part(tensor, 1) for tensor in values))
        joined = block((given + before).matrix(graph), frame.width + len(values))
        answer = estimators.predictor(member, graph, joined)
        values.append(members.value(graph, answer, member))
        bound = max(bound, answer.bound)
    order = list(np.argsort(estimator.order_))
    ordered = [values[int(at)] for at in order]
    raw = graph.op("Concat", *ordered, axis=1) if len(ordered) > 1 else ordered[0]
    return Answer(raw, "identity", native(estimator.predict), outputs=len(ordered), bound=bound)


@writes(
    _MODULE + "MultiOutputClassifier",
    _MODULE + "ClassifierChain",
)
def labels(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Refused."""
    raise Refused(estimator, "it predicts several labels a row, and a file has one target", "adopt its estimators_ one by one")


@writes("sklearn.multiclass.OutputCodeClassifier")
def code(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Refused."""
    raise Refused(estimator, "it picks the nearest code word and has no score", "OneVsRestClassifier")
