"""Estimators that hold one fitted estimator and answer by it: searches, frozen ones, decision thresholds, self-training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators.members import decision, positive
from etabli.estimators.recipes import number
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph

_SEARCH = "sklearn.model_selection."


@writes(
    f"{_SEARCH}_search.BaseSearchCV",
    f"{_SEARCH}_search.GridSearchCV",
    f"{_SEARCH}_search.RandomizedSearchCV",
    f"{_SEARCH}_search_successive_halving.HalvingGridSearchCV",
    f"{_SEARCH}_search_successive_halving.HalvingRandomSearchCV",
)
def search(estimator: Any, graph: Graph, frame: Frame) -> Frame | Answer:
    """Its best estimator, refitted."""
    if not hasattr(estimator, "best_estimator_"):
        raise Refused(estimator, "refit=False kept no model", "refit=True")
    return estimators.write(estimator.best_estimator_, graph, frame)


@writes("sklearn.frozen._frozen.FrozenEstimator")
def frozen(estimator: Any, graph: Graph, frame: Frame) -> Frame | Answer:
    """The estimator that it keeps from being fitted again."""
    return estimators.write(estimator.estimator, graph, frame)


@writes("sklearn.semi_supervised._self_training.SelfTrainingClassifier")
def self_training(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The classifier fitted last."""
    return estimators.predictor(estimator.estimator_, graph, frame)


@writes(
    f"{_SEARCH}_classification_threshold.FixedThresholdClassifier",
    f"{_SEARCH}_classification_threshold.TunedThresholdClassifierCV",
)
def threshold(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The classifier's own score, with a label by the threshold: positive from the threshold on."""
    member = getattr(estimator, "estimator_", estimator.estimator)
    answer = estimators.predictor(member, graph, frame)
    if len(answer.classes) != 2:
        raise Refused(estimator, "two classes are due")
    tuned = hasattr(estimator, "best_threshold_")
    chosen = estimator._curve_scorer._get_pos_label() if tuned else estimator.pos_label
    names = list(np.asarray(estimator.classes_).tolist())
    wanted = 1 if chosen is None else names.index(chosen.item() if hasattr(chosen, "item") else chosen)
    methods = ("predict_proba", "decision_function") if estimator.response_method == "auto" else (estimator.response_method,)
    method = next((name for name in methods if hasattr(member, name)), "")
    if method == "predict_proba":
        score = positive(graph, answer, member)
        score = score if wanted == 1 else graph.op("Sub", number(graph, 1.0), score)
    elif method == "decision_function":
        score = decision(graph, answer, member)
        score = score if wanted == 1 else graph.op("Neg", score)
    else:
        raise Refused(estimator, f"response_method={estimator.response_method!r} is not known")
    bound = estimator.best_threshold_ if tuned else estimator.threshold
    if isinstance(bound, str):
        bound = 0.5 if method == "predict_proba" else 0.0
    above = graph.op("GreaterOrEqual", score, number(graph, float(bound)))
    label = graph.op("Where", above, graph.const(wanted, np.int64), graph.const(1 - wanted, np.int64))
    decided = answer.values if answer.link in ("probability", "identity") else None  # else it may be the member's `transform`
    return replace(answer, label=label, values=decided)
