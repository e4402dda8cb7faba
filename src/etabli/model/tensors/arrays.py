"""The few things that numpy, JAX and PyTorch call by different names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np


class Arrays(ABC):
    """Functions over the arrays of a library; whatever has the same name everywhere is asked of `module`. real: the type of numbers that are not whole."""

    module: Any
    real: Any

    @abstractmethod
    def constant(self, value: Any) -> Any:
        """A numpy array as one of the library's, doubles as `real`."""

    @abstractmethod
    def cast(self, x: Any, to: str) -> Any:
        """ "real", "single" (float32), "int" or "bool"."""

    @abstractmethod
    def take(self, x: Any, index: Any, axis: int) -> Any:
        """As ONNX's Gather: index may have any shape, and count from the end."""

    @abstractmethod
    def along(self, x: Any, index: Any, axis: int) -> Any:
        """As numpy's take_along_axis."""

    @abstractmethod
    def folded(self, how: str, x: Any, axes: tuple[int, ...], keep: bool) -> Any:
        """how: sum, max or min."""

    @abstractmethod
    def top(self, x: Any, count: int, axis: int, largest: bool) -> tuple[Any, Any]:
        """(values, places), of equal ones the first before."""

    @abstractmethod
    def permuted(self, x: Any, axes: Sequence[int]) -> Any:
        """As numpy's transpose."""

    @abstractmethod
    def spread(self, x: Any, shape: tuple[int, ...]) -> Any:
        """As numpy's broadcast_to."""

    @abstractmethod
    def first(self, x: Any, axis: int) -> Any:
        """As numpy's argmax."""

    def once(self, x: Any) -> Any:
        """A number that several nodes take, the same bits for each."""
        return x

    def repeated(self, times: int, step: Callable[[Any], Any], start: Any) -> Any:
        """step(step(... step(start))), so many times."""
        for _ in range(times):
            start = step(start)
        return start


@final
class Numpy(Arrays):
    """numpy and jax.numpy."""

    def __init__(self, module: Any, real: Any) -> None:
        self.module, self.real = module, real

    def constant(self, value: Any) -> Any:
        """Doubles, as float32 where so is asked; a copy that may be traced is made by the function that uses it."""
        return value.astype(self.real) if value.dtype == np.float64 else value

    def cast(self, x: Any, to: str) -> Any:
        """As numpy."""
        return x.astype({"real": self.real, "single": np.float32, "int": np.int64 if self.module is np else int, "bool": bool}[to])

    def take(self, x: Any, index: Any, axis: int) -> Any:
        """Places from the end are brought forward: JAX would clip them."""
        index = self.module.where(index < 0, index + x.shape[axis], index)
        return self.module.take(x, index, axis=axis)

    def along(self, x: Any, index: Any, axis: int) -> Any:
        """The same."""
        return self.module.take_along_axis(x, index, axis=axis)

    def folded(self, how: str, x: Any, axes: tuple[int, ...], keep: bool) -> Any:
        """The same."""
        return getattr(self.module, how)(x, axis=axes, keepdims=keep)

    def top(self, x: Any, count: int, axis: int, largest: bool) -> tuple[Any, Any]:
        """By a stable sort."""
        order = self.module.argsort(-x if largest else x, axis=axis, stable=True)
        places = self.module.take(order, np.arange(count), axis=axis)
        return self.along(x, places, axis), places

    def permuted(self, x: Any, axes: Sequence[int]) -> Any:
        """The same."""
        return self.module.transpose(x, axes)

    def spread(self, x: Any, shape: tuple[int, ...]) -> Any:
        """The same."""
        return self.module.broadcast_to(x, shape)

    def first(self, x: Any, axis: int) -> Any:
        """The same."""
        return self.module.argmax(x, axis=axis)

    def once(self, x: Any) -> Any:
        """XLA would work it out anew for each, rounded in another way: a probability was below itself, and its class not in the set."""
        if self.module is np:
            return x
        from jax.lax import optimization_barrier

        return optimization_barrier(x)

    def repeated(self, times: int, step: Callable[[Any], Any], start: Any) -> Any:
        """In JAX one loop, which is compiled once and not once a step."""
        if self.module is np:
            return super().repeated(times, step, start)
        from jax.lax import fori_loop

        return fori_loop(0, times, lambda _, at: step(at), start)


@final
class Torch(Arrays):
    """PyTorch, on whatever device its tensors are."""

    def __init__(self, module: Any, real: Any) -> None:
        self.module, self.real = module, real

    def constant(self, value: Any) -> Any:
        """A tensor."""
        made = self.module.from_numpy(np.array(value))
        return made.to(self.real) if value.dtype == np.float64 else made

    def cast(self, x: Any, to: str) -> Any:
        """As torch."""
        return x.to({"real": self.real, "single": self.module.float32, "int": self.module.int64, "bool": self.module.bool}[to])

    def take(self, x: Any, index: Any, axis: int) -> Any:
        """index_select of the flattened index."""
        axis %= x.ndim
        flat = index.reshape(-1)
        flat = self.module.where(flat < 0, flat + x.shape[axis], flat)
        made = self.module.index_select(x, axis, flat.to(self.module.int64))
        return made.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])

    def along(self, x: Any, index: Any, axis: int) -> Any:
        """take_along_dim."""
        return self.module.take_along_dim(x, index, axis)

    def folded(self, how: str, x: Any, axes: tuple[int, ...], keep: bool) -> Any:
        """sum, amax, amin."""
        return getattr(self.module, {"sum": "sum", "max": "amax", "min": "amin"}[how])(x, dim=axes, keepdim=keep)

    def top(self, x: Any, count: int, axis: int, largest: bool) -> tuple[Any, Any]:
        """By a stable sort."""
        values, places = self.module.sort(x, dim=axis, descending=largest, stable=True)
        return values.narrow(axis, 0, count), places.narrow(axis, 0, count)

    def permuted(self, x: Any, axes: Sequence[int]) -> Any:
        """permute."""
        return x.permute(*axes)

    def spread(self, x: Any, shape: tuple[int, ...]) -> Any:
        """broadcast_to."""
        return self.module.broadcast_to(x, shape)

    def first(self, x: Any, axis: int) -> Any:
        """argmax; of equal ones the first, which torch does not promise."""
        return self.module.sort(x, dim=axis, descending=True, stable=True)[1].select(axis, 0)
