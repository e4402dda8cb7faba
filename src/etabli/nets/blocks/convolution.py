"""Convolution over one or two axes, as a gather and one product (im2col).

A convolution proper is slow in JAX on a CPU (10 to 30 times inside a loop: jax issue 12868, and docs/networks.md), and ONNX's Conv has no double precision in onnxruntime; a gather of the
windows and a matrix product are neither, and every evaluator has them. Values lie with channels last: [rows, length, channels] or [rows, height, width, channels].
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.nets.blocks.dense import uniform
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


def windows(sizes: Shape, kernel: Shape, stride: int, causal: bool = False, dilation: int = 1) -> tuple[Array, Shape]:
    """(int [places out * cells of the kernel], sizes out): for each place out the places in, counted in the flattened axes; what lies outside is the place after the last.
    Padded so that a stride of 1 keeps the size: on both sides, or, causal, before only."""
    out = tuple(-(-size // stride) for size in sizes)
    reach = [dilation * (k - 1) for k in kernel]
    before = [r if causal else r // 2 for r in reach]
    found, outside = [], int(np.prod(sizes))
    for place in product(*(range(n) for n in out)):
        for cell in product(*(range(k) for k in kernel)):
            at = [p * stride + c * dilation - b for p, c, b in zip(place, cell, before, strict=True)]
            inside = all(0 <= a < size for a, size in zip(at, sizes, strict=True))
            found.append(int(np.ravel_multi_index(at, sizes)) if inside else outside)
    return np.array(found, np.int64), out


@final
@dataclass(frozen=True)
class Convolution(Block):
    """[rows, *sizes, channels] to [rows, *sizes / stride, filters]. kernel: cells along each axis. sizes: of the axes. causal: sees no later place."""

    filters: int
    kernel: Shape
    sizes: Shape
    stride: int = 1
    causal: bool = False
    dilation: int = 1

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """weight [cells of the kernel * channels, filters], bias [filters]."""
        inputs = int(np.prod(self.kernel)) * shape[-1]
        made = {"weight": uniform(random, (inputs, self.filters), inputs), "bias": uniform(random, (self.filters,), inputs)}
        return made, (*self._windows()[1], self.filters)

    def _windows(self) -> tuple[Array, Shape]:
        return windows(self.sizes, self.kernel, self.stride, self.causal, self.dilation)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """A row of zeros is put behind the places, for what lies outside."""
        place, out = self._windows()
        rows, channels = x.shape[0], x.shape[-1]
        flat = x.reshape(rows, -1, channels)
        flat = xp.concatenate([flat, xp.zeros((rows, 1, channels), flat.dtype)], axis=1)
        seen = xp.take(flat, place, axis=1).reshape(rows, int(np.prod(out)), -1)
        return (seen @ p["weight"] + p["bias"]).reshape(rows, *out, self.filters)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """Reshape, Concat, Gather, MatMul."""
        place, out = self._windows()
        channels = len(p["weight"]) // int(np.prod(self.kernel))
        cells = int(np.prod(out))
        flat = graph.op("Reshape", x, graph.const([-1, int(np.prod(self.sizes)), channels], np.int64))
        first = graph.op("Gather", flat, graph.const([0], np.int64), axis=1)
        nothing = graph.op("Sub", first, first)
        seen = graph.op("Gather", graph.op("Concat", flat, nothing, axis=1), graph.const(place), axis=1)
        seen = graph.op("Reshape", seen, graph.const([-1, cells, len(p["weight"])], np.int64))
        made = graph.op("Add", graph.op("MatMul", seen, graph.const(p["weight"], np.float64)), graph.const(p["bias"], np.float64))
        return graph.op("Reshape", made, graph.const([-1, *out, self.filters], np.int64))


@final
@dataclass(frozen=True)
class Pool(Block):
    """[rows, *sizes, channels]: the largest value of squares of `side` places (sizes must be multiples of it); side 0: the mean of all places, [rows, channels]."""

    side: int
    sizes: Shape

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights. ValueError where the side does not divide a size."""
        if not self.side:
            return {}, (shape[-1],)
        if any(size % self.side for size in self.sizes):
            raise ValueError(f"a pool of {self.side} needs sizes that are multiples of it, not {self.sizes}")
        return {}, (*(size // self.side for size in self.sizes), shape[-1])

    def _split(self, rows: int, channels: int) -> tuple[list[int], tuple[int, ...]]:
        cut = [part for size in self.sizes for part in (size // self.side, self.side)]
        return [rows, *cut, channels], tuple(2 * (i + 1) for i in range(len(self.sizes)))

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """By reshaping, so that neither JAX nor onnxruntime needs a pooling operator."""
        if not self.side:
            return x.reshape(x.shape[0], -1, x.shape[-1]).sum(axis=1) / int(np.prod(self.sizes))
        shape, axes = self._split(x.shape[0], x.shape[-1])
        return x.reshape(shape).max(axis=axes)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same; 0 in a Reshape keeps the size."""
        if not self.side:
            axes = graph.const(list(range(1, 1 + len(self.sizes))), np.int64)
            total = graph.op("ReduceSum", x, axes, keepdims=0)
            return graph.op("Div", total, graph.const([float(np.prod(self.sizes))], np.float64))
        # the last axis is what is left: -1 cannot stand twice, so rows are kept by 0
        shape, chosen = self._split(0, -1)
        return graph.op("ReduceMax", graph.op("Reshape", x, graph.const(shape, np.int64)), graph.const(chosen, np.int64), keepdims=0)


@final
@dataclass(frozen=True)
class Flatten(Block):
    """[rows, ...] to [rows, all]."""

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights."""
        return {}, (int(np.prod(shape)),)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Reshaped."""
        return x.reshape(x.shape[0], -1)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        return graph.op("Reshape", x, graph.const([0, -1], np.int64))


@final
@dataclass(frozen=True)
class Shaped(Block):
    """[rows, all] to [rows, *shape]."""

    shape: Shape

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """No weights."""
        return {}, self.shape

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Reshaped."""
        return x.reshape(x.shape[0], *self.shape)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same."""
        return graph.op("Reshape", x, graph.const([-1, *self.shape], np.int64))
