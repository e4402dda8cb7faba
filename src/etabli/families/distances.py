"""Squared distances that are the same in every order of summation (no family of its own: `knn.py` and `gp.py` use it).

Cells are clipped, rounded to whole steps of a grid and held as doubles. With p columns and cells of at most B steps, |x|^2 - 2 x.t + |t|^2
and all its partial sums stay below 4 p B^2; B is the largest power of two for which that is at most 2^53. So the expanded form, one matrix
product with the row's own |x|^2 and a 1 beside its cells, is exact: numpy and onnxruntime, one row and many, any number of threads give the
same whole number, and equal distances are equal. For 30 columns B is 2^23: cells clipped at 32 units are rounded to 2^-18 of one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array

EDGE = 1 + 1e-6  # where all neighbours are equally far they count alike, not for nothing


def largest(columns: int) -> float:
    """The largest whole number that a cell may be."""
    return float(2 ** int((51 - np.log2(max(columns, 1))) // 2))


def grid(factors: Array, far: float) -> dict[str, Array]:
    """What `whole` needs. factors: [features], what each column is multiplied by. far: where cells are clipped, after that.
    unit: the length of a step."""
    limit = largest(len(factors))
    return {"factors": factors * (limit / far), "limit": np.array(limit), "unit": np.array(far / limit)}


def whole(x: Array, kept: Any) -> Array:
    """[rows, features]: cells in whole steps of the grid."""
    limit = float(kept["limit"])
    with np.errstate(over="ignore"):
        return np.asarray(np.rint(np.clip(x * kept["factors"], -limit, limit)) + 0.0)


def table(points: Array) -> Array:
    """[features + 2, points] for `squared`: -2 t, 1, |t|^2 of whole numbers [points, features]."""
    return np.vstack([-2.0 * points.T, np.ones(len(points)), (points * points).sum(axis=1)])


def squared(q: Array, points: Array) -> Array:
    """[rows, points] squared distances in steps, of whole numbers q to the points of a table."""
    norm = (q * q).sum(axis=1, keepdims=True)
    return np.asarray(np.hstack([q, norm, np.ones_like(norm)]) @ points)


def weighed(distance: Array, count: int) -> tuple[Array, Array]:
    """([rows, points] weights of the count nearest, falling in a straight line to nothing at the edge; [rows, 1] the edge, where the
    count-th lies). distance: squared, in steps."""
    edge = np.maximum(np.partition(distance, count - 1, axis=1)[:, [count - 1]], 1.0) * EDGE
    return np.maximum(edge - distance, 0.0), edge


def write_weighed(graph: Graph, distance: str, count: int) -> tuple[str, str]:
    """Nodes for `weighed`."""
    nearest, _ = graph.ops("TopK", distance, graph.const([count], np.int64), count=2, axis=1, largest=0, sorted=0)
    edge = graph.op("Max", graph.op("ReduceMax", nearest, graph.const([1], np.int64), keepdims=1), graph.const(1.0, np.float64))
    edge = graph.op("Mul", edge, graph.const(EDGE, np.float64))
    return graph.op("Max", graph.op("Sub", edge, distance), graph.const(0.0, np.float64)), edge


def write_squared(graph: Graph, x: str, kept: Any) -> str:
    """Nodes for squared(whole(x), kept["points"])."""
    low, high = (graph.const(sign * float(kept["limit"]), np.float64) for sign in (-1, 1))
    q = graph.op("Round", graph.op("Clip", graph.op("Mul", x, graph.const(kept["factors"])), low, high))
    norm = graph.op("ReduceSum", graph.op("Mul", q, q), graph.const([1], np.int64), keepdims=1)
    one = graph.op("Add", graph.op("Mul", norm, graph.const(0.0, np.float64)), graph.const(1.0, np.float64))
    return graph.op("MatMul", graph.op("Concat", q, norm, one, axis=1), graph.const(kept["points"]))
