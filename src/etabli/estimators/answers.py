"""The shapes of answers, once: values, margins, probabilities, decisions without probabilities, detectors of outliers, clusters.

A two-class estimator answers one column (of classes[1]), any other one column a class. `native` asks the estimator's own public
method on one thread and gives the same columns, so that a proof compares like with like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from etabli.estimators.recipes import above, column, dense, number, place
from etabli.estimators.writing import Answer, Frame, Native, Part, Refused
from etabli.graph.graph import Graph
from etabli.records import Array, Link


def matrix(estimator: Any, graph: Graph, frame: Frame) -> str:
    """The frame as one tensor of doubles; Refused when its width is not what the estimator was fitted on."""
    due = getattr(estimator, "n_features_in_", frame.width)
    if due != frame.width:
        raise Refused(estimator, f"it was fitted on {due} columns and is given {frame.width}")
    return frame.matrix(graph, estimator)


def native(call: Callable[[Any], Any]) -> Native:
    """The call on one thread, its result as float64 [rows, outputs]."""

    def asked(x: Any) -> Array:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            made = np.asarray(call(x), np.float64)
        return made.reshape(-1, 1) if made.ndim == 1 else made

    return asked


def classes_of(estimator: Any) -> tuple[Any, ...]:
    """Its labels; Refused for several outputs or a single class."""
    classes = estimator.classes_
    if isinstance(classes, list) or np.ndim(classes) != 1:
        raise Refused(estimator, "it predicts several labels a row")
    if len(classes) < 2:
        raise Refused(estimator, "it saw one class only")
    return tuple(np.asarray(classes).tolist())


def summation(weights: Any, size: float, scale: float) -> float:
    """The bound (of the scale of the output) for a sum of kernels times weights: what two orders of adding up may differ by.

    A kernel machine whose weights are large against its answers adds numbers that cancel, one after the other, and loses digits in
    doing so: a nu-machine with weights of 4760 in all and margins up to 5.5 was 3e-13 of that off the exact sum, by its own order.
    weights: [terms, outputs]. size: of the largest kernel. Never below 1e-13, never above 1e-11.
    """
    lost = 2 * np.finfo(np.float64).eps * np.abs(dense(weights)).sum(axis=0).max() * size / scale if scale > 0 else 1e-13
    return float(np.clip(lost, 1e-13, 1e-11))


def value(estimator: Any, raw: str, outputs: int = 1, values: Part | None = None, bound: float = 1e-13) -> Answer:
    """Of a regressor: raw is what `predict` gives."""
    return Answer(raw, "identity", native(estimator.predict), values=values, outputs=outputs, bound=bound)


def margins(estimator: Any, raw: str, call: Callable[[Any], Any] | None = None, label: str = "", values: Part | None = None) -> Answer:
    """Of a classifier whose probabilities are the logistic or the softmax of raw: [rows, 1] for two classes, else [rows, classes].

    call: the library's own raw, `decision_function` unless given.
    """
    classes = classes_of(estimator)
    link: Link = "sigmoid" if len(classes) == 2 else "softmax"
    outputs = 1 if len(classes) == 2 else len(classes)
    return Answer(raw, link, native(call or estimator.decision_function), classes=classes, label=label, values=values, outputs=outputs)


def versus(graph: Graph, scores: str, classes: int) -> str:
    """Scores of the classes as margins: for two classes the second less the first."""
    return graph.op("Sub", column(graph, scores, 1), column(graph, scores, 0)) if classes == 2 else scores


def versus_array(scores: Array) -> Array:
    """The numpy twin of `versus`."""
    return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores


def probabilities(estimator: Any, graph: Graph, shares: str, label: str = "", values: Part | None = None, bound: float = 1e-13) -> Answer:
    """Of a classifier: shares [rows, classes] is what `predict_proba` gives."""
    classes = classes_of(estimator)
    if len(classes) == 2:
        raw = column(graph, shares, 1)
        asked = native(lambda x: estimator.predict_proba(x)[:, 1])
        return Answer(raw, "probability", asked, classes=classes, label=label, values=values, bound=bound)
    asked = native(estimator.predict_proba)
    return Answer(shares, "probability", asked, classes=classes, label=label, values=values, outputs=len(classes), bound=bound)


def decision(estimator: Any, graph: Graph, raw: str, label: str = "", bound: float = 1e-13) -> Answer:
    """Of a classifier without probabilities: raw is what `decision_function` gives, label what it decides (by raw unless given)."""
    classes = classes_of(estimator)
    width = 1 if len(classes) == 2 else len(classes)
    label = label or (above(graph, raw) if width == 1 else place(graph, raw))
    asked = native(estimator.decision_function)
    return Answer(raw, "identity", asked, classes=classes, label=label, values=Part(raw, width), outputs=width, bound=bound)


def decided(estimator: Any, graph: Graph, label: str) -> Answer:
    """Of a classifier that gives nothing but labels: raw is the label's place."""
    classes = classes_of(estimator)
    order = np.argsort(estimator.classes_)
    raw = graph.op("Cast", label, to=11)
    asked = native(lambda x: order[np.searchsorted(np.asarray(estimator.classes_)[order], estimator.predict(x))])
    return Answer(raw, "identity", asked, classes=classes, label=label, values=Part(raw, 1))


def detector(estimator: Any, graph: Graph, raw: str, or_equal: bool = True, bound: float = 1e-13) -> Answer:
    """Of a detector of outliers: raw is what `decision_function` gives; 1 (inside) from 0 on, or only above it, else -1."""
    label = above(graph, raw, or_equal=or_equal)
    asked = native(estimator.decision_function)
    return Answer(raw, "identity", asked, classes=(-1, 1), label=label, values=Part(raw, 1), bound=bound)


def clusters(estimator: Any, graph: Graph, nearest: str, numbers: Sequence[int], transformed: Part | None = None) -> Answer:
    """Of a clustering. nearest: int64 [rows, 1], a place in `numbers`, the cluster's number of each place (they may repeat).

    transformed: what `transform` gives, which is then the raw answer; without it raw is the number of the cluster.
    """
    classes = tuple(sorted({int(value) for value in numbers}))
    places = [classes.index(int(value)) for value in numbers]
    label = nearest
    if places != list(range(len(places))):
        label = graph.op("Gather", graph.const(places, np.int64), nearest, axis=0)
    if transformed is not None:
        asked = native(estimator.transform)
        return Answer(transformed.tensor, "identity", asked, classes=classes, label=label, values=transformed, outputs=transformed.width)
    raw = graph.op("Gather", number(graph, numbers), nearest, axis=0)
    return Answer(raw, "identity", native(estimator.predict), classes=classes, label=label, values=Part(raw, 1))
