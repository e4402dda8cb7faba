"""CalibratedClassifierCV: sigmoid, isotonic and temperature over a decision or a probability, the mean over its folds.

Each class has a calibrator (two classes: one, of the second), its answers divided by their sum; a row of zeros becomes uniform. The
temperature works on logits: margins as they are, probabilities as log(p + 1e-12), one margin m of two classes as (-m, m).
"""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators import members
from etabli.estimators.answers import classes_of, probabilities
from etabli.estimators.blocks import block, filled, row
from etabli.estimators.ensemble import mean
from etabli.estimators.recipes import column, logistic, number, place, total
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.links import link


@writes("sklearn.calibration.CalibratedClassifierCV")
def calibrated(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """[rows, classes] probabilities, the mean of the calibrated members'."""
    classes = classes_of(estimator)
    answers = [estimators.predictor(part.estimator, graph, frame) for part in estimator.calibrated_classifiers_]
    both = list(zip(estimator.calibrated_classifiers_, answers, strict=True))
    shares = mean(graph, [_member(estimator, part, answer, graph, classes) for part, answer in both])
    # steps over trees may tie, and the library then compares its two columns; elsewhere a tie is rounding
    tied = estimator.method == "isotonic" and all(answer.exact for answer in answers)
    bound = max(_bound(part, answer) for part, answer in both)
    return probabilities(estimator, graph, shares, label=place(graph, shares) if tied else "", bound=bound)


def _bound(part: Any, answer: Answer) -> float:
    """An isotonic line multiplies the last bits of a score by its slope: up to 8 ulp of the largest score, at most 1e-9."""
    steep = answer.bound
    for calibrator in part.calibrators if part.method == "isotonic" and not answer.exact else ():
        knots = np.asarray(calibrator.X_thresholds_, np.float64)
        if len(knots) > 1:
            slope = np.diff(np.asarray(calibrator.y_thresholds_, np.float64)) / np.diff(knots)
            steep = max(steep, 8 * float(np.finfo(np.float64).eps) * float(np.abs(knots).max() * slope.max()))
    return min(steep, max(answer.bound, 1e-9))


def _member(owner: Any, part: Any, answer: Answer, graph: Graph, classes: tuple[Any, ...]) -> str:
    score, method = members.response(graph, answer, part.estimator)
    if part.method == "temperature":
        made = _temperature(owner, part.calibrators[0], graph, score, method, len(classes))
    elif part.method in ("sigmoid", "isotonic"):
        made = _each(owner, part, graph, score, [classes.index(name) for name in answer.classes], len(classes))
    else:
        raise Refused(owner, f"method={part.method!r} is not known")
    return graph.op("Min", made, number(graph, 1.0))  # the library sets what rounding pushed above 1 back to it


def _each(owner: Any, part: Any, graph: Graph, score: str, places: list[int], count: int) -> str:
    """One calibrator a class the member knows, normalised."""
    if count == 2:
        positive = _one(owner, part.calibrators[0], graph, score)
        return graph.op("Concat", graph.op("Sub", number(graph, 1.0), positive), positive, axis=1)
    columns = [filled(graph, score, 0.0)] * count
    if len(places) == 2:  # the member saw two classes of several: its one score is calibrated for the first of them, as the library does
        columns[places[0]] = _one(owner, part.calibrators[0], graph, score)
    else:
        for j, (at, calibrator) in enumerate(zip(places, part.calibrators, strict=True)):
            columns[at] = _one(owner, calibrator, graph, column(graph, score, j))
    made = graph.op("Concat", *columns, axis=1)
    summed = total(graph, made)
    none = graph.op("Equal", summed, number(graph, 0.0))
    shared = graph.op("Div", made, graph.op("Where", none, number(graph, 1.0), summed))
    return graph.op("Where", none, row(graph, np.full(count, 1 / count)), shared)


def _one(owner: Any, calibrator: Any, graph: Graph, score: str) -> str:
    kind = type(calibrator).__name__
    if kind == "_SigmoidCalibration":
        line = graph.op("Add", graph.op("Mul", number(graph, float(calibrator.a_)), score), number(graph, float(calibrator.b_)))
        return logistic(graph, graph.op("Neg", line))
    if kind == "IsotonicRegression":
        return members.value(graph, estimators.predictor(calibrator, graph, block(score, 1)), calibrator)
    raise Refused(owner, f"its calibrator {kind} is not known")


def _temperature(owner: Any, calibrator: Any, graph: Graph, score: str, method: str, count: int) -> str:
    if type(calibrator).__name__ != "_TemperatureScaling":
        raise Refused(owner, f"its calibrator {type(calibrator).__name__} is not known")
    if method == "predict_proba":
        if count == 2:
            score = graph.op("Concat", graph.op("Sub", number(graph, 1.0), score), score, axis=1)
        score = graph.op("Log", graph.op("Add", score, number(graph, 1e-12)))
    elif count == 2:
        score = graph.op("Concat", graph.op("Neg", score), score, axis=1)
    return link(graph, graph.op("Mul", number(graph, float(calibrator.beta_)), score), "softmax")
