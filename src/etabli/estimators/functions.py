"""Functions of one number: those of numpy and scipy that the operator set can compose, and FunctionTransformer over them.

Only a ufunc is known by its name; any other Python function is opaque and is refused. log1p and expm1 follow Kahan's formulas
(HP-15C Advanced Functions Handbook, 1982): they stay within a few ulp near zero, where log(1 + x) loses every digit. The normal
quantile is Cephes' `ndtri` (Moshier 1989), step by step, because scipy calls that very routine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from etabli.estimators.blocks import block, number
from etabli.estimators.recipes import cosine, logistic, polynomial
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph


def log1p(graph: Graph, x: str) -> str:
    """log(1 + x), few ulp also for tiny x: log(u) * x / (u - 1) with u = 1 + x; x itself where u rounds to 1 or is infinite."""
    one = number(graph, 1.0)
    u = graph.op("Add", one, x)
    gap = graph.op("Sub", u, one)
    none = graph.op("Equal", gap, number(graph, 0.0))
    endless = graph.op("IsInf", u, detect_negative=0)
    safe = graph.op("Where", graph.op("Or", none, endless), one, gap)
    # x / gap is close to 1 unless x is close to -1, where gap is exact
    near = graph.op("Mul", graph.op("Log", u), graph.op("Div", x, safe))
    return graph.op("Where", graph.op("Or", none, endless), x, near)


def expm1(graph: Graph, x: str) -> str:
    """exp(x) - 1, few ulp also for tiny x: (u - 1) * x / log(u) with u = exp(x) within |x| < 1, else u - 1."""
    one, zero = number(graph, 1.0), number(graph, 0.0)
    u = graph.op("Exp", x)
    gap = graph.op("Sub", u, one)
    flat = graph.op("Equal", gap, zero)
    near = graph.op("Less", graph.op("Abs", x), one)
    # outside of the near part log(u) may be infinite or 0: 1 keeps the branch that is not taken quiet
    bottom = graph.op("Where", graph.op("And", near, graph.op("Not", flat)), graph.op("Log", u), one)
    small = graph.op("Where", flat, x, graph.op("Mul", gap, graph.op("Div", x, bottom)))
    return graph.op("Where", near, small, gap)


_P0 = (-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1, 1.39312609387279679503e1, -1.23916583867381258016e0)
_Q0 = (
    1.95448858338141759834e0,
    4.67627912898881538453e0,
    8.63602421390890590575e1,
    -2.25462687854119370527e2,
    2.00260212380060660359e2,
    -8.20372256168333339912e1,
    1.59056225126211695515e1,
    -1.18331621121330003142e0,
)
_P1 = (
    4.05544892305962419923e0,
    3.15251094599893866154e1,
    5.71628192246421288162e1,
    4.40805073893200834700e1,
    1.46849561928858024014e1,
    2.18663306850790267539e0,
    -1.40256079171354495875e-1,
    -3.50424626827848203418e-2,
    -8.57456785154685413611e-4,
)
_Q1 = (
    1.57799883256466749731e1,
    4.53907635128879210584e1,
    4.13172038254672030440e1,
    1.50425385692907503408e1,
    2.50464946208309415979e0,
    -1.42182922854787788574e-1,
    -3.80806407691578277194e-2,
    -9.33259480895457427372e-4,
)


def ndtri(graph: Graph, p: str) -> str:
    """The normal quantile of p in [1e-13, 1 - 1e-13] (scipy's `norm.ppf`); NaN stays NaN. The far tails have a third branch in
    Cephes, which callers here never reach because they clip first."""
    one, half, tail = number(graph, 1.0), number(graph, 0.5), number(graph, 0.13533528323661269189)
    upper = graph.op("Greater", p, number(graph, 1.0 - 0.13533528323661269189))
    y = graph.op("Where", upper, graph.op("Sub", one, p), p)
    centre = graph.op("Sub", y, half)
    square = graph.op("Mul", centre, centre)
    ratio = graph.op("Div", graph.op("Mul", square, polynomial(graph, square, _P0)), polynomial(graph, square, (1.0, *_Q0)))
    middle = graph.op("Mul", graph.op("Add", centre, graph.op("Mul", centre, ratio)), number(graph, 2.50662827463100050242))
    far = graph.op("Sqrt", graph.op("Mul", number(graph, -2.0), graph.op("Log", y)))
    start = graph.op("Sub", far, graph.op("Div", graph.op("Log", far), far))
    z = graph.op("Div", one, far)
    step = graph.op("Div", graph.op("Mul", z, polynomial(graph, z, _P1)), polynomial(graph, z, (1.0, *_Q1)))
    edge = graph.op("Sub", start, step)
    edge = graph.op("Where", upper, edge, graph.op("Neg", edge))
    return graph.op("Where", graph.op("Greater", y, tail), middle, edge)


def _plain(operator: str) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.op(operator, x)


def _times(operator: str, factor: float) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.op("Mul", graph.op(operator, x), number(graph, factor))


UFUNCS: Mapping[str, Callable[[Graph, str], str]] = {
    "absolute": _plain("Abs"),
    "fabs": _plain("Abs"),
    "ceil": _plain("Ceil"),
    "cos": cosine,
    "exp": _plain("Exp"),
    "exp2": lambda graph, x: graph.op("Pow", number(graph, 2.0), x),
    "expit": logistic,
    "expm1": expm1,
    "floor": _plain("Floor"),
    "log": _plain("Log"),
    "log10": _times("Log", float(1 / np.log(10.0))),
    "log1p": log1p,
    "log2": _times("Log", float(1 / np.log(2.0))),
    "negative": _plain("Neg"),
    "positive": lambda graph, x: x,
    "reciprocal": lambda graph, x: graph.op("Div", number(graph, 1.0), x),
    "rint": _plain("Round"),
    "sign": _plain("Sign"),
    "sin": _plain("Sin"),
    "sqrt": _plain("Sqrt"),
    "square": lambda graph, x: graph.op("Mul", x, x),
    "tanh": _plain("Tanh"),
    "trunc": lambda graph, x: graph.op("Mul", graph.op("Sign", x), graph.op("Floor", graph.op("Abs", x))),
}


def applied(owner: Any, function: Any, graph: Graph, x: str, arguments: Any = None) -> str:
    """The function of every cell; Refused when it is not one of UFUNCS or has arguments. None is the identity."""
    if function is None:
        return x
    name = getattr(function, "__name__", str(function))
    if type(function).__name__ != "ufunc" or name not in UFUNCS:
        hint = f"compute it before the model, or use a named transformer or one of numpy's {', '.join(sorted(UFUNCS))}"
        raise Refused(owner, f"what the function {name} computes cannot be read from outside", hint)
    if arguments:
        raise Refused(owner, f"the function {name} is called with arguments of its own")
    return UFUNCS[name](graph, x)


@writes("sklearn.preprocessing._function_transformer.FunctionTransformer")
def function_transformer(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The identity passes any column; a function takes numbers."""
    if estimator.func is None:
        return frame
    return block(applied(estimator, estimator.func, graph, frame.matrix(graph, estimator), estimator.kw_args), frame.width)
