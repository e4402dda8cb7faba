"""A Keras 3 model on the JAX back end as a function of rows (`stateless_call`, in inference)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.estimators.networks.jax_source import JaxSource
from etabli.estimators.networks.source import BLOCK, single_output
from etabli.records import Array

TABLES = ("IndexLookup", "TextVectorization", "Hashing", "HashedCrossing")  # layers that are TensorFlow's on every back end


def title(model: Any) -> str:
    """As people call it."""
    return f"Keras's {type(model).__name__}"


def source(model: Any, width: int) -> JaxSource:
    """The source of a model on the JAX back end. UsageError for several inputs, and for inputs that are no numbers."""
    shape, whole = row(model, width)
    return JaxSource(title(model), function(model), shape, whole)


def function(model: Any) -> Callable[[Any], Any]:
    """[rows, *shape] -> answers."""
    trained, fixed = ([one.value for one in held] for held in (model.trainable_variables, model.non_trainable_variables))
    modes = {"training": False} if "training" in inspect.signature(model.call).parameters else {}
    return lambda x: model.stateless_call(trained, fixed, x, **modes)[0]


def row(model: Any, width: int) -> tuple[tuple[int, ...], bool | None]:
    """(shape of a row, whether it takes codes: None where it does not say) for so many columns."""
    for layer in getattr(model, "layers", ()):
        if any(kind.__qualname__ in TABLES for kind in type(layer).__mro__):
            raise UsageError(
                "the layers of a network compute with numbers",
                f"{title(model)}: layer {layer.name!r} ({type(layer).__name__}) looks up words or codes in a table of TensorFlow's",
                "leave it out of the model, and give the numbers it would give",
            )
    given: Sequence[Any] = getattr(model, "inputs", None) or ()
    if len(given) > 1:
        raise UsageError(
            "a network has one input of columns",
            f"{title(model)} takes {len(given)}",
            "wrap it in a model that takes one matrix of columns",
        )
    if not given:  # a model by subclassing, which does not say
        return (width,), None
    kind, sizes = str(given[0].dtype), tuple(given[0].shape)[1:]
    if kind == "string":
        raise UsageError(
            "the inputs of a network are numbers", f"{title(model)} takes texts", "leave what makes numbers of texts out of the model"
        )
    free = [place for place, size in enumerate(sizes) if size is None]
    known = int(np.prod([size for size in sizes if size is not None], dtype=np.int64))
    if len(free) > 1 or (free and width % known) or (not free and known != width):
        told = " x ".join("any" if size is None else str(size) for size in sizes)
        raise UsageError(
            "a network gets exactly the columns it takes",
            f"{title(model)} takes {told}; {width} columns",
            "give them in its order, and name the target",
        )
    return tuple(width // known if size is None else int(size) for size in sizes), True if kind.startswith(("int", "uint")) else None


def predicted(called: str, model: Any, x: Array) -> Array:
    """By the model's own `predict`, in few sizes: TensorFlow compiles anew for each number of rows."""
    few = 32
    batch = few if len(x) <= few else BLOCK
    filled = np.concatenate([x, np.zeros((-len(x) % batch, *x.shape[1:]), x.dtype)])
    return np.asarray(single_output(called, model.predict(filled, batch_size=batch, verbose=0)))[: len(x)]
