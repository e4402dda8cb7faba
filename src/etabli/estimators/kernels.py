"""Kernel matrices between the rows and stored points, [rows, points]: scikit-learn's pairwise kernels and those of its Gaussian processes.

A Gaussian process multiplies its kernel by weights that may be large where the noise is small, so its distances are made by differences,
as scipy's `cdist` does. The pairwise kernels (support vectors, kernel ridge, kernel components) come from one matrix product.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from etabli.estimators.recipes import affine, dense, distances, number, repeated, square, square_distances, total
from etabli.estimators.writing import Refused
from etabli.graph.graph import Graph
from etabli.records import Array


def pairwise(owner: Any, graph: Graph, x: str, points: Any, kernel: Any, gamma: Any, degree: Any = 3, coef0: Any = 1) -> str:
    """A kernel by scikit-learn's name. gamma None: 1 / columns. Refused for functions, precomputed and chi-squared kernels."""
    points = dense(points)
    gamma = 1.0 / points.shape[1] if gamma is None else float(gamma)
    if kernel == "linear":
        return affine(graph, x, points.T)
    if kernel == "cosine":
        return _cosine(graph, x, points)
    if kernel in ("poly", "polynomial", "sigmoid"):
        inner = graph.op("Mul", affine(graph, x, points.T), number(graph, gamma))
        inner = graph.op("Add", inner, number(graph, coef0))
        return graph.op("Tanh", inner) if kernel == "sigmoid" else graph.op("Pow", inner, number(graph, degree))
    if kernel == "rbf":
        return graph.op("Exp", graph.op("Mul", square_distances(graph, x, points), number(graph, -gamma)))
    if kernel == "laplacian":
        return graph.op("Exp", graph.op("Mul", distances(graph, x, points, 1.0), number(graph, -gamma)))
    name = "a function of its own" if callable(kernel) else f"{kernel!r}"
    raise Refused(owner, f"its kernel is {name}", "use linear, poly, rbf, sigmoid, laplacian or cosine")


def _cosine(graph: Graph, x: str, points: Array) -> str:
    norm = graph.op("Sqrt", total(graph, square(graph, x)))
    norm = graph.op("Where", graph.op("Equal", norm, number(graph, 0.0)), number(graph, 1.0), norm)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return affine(graph, graph.op("Div", x, norm), (points / np.where(lengths == 0, 1.0, lengths)).T)


# of Gaussian processes -----------------------------------------------------------------------------------------------------


def covariance(owner: Any, graph: Graph, x: str, kernel: Any, points: Any) -> str:
    """[rows, points]: a kernel object of sklearn.gaussian_process between rows and training points. Refused by name if unknown."""
    made = _covariance(owner, graph, x, kernel, points)
    if isinstance(made, float):
        return repeated(graph, x, np.full(len(points), made))
    return made


def _covariance(owner: Any, graph: Graph, x: str, kernel: Any, points: Any) -> str | float:
    """A tensor, or one number where the kernel is constant."""
    name = _known(owner, kernel)
    if name == "ConstantKernel":
        return float(kernel.constant_value)
    if name == "WhiteKernel":
        return 0.0  # noise is no part of the covariance with other rows
    if name in ("Sum", "Product"):
        one, two = (_covariance(owner, graph, x, part, points) for part in (kernel.k1, kernel.k2))
        return _joined(graph, "Add" if name == "Sum" else "Mul", one, two)
    if name == "Exponentiation":
        base = _covariance(owner, graph, x, kernel.kernel, points)
        if isinstance(base, float):
            return float(base**kernel.exponent)
        return graph.op("Pow", base, number(graph, kernel.exponent))
    if name == "DotProduct":
        return affine(graph, x, dense(points).T, float(kernel.sigma_0) ** 2)
    if name == "PairwiseKernel":
        settings = {"gamma": kernel.gamma} | dict(kernel.pairwise_kernels_kwargs or {})
        return pairwise(owner, graph, x, points, kernel.metric, **settings)
    return _stationary(owner, graph, x, kernel, points)


