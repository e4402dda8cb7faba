"""ColumnTransformer: columns by name, place, mask, slice or a function of the frame, which its fit resolved to places."""

from __future__ import annotations

from typing import Any

import etabli.estimators as estimators
from etabli.estimators.blocks import asked
from etabli.estimators.pipeline import weighted
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph


@writes("sklearn.compose._column_transformer.ColumnTransformer")
def column_transformer(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Each transformer on its columns, side by side in their order, the remainder last."""
    asked(estimator, frame.width)
    weights = estimator.transformer_weights or {}
    made = Frame(())
    for name, step, _ in estimator.transformers_:
        places = [int(place) for place in estimator._transformer_to_input_indices[name]]
        if not places or (isinstance(step, str) and step == "drop"):
            continue
        part = estimators.transformed(step, graph, frame.take(graph, places))
        made = made + weighted(estimator, graph, Frame(part.parts), weights.get(name))
    if not made.width:
        raise Refused(estimator, "it gives no column")
    return made
