"""Layer normalisation (Ba, Kiros & Hinton 2016): each row by itself, so that nothing depends on who else is in a batch.

Batch normalisation has no block of its own: it would make a row's answer while training depend on its batch, members and weights of rows would get in its
way, and for networks of this size it brings nothing that this one does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

LITTLE = 1e-5


@final
@dataclass(frozen=True)
class LayerNorm(Block):
    """Over the last axis: mean 0, variance 1, then a scale and a shift that are learned."""

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """scale, shift [width]."""
        return {"scale": np.ones(shape[-1], np.float32), "shift": np.zeros(shape[-1], np.float32)}, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """(x - mean) / sqrt(variance + 1e-5) * scale + shift."""
        width = x.shape[-1]
        centred = x - x.sum(axis=-1, keepdims=True) / width
        return centred / xp.sqrt((centred * centred).sum(axis=-1, keepdims=True) / width + LITTLE) * p["scale"] + p["shift"]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        axis, width = graph.const([-1], np.int64), graph.const(float(len(p["scale"])), np.float64)
        centred = graph.op("Sub", x, graph.op("Div", graph.op("ReduceSum", x, axis, keepdims=1), width))
        variance = graph.op("Div", graph.op("ReduceSum", graph.op("Mul", centred, centred), axis, keepdims=1), width)
        scaled = graph.op("Div", centred, graph.op("Sqrt", graph.op("Add", variance, graph.const(LITTLE, np.float64))))
        return graph.op("Add", graph.op("Mul", scaled, graph.const(p["scale"], np.float64)), graph.const(p["shift"], np.float64))
