"""Recipes that the writers of dense estimators share: distances, special functions, shapes. Everything is double.

Distances come in two forms. `square_distances` with `exact` subtracts column by column, as libsvm, scipy and the neighbours' trees do:
equal points are at distance 0 exactly. Without it one matrix product does the work, |x|^2 - 2 x.p + |p|^2, as scikit-learn's
`euclidean_distances`; here the points' mean is taken off first, so that columns far from zero (years, altitudes) lose no digits.
The error function follows Cephes (Moshier), operation by operation, which is what scipy runs: the same rational forms in the same order
give the same bits wherever `Exp` does (99.7 % of cells).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array

SMALL = 1024  # points times columns up to which all differences are made at once, as [rows, points, columns]


def dense(values: Any, dtype: Any = np.float64) -> Array:
    """An array of doubles from an array or a sparse matrix; dtype None keeps its own."""
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype)


def number(graph: Graph, value: Any) -> str:
    """A constant of doubles."""
    return graph.const(dense(value))


def affine(graph: Graph, x: str, weights: Any, bias: Any = None) -> str:
    """x @ weights + bias: [rows, outputs]. weights: [columns, outputs]."""
    product = graph.op("MatMul", x, number(graph, weights))
    return product if bias is None else graph.op("Add", product, number(graph, bias))


def centred(graph: Graph, x: str, centre: Any, scale: Any = None) -> str:
    """(x - centre) / scale."""
    moved = graph.op("Sub", x, number(graph, centre))
    return moved if scale is None else graph.op("Div", moved, number(graph, scale))


def total(graph: Graph, x: str, axis: int = 1, keep: bool = True) -> str:
    """The sum along an axis."""
    return graph.op("ReduceSum", x, graph.const([axis], np.int64), keepdims=int(keep))


def square(graph: Graph, x: str) -> str:
    """x times x."""
    return graph.op("Mul", x, x)


def column(graph: Graph, x: str, place: int) -> str:
    """[rows, 1]: one column of a matrix."""
    return graph.op("Gather", x, graph.const([place], np.int64), axis=1)


def repeated(graph: Graph, like: str, values: Any) -> str:
    """The same values in every row, as many rows as `like` ([rows, any], of any type): [rows, len(values)]."""
    rows = graph.op("Slice", graph.op("Shape", like), graph.const([0], np.int64), graph.const([1], np.int64))
    shape = graph.op("Concat", rows, graph.const([1], np.int64), axis=0)
    return graph.op("Expand", number(graph, np.reshape(values, (1, -1))), shape)


def place(graph: Graph, x: str, smallest: bool = False) -> str:
    """int64 [rows, 1]: the column of the largest (or smallest) cell, the first among equals."""
    return graph.op("ArgMax", graph.op("Neg", x) if smallest else x, axis=1, keepdims=1)


def above(graph: Graph, x: str, bound: float = 0.0, or_equal: bool = False) -> str:
    """int64: 1 where x is above the bound."""
    return graph.op("Cast", graph.op("GreaterOrEqual" if or_equal else "Greater", x, number(graph, bound)), to=7)


# distances -------------------------------------------------------------------------------------------------------------


def differences(graph: Graph, x: str, points: Array) -> str:
    """[rows, points, columns]: every row less every point."""
    return graph.op("Sub", graph.op("Unsqueeze", x, graph.const([1], np.int64)), number(graph, points[None]))


def square_distances(graph: Graph, x: str, points: Array, exact: bool = False) -> str:
    """[rows, points]: squared Euclidean distances. points: [points, columns]. exact: by differences, whatever the size."""
    points = dense(points)
    if points.size <= SMALL:
        return total(graph, square(graph, differences(graph, x, points)), axis=2, keep=False)
    if exact:
        return _by_columns(graph, x, points, lambda step: square(graph, step))
    centre = points.mean(axis=0)
    x, points = centred(graph, x, centre), points - centre
    cross = affine(graph, x, -2.0 * points.T, (points**2).sum(axis=1))
    return graph.op("Max", graph.op("Add", cross, total(graph, square(graph, x))), number(graph, 0.0))


def distances(graph: Graph, x: str, points: Array, power: float = 2.0) -> str:
    """[rows, points]: Minkowski distances by differences. power: 1 Manhattan, 2 Euclidean, infinity Chebyshev, or any above 0."""
    if power == 2.0:
        return graph.op("Sqrt", square_distances(graph, x, points, exact=True))
    if power == 1.0:
        return _by_columns(graph, x, points, lambda step: graph.op("Abs", step))
    if np.isinf(power):
        return _by_columns(graph, x, points, lambda step: graph.op("Abs", step), join="Max")
    summed = _by_columns(graph, x, points, lambda step: graph.op("Pow", graph.op("Abs", step), number(graph, power)))
    return graph.op("Pow", summed, number(graph, 1.0 / power))


def _by_columns(graph: Graph, x: str, points: Array, each: Any, join: str = "Add") -> str:
    """each(column of x - column of points) [rows, points], joined over the columns in their order."""
    points = dense(points)
    made = ""
    for j in range(points.shape[1]):
        term = each(graph.op("Sub", column(graph, x, j), number(graph, points[None, :, j])))
        made = graph.op(join, made, term) if made else term
    return made


# functions -------------------------------------------------------------------------------------------------------------


def logistic(graph: Graph, x: str) -> str:
    """1 / (1 + Exp(-x)): the operator Sigmoid loses its tail."""
    one = number(graph, 1.0)
    return graph.op("Div", one, graph.op("Add", one, graph.op("Exp", graph.op("Neg", x))))


def log_sum_exp(graph: Graph, x: str) -> str:
    """[rows, 1]: the logarithm of the sum of the exponentials of a row, the maximum taken off first."""
    most = graph.op("ReduceMax", x, graph.const([1], np.int64), keepdims=1)
    return graph.op("Add", graph.op("Log", total(graph, graph.op("Exp", graph.op("Sub", x, most)))), most)


def shares(graph: Graph, x: str) -> str:
    """Every cell over the sum of its row."""
    return graph.op("Div", x, total(graph, x))


def cosine(graph: Graph, x: str) -> str:
    """cos x = 1 - 2 sin^2(x / 2): onnxruntime has a double kernel for Sin only."""
    half = graph.op("Sin", graph.op("Mul", x, number(graph, 0.5)))
    return graph.op("Sub", number(graph, 1.0), graph.op("Mul", number(graph, 2.0), square(graph, half)))


def polynomial(graph: Graph, x: str, coefficients: Sequence[float]) -> str:
    """Horner's scheme, the highest power first. A leading 1 costs no product."""
    first, *rest = coefficients
    made = ""
    for coefficient in rest:
        product = graph.op("Mul", made, x) if made else x if first == 1.0 else graph.op("Mul", x, number(graph, first))
        made = graph.op("Add", product, number(graph, coefficient))
    return made


