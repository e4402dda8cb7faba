"""Convolution and pooling over any number of axes: a gather of the windows, then a product, a largest or a mean.

onnxruntime has neither in double precision, and the closed set has neither at all; see nets/blocks/convolution.py. Values come in with channels first,
[rows, channels, *sizes], as in ONNX and PyTorch, or with channels last, as in Keras and JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.values import Unreadable, Value, known
from etabli.records import Array


@dataclass(frozen=True)
class Windows:
    """What is seen from each place. kernel, strides, dilations, before, after (cells put around): one an axis."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    def places(self, sizes: Sequence[int], up: bool = False) -> tuple[Array, tuple[int, ...]]:
        """(int [places out, cells], sizes out): places in the flattened axes, what lies outside is the place after the last. up: the last
        window may reach out (ONNX's ceil_mode)."""
        axes, out = [], []
        for size, k, step, dilation, low, high in zip(
            sizes, self.kernel, self.strides, self.dilations, self.before, self.after, strict=True
        ):
            free = size + low + high - dilation * (k - 1) - 1
            count = (-(-free // step) if up else free // step) + 1
            if up and (count - 1) * step >= size + low:  # a window that would start in what is put behind
                count -= 1
            at = np.arange(count)[:, None] * step + np.arange(k) * dilation - low
            axes.append(np.where((at >= 0) & (at < size), at, -1))
            out.append(count)
        behind = [*accumulate([1, *reversed(sizes)], lambda a, b: a * b)]
        weight = behind[-2::-1]
        total, outside, n = np.zeros((1,) * (2 * len(sizes)), np.int64), np.zeros((1,) * (2 * len(sizes)), bool), len(sizes)
        for axis, at in enumerate(axes):
            shape = [1] * (2 * n)
            shape[axis], shape[n + axis] = at.shape
            total = total + at.reshape(shape) * weight[axis]
            outside = outside | (at.reshape(shape) < 0)
        flat = np.where(outside, behind[-1], total).reshape(int(np.prod(out)), int(np.prod(self.kernel)))
        return flat, tuple(out)


def last(maths: Maths, x: Value) -> Value:
    """Channels from the second axis to the last."""
    return maths.transpose(x, [0, *range(2, len(x.shape)), 1])


def second(maths: Maths, x: Value) -> Value:
    """Channels from the last axis to the second."""
    return maths.transpose(x, [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)])


def seen(maths: Maths, x: Value, windows: Windows, outside: float, up: bool = False) -> tuple[Value, tuple[int, ...], Array]:
    """x: [rows, *sizes, channels]. ([rows, places, cells, channels], sizes out, which cells lie inside [places, cells])."""
    sizes, channels = x.shape[1:-1], x.shape[-1]
    place, out = windows.places(sizes, up)
    flat = maths.reshape(x, (x.shape[0], -1, channels))
    total = flat.shape[1]
    if (place == total).any():
        flat = maths.pad(flat, (0, 0, 0), (0, 1, 0), outside)
    return maths.picked(flat, place, 1), out, place < total


def convolved(maths: Maths, x: Value, weight: Value, windows: Windows, groups: int = 1) -> Value:
    """x: [rows, *sizes, channels]; weight: [*kernel, channels / groups, filters] -> [rows, *sizes out, filters]."""
    filters, channels = weight.shape[-1], x.shape[-1]
    if weight.shape[-2] * groups != channels:
        raise Unreadable(f"a convolution of {channels} channels by weights for {weight.shape[-2] * groups}")
    found, out, _ = seen(maths, x, windows, 0.0)
    rows, places, cells, _ = found.shape
    if groups == 1:
        flat = maths.reshape(found, (rows, places, cells * channels))
        made = maths.matmul(flat, maths.reshape(weight, (cells * channels, filters)))
        return maths.reshape(made, (rows, *out, filters))
    part = channels // groups
    found = maths.transpose(maths.reshape(found, (rows, places, cells, groups, part)), [0, 3, 1, 2, 4])
    found = maths.reshape(found, (rows, groups, places, cells * part))
    own = maths.reshape(weight, (cells, part, groups, filters // groups))
    own = maths.reshape(maths.transpose(own, [2, 0, 1, 3]), (groups, cells * part, filters // groups))
    made = maths.transpose(maths.matmul(found, own), [0, 2, 1, 3])
    return maths.reshape(made, (rows, *out, filters))


def pooled(maths: Maths, x: Value, windows: Windows, kind: str, outside_counts: bool = False, up: bool = False) -> Value:
    """x: [rows, *sizes, channels]; kind "max" or "mean" (outside_counts: of what is put around too; never of what ceil_mode reaches out to)."""
    found, out, inside = seen(maths, x, windows, -np.inf if kind == "max" else 0.0, up)
    shape = (x.shape[0], *out, x.shape[-1])
    if kind == "max":
        largest = maths.reduce("max", found, [2], keep=False)
        return maths.reshape(maths.missing_from(found, largest, 2), shape)
    total = maths.reduce("sum", found, [2], keep=False)
    counts = inside.sum(axis=1)
    if outside_counts:
        wide = tuple(size + low + high for size, low, high in zip(x.shape[1:-1], windows.before, windows.after, strict=True))
        around = Windows(windows.kernel, windows.strides, windows.dilations, (0,) * len(wide), (0,) * len(wide))
        place, _ = around.places(wide, up)
        counts = (place < int(np.prod(wide))).sum(axis=1)[: len(counts)]
    return maths.reshape(maths.div(total, known(counts.astype(float)[:, None])), shape)
