"""The first block of a network for tables: numbers are embedded piecewise, flags go through as they are.

Piecewise linear encoding (Gorishniy, Rubachev & Babenko 2022): a number is told as how far it has come through each of the bins between its
quantiles, then each column's encoding, and the number itself, is turned into `size` values by weights of its own. The outer bins go on beyond
the range, up to three widths, and stop there. Of all that a network for tables can have, this brings the most (the paper; `docs/networks.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import FIXED, Block, Noise, Params, Shape
from etabli.nets.blocks.dense import uniform
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

BEYOND = 3.0  # widths of an outer bin
LITTLE = 1e-30  # the narrowest line of `Views`: single precision can divide by it


@final
@dataclass(frozen=True)
class Columns(Block):
    """numbers: places of the columns that are embedded; rest: of those that go through. bins, size: of an embedding; bins 0: all go through."""

    numbers: tuple[int, ...]
    rest: tuple[int, ...]
    bins: int
    size: int

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """low, width [numbers, bins] of the bins, not trained (see `edges`); weight, bias [numbers, size]; steps [numbers, bins, size]."""
        count = len(self.numbers)
        if not count or not self.bins:
            return {}, (count + len(self.rest),)
        made = {
            f"{FIXED}low": np.zeros((count, self.bins), np.float32),
            f"{FIXED}width": np.ones((count, self.bins), np.float32),
            "weight": uniform(random, (count, self.size), 1),
            "bias": uniform(random, (count, self.size), 1),
            "steps": np.zeros((count, self.bins, self.size), np.float32),
        }
        return made, (count * self.size + len(self.rest),)

    def _ends(self) -> tuple[Array, Array]:
        place = np.arange(self.bins)
        return np.where(place == 0, -BEYOND, 0.0), np.where(place == self.bins - 1, BEYOND, 1.0)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """[rows, columns] to [rows, numbers * size + rest]."""
        rest = x[:, list(self.rest)]
        mine = x[:, list(self.numbers)]
        if not self.numbers or not self.bins:
            return xp.concatenate([mine, rest], axis=1)
        least, most = self._ends()
        dtype = p["weight"].dtype
        share = (mine[:, :, None] - p[f"{FIXED}low"]) / p[f"{FIXED}width"]
        share = xp.clip(share, least.astype(dtype), most.astype(dtype))
        steps = xp.matmul(xp.swapaxes(share, 0, 1), p["steps"])  # a product a column
        embedded = mine[:, :, None] * p["weight"] + p["bias"] + xp.swapaxes(steps, 0, 1)
        return xp.concatenate([embedded.reshape(x.shape[0], len(self.numbers) * self.size), rest], axis=1)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same: Sub, Div, Clip by Min and Max, a product a column."""
        rest = graph.op("Gather", x, graph.const(self.rest, np.int64), axis=1) if self.rest else ""
        if not self.numbers:
            return rest
        mine = graph.op("Gather", x, graph.const(self.numbers, np.int64), axis=1)
        if self.bins:
            least, most = self._ends()
            mine = graph.op("Unsqueeze", mine, graph.const([2], np.int64))
            share = graph.op("Sub", mine, graph.const(p[f"{FIXED}low"], np.float64))
            share = graph.op("Div", share, graph.const(p[f"{FIXED}width"], np.float64))
            share = graph.op("Min", graph.op("Max", share, graph.const(least, np.float64)), graph.const(most, np.float64))
            steps = graph.op("MatMul", graph.op("Transpose", share, perm=[1, 0, 2]), graph.const(p["steps"], np.float64))
            straight = graph.op("Add", graph.op("Mul", mine, graph.const(p["weight"], np.float64)), graph.const(p["bias"], np.float64))
            embedded = graph.op("Add", straight, graph.op("Transpose", steps, perm=[1, 0, 2]))
            mine = graph.op("Reshape", embedded, graph.const([-1, len(self.numbers) * self.size], np.int64))
        return graph.op("Concat", mine, rest, axis=1) if rest else mine


