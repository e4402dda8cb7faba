"""TransformedTargetRegressor, and the transformers whose way back is written: scalers, powers, quantiles, functions, chains of them."""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators import members
from etabli.estimators.answers import value
from etabli.estimators.blocks import number, row
from etabli.estimators.functions import applied, expm1, log1p
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.steps import interpolate


@writes("sklearn.compose._target.TransformedTargetRegressor")
def transformed_target(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The regressor's value on the way back."""
    answer = estimators.predictor(estimator.regressor_, graph, frame)
    raw = inverted(estimator.transformer_, graph, members.value(graph, answer, estimator.regressor_))
    return value(estimator, raw, answer.outputs, bound=answer.bound)


def inverted(transformer: Any, graph: Graph, x: str) -> str:
    """[rows, outputs]: `inverse_transform`."""
    kind = type(transformer).__name__
    if transformer is None or transformer == "passthrough":
        return x
    if not type(transformer).__module__.startswith("sklearn.") or kind not in _BACK:
        raise Refused(
            transformer, "its way back from the target's scale is not written", "a scaler, PowerTransformer or a function of numpy"
        )
    return str(_BACK[kind](transformer, graph, x))


def _pipeline(transformer: Any, graph: Graph, x: str) -> str:
    for _, step in reversed(transformer.steps):
        x = inverted(step, graph, x)
    return x


def _function(transformer: Any, graph: Graph, x: str) -> str:
    return applied(transformer, transformer.inverse_func, graph, x, transformer.inv_kw_args)


def _standard(transformer: Any, graph: Graph, x: str) -> str:
    if transformer.with_std:
        x = graph.op("Mul", x, row(graph, transformer.scale_))
    return graph.op("Add", x, row(graph, transformer.mean_)) if transformer.with_mean else x


def _min_max(transformer: Any, graph: Graph, x: str) -> str:
    return graph.op("Div", graph.op("Sub", x, row(graph, transformer.min_)), row(graph, transformer.scale_))


def _max_abs(transformer: Any, graph: Graph, x: str) -> str:
    return graph.op("Mul", x, row(graph, transformer.scale_))


def _robust(transformer: Any, graph: Graph, x: str) -> str:
    if transformer.with_scaling:
        x = graph.op("Mul", x, row(graph, transformer.scale_))
    return graph.op("Add", x, row(graph, transformer.center_)) if transformer.with_centering else x


def _quantile(transformer: Any, graph: Graph, x: str) -> str:
    if transformer.output_distribution != "uniform":
        raise Refused(transformer, "the way back from normal quantiles is not written", 'output_distribution="uniform"')
    quantiles = np.asarray(transformer.quantiles_, np.float64)
    references = [np.asarray(transformer.references_, np.float64)] * quantiles.shape[1]
    return interpolate(graph, x, references, list(quantiles.T))


def _power(transformer: Any, graph: Graph, x: str) -> str:
    if transformer.standardize:
        x = _standard(transformer._scaler, graph, x)
    lambdas = np.asarray(transformer.lambdas_, np.float64)
    columns = []
    for j, power in enumerate(lambdas):
        column = graph.op("Gather", x, graph.const([j], np.int64), axis=1)
        columns.append((_box_cox_back if transformer.method == "box-cox" else _yeo_johnson_back)(graph, column, float(power)))
    return graph.op("Concat", *columns, axis=1) if len(columns) > 1 else columns[0]


def _root(graph: Graph, x: str, power: float) -> str:
    """log(1 + power * x) / power, the logarithm of what a power was taken of."""
    return graph.op("Div", log1p(graph, graph.op("Mul", x, number(graph, power))), number(graph, power))


def _box_cox_back(graph: Graph, x: str, power: float) -> str:
    """scipy.special.inv_boxcox."""
    return graph.op("Exp", x if power == 0 else _root(graph, x, power))


def _yeo_johnson_back(graph: Graph, x: str, power: float) -> str:
    """As PowerTransformer's own inverse, each side fed with 0 where it does not hold."""
    zero, eps = number(graph, 0.0), float(np.spacing(1.0))
    positive = graph.op("GreaterOrEqual", x, zero)
    above = graph.op("Where", positive, x, zero)
    up = expm1(graph, above if abs(power) < eps else _root(graph, above, power))
    below = graph.op("Neg", graph.op("Where", positive, zero, x))
    down = graph.op("Neg", expm1(graph, below if abs(power - 2) <= eps else _root(graph, below, 2 - power)))
    return graph.op("Where", positive, up, down)


_BACK = {
    "Pipeline": _pipeline,
    "FunctionTransformer": _function,
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
    "QuantileTransformer": _quantile,
    "PowerTransformer": _power,
}
