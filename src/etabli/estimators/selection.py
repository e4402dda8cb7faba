"""Feature selection: whatever chose the columns, `get_support` names them."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.blocks import asked
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph

_HOME = "sklearn.feature_selection"


@writes(
    f"{_HOME}._base.SelectorMixin",
    f"{_HOME}._from_model.SelectFromModel",
    f"{_HOME}._sequential.SequentialFeatureSelector",
    f"{_HOME}._univariate_selection._BaseFilter",
    f"{_HOME}._variance_threshold.VarianceThreshold",
)
def selected(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The columns it kept, texts too."""
    asked(estimator, frame.width)
    kept = np.flatnonzero(estimator.get_support())
    if not len(kept):
        raise Refused(estimator, "it kept no column")
    return frame.take(graph, [int(place) for place in kept])
