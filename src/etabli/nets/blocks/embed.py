"""Codes that become vectors: levels of categories, words of a text, places in a series.

Codes arrive as numbers (a network has one input). What is below 0, beyond the table or no whole number is rounded and brought to its ends; whoever makes the codes keeps a
code for what is unknown.
"""

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
class Embed(Block):
    """[rows, ...] codes below `codes` to [rows, ..., size]."""

    codes: int
    size: int

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """table [codes, size], normal with a deviation of 0.3."""
        return {"table": random.normal(0, 0.3, (self.codes, self.size)).astype(np.float32)}, (*shape, self.size)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Looked up."""
        return p["table"][xp.clip(xp.round(x), 0, self.codes - 1).astype("int32")]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """Round, Clip, Gather."""
        code = graph.op("Clip", graph.op("Round", x), graph.const(0.0, np.float64), graph.const(float(self.codes - 1), np.float64))
        return graph.op("Gather", graph.const(p["table"], np.float64), graph.op("Cast", code, to=7), axis=0)


@final
@dataclass(frozen=True)
class Places(Block):
    """[rows, length, width]: a learned vector is added for each place of a series."""

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """place [length, width]."""
        return {"place": random.normal(0, 0.02, shape).astype(np.float32)}, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """The sum."""
        return x + p["place"]

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        return graph.op("Add", x, graph.const(p["place"], np.float64))


@final
@dataclass(frozen=True)
class Periodic(Block):
    """[rows, columns] to [rows, columns * size]: sines and cosines of learned frequencies, then a layer a column with relu (PLR: Gorishniy, Rubachev & Babenko 2022).

    waves: frequencies a column; scale: deviation of the first ones."""

    waves: int
    size: int
    scale: float = 0.1

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """wave [columns, waves], weight [columns, 2 waves, size], bias [columns, size]."""
        (columns,) = shape
        inputs = 2 * self.waves
        made = {
            "wave": random.normal(0, self.scale, (columns, self.waves)).astype(np.float32),
            "weight": (random.uniform(-1, 1, (columns, inputs, self.size)) / inputs**0.5).astype(np.float32),
            "bias": (random.uniform(-1, 1, (columns, self.size)) / inputs**0.5).astype(np.float32),
        }
        return made, (columns * self.size,)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """The cosine is a sine a quarter further, as the closed operators have no cosine."""
        turn = x[:, :, None] * (p["wave"] * (2 * np.pi))
        waves = xp.concatenate([xp.sin(turn), xp.sin(turn + np.pi / 2)], axis=2)
        made = xp.swapaxes(xp.matmul(xp.swapaxes(waves, 0, 1), p["weight"]), 0, 1) + p["bias"]
        return xp.maximum(made, 0).reshape(x.shape[0], -1)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        columns = len(p["wave"])
        turn = graph.op("Mul", graph.op("Unsqueeze", x, graph.const([2], np.int64)), graph.const(p["wave"] * (2 * np.pi), np.float64))
        quarter = graph.op("Add", turn, graph.const(np.pi / 2, np.float64))
        waves = graph.op("Concat", graph.op("Sin", turn), graph.op("Sin", quarter), axis=2)
        made = graph.op("MatMul", graph.op("Transpose", waves, perm=[1, 0, 2]), graph.const(p["weight"], np.float64))
        made = graph.op("Relu", graph.op("Add", graph.op("Transpose", made, perm=[1, 0, 2]), graph.const(p["bias"], np.float64)))
        return graph.op("Reshape", made, graph.const([-1, columns * self.size], np.int64))