def _joined(graph: Graph, op: str, one: str | float, two: str | float) -> str | float:
    if isinstance(one, float) and isinstance(two, float):
        return one + two if op == "Add" else one * two
    for this, other in ((one, two), (two, one)):
        if this == (0.0 if op == "Add" else 1.0):
            return other
        if this == 0.0:
            return 0.0
    left, right = (number(graph, part) if isinstance(part, float) else part for part in (one, two))
    return graph.op(op, left, right)


def _stationary(owner: Any, graph: Graph, x: str, kernel: Any, points: Any) -> str:
    """A kernel of the distance between two rows."""
    name = _known(owner, kernel)
    if name in ("RBF", "Matern"):
        scale = np.squeeze(kernel.length_scale).astype(float)
        x, points = graph.op("Div", x, number(graph, scale)), points / scale
    squared = square_distances(graph, x, points, exact=True)
    if name == "RBF" or (name == "Matern" and np.isinf(kernel.nu)):
        return graph.op("Exp", graph.op("Mul", squared, number(graph, -0.5)))
    if name == "Matern":
        return _matern(owner, graph, graph.op("Sqrt", squared), float(kernel.nu))
    if name == "RationalQuadratic":
        spread = graph.op("Div", squared, number(graph, 2 * kernel.alpha * kernel.length_scale**2))
        return graph.op("Pow", graph.op("Add", number(graph, 1.0), spread), number(graph, -kernel.alpha))
    wave = graph.op("Sin", graph.op("Mul", graph.op("Sqrt", squared), number(graph, np.pi / kernel.periodicity)))
    wave = graph.op("Div", wave, number(graph, kernel.length_scale))
    return graph.op("Exp", graph.op("Mul", square(graph, wave), number(graph, -2.0)))


def _matern(owner: Any, graph: Graph, distance: str, nu: float) -> str:
    if nu == 0.5:
        return graph.op("Exp", graph.op("Neg", distance))
    if nu not in (1.5, 2.5):
        raise Refused(owner, f"a Matern kernel of nu={nu:g} needs Bessel functions", "use nu 0.5, 1.5, 2.5 or infinity")
    scaled = graph.op("Mul", distance, number(graph, math.sqrt(3 if nu == 1.5 else 5)))
    factor = graph.op("Add", number(graph, 1.0), scaled)
    if nu == 2.5:
        factor = graph.op("Add", factor, graph.op("Div", square(graph, scaled), number(graph, 3.0)))
    return graph.op("Mul", factor, graph.op("Exp", graph.op("Neg", scaled)))


def variance(owner: Any, graph: Graph, x: str, kernel: Any) -> str | float:
    """[rows, 1], or one number where it is the same for all rows: the kernel of every row with itself, noise included."""
    name = _known(owner, kernel)
    if name == "ConstantKernel":
        return float(kernel.constant_value)
    if name == "WhiteKernel":
        return float(kernel.noise_level)
    if name in ("Sum", "Product"):
        one, two = (variance(owner, graph, x, part) for part in (kernel.k1, kernel.k2))
        return _joined(graph, "Add" if name == "Sum" else "Mul", one, two)
    if name == "Exponentiation":
        base = variance(owner, graph, x, kernel.kernel)
        if isinstance(base, float):
            return float(base**kernel.exponent)
        return graph.op("Pow", base, number(graph, kernel.exponent))
    if name == "DotProduct":
        return graph.op("Add", total(graph, square(graph, x)), number(graph, float(kernel.sigma_0) ** 2))
    if name == "PairwiseKernel":
        if kernel.metric in ("rbf", "laplacian"):
            return 1.0
        raise Refused(owner, f"a PairwiseKernel of metric {kernel.metric!r} in a classification")
    return 1.0


_KERNELS = frozenset(
    "ConstantKernel WhiteKernel Sum Product Exponentiation DotProduct PairwiseKernel RBF Matern RationalQuadratic ExpSineSquared".split()
)


def _known(owner: Any, kernel: Any) -> str:
    """The kernel's type, if it is scikit-learn's own; Refused by name otherwise."""
    kind = type(kernel)
    if kind.__module__ == "sklearn.gaussian_process.kernels" and kind.__name__ in _KERNELS:
        return str(kind.__name__)
    raise Refused(owner, f"its kernel {kind.__module__}.{kind.__name__} is not known")
