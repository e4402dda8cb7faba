"""What a block of a network is: a pair. `apply` computes, `write` adds the same steps to a graph; `start` draws the first weights.

Blocks are frozen dataclasses: their fields are what a compiled program depends on (widths, numbers of members), so that two networks that are
equal share one program. Weights are a flat mapping from names to arrays, "2.weight" being `weight` of the third block of a chain: they go into an
.npz as they are, and no pickle is ever needed. A name that begins with FIXED is a number learned from the columns before the training (edges of
bins): it travels with the weights but is not trained.

Shapes are those of one row: a block gets [rows, *shape]. Only what broadcasts over rows is allowed, so that one row alone and a thousand give the same.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

Params = Mapping[str, Any]  # name -> array (numpy, or of JAX while it trains)
Shape = tuple[int, ...]
FIXED = "fixed_"
CELLS = 2**17  # of x that are answered at once


class Noise(ABC):
    """Where the chance of a training step comes from; blocks that drop values ask it, and get None when the network is used."""

    @abstractmethod
    def drop(self, x: Any) -> Any:
        """x with a share of its values set to zero and the others scaled up, so that the mean stays (Srivastava et al. 2014)."""

    @abstractmethod
    def normal(self, like: Any) -> Any:
        """Standard normal numbers of that shape."""


class Block(ABC):
    """A step of a network."""

    @abstractmethod
    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """(float32 weights, shape of what comes out) for rows of that shape. Same generator state: same weights."""

    @abstractmethod
    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """[rows, *shape out] of x [rows, *shape in]. xp: numpy or jax.numpy."""

    @abstractmethod
    def write(self, graph: Graph, p: Params, x: str) -> str:
        """Adds the nodes that do the same in double precision; the name of the result."""


@dataclass(frozen=True)
class Chain(Block):
    """Blocks one after the other."""

    blocks: tuple[Block, ...]

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """The weights of all, each name with the place of its block before it."""
        made: dict[str, Array] = {}
        for place, block in enumerate(self.blocks):
            mine, shape = block.start(random, shape)
            made |= {f"{place}.{name}": value for name, value in mine.items()}
        return made, shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """All in turn."""
        for place, block in enumerate(self.blocks):
            x = block.apply(xp, inner(p, f"{place}."), x, noise)
        return x

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """All in turn."""
        for place, block in enumerate(self.blocks):
            x = block.write(graph, inner(p, f"{place}."), x)
        return x


def inner(p: Params, prefix: str) -> dict[str, Any]:
    """The weights whose names begin so, without that beginning."""
    return {name[len(prefix) :]: value for name, value in p.items() if name.startswith(prefix)}


def trained(name: str) -> bool:
    """Whether a weight of that full name is trained."""
    return not name.rpartition(".")[2].startswith(FIXED)


def double(p: Params) -> dict[str, Array]:
    """The weights in double precision: what is answered with, and written."""
    return {name: np.asarray(value, np.float64) for name, value in p.items()}


def answer(network: Block, p: Params, x: Array) -> Array:
    """What the network gives for x [rows, ...] in numpy, float64, some rows at a time: fewer of wide ones, of whose every number a network makes some hundred."""
    rows = max(64, min(4096, CELLS // max(1, math.prod(x.shape[1:]))))
    parts = [network.apply(np, p, np.asarray(x[start : start + rows], np.float64)) for start in range(0, max(len(x), 1), rows)]
    return np.concatenate(parts)
