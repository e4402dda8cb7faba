"""Prediction intervals for numbers, from out-of-fold residuals around the refitted model.

Three kinds, all functions of the table alone. constant: one half-width. mondrian: one for each fifth of the prediction (Vovk's
Mondrian conformal prediction). normalised: the width follows a knotted line through the mean |residual| along the
prediction, both tails separately (as in conformal predictive systems). The one with the lowest cross-fitted interval score
(Winkler) at 90 % is taken, the simpler one within a standard error. The file answers any confidence level. There is no
assumption-free theorem for residuals around a refitted model (it must be stable), hence `coverage` measures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from etabli.judge import cqr
from etabli.judge.coverage import LEVELS, Coverage, measured, parts, windows
from etabli.judge.cqr import Cqr
from etabli.judge.lookup import below, write_below
from etabli.judge.ranks import KNOTS, Ranks, ranks
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

Kind = Literal["constant", "mondrian", "normalised", "cqr"]
KINDS: tuple[Kind, ...] = ("constant", "mondrian", "normalised")  # from the simplest; cqr needs models of its own (cqr.py)
ENOUGH = 250  # rows from which the width may depend on the prediction
SHARES = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Intervals:
    """upper, lower: tables of quantiles above and below the prediction, by cell. edges: of the cells. knots, bends: the width at
    prediction p is floor + sum of bends max(p - knots, 0) (normalised; none otherwise)."""

    kind: Kind
    upper: Ranks
    lower: Ranks
    edges: Array
    knots: Array
    bends: Array
    floor: float = 1.0

    def width(self, p: Array) -> Array:
        """What residuals are measured in, at predictions p [n, 1]."""
        if not len(self.knots):
            return np.ones_like(p)
        inside = np.clip(p, self.knots[0], self.knots[-1])
        return np.asarray(np.maximum(inside - self.knots[:-1], 0.0) @ self.bends[:, None] + self.floor)

    def apply(self, prediction: Array, confidence: float, half_width: float = 1.0) -> tuple[Array, Array]:
        """lower, upper [n, 1] at that level; infinite where the rows cannot carry it. half_width: a factor on both halves, above 0."""
        cell = below(prediction, self.edges)
        width = self.width(prediction) * half_width
        return prediction - self.lower.at(confidence)[cell] * width, prediction + self.upper.at(confidence)[cell] * width

    def write(self, graph: Graph, prediction: str, confidence: str, half_width: str = "", ends: tuple[str, ...] = ()) -> tuple[str, str]:
        """The same in the graph. prediction: [rows, 1] double; confidence, half_width: scalar doubles ("" for 1). 8 nodes for constant,
        12 for mondrian, 20 for normalised, most of them on scalars. ends: none."""
        up, down = self.upper.write(graph, confidence), self.lower.write(graph, confidence)
        if half_width:
            up, down = graph.op("Mul", up, half_width), graph.op("Mul", down, half_width)
        if len(self.edges):
            cell = write_below(graph, prediction, self.edges)
            up, down = graph.op("Gather", up, cell), graph.op("Gather", down, cell)
        if width := self.write_width(graph, prediction):
            up, down = graph.op("Mul", up, width), graph.op("Mul", down, width)
        return graph.op("Sub", prediction, down), graph.op("Add", prediction, up)

    def write_width(self, graph: Graph, prediction: str) -> str:
        """The width [rows, 1] in the graph; "" where it is 1 everywhere."""
        if not len(self.knots):
            return ""
        clipped = graph.op("Clip", prediction, *(graph.const(float(self.knots[i]), np.float64) for i in (0, -1)))
        past = graph.op("Relu", graph.op("Sub", clipped, graph.const(self.knots[None, :-1], np.float64)))
        width = graph.op("MatMul", past, graph.const(self.bends[:, None], np.float64))
        return graph.op("Add", width, graph.const(self.floor, np.float64))


def fit(kind: Kind, y: Array, S: Array, weight: Array | None = None, shape: Intervals | None = None, knots: int = KNOTS) -> Intervals:
    """Learns one kind from targets y [n] and out-of-fold predictions S [n, 1]. weight: [n] or None. shape: whose cells and widths to
    take, learned from other rows. knots: the size of the tables."""
    p, r = S[:, 0].astype(np.float64), np.asarray(y - S[:, 0], np.float64)
    none = np.empty(0)
    if kind == "normalised":
        x, bends, floor = _line(p, np.abs(r)) if shape is None else (shape.knots, shape.bends, shape.floor)
        scale = Intervals(kind, ranks([none]), ranks([none]), none, x, bends, floor)
        z = r / scale.width(S)[:, 0]
        w = None if weight is None else [weight]
        up, down = (ranks([side], tail=True, knots=knots, weights=w) for side in (z, -z))
        return Intervals(kind, up, down, none, x, bends, floor)
    edges = np.unique(np.quantile(p, SHARES)) if kind == "mondrian" else none
    edges = edges[edges < p.max(initial=-np.inf)] if shape is None else shape.edges  # no cell without rows: intervals would be infinite
    cell = below(p, edges)
    cells = [cell == g for g in range(len(edges) + 1)]
    both = ranks([np.abs(r[here]) for here in cells], knots=knots, weights=None if weight is None else [weight[here] for here in cells])
    return Intervals(kind, both, both, edges, none, none)


def _line(p: Array, size: Array) -> tuple[Array, Array, float]:
    """Knots, bends and floor of the knotted line through the mean |residual| in bins of equal count along the prediction."""
    bins = int(np.clip(len(p) // 50, 3, 15))
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, bins)
    x = np.array([p[part].mean() for part in parts])
    v = np.array([size[part].mean() for part in parts])
    padded = np.concatenate([v[:1], v, v[-1:]])
    v = np.maximum(0.25 * padded[:-2] + 0.5 * v + 0.25 * padded[2:], 0.1 * size.mean())
    apart = np.concatenate([[True], np.diff(x) > 1e-9 * (1e-300 + np.ptp(p))])
    x, v = x[apart], v[apart]
    if len(x) < 2 or size.mean() == 0:
        return np.empty(0), np.empty(0), 1.0
    slopes = np.diff(v) / np.diff(x)
    return x, np.diff(slopes, prepend=0.0), float(v[0])


def score(y: Array, lower: Array, upper: Array, confidence: float) -> Array:
    """Interval score of each row [n] (Winkler 1972; Gneiting & Raftery 2007): width plus 2 / (1 - c) times the miss. Lower is
    better. y [n]; lower, upper [n, 1]."""
    low, high = lower[:, 0], upper[:, 0]
    return np.asarray(high - low + 2 / (1 - confidence) * (np.maximum(low - y, 0) + np.maximum(y - high, 0)))


def crossfit(
    kind: Kind, y: Array, S: Array, fold: Array, confidence: float, weight: Array | None = None, forward: bool = False
) -> tuple[Array, Array]:
    """lower, upper [n, 1] of every row, with quantiles of the other folds; forward: of earlier folds alone, NaN in the first."""
    return _at(_fitted(kind, y, S, fold, weight, forward=forward), S, confidence)


def learn(
    kind: Kind, y: Array, S: Array, weight: Array | None = None, shape: Intervals | Cqr | None = None, knots: int = KNOTS
) -> Intervals | Cqr:
    """`fit` for any kind. S: [n, 3] for cqr: the prediction and both ends."""
    if kind == "cqr":
        return cqr.fit(y, S, weight, knots)
    assert not isinstance(shape, Cqr)
    return fit(kind, y, S, weight, shape, knots)


def _fitted(
    kind: Kind, y: Array, S: Array, fold: Array, weight: Array | None, shape: Intervals | Cqr | None = None, forward: bool = False
) -> list[tuple[Array, Intervals | Cqr]]:
    cut = parts(fold, forward)
    return [(here, learn(kind, y[other], S[other], None if weight is None else weight[other], shape)) for here, other in cut]


def _at(fitted: list[tuple[Array, Intervals | Cqr]], S: Array, confidence: float) -> tuple[Array, Array]:
    lower, upper = np.full((2, len(S), 1), np.nan)
    for here, learned in fitted:
        lower[here], upper[here] = learned.apply(S[here], confidence)
    return lower, upper


def choose(y: Array, S: Array, fold: Array, confidence: float = 0.9, weight: Array | None = None, forward: bool = False) -> Intervals:
    """The kind with the lowest cross-fitted interval score, the simplest within a standard error; fitted on all rows. forward: see
    `crossfit`."""
    if len(y) < ENOUGH or len(np.unique(S)) < 10 or len(np.unique(fold)) < 2:
        return fit("constant", y, S, weight)
    scores: dict[Kind, Array] = {}
    for kind in KINDS:
        lower, upper = crossfit(kind, y, S, fold, confidence, weight, forward)
        seen = ~np.isnan(lower[:, 0])
        if np.isfinite(lower[seen]).all() and np.isfinite(upper[seen]).all():
            rows = score(y[seen], lower[seen], upper[seen], confidence)
            scores[kind] = rows if weight is None else rows * weight[seen] * (len(rows) / weight[seen].sum())
    if not scores:
        return fit("constant", y, S, weight)
    best = min(scores, key=lambda kind: float(scores[kind].mean()))
    for kind in scores:
        loss = scores[kind] - scores[best]
        if loss.mean() <= loss.std() / np.sqrt(len(loss)):
            return fit(kind, y, S, weight)
    return fit(best, y, S, weight)


def coverage(
    kind: Kind,
    y: Array,
    S: Array,
    fold: Array,
    groups: Array | None = None,
    levels: tuple[float, ...] = LEVELS,
    weight: Array | None = None,
    shape: Intervals | Cqr | None = None,
    forward: bool = False,
) -> list[Coverage]:
    """What the intervals of that kind covered, with quantiles of the other folds; the worst among the fifths of the prediction.
    shape: as in `fit`. forward: folds follow each other in time, and quantiles come from earlier ones only; the first is not judged. size: mean width, infinite when some rows cannot have an interval."""
    if len(np.unique(fold)) < 2:
        return []
    fifth = below(S[:, 0], np.unique(np.quantile(S[:, 0], SHARES)))
    names = np.array([f"fifth {i + 1} of the prediction" for i in range(5)])[fifth]
    answer, fitted = [], _fitted(kind, y, S, fold, weight, shape, forward)
    seen = np.logical_or.reduce([here for here, _ in fitted])
    for level in levels:
        lower, upper = _at(fitted, S, level)
        hit = ((y >= lower[:, 0]) & (y <= upper[:, 0]))[seen]
        g, w = (None if one is None else one[seen] for one in (groups, weight))
        one = measured(hit, level, float(np.mean((upper - lower)[seen])), names[seen], g, w)
        answer.append(replace(one, windows=windows(hit, level, fold[seen])) if forward else one)
    return answer
