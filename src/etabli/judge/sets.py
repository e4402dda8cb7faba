"""Prediction sets for classes: every label that the rows cannot rule out at the confidence asked for.

LAC (Sadinle, Lei & Wasserman 2019): a label is in the set when its probability is at least the conformal quantile of the
probabilities that true labels had. With 50 rows of each class the quantile is the class's own (Mondrian): one quantile for all
abandons the rarer class (73 % covered where 90 % was promised, measured on adult). The most probable label is always in: an
empty set says nothing a person can use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.coverage import LEVELS, Coverage, measured, parts, windows
from etabli.judge.metrics import probabilities
from etabli.judge.ranks import KNOTS, Ranks, ranks
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

ENOUGH = 50
GRAIN = 1e-10  # thresholds lie this far below the rows that set them: where the model answers those very rows, no last digit decides


@dataclass(frozen=True)
class Sets:
    """least: the tables of the smallest probability with which a label is in, one cell a class or one for all."""

    by_class: bool
    least: Ranks

    def apply(self, S: Array, confidence: float) -> Array:
        """bool [n, K]: which labels are in. S: [n, 1] (binary) or [n, K]."""
        P = probabilities(S)
        return np.asarray(np.minimum(self.least.at(confidence), P.max(axis=1, keepdims=True)) <= P)

    def write(self, graph: Graph, probability: str, confidence: str) -> str:
        """The same in the graph: [rows, K] double of all classes (binary: [1 - p, p]) and a scalar -> [rows, K] bool."""
        top = graph.op("ReduceMax", probability, graph.const([1], np.int64), keepdims=1)
        least = graph.op("Min", self.least.write(graph, confidence), top)
        return graph.op("GreaterOrEqual", probability, least)


def fit(y: Array, S: Array, classes: int, by_class: bool | None = None, weight: Array | None = None, knots: int = KNOTS) -> Sets:
    """Learns from class numbers y [n] and calibrated out-of-fold scores S. by_class: None decides by the rows of each class.
    weight: [n] or None."""
    P = probabilities(S)
    truth = P[np.arange(len(y)), y] - GRAIN
    if by_class is None:
        by_class = bool(np.bincount(y, minlength=classes).min() >= ENOUGH)
    cells = [y == k for k in range(classes)] if by_class else [np.ones(len(y), bool)]
    weights = None if weight is None else [weight[here] for here in cells]
    return Sets(by_class, ranks([truth[here] for here in cells], knots=max(knots, 100 * len(cells)), sign=-1.0, weights=weights))


def coverage(
    y: Array,
    S: Array,
    fold: Array,
    classes: int,
    by_class: bool | None = None,
    names: tuple[str, ...] = (),
    groups: Array | None = None,
    levels: tuple[float, ...] = LEVELS,
    weight: Array | None = None,
    forward: bool = False,
) -> list[Coverage]:
    """What the sets covered, with quantiles of the other folds; the worst among the classes. size: mean number of labels. forward: as in
    `conformal.coverage`."""
    if len(np.unique(fold)) < 2:
        return []
    if by_class is None:
        by_class = fit(y, S, classes).by_class
    cut = parts(fold, forward)
    fitted = [(here, fit(y[other], S[other], classes, by_class, None if weight is None else weight[other])) for here, other in cut]
    seen = np.logical_or.reduce([here for here, _ in fitted])
    labels = np.array(names if len(names) == classes else [str(k) for k in range(classes)])[y]
    answer = []
    for level in levels:
        inside = np.zeros((len(y), classes), bool)
        for here, learned in fitted:
            inside[here] = learned.apply(S[here], level)
        hit = inside[np.arange(len(y)), y][seen]
        g, w = (None if one is None else one[seen] for one in (groups, weight))
        one = measured(hit, level, float(inside[seen].sum(axis=1).mean()), labels[seen], g, w)
        answer.append(replace(one, windows=windows(hit, level, fold[seen])) if forward else one)
    return answer
