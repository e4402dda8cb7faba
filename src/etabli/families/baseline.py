"""The constant: what knowing nothing scores. Every comparison starts with it and is printed beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants


@final
class Baseline(Family):
    """The mean, or the shares of the classes."""

    name: ClassVar[str] = "baseline"
    title: ClassVar[str] = "Constant"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "the mean and the class shares; no author"
    rank: ClassVar[int] = 0
    doc: ClassVar[str] = (
        "Predicts the same for every row: the mean, or the share of each class. A model that does not beat it learned nothing."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """The one setting."""
        return [Setting(self.name, {}, Wants())]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Nearly nothing."""
        return Cost(work=0.002 + 2e-8 * facts.rows, memory=16.0 * facts.rows)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """The weighted mean, or weighted class shares, none below half a row's (a class that this fold never saw may come)."""
        weight = np.ones(len(data.y)) if data.weight is None else data.weight
        if data.task == "regression":
            constant = np.array([[np.average(data.y, weights=weight)]])
        else:
            share = np.bincount(data.y, weight, minlength=data.classes)[: data.classes] / weight.sum()
            share = np.maximum(share, 0.5 / max(weight.sum(), 1.0))
            share /= share.sum()
            constant = share[None, 1:] if data.task == "binary" else share[None]

        def native(x: Array) -> Array:
            return np.repeat(constant, len(x), axis=0)

        return Fitted(setting, {"constant": constant}, "identity" if data.task == "regression" else "probability", native, exact=True)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The constant, as many rows as x has."""
        rows = graph.op("Gather", graph.op("Shape", x), graph.const([0], np.int64), axis=0)
        shape = graph.op("Concat", rows, graph.const([1], np.int64), axis=0)
        return graph.op("Expand", graph.const(fitted.arrays["constant"], np.float64), shape)
