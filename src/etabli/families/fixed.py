"""Kernels and their weighted sums in whole numbers (no family of its own: `gp.py` uses it).

A Gaussian process's prediction is a sum of a thousand kernels with weights of both signs whose absolute sum is hundreds or thousands
of times the result (400 to 24 000 on four tables): with an exponential that differs in the last bit, and sums in another order,
numpy and onnxruntime are 1e-12 apart. Raising the noise until that is 1e-13 cost 2 to 5 % of accuracy and made intervals of 90 % cover
99.8 %. So nothing here is left to rounding:

* squared distances are whole numbers (`distances.py`);
* exp(-r) is a table of steps of 1/128 times a cubic (error below 2e-10): products, sums and square roots alone, which IEEE 754 fixes;
* kernels are rounded to 2^-30, weights to four digits of 12 bits: with up to 1 024 points every partial sum is a whole number below
  2^53, equal in every order. The four sums are added smallest first, cell by cell.

Predictions are then equal bit for bit, on any number of threads and rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.families.distances import squared, write_squared
from etabli.graph.graph import Graph
from etabli.records import Array

MATERN, RBF = 0, 1
STEPS, END = 128.0, 32.0  # entries of the table a unit of r, and where a kernel is nothing
ONE = 2.0**30  # a kernel's largest value
DIGIT, DIGITS = 2.0**12, 4
MOST = 1_024  # points
CUBIC = (1.0, 1.0, 0.5, 1.0 / 6.0)


def powers() -> Array:
    """The table exp(-i / STEPS), to be kept with the model."""
    return np.asarray(np.exp(-np.arange(END * STEPS + 1) / STEPS))


def kernels(q: Array, kept: Any) -> Array:
    """[rows, points] whole numbers, ONE times the kernel of whole cells q with kept["points"].

    kept: "points" and "unit" of `distances.py`, "shape" (MATERN or RBF), "powers".
    """
    distance = squared(q, kept["points"])
    if int(kept["shape"]) == MATERN:
        r = np.sqrt(distance * (3.0 * float(kept["unit"]) ** 2))
    else:
        r = distance * (0.5 * float(kept["unit"]) ** 2)
    r = np.minimum(r, END)
    step = np.floor(r * STEPS)
    rest = step * (1.0 / STEPS) - r
    power = (((CUBIC[3] * rest + CUBIC[2]) * rest + CUBIC[1]) * rest + CUBIC[0]) * kept["powers"][step.astype(np.int64)]
    if int(kept["shape"]) == MATERN:
        power = power * (r + 1.0)
    return np.asarray(np.rint(power * ONE))


def write_kernels(graph: Graph, x: str, kept: Any) -> str:
    """Nodes for `kernels` of the whole cells of x."""

    def times(a: str, value: float) -> str:
        return graph.op("Mul", a, graph.const(value, np.float64))

    def plus(a: str, value: float) -> str:
        return graph.op("Add", a, graph.const(value, np.float64))

    distance = write_squared(graph, x, kept)
    if int(kept["shape"]) == MATERN:
        r = graph.op("Sqrt", times(distance, 3.0 * float(kept["unit"]) ** 2))
    else:
        r = times(distance, 0.5 * float(kept["unit"]) ** 2)
    r = graph.op("Min", r, graph.const(END, np.float64))
    step = graph.op("Floor", times(r, STEPS))
    rest = graph.op("Sub", times(step, 1.0 / STEPS), r)
    power = plus(times(rest, CUBIC[3]), CUBIC[2])
    for coefficient in CUBIC[1::-1]:
        power = plus(graph.op("Mul", power, rest), coefficient)
    power = graph.op("Mul", power, graph.op("Gather", graph.const(kept["powers"]), graph.op("Cast", step, to=7), axis=0))
    if int(kept["shape"]) == MATERN:
        power = graph.op("Mul", power, plus(r, 1.0))
    return graph.op("Round", times(power, ONE))


def digits(weights: Array) -> tuple[Array, float]:
    """(whole numbers [points, DIGITS], unit): weights [points] to 47 bits of the largest, as digits of 12 bits, most significant first."""
    largest = float(np.abs(weights).max(initial=0.0)) or 1.0
    unit = float(2.0 ** np.ceil(np.log2(largest)))
    rest = weights / unit
    made = np.zeros((len(weights), DIGITS))
    for place in range(DIGITS):
        rest = rest * DIGIT
        made[:, place] = np.rint(rest)
        rest = rest - made[:, place]
    return made, unit / ONE


def combine(kernel: Array, number: Array, unit: float) -> Array:
    """[rows, 1]: the sum over points of kernel (whole numbers of ONE) times weight (digits)."""
    sums = kernel @ number
    made = sums[:, [DIGITS - 1]] / DIGIT
    for place in range(DIGITS - 2, -1, -1):
        made = (made + sums[:, [place]]) / DIGIT
    return np.asarray(made * unit)


def write_combine(graph: Graph, kernel: str, number: Array, unit: float) -> str:
    """Nodes for `combine`."""
    digit = graph.const(DIGIT, np.float64)
    sums = graph.ops("Split", graph.op("MatMul", kernel, graph.const(number)), graph.const([1] * DIGITS, np.int64), count=DIGITS, axis=1)
    made = graph.op("Div", sums[-1], digit)
    for part in sums[-2::-1]:
        made = graph.op("Div", graph.op("Add", made, part), digit)
    return graph.op("Mul", made, graph.const(unit, np.float64))
