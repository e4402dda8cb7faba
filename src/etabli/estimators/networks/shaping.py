"""Shapes of values: reshape, transpose, join, cut, pick, widen. Known values change in numpy; the others by one node each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.estimators.networks.values import ROWS, Shape, Unreadable, Value, known, moving, place
from etabli.graph.graph import Graph
from etabli.records import Array


class Shaping:
    """graph: ours. like: a tensor of it whose first axis is the rows."""

    def __init__(self, graph: Graph, like: str) -> None:
        self.graph, self.like = graph, like

    # into the graph --------------------------------------------------------------------------------------------------

    def tensor(self, x: Value) -> str:
        """The value as a tensor of the graph, in its full shape."""
        if x.array is None:
            return x.tensor
        slim = self._slim(x)
        return self.graph.op("Expand", slim, self._sizes(x.shape)) if moving(x.shape) else slim

    def within(self, x: Value, shape: Shape, *others: Value) -> str:
        """The same for a node that broadcasts to `shape`: the rows are not written out where another tensor has them already."""
        if x.array is None or not moving(x.shape):
            return self.tensor(x)
        ahead = len(shape) - len(x.shape)
        given = {axis + len(shape) - len(o.shape) for o in others if o.array is None for axis in moving(o.shape)}
        return self._slim(x) if {axis + ahead for axis in moving(x.shape)} <= given else self.tensor(x)

    def joint(self, *values: Value) -> Shape:
        """The shape that they broadcast to."""
        try:
            return tuple(int(size) for size in np.broadcast_shapes(*(value.shape for value in values)))
        except ValueError:
            shapes = " and ".join(str(list(value.shape)).replace(str(ROWS), "rows") for value in values)
            raise Unreadable(
                f"shapes {shapes} together", "it may rest on a fixed number of rows: export it with a free first axis"
            ) from None

    def _slim(self, x: Value) -> str:
        """A known value as a constant, one row for all of the rows."""
        array = x.numbers()
        for axis in moving(x.shape):
            first = array.take([0], axis=axis)
            if not np.array_equal(np.broadcast_to(first, array.shape), array, equal_nan=array.dtype.kind == "f"):
                raise Unreadable("it has numbers of its own for each row of a batch", "export it with a free first axis")
            array = first
        return self.graph.const(array, np.bool_ if x.kind == "bool" else np.float64)

    def _sizes(self, shape: Shape) -> str:
        """A shape as int64 vector, the rows counted when the file is asked."""
        parts, run = [], []
        rows = self.graph.op("Slice", self.graph.op("Shape", self.like), self.graph.const([0], np.int64), self.graph.const([1], np.int64))
        for axis, size in enumerate(shape):
            if axis not in moving(shape):
                run.append(size)
                continue
            parts += [self.graph.const(run, np.int64)] if run else []
            parts.append(rows if size == ROWS else self.graph.op("Mul", rows, self.graph.const([size // ROWS], np.int64)))
            run = []
        parts += [self.graph.const(run, np.int64)] if run else []
        return parts[0] if len(parts) == 1 else self.graph.op("Concat", *parts, axis=0)

    # shapes ----------------------------------------------------------------------------------------------------------

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """numpy.reshape, one -1 allowed."""
        sizes = [int(size) for size in shape]
        total = int(np.prod(x.shape, dtype=np.int64))
        if -1 in sizes:
            rest = int(np.prod([size for size in sizes if size != -1], dtype=np.int64))
            sizes[sizes.index(-1)] = total // rest if rest else 0
        if int(np.prod(sizes, dtype=np.int64)) != total:
            told = [str(list(one)).replace(str(ROWS), "rows") for one in (x.shape, sizes)]
            raise Unreadable(
                f"it reshapes {told[0]} to {told[1]}",
                "a fixed number of rows? export it with a free first axis, or name the shape of a row",
            )
        if tuple(sizes) == x.shape:
            return x
        if x.array is not None:
            return known(x.array.reshape(sizes))
        free = moving(tuple(sizes))
        if len(free) != 1:
            raise Unreadable(f"it reshapes the rows into {len(free)} axes")
        target = [-1 if axis in free else size for axis, size in enumerate(sizes)]
        return Value(tuple(sizes), x.kind, tensor=self.graph.op("Reshape", x.tensor, self.graph.const(target, np.int64)))

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        """numpy.transpose."""
        order = [int(axis) for axis in order]
        if order == list(range(len(x.shape))):
            return x
        if x.array is not None:
            return known(x.array.transpose(order))
        return Value(tuple(x.shape[axis] for axis in order), x.kind, tensor=self.graph.op("Transpose", x.tensor, perm=order))

    def expand(self, x: Value, shape: Sequence[int]) -> Value:
        """numpy.broadcast_to; sizes of 1 in `shape` keep those of x."""
        target = self.joint(x, Value(tuple(int(size) for size in shape), x.kind))
        if target == x.shape:
            return x
        if x.array is not None:
            return known(np.broadcast_to(x.array, target))
        return Value(target, x.kind, tensor=self.graph.op("Expand", x.tensor, self._sizes(target)))

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """numpy.concatenate."""
        axis = place(axis, len(values[0].shape))
        values = [value for value in values if value.shape[axis]] or [values[0]]
        if len(values) == 1:
            return values[0]
        if all(value.array is not None for value in values):
            return known(np.concatenate([value.numbers() for value in values], axis=axis))
        if any(axis in moving(value.shape) for value in values):
            raise Unreadable("it puts more rows behind the rows")
        size = sum(value.shape[axis] for value in values)
        shape = tuple(size if place == axis else other for place, other in enumerate(values[0].shape))
        kind = "float" if any(value.kind == "float" for value in values) else values[0].kind
        return Value(shape, kind, tensor=self.graph.op("Concat", *[self.tensor(value) for value in values], axis=axis))

    def slice(self, x: Value, axis: int, start: int, stop: int, step: int = 1) -> Value:
        """x[start:stop:step] along one axis, Python's way."""
        axis = place(axis, len(x.shape))
        chosen = np.arange(x.shape[axis])[slice(start, stop if step > 0 or stop >= -x.shape[axis] else None, step)]
        return self.picked(x, chosen, axis)

    def picked(self, x: Value, index: Array, axis: int) -> Value:
        """numpy.take with a known index, of any shape."""
        axis, size = place(axis, len(x.shape)), x.shape[place(axis, len(x.shape))]
        index = np.where(index < 0, index + size, index).astype(np.int64)
        shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
        if index.ndim == 1 and np.array_equal(index, np.arange(size)):
            return x
        if x.array is not None:
            return known(x.array.take(index, axis=axis))
        if axis in moving(x.shape):
            raise Unreadable("it picks some of the rows, so that the answer of one depends on its place among the others")
        if index.size and (index.min() < 0 or index.max() >= size):
            raise Unreadable(f"it picks place {int(index.max())} of {size}")
        run = index.ndim == 1 and len(index) > 1 and np.array_equal(index, np.arange(index[0], index[0] + len(index)))
        if run:
            ends = [self.graph.const([int(end)], np.int64) for end in (index[0], index[0] + len(index), axis)]
            return Value(shape, x.kind, tensor=self.graph.op("Slice", x.tensor, *ends))
        return Value(shape, x.kind, tensor=self.graph.op("Gather", x.tensor, self.graph.const(index), axis=axis))

    def pad(self, x: Value, before: Sequence[int], after: Sequence[int], value: float = 0.0) -> Value:
        """A constant put around; negative counts cut."""
        for axis, (low, high) in enumerate(zip(before, after, strict=True)):
            size = x.shape[axis]
            if low < 0 or high < 0:
                x = self.slice(x, axis, max(0, -low), size - max(0, -high))
            around = [max(0, low), max(0, high)]
            sides = [known(np.broadcast_to(np.array(value), (*x.shape[:axis], wide, *x.shape[axis + 1 :]))) for wide in around]
            x = self.concat([sides[0], x, sides[1]], axis) if any(around) else x
        return x
