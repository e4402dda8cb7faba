"""JAX's primitives that look at places: convolution, pooling, look-ups."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.networks.jax_primitives import between
from etabli.estimators.networks.jax_reader import Equation, kind_of, reads
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.values import Unreadable, Value, known, moving
from etabli.estimators.networks.windows import Windows, convolved, pooled, seen
from etabli.records import Array


@reads("conv_general_dilated")
def _conv(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    (x, weight), params = given, equation.params
    if params["batch_group_count"] != 1:
        raise Unreadable("groups of rows")
    if not weight.known and moving(weight.shape):
        raise Unreadable("weights of its own for each row")
    numbers = params["dimension_numbers"]
    (rows, channel, *sizes), (filters, part, *kernel), out = numbers.lhs_spec, numbers.rhs_spec, numbers.out_spec
    x = maths.transpose(x, [rows, *sizes, channel])
    x = between(maths, x, [1, *params["lhs_dilation"], 1])
    weight = maths.transpose(weight, [*kernel, part, filters])
    pads = params["padding"]
    windows = Windows(
        weight.shape[:-2],
        tuple(params["window_strides"]),
        tuple(params["rhs_dilation"]),
        tuple(int(low) for low, _ in pads),
        tuple(int(high) for _, high in pads),
    )
    x, windows = _uncut(maths, x, windows)
    made = convolved(maths, x, weight, windows, int(params["feature_group_count"]))
    order = [out[0], *out[2:], out[1]]  # where each axis of ours goes
    return maths.transpose(made, [order.index(axis) for axis in range(len(order))])


def _uncut(maths: Maths, x: Value, windows: Windows) -> tuple[Value, Windows]:
    """Negative padding (of a transposed convolution) as a cut."""
    ends = (*windows.before, *windows.after)
    if min(ends, default=0) >= 0:
        return x, windows
    low, high = ([min(0, number) for number in side] for side in (windows.before, windows.after))
    x = maths.pad(x, [0, *low, 0], [0, *high, 0])
    before, after = (tuple(max(0, number) for number in side) for side in (windows.before, windows.after))
    return x, Windows(windows.kernel, windows.strides, windows.dilations, before, after)


@reads("reduce_window_max", "reduce_window_min", "reduce_window_sum")
def _window(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, params, rank = given[0], equation.params, len(given[0].shape)
    sizes, strides, pads = params["window_dimensions"], params["window_strides"], params["padding"]
    spread, apart = params["window_dilation"] or [1] * rank, params["base_dilation"] or [1] * rank
    if set(apart) != {1}:
        raise Unreadable("a window over cells put apart")
    looked = [axis for axis in range(rank) if sizes[axis] > 1 or strides[axis] > 1 or tuple(pads[axis]) != (0, 0)]
    rows = moving(x.shape)
    if not rows or set(rows) & set(looked):
        raise Unreadable("a window over the rows, so that the answer of one depends on the others")
    if not looked:
        return x
    rest = [axis for axis in range(rank) if axis not in looked and axis != rows[0]]
    order = [rows[0], *looked, *rest]
    moved = maths.transpose(x, order)
    kept = moved.shape[1 + len(looked) :]
    moved = maths.reshape(moved, (*moved.shape[: 1 + len(looked)], int(np.prod(kept, dtype=np.int64))))
    columns = [[int(one[axis]) for axis in looked] for one in (sizes, strides, spread, [p[0] for p in pads], [p[1] for p in pads])]
    windows = Windows(*(tuple(one) for one in columns))
    if equation.name == "reduce_window_sum":
        found, out, _ = seen(maths, moved, windows, 0.0)
        made = maths.reshape(maths.reduce("sum", found, [2], keep=False), (moved.shape[0], *out, moved.shape[-1]))
    elif equation.name == "reduce_window_min":
        made = maths.one("Neg", pooled(maths, maths.one("Neg", moved), windows, "max"))
    else:
        made = pooled(maths, moved, windows, "max")
    made = maths.reshape(made, (*made.shape[:-1], *kept))
    return maths.transpose(made, [order.index(axis) for axis in range(rank)])


@reads("gather")
def _gather(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, index = given
    if index.known:
        return _static(maths, equation, x, index)
    if not x.known:
        raise Unreadable("it looks up numbers of the data at places that depend on the data")
    params, numbers = equation.params, equation.params["dimension_numbers"]
    axes, sizes = tuple(numbers.start_index_map), [int(size) for size in params["slice_sizes"]]
    whole = all(size == x.shape[axis] for axis, size in enumerate(sizes) if axis not in axes)
    gone = tuple(numbers.collapsed_slice_dims)
    if len(axes) != 1 or gone not in ((), axes) or sizes[axes[0]] != 1 or not whole or numbers.operand_batching_dims:
        raise Unreadable("a look-up along more than one axis")
    axis, mode = axes[0], str(params["mode"]).rpartition(".")[2]
    index = maths.reshape(index, index.shape[:-1])
    inside = maths.clip(index, known(0.0), known(float(x.shape[axis] - 1)))
    found = maths.take(maths.cast(x, "float"), inside, axis)
    places = list(range(axis, axis + len(index.shape)))
    if "FILL" in mode:
        outside = maths.one("Not", maths.two("Equal", index, inside))
        wide = [size if at in places else 1 for at, size in enumerate(found.shape)]
        found = maths.where(maths.reshape(outside, wide), known(_filling(params["fill_value"], equation.kinds[0])), found)
    if not gone:  # the axis looked along stays, with one cell
        found = maths.reshape(found, (*found.shape[: places[-1] + 1], 1, *found.shape[places[-1] + 1 :]))
    offsets = [place for place in range(len(found.shape)) if place not in places]
    kept = list(numbers.offset_dims)
    order = [offsets[kept.index(out)] if out in kept else places.pop(0) for out in range(len(found.shape))]
    return maths.transpose(found, order)


def _filling(asked: Any, dtype: str) -> float:
    """What JAX puts where a look-up goes outside."""
    if asked is not None:
        return float(asked)
    if kind_of(dtype) == "float":
        return np.nan
    if kind_of(dtype) == "bool":
        return 1.0
    limits = np.iinfo(dtype)
    return float(limits.max if limits.min == 0 else limits.min)


def _static(maths: Maths, equation: Equation, x: Value, index: Value) -> Value:
    """Places known beforehand: JAX itself gathers from the numbers of the places, which are then picked."""
    import jax

    rows = moving(x.shape)
    if len(rows) != 1:
        raise Unreadable("it looks up rows of the data by number")
    order = [rows[0], *(axis for axis in range(len(x.shape)) if axis != rows[0])]
    flat = maths.reshape(maths.transpose(x, order), (x.shape[rows[0]], -1))
    count, width = flat.shape
    places = np.arange(count * width).reshape([x.shape[axis] for axis in order]).transpose(np.argsort(order))
    params = dict(equation.params) | {"fill_value": -1}
    with jax.enable_x64(True):
        found: Array = np.asarray(jax.lax.gather_p.bind(places, index.numbers().astype(np.int64), **params))
    ahead = moving(found.shape)
    if len(ahead) != 1 or (found < 0).any():
        raise Unreadable("it looks up rows of the data by number, or places outside")
    first = np.moveaxis(found, ahead[0], 0)
    if not np.array_equal(first, first[:1] + (np.arange(count) * width).reshape(-1, *[1] * (first.ndim - 1))):
        raise Unreadable("it looks up rows of the data by number, so that the answer of one depends on its place among the others")
    made = maths.picked(flat, first[0], 1)
    back = list(range(1, len(made.shape)))
    back.insert(ahead[0], 0)
    return maths.transpose(made, back)
