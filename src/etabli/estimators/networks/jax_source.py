"""A JAX function, whoever's library made it: its jaxpr is read, and JAX answers for the proof.

Its own answers are in float32, as its user gets them; the exact ones are its jaxpr in double precision (jax_double.py). It is traced with 64-bit types where it
can be, so that its constants keep all their digits, else as it is (a recurrent state that is begun in float32 does not go on in doubles).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import numpy as np

from etabli.errors import EtabliError, UsageError
from etabli.estimators.networks.jax_double import computed, names
from etabli.estimators.networks.jax_reader import read
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.source import Feeds, Input, Source, asked, blocks, single_output
from etabli.estimators.networks.values import ROWS, Unreadable, Value
from etabli.records import Array

CELLS = 1_000  # asked for a missing number: of an image's 150 528 each would take hours


class JaxSource(Source):
    """call: [rows, *shape] -> answers, of jax.numpy. whole: it takes whole numbers (None: asked)."""

    library = "jax"

    def __init__(self, title: str, call: Callable[[Any], Any], shape: tuple[int, ...], whole: bool | None = None) -> None:
        self.title, self.shape = title, shape
        self.call = lambda x: single_output(title, call(x))
        self._whole = whole
        self._double: dict[int, Any] = {}

    @property
    def _wide(self) -> bool:
        import jax

        return bool(jax.config.jax_enable_x64)

    @cached_property
    def whole(self) -> bool:
        """Whether it takes codes: floats are tried first. UsageError with the function's own words where it takes neither."""
        if self._whole is not None:
            return self._whole
        try:
            asked(self.title, lambda: self._traced(2, np.float32), {"x": self.shape})
        except UsageError:
            try:
                self._traced(2, np.int32)
            except Exception:  # then the first reason is the one to tell
                asked(self.title, lambda: self._traced(2, np.float32), {"x": self.shape})
            return True
        return False

    def inputs(self) -> list[Input]:
        """One matrix, each row in the shape that the function takes."""
        return [Input("x", self.shape, self.whole, not self._wide)]

    def _traced(self, rows: int, kind: Any) -> Any:
        import jax

        try:
            return jax.make_jaxpr(self.call)(jax.ShapeDtypeStruct((rows, *self.shape), kind))
        except jax.errors.JAXTypeError as error:
            raise UsageError(
                "a function that is adopted is written with jax.numpy, and its steps do not depend on the numbers it is given",
                f"{self.title}: {type(error).__name__}: {' '.join(str(error).split()):.240}",
                "write it with jax.numpy and jnp.where; or bring it as an estimator with fit and predict",
            ) from error

    def _closed(self, rows: int) -> Any:
        """Its jaxpr for so many rows."""
        import jax

        small, large = (np.int32, np.int64) if self.whole else (np.float32, np.float64)
        if self._wide:
            return self._traced(rows, large)
        try:
            with jax.enable_x64(True):
                wide = self._traced(rows, large)
            if "random_bits" not in names(wide.jaxpr):  # in 64 bits other numbers are drawn
                return wide
        except EtabliError:
            raise
        except Exception:  # a loop whose state is begun in float32, a type that is asked for
            pass
        return asked(self.title, lambda: self._traced(rows, small))

    def ask(self, feeds: Feeds) -> Array:
        """In the function's own precision."""
        import jax

        kind = np.int32 if self.whole else np.float64 if self._wide else np.float32
        call = self._own

        def some(part: Feeds) -> Array:
            with _cpu():
                return np.asarray(jax.block_until_ready(call(part["x"].astype(kind))))

        return blocks(some, feeds)

    @cached_property
    def _own(self) -> Any:
        import jax

        return jax.jit(self.call)

    def exact(self, feeds: Feeds) -> Array | None:
        """By JAX, in double precision."""
        import jax

        def some(part: Feeds) -> Array:
            x = part["x"]
            with _cpu():
                if len(x) not in self._double:
                    closed = self._closed(len(x))
                    self._double[len(x)] = (jax.jit(lambda one, c: computed(closed.jaxpr, c, [one])[0]), closed.consts)
                with jax.enable_x64(True):
                    call, constants = self._double[len(x)]
                    return np.asarray(call(x.astype(np.int64 if self.whole else np.float64), list(constants)))

        return blocks(some, feeds)

    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """Primitive by primitive."""
        try:
            closed = self._closed(ROWS)
        except EtabliError as error:
            raise Unreadable(str(error).partition("\n")[0]) from error
        (made,) = read(maths, closed, [values["x"]])
        if maths.asks_missing and self._drops_missing():
            maths.asks_missing = False
        return made

    def _drops_missing(self) -> bool:
        """Whether no answer comes of a missing cell: softplus and its like ask for NaN only to hand it on. Asked of each cell, of many of CELLS."""
        width = int(np.prod(self.shape, dtype=np.int64))
        if self.whole:
            return True
        cells = np.unique(np.linspace(0, width - 1, min(width, CELLS)).astype(int))
        rows = np.random.default_rng(0).standard_normal((len(cells), width), np.float32)
        rows[np.arange(len(cells)), cells] = np.nan
        return bool(np.isnan(self.ask({"x": rows.reshape(-1, *self.shape)}).reshape(len(cells), -1)).any(axis=1).all())


def _cpu() -> Any:
    """On the processor, where the file is compared; another device is the user's own when there is none."""
    import jax

    try:
        return jax.default_device(jax.devices("cpu")[0])
    except RuntimeError:
        return nullcontext()
