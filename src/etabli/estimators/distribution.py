"""Transformers that change the shape of a distribution: powers (Box-Cox, Yeo-Johnson) and quantiles.

QuantileTransformer is the mean of two `numpy.interp` passes, upwards and downwards, which differ only where quantiles repeat. Both
are read from tables by one number a cell, twice the place among the distinct quantiles plus whether the cell is one of them, with
numpy's own operations after it. So the uniform output is equal bit for bit, and that matters for the normal one: at the clip of
5.2 the normal quantile multiplies an error in the probability by two million.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators.blocks import asked, block, clipped, number, row
from etabli.estimators.functions import expm1, log1p, ndtri
from etabli.estimators.interpolation import states
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array

EPS = float(np.spacing(1.0))
NEAR = 1e-7  # scikit-learn's BOUNDS_THRESHOLD


@writes("sklearn.preprocessing._data.PowerTransformer")
def power(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The power of each column, then its standardisation."""
    asked(estimator, frame.width)
    x, lambdas = frame.matrix(graph, estimator), np.asarray(estimator.lambdas_, np.float64)
    if estimator.method == "box-cox":
        x = _box_cox(graph, x, lambdas)
    elif estimator.method == "yeo-johnson":
        x = _yeo_johnson(graph, x, lambdas)
    else:
        raise Refused(estimator, f"method={estimator.method!r} is not known")
    made = block(x, frame.width)
    return estimators.transformed(estimator._scaler, graph, made) if estimator.standardize else made


def _grown(graph: Graph, logarithm: str, lambdas: Array, small: float) -> str:
    """expm1(lambda * logarithm) / lambda; the logarithm itself in columns whose lambda is below `small`."""
    flat = np.abs(lambdas) < small
    factor = row(graph, np.where(flat, 1.0, lambdas))
    made = graph.op("Div", expm1(graph, graph.op("Mul", factor, logarithm)), factor)
    if not flat.any():
        return made
    return graph.op("Where", graph.const(flat[None, :], np.bool_), logarithm, made)


def _box_cox(graph: Graph, x: str, lambdas: Array) -> str:
    """scipy.special.boxcox; the library refuses columns with a number at or below 0, which are NaN here."""
    valid = graph.op("Greater", x, number(graph, 0.0))
    logarithm = graph.op("Log", graph.op("Where", valid, x, number(graph, 1.0)))
    return graph.op("Where", valid, _grown(graph, logarithm, lambdas, 1e-19), number(graph, np.nan))


def _yeo_johnson(graph: Graph, x: str, lambdas: Array) -> str:
    """scipy.stats.yeojohnson: both sides, each fed with 0 where it does not hold."""
    zero = number(graph, 0.0)
    positive = graph.op("GreaterOrEqual", x, zero)
    up = _grown(graph, log1p(graph, graph.op("Where", positive, x, zero)), lambdas, EPS)
    below = graph.op("Neg", graph.op("Where", positive, zero, x))  # NaN goes this way and stays NaN
    down = graph.op("Neg", _grown(graph, log1p(graph, below), 2 - lambdas, EPS))
    return graph.op("Where", positive, up, down)


@writes("sklearn.preprocessing._data.QuantileTransformer")
def quantile(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The place among the training quantiles, uniform or by the normal quantile."""
    asked(estimator, frame.width)
    normal = estimator.output_distribution == "normal"
    if not normal and estimator.output_distribution != "uniform":
        raise Refused(estimator, f"output_distribution={estimator.output_distribution!r} is not known")
    x, quantiles = frame.matrix(graph, estimator), np.asarray(estimator.quantiles_, np.float64)
    place = _two_passes(graph, x, quantiles, np.asarray(estimator.references_, np.float64))
    low, high = row(graph, quantiles[0]), row(graph, quantiles[-1])
    zero, one = number(graph, 0.0), number(graph, 1.0)
    if not normal:
        place = graph.op("Where", graph.op("Equal", x, high), one, place)
        return block(graph.op("Where", graph.op("Equal", x, low), zero, place), frame.width)
    near = number(graph, NEAR)
    place = graph.op("Where", graph.op("Greater", graph.op("Add", x, near), high), one, place)
    place = graph.op("Where", graph.op("Less", graph.op("Sub", x, near), low), zero, place)
    # the library clips the quantile, at the one of 1e-7: clipping the probability far outside keeps the logarithm finite
    return block(clipped(graph, ndtri(graph, clipped(graph, place, 1e-12, 1 - 1e-12)), *_normal_bounds()), frame.width)


def _normal_bounds() -> tuple[float, float]:
    from scipy.stats import norm

    return float(norm.ppf(NEAR - np.spacing(1))), float(norm.ppf(1 - (NEAR - np.spacing(1))))


def _two_passes(graph: Graph, x: str, quantiles: Array, references: Array) -> str:
    """0.5 * (interp(x, q, r) - interp(-x, -q[::-1], -r[::-1])), column by column."""
    distinct, tables = [], []
    for column in quantiles.T:
        knots, first = np.unique(column, return_index=True)
        last = np.append(first[1:] - 1, len(column) - 1)
        distinct.append(knots)
        tables.append(_tables(knots, references[first], references[last]))
    state = states(graph, x, distinct)
    anchor, slope, base, back_anchor, back_base = (
        graph.op("Gather", graph.const(np.concatenate(parts)), state, axis=0) for parts in zip(*tables, strict=True)
    )
    forward = graph.op("Add", graph.op("Mul", slope, graph.op("Sub", x, anchor)), base)
    back = graph.op("Add", graph.op("Mul", slope, graph.op("Sub", graph.op("Neg", x), back_anchor)), back_base)
    return graph.op("Mul", number(graph, 0.5), graph.op("Sub", forward, back))


def _tables(knots: Array, first: Array, last: Array) -> tuple[Array, Array, Array, Array, Array]:
    """(anchor, slope, base, anchor downwards, base downwards) by state.

    first, last: the references of a knot's first and last repetition. Upwards numpy starts from the last, downwards from the first.
    """
    count = len(knots)
    anchor, slope, base, back_anchor, back_base = (np.zeros(2 * count + 1) for _ in range(5))
    base[0], back_base[0] = first[0], -first[0]
    base[1::2], back_base[1::2] = last, -first
    base[2 * count], back_base[2 * count] = last[-1], -last[-1]
    between = np.arange(2, 2 * count, 2)
    anchor[between], base[between] = knots[:-1], last[:-1]
    back_anchor[between], back_base[between] = -knots[1:], -first[1:]
    slope[between] = (first[1:] - last[:-1]) / np.diff(knots)
    return anchor, slope, base, back_anchor, back_base
