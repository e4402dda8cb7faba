"""Many members that share one trunk: each row goes through once a member, and what tells the members apart is small.

TabM-mini (Gorishniy, Kotelnikov & Babenko 2025, a variant of BatchEnsemble: Wen, Tran & Ba 2020): after the embedding every member multiplies by its own
vector of ±1, the trunk is shared, and every member has a head of its own. Each learns by its own loss; the mean of their answers is the answer, and how far they
are apart is a sign of how little the network knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.nets.blocks.dense import uniform
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@final
@dataclass(frozen=True)
class Members(Block):
    """[rows, width] to [rows, members, width]: each member sees the row through signs of its own."""

    count: int

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """sign [members, width], of ±1; all 1 when there is one member."""
        made = (
            random.choice(np.array([-1.0, 1.0], np.float32), (self.count, *shape)) if self.count > 1 else np.ones((1, *shape), np.float32)
        )
        return {"sign": made}, (self.count, *shape)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """One product."""
        return x[:, None] * p["sign"]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        return graph.op("Mul", graph.op("Unsqueeze", x, graph.const([1], np.int64)), graph.const(p["sign"], np.float64))


@final
@dataclass(frozen=True)
class Heads(Block):
    """[rows, members, width] to [rows, members, outputs]: a dense layer a member."""

    outputs: int

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """weight [members, width, outputs], bias [members, outputs]."""
        members, width = shape
        made = {"weight": uniform(random, (members, width, self.outputs), width), "bias": np.zeros((members, self.outputs), np.float32)}
        return made, (members, self.outputs)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """A product a member."""
        return xp.swapaxes(xp.matmul(xp.swapaxes(x, 0, 1), p["weight"]), 0, 1) + p["bias"]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        made = graph.op("MatMul", graph.op("Transpose", x, perm=[1, 0, 2]), graph.const(p["weight"], np.float64))
        return graph.op("Add", graph.op("Transpose", made, perm=[1, 0, 2]), graph.const(p["bias"], np.float64))
