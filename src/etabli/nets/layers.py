"""A network as people read it: its blocks one after the other, each with the shape of a row behind it and how much it learns; and what its first layer sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.nets.block import Block, Chain, Shape, trained
from etabli.nets.blocks.activation import Activation
from etabli.nets.blocks.dense import Dropout
from etabli.nets.blocks.residual import Residual
from etabli.records import Array


@dataclass(frozen=True)
class Layer:
    """block: its name (`dense`, `relu`, ...). shape: of one row behind it. weights: how many numbers it learns."""

    block: str
    shape: tuple[int, ...]
    weights: int


def layers(network: Block, shape: Shape) -> list[Layer]:
    """The blocks of a network for rows of that shape, those of chains and of residual blocks one by one; dropout, which does nothing in use, is left out."""
    if isinstance(network, Chain):
        made: list[Layer] = []
        for block in network.blocks:
            made += layers(block, shape)
            shape = _behind(block, shape)
        return made
    if isinstance(network, Residual):
        return [*layers(network.block, shape), Layer("residual", shape, 0)]
    if isinstance(network, Dropout):
        return []
    started, out = network.start(np.random.default_rng(0), shape)
    name = network.kind if isinstance(network, Activation) else type(network).__name__.lower()
    return [Layer(name, out, int(sum(value.size for key, value in started.items() if trained(key))))]


def _behind(block: Block, shape: Shape) -> Shape:
    return block.start(np.random.default_rng(0), shape)[1]


def moved(inside: Array, weight: Array, owners: Array, columns: int) -> Array:
    """[columns, units]: the standard deviation, over rows, of what each column adds to each unit of a dense layer.

    inside: [rows, width] what the layer gets; weight: [width, units]; owners: [width] the column each of them comes from."""
    made = np.zeros((columns, weight.shape[1]))
    for column in np.unique(owners):
        mine = owners == column
        part = inside[:, mine] - inside[:1, mine]  # so that what never moves is exactly 0
        spread = np.atleast_2d(np.cov(part, rowvar=False, bias=True)) if len(part) > 1 else np.zeros((mine.sum(),) * 2)
        made[column] = np.sqrt(np.maximum(np.einsum("iu,ij,ju->u", weight[mine], spread, weight[mine]), 0.0))
    return made