@final
@dataclass(frozen=True)
class Beside(Block):
    """numbers go through a block of their own ([rows, numbers] to [rows, width]), the rest beside it as they are."""

    numbers: tuple[int, ...]
    rest: tuple[int, ...]
    block: Block

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """Those of the block."""
        if not self.numbers:
            return {}, (len(self.rest),)
        made, (width,) = self.block.start(random, (len(self.numbers),))
        return made, (width + len(self.rest),)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """[rows, columns] to [rows, width + rest]."""
        rest = x[:, list(self.rest)]
        if not self.numbers:
            return rest
        return xp.concatenate([self.block.apply(xp, p, x[:, list(self.numbers)], noise), rest], axis=1)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        rest = graph.op("Gather", x, graph.const(self.rest, np.int64), axis=1) if self.rest else ""
        if not self.numbers:
            return rest
        made = self.block.write(graph, p, graph.op("Gather", x, graph.const(self.numbers, np.int64), axis=1))
        return graph.op("Concat", made, rest, axis=1) if rest else made


@final
@dataclass(frozen=True)
class Views(Block):
    """[rows, columns] to [rows, 2 columns]: the numbers, and beside them the normal scores of their ranks, along straight lines between knots. A law that is smooth in a number is smooth in the first
    alone, since ranks jump where many rows are equal; a long tail, or several heaps, are spread out in the second alone."""

    knots: int

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """least [columns], the score below all knots; low, width, rise [columns, knots - 1] of the lines; all as `lines` makes them, none trained."""
        (columns,) = shape
        return lines([(np.zeros(1), np.zeros(1))] * columns, self.knots), (2 * columns,)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Numbers, then scores."""
        share = xp.clip((x[:, :, None] - p[f"{FIXED}low"]) / p[f"{FIXED}width"], 0, 1)
        return xp.concatenate([x, (share * p[f"{FIXED}rise"]).sum(axis=2) + p[f"{FIXED}least"]], axis=1)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        low, width, rise, least = (graph.const(p[f"{FIXED}{name}"], np.float64) for name in ("low", "width", "rise", "least"))
        share = graph.op("Div", graph.op("Sub", graph.op("Unsqueeze", x, graph.const([2], np.int64)), low), width)
        share = graph.op("Min", graph.op("Max", share, graph.const(0.0, np.float64)), graph.const(1.0, np.float64))
        score = graph.op("ReduceSum", graph.op("Mul", share, rise), graph.const([2], np.int64), keepdims=0)
        return graph.op("Concat", x, graph.op("Add", score, least), axis=1)


def lines(known: Sequence[tuple[Array, Array]], knots: int) -> dict[str, Array]:
    """What `Views(knots)` knows of its columns. known: (knots, rising, and scores there) of each, at most so many."""
    made = {name: np.full((len(known), knots - 1), float(name == "width"), np.float32) for name in ("low", "width", "rise")}
    for j, (at, score) in enumerate(known):
        filled = len(at) - 1
        made["low"][j, :filled], made["rise"][j, :filled] = at[:-1], np.diff(score)
        made["width"][j, :filled] = np.maximum(np.diff(at), LITTLE)
    made["least"] = np.array([score[0] for _, score in known], np.float32)
    return {f"{FIXED}{name}": value for name, value in made.items()}


def edges(x: Array, bins: int) -> tuple[Array, Array]:
    """(low, width) [columns, bins] of bins between the quantiles of each column of x [rows, columns]. Of a column with few values the bins are
    fewer; those that are left over begin beyond everything, so that no value ever enters them."""
    low, width = np.full((x.shape[1], bins), 0.0), np.full((x.shape[1], bins), 1.0)
    for j in range(x.shape[1]):
        knots = np.unique(np.quantile(x[:, j], np.linspace(0, 1, bins + 1)).astype(np.float32).astype(np.float64))
        if len(knots) == 1:
            knots = np.array([knots[0], knots[0] + 1.0])
        filled = len(knots) - 1
        low[j, :filled], width[j, :filled] = knots[:-1], np.diff(knots)
        low[j, filled:] = knots[-1] + BEYOND * 1e6
    return low, width
