"""A JAX function of several inputs, as one of a single matrix: each input is cut out of its columns, so that reader and proof know one kind of network."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from etabli.estimators.networks.source import asked

Shape = tuple[int, ...]


def joined(title: str, call: Callable[..., Any], shapes: Sequence[Shape]) -> Callable[[Any], Any]:
    """[rows, all columns] -> answers. Which inputs are codes is asked of the function, floats first. UsageError, in its words, where it takes neither."""
    import jax

    first: Callable[[], Any] | None = None
    for whole in itertools.product((False, True), repeat=len(shapes)):
        given = [jax.ShapeDtypeStruct((2, *shape), np.int32 if codes else np.float32) for shape, codes in zip(shapes, whole, strict=True)]

        def traced(given: Sequence[Any] = given) -> Any:
            return jax.eval_shape(call, *given)

        first = first or traced
        try:
            traced()
        except Exception:  # of another kind, then; the first reason is the one to tell
            continue
        return lambda x: call(*parts(x, shapes, whole))
    assert first is not None
    asked(title, first)
    raise AssertionError("a function that was refused is refused again")


def parts(x: Any, shapes: Sequence[Shape], whole: Sequence[bool]) -> list[Any]:
    """The inputs, of jax.numpy: [rows, *shape] each, codes as whole numbers."""
    import jax.numpy as jnp

    made, at = [], 0
    for shape, codes in zip(shapes, whole, strict=True):
        width = int(np.prod(shape, dtype=np.int64))
        part = x[:, at : at + width].reshape(x.shape[0], *shape)
        made.append(jnp.round(part).astype(jnp.int32) if codes else part)
        at += width
    return made
