"""Pipeline and FeatureUnion: steps one after the other, and side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import etabli.estimators as estimators
from etabli.estimators.blocks import number
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph


def weighted(owner: Any, graph: Graph, frame: Frame, weight: float | None) -> Frame:
    """The columns times a weight, which must be numbers then."""
    if weight is None or not frame.width:
        return frame
    return Frame((Part(graph.op("Mul", frame.matrix(graph, owner), number(graph, float(weight))), frame.width),))


@writes("sklearn.pipeline.Pipeline")
def pipeline(estimator: Any, graph: Graph, frame: Frame) -> Frame | Answer:
    """Every step takes what the one before gives; the last may predict."""
    *first, (_, last) = estimator.steps
    for _, step in first:
        frame = estimators.transformed(step, graph, frame)
    if last is None or isinstance(last, str):
        return estimators.transformed(last, graph, frame)
    made = estimators.write(last, graph, frame)
    if isinstance(made, Frame):
        return made
    inner = made.native

    def before(x: Any) -> Any:
        for _, step in first:
            if step is not None and not isinstance(step, str):
                x = step.transform(x)
        return x

    return replace(made, native=lambda x: inner(before(x)))


@writes("sklearn.pipeline.FeatureUnion")
def union(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Transformers of the same columns, side by side."""
    made = Frame(())
    weights = estimator.transformer_weights or {}
    for name, step in estimator.transformer_list:
        if isinstance(step, str) and step == "drop":
            continue
        made = made + weighted(estimator, graph, Frame(estimators.transformed(step, graph, frame).parts), weights.get(name))
    if not made.width:
        raise Refused(estimator, "it gives no column")
    return made
