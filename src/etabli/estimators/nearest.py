"""The nearest stored points of every row, in two steps for Euclidean distances: candidates by one matrix product, then exact distances.

The product |p|^2 - 2 x.p orders all points up to rounding; sixteen candidates more than asked for are kept and their distances made by
differences, so that an equal point is at distance 0 exactly and the order is that of true distances; of wide tables a few candidates at a
time, so that rows x candidates x columns numbers never lie in memory. Other metrics subtract column by column. Points at exactly equal
distances come in the order of the training rows. scikit-learn's trees give them in the order of their search, which follows no rule: where
the last neighbour is tied with points of another target, the estimator's own answer is arbitrary, and the proof on the rows given tells
whether that happens.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.recipes import affine, centred, dense, distances, number, square, total
from etabli.estimators.writing import Refused
from etabli.graph.graph import Graph
from etabli.records import Array

SPARE = 16  # candidates beyond those asked for
CELLS = 2_000  # numbers a row that are made at once: candidates times columns
_POWERS = {"euclidean": 2.0, "l2": 2.0, "manhattan": 1.0, "cityblock": 1.0, "l1": 1.0, "chebyshev": np.inf, "infinity": np.inf}


def power_of(estimator: Any) -> float:
    """The Minkowski power of a neighbours estimator's metric; Refused for any other metric."""
    metric, settings = estimator.effective_metric_, dict(estimator.effective_metric_params_ or {})
    if metric == "minkowski" and settings.get("w") is None and "p" in settings:
        return float(settings["p"])
    if isinstance(metric, str) and metric in _POWERS and not settings:
        return _POWERS[metric]
    name = "a function of its own" if callable(metric) else repr(metric)
    raise Refused(estimator, f"its metric is {name}{' with weights' if settings.get('w') is not None else ''}", "use a Minkowski metric")


def nearest(graph: Graph, x: str, points: Any, count: int, power: float) -> tuple[str, str]:
    """(distances [rows, count], numbers of the points int64 [rows, count]), the nearest first."""
    points = dense(points)
    if power == 2.0 and len(points) > count + SPARE:
        return _euclidean(graph, x, points, count)
    return _smallest(graph, distances(graph, x, points, power), count)


def _smallest(graph: Graph, x: str, count: int) -> tuple[str, str]:
    values, places = graph.ops("TopK", x, graph.const([count], np.int64), count=2, axis=1, largest=0, sorted=1)
    return values, places


def _euclidean(graph: Graph, x: str, points: Array, count: int) -> tuple[str, str]:
    centre = points.mean(axis=0)
    moved = points - centre
    rough = affine(graph, centred(graph, x, centre), -2.0 * moved.T, (moved**2).sum(axis=1))
    _, candidates = _smallest(graph, rough, count + SPARE)
    # in the order of the training rows, so that equal distances keep it
    ordered, _ = _smallest(graph, candidates, count + SPARE)
    squared, best = _smallest(graph, _apart(graph, x, number(graph, points), ordered, (count + SPARE, points.shape[1])), count)
    return graph.op("Sqrt", squared), graph.op("GatherElements", ordered, best, axis=1)


def _apart(graph: Graph, x: str, points: str, chosen: str, shape: tuple[int, int]) -> str:
    """[rows, candidates]: squared distances to the points of those numbers. shape: (candidates, columns)."""
    row, step, made = graph.op("Unsqueeze", x, graph.const([1], np.int64)), max(1, CELLS // shape[1]), []
    for start in range(0, shape[0], step):
        part = np.arange(start, min(start + step, shape[0]))
        some = chosen if len(part) == shape[0] else graph.op("Gather", chosen, graph.const(part), axis=1)
        near = graph.op("Gather", points, some, axis=0)  # [rows, candidates of the part, columns]
        made.append(total(graph, square(graph, graph.op("Sub", row, near)), axis=2, keep=False))
    return graph.op("Concat", *made, axis=1) if len(made) > 1 else made[0]


def closeness(graph: Graph, distance: str) -> str:
    """Weights 1 / distance; where a row has points at distance 0, those weigh 1 and all others 0."""
    zero, one = number(graph, 0.0), number(graph, 1.0)
    equal = graph.op("Cast", graph.op("Equal", distance, zero), to=11)
    some = graph.op("Greater", graph.op("ReduceMax", equal, graph.const([1], np.int64), keepdims=1), zero)
    return graph.op("Where", some, equal, graph.op("Div", one, distance))
