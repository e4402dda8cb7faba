"""A block whose input is added to its output (He et al. 2016): deep trunks learn what must be changed, not everything anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@final
@dataclass(frozen=True)
class Residual(Block):
    """x + block(x); the block keeps the shape."""

    block: Block

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """Those of the block. ValueError if it changes the shape."""
        made, out = self.block.start(random, shape)
        if out != shape:
            raise ValueError(f"a residual block keeps its shape: {shape} came out as {out}")
        return made, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """The sum."""
        return x + self.block.apply(xp, p, x, noise)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        return graph.op("Add", x, self.block.write(graph, p, x))
