"""A fitted model of one of établi's families (its own or a plug-in's), as `Family.fit` returns it."""

from __future__ import annotations

from typing import Any

from etabli.estimators.writing import Answer, Frame, writes
from etabli.graph.graph import Graph


@writes("etabli.records.Fitted")
def own(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The family's own graph. The prepared matrix comes in; `classes` are numbers, for `Fitted` keeps no labels."""
    from importlib import import_module

    # a lower layer may not know the families: they are found by name, as a plug-in would
    family = import_module("etabli.families").family(estimator.setting.family)
    raw = family.write(estimator, graph, frame.matrix(graph, estimator))
    return Answer(raw, estimator.link, estimator.native, estimator.exact)
