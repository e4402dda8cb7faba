"""Attention among the places of a series (Vaswani et al. 2017), and the encoder layer made of it, with the norms before (Xiong et al. 2020), which trains without a warm-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import Block, Chain, Noise, Params, Shape
from etabli.nets.blocks.activation import Activation
from etabli.nets.blocks.dense import Dense, Dropout, uniform
from etabli.nets.blocks.norm import LayerNorm
from etabli.nets.blocks.residual import Residual
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

NEVER = -1e9


@final
@dataclass(frozen=True)
class Attention(Block):
    """[rows, length, width] to the same: every place takes from all (causal: from those before it and itself) what its question finds.

    heads: must divide the width. length: of the series, where it is causal."""

    heads: int
    length: int
    causal: bool = False

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """ask, key, value, out: weight [width, width] and bias [width] each. ValueError where the heads do not divide the width."""
        width = shape[-1]
        if width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {width}")
        made: dict[str, Array] = {}
        for name in ("ask", "key", "value", "out"):
            made |= {f"{name}_weight": uniform(random, (width, width), width), f"{name}_bias": np.zeros(width, np.float32)}
        return made, shape

    def _hidden(self) -> Array:
        return np.triu(np.full((self.length, self.length), NEVER), 1)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """softmax(ask key' / sqrt(size)) value, head by head."""
        rows, length, width = x.shape
        size = width // self.heads

        def part(name: str) -> Any:
            made = (x @ p[f"{name}_weight"] + p[f"{name}_bias"]).reshape(rows, length, self.heads, size)
            return xp.swapaxes(made, 1, 2)

        score = xp.matmul(part("ask"), xp.swapaxes(part("key"), 2, 3)) * size**-0.5
        if self.causal:
            score = score + self._hidden().astype(score.dtype)
        share = xp.exp(score - score.max(axis=-1, keepdims=True))
        share = share / share.sum(axis=-1, keepdims=True)
        made = xp.swapaxes(xp.matmul(share, part("value")), 1, 2).reshape(rows, length, width)
        return made @ p["out_weight"] + p["out_bias"]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        width = len(p["out_bias"])
        size, last = width // self.heads, graph.const([-1], np.int64)

        def dense(name: str, x: str) -> str:
            product = graph.op("MatMul", x, graph.const(p[f"{name}_weight"], np.float64))
            return graph.op("Add", product, graph.const(p[f"{name}_bias"], np.float64))

        def part(name: str, perm: list[int]) -> str:
            made = graph.op("Reshape", dense(name, x), graph.const([0, self.length, self.heads, size], np.int64))
            return graph.op("Transpose", made, perm=perm)

        score = graph.op("MatMul", part("ask", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]))
        score = graph.op("Mul", score, graph.const(size**-0.5, np.float64))
        if self.causal:
            score = graph.op("Add", score, graph.const(self._hidden(), np.float64))
        share = graph.op("Exp", graph.op("Sub", score, graph.op("ReduceMax", score, last, keepdims=1)))
        share = graph.op("Div", share, graph.op("ReduceSum", share, last, keepdims=1))
        made = graph.op("Transpose", graph.op("MatMul", share, part("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        return dense("out", graph.op("Reshape", made, graph.const([0, self.length, width], np.int64)))


def encoder(width: int, heads: int, length: int, causal: bool = False) -> Chain:
    """One layer of a transformer: attention, then two dense layers four times as wide, each added to what came in."""
    attention = Chain((LayerNorm(), Attention(heads, length, causal), Dropout()))
    dense = Chain((LayerNorm(), Dense(4 * width), Activation("gelu"), Dense(width), Dropout()))
    return Chain((Residual(attention), Residual(dense)))
