"""A dense layer and the functions between layers, over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


def uniform(random: np.random.Generator, shape: Shape, inputs: int) -> Array:
    """float32, even between -1 and 1 over the root of the inputs: PyTorch's start, He et al. 2015 up to a constant."""
    return np.asarray(random.uniform(-1, 1, shape) / max(inputs, 1) ** 0.5, np.float32)


@final
@dataclass(frozen=True)
class Dense(Block):
    """x W + b over the last axis, the same for every other axis."""

    width: int

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """weight [inputs, width], bias [width]."""
        inputs = shape[-1]
        made = {"weight": uniform(random, (inputs, self.width), inputs), "bias": uniform(random, (self.width,), inputs)}
        return made, (*shape[:-1], self.width)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """One product and one sum."""
        return x @ p["weight"] + p["bias"]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        product = graph.op("MatMul", x, graph.const(p["weight"], np.float64))
        return graph.op("Add", product, graph.const(p["bias"], np.float64))


@final
@dataclass(frozen=True)
class Relu(Block):
    """max(x, 0)."""

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights."""
        return {}, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """The same."""
        return xp.maximum(x, 0)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """Relu."""
        return graph.op("Relu", x)


@final
@dataclass(frozen=True)
class Dropout(Block):
    """While training a share of the values is dropped; in use nothing happens. The share is the lesson's, so that it is not compiled in."""

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights."""
        return {}, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Dropped where there is noise."""
        return x if noise is None else noise.drop(x)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """Nothing."""
        return x