_ERF = (9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3, 7.00332514112805075473e3, 5.55923013010394962768e4)
_ERF_UNDER = (
    1.0,
    3.35617141647503099647e1,
    5.21357949780152679795e2,
    4.59432382970980127987e3,
    2.26290000613890934246e4,
    4.92673942608635921086e4,
)
_ERFC = (
    2.46196981473530512524e-10,
    5.64189564831068821977e-1,
    7.46321056442269912687e0,
    4.86371970985681366614e1,
    1.96520832956077098242e2,
    5.26445194995477358631e2,
    9.34528527171957607540e2,
    1.02755188689515710272e3,
    5.57535335369399327526e2,
)
_ERFC_UNDER = (
    1.0,
    1.32281951154744992508e1,
    8.67072140885989742329e1,
    3.54937778887819891062e2,
    9.75708501743205489753e2,
    1.82390916687909736289e3,
    2.24633760818710981792e3,
    1.65666309194161350182e3,
    5.57535340817727675546e2,
)


def erf(graph: Graph, x: str) -> str:
    """The error function: x T(x^2) / U(x^2) up to 1, 1 - Exp(-x^2) P(|x|) / Q(|x|) beyond (Cephes); 1 from 6 on, where it rounds to 1."""
    one, squared = number(graph, 1.0), square(graph, x)
    near = graph.op("Div", graph.op("Mul", x, polynomial(graph, squared, _ERF)), polynomial(graph, squared, _ERF_UNDER))
    size = graph.op("Min", graph.op("Abs", x), number(graph, 6.0))
    fall = graph.op("Mul", graph.op("Exp", graph.op("Neg", square(graph, size))), polynomial(graph, size, _ERFC))
    far = graph.op("Sub", one, graph.op("Div", fall, polynomial(graph, size, _ERFC_UNDER)))
    return graph.op("Where", graph.op("LessOrEqual", graph.op("Abs", x), one), near, graph.op("Mul", graph.op("Sign", x), far))
