"""Functions between layers, beside `Relu`: smooth ones, each composed of the closed operators so that every evaluator can do them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

ROOT, CUBE = 0.7978845608028654, 0.044715  # of Hendrycks & Gimpel's tanh form of GELU
BOUND, FAR = 3.0, 1e6  # of `SmoothClip`


@final
@dataclass(frozen=True)
class Activation(Block):
    """gelu (its tanh form: Hendrycks & Gimpel 2016), silu (x / (1 + exp(-x)); Elfwing et al. 2018), tanh or sigmoid."""

    kind: Literal["gelu", "silu", "tanh", "sigmoid"]

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights."""
        return {}, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """The logistic function is a tanh here, which neither overflows nor warns."""
        if self.kind == "tanh":
            return xp.tanh(x)
        if self.kind == "gelu":
            return x * (xp.tanh((x + x * x * x * CUBE) * ROOT) + 1) * 0.5
        gate = logistic(xp, x)
        return gate if self.kind == "sigmoid" else x * gate

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        if self.kind == "tanh":
            return graph.op("Tanh", x)
        one, half = graph.const(1.0, np.float64), graph.const(0.5, np.float64)
        if self.kind == "gelu":
            cube = graph.op("Mul", graph.op("Mul", graph.op("Mul", x, x), x), graph.const(CUBE, np.float64))
            inner = graph.op("Tanh", graph.op("Mul", graph.op("Add", x, cube), graph.const(ROOT, np.float64)))
            return graph.op("Mul", graph.op("Mul", x, graph.op("Add", inner, one)), half)
        gate = write_logistic(graph, x)
        return gate if self.kind == "sigmoid" else graph.op("Mul", x, gate)


@final
@dataclass(frozen=True)
class SmoothClip(Block):
    """x / sqrt(1 + (x / 3)^2), which ends at 3 (smooth clipping: Holzmüller, Grinsztajn & Steinwart 2024): standardised numbers about as they are, without their outliers."""

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights."""
        return {}, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Clipped before, where the square would say no more."""
        part = xp.clip(x / BOUND, -FAR, FAR)
        return part / xp.sqrt(part * part + 1) * BOUND

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        bound = graph.const(BOUND, np.float64)
        part = graph.op("Max", graph.op("Div", x, bound), graph.const(-FAR, np.float64))
        part = graph.op("Min", part, graph.const(FAR, np.float64))
        root = graph.op("Sqrt", graph.op("Add", graph.op("Mul", part, part), graph.const(1.0, np.float64)))
        return graph.op("Mul", graph.op("Div", part, root), bound)


def logistic(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)) as (tanh(x / 2) + 1) / 2."""
    return (xp.tanh(x * 0.5) + 1) * 0.5


def write_logistic(graph: Graph, x: str) -> str:
    """The same."""
    half = graph.const(0.5, np.float64)
    return graph.op("Mul", graph.op("Add", graph.op("Tanh", graph.op("Mul", x, half)), graph.const(1.0, np.float64)), half)
