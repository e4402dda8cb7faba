"""A Keras 3 model on the JAX back end as a function of rows (`stateless_call`, in inference)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Part:
    """One input. shape: of a row. whole: it takes codes (None: where it does not say). kind: as Keras calls its type."""

    name: str
    shape: tuple[int, ...]
    whole: bool | None = None
    kind: str = "float32"


def source(model: Any, width: int) -> JaxSource:
    """The source of a model on the JAX back end. UsageError for inputs that are no numbers."""
    made = rows(model, width)
    if len(made) == 1:
        return JaxSource(title(model), function(model), made[0].shape, made[0].whole)
    from etabli.estimators.networks.jax_several import parts

    call, shapes, whole = function(model), [one.shape for one in made], [bool(one.whole) for one in made]
    return JaxSource(title(model), lambda x: call(_packed(model, parts(x, shapes, whole))), (width,), whole=False)


def function(model: Any) -> Callable[[Any], Any]:
    """What the model takes -> answers."""
    trained, fixed = ([one.value for one in held] for held in (model.trainable_variables, model.non_trainable_variables))
    modes = {"training": False} if "training" in inspect.signature(model.call).parameters else {}
    return lambda x: model.stateless_call(trained, fixed, x, **modes)[0]


def call(model: Any, given: Sequence[Any]) -> Any:
    """What the model answers to its inputs, in their order, in inference."""
    return model(given[0] if len(given) == 1 else _packed(model, given), training=False)


def _packed(model: Any, given: Sequence[Any]) -> Any:
    """Several inputs in the structure that the model was made with (a list, a dict)."""
    import keras

    return keras.tree.pack_sequence_as(model.input, list(given))


def takes(model: Any) -> dict[str, int | None]:
    """Its inputs, and how many columns each takes."""
    made: dict[str, int | None] = {}
    for one in getattr(model, "inputs", None) or ():
        sizes = tuple(one.shape)[1:]
        made[str(one.name)] = None if None in sizes else int(np.prod(sizes, dtype=np.int64))
    return made or {"x": None}


def rows(model: Any, width: int) -> list[Part]:
    """Its inputs for so many columns."""
    for layer in model._flatten_layers(include_self=False) if hasattr(model, "_flatten_layers") else getattr(model, "layers", ()):
        if str(getattr(layer, "compute_dtype", "")) in ("float16", "bfloat16"):
            raise UsageError(
                "a network counts in single or double precision",
                f"{title(model)}: layer {layer.name!r} ({type(layer).__name__}) counts in {layer.compute_dtype}",
                "keras.config.set_dtype_policy('float32'), make the model once more, and new.set_weights(old.get_weights()): adopt that",
            )
        if any(kind.__qualname__ in TABLES for kind in type(layer).__mro__):
            raise UsageError(
                "the layers of a network compute with numbers",
                f"{title(model)}: layer {layer.name!r} ({type(layer).__name__}) looks up words or codes in a table of TensorFlow's",
                f"adopt the model from there on (keras.Model(layer.output, net.output)), on columns that hold what {layer.name!r} gives",
            )
    given: Sequence[Any] = getattr(model, "inputs", None) or ()
    if not given:  # a model by subclassing, which does not say
        return [Part("x", (width,))]
    sizes = [tuple(one.shape)[1:] for one in given]
    if any(str(one.dtype) == "string" for one in given):
        raise UsageError(
            "the inputs of a network are numbers", f"{title(model)} takes texts", "leave what makes numbers of texts out of the model"
        )
    free = [(k, place) for k, one in enumerate(sizes) for place, size in enumerate(one) if size is None]
    known = sum(int(np.prod([size for size in one if size is not None], dtype=np.int64)) for one in sizes)
    if len(free) > 1 or (free and (len(given) > 1 or width % known)) or (not free and known != width):
        told = " and ".join(" x ".join("any" if size is None else str(size) for size in one) for one in sizes)
        raise UsageError(
            "a network gets exactly the columns it takes",
            f"{title(model)} takes {told}; {width} columns",
            "give them in its order, and name the target"
            + (f"; or name what each takes: --inputs {given[0].name}=COLUMN,..." if len(given) > 1 else ""),
        )
    return [
        Part(
            str(one.name),
            tuple(width // known if size is None else int(size) for size in shape),
            True if str(one.dtype).startswith(("int", "uint")) else None,
            str(one.dtype),
        )
        for one, shape in zip(given, sizes, strict=True)
    ]


def predicted(called: str, model: Any, x: Array) -> Array:
    """By the model's own `predict`, in few sizes: TensorFlow compiles anew for each number of rows."""
    few = 32
    batch = few if len(x) <= few else BLOCK
    filled = np.concatenate([x, np.zeros((-len(x) % batch, *x.shape[1:]), x.dtype)])
    taken: Any = filled
    if len(getattr(model, "inputs", None) or ()) > 1:
        made, at = [], 0
        for one in rows(model, x.shape[1]):
            end = at + int(np.prod(one.shape, dtype=np.int64))
            made.append(filled[:, at:end].reshape(-1, *one.shape).astype(one.kind))
            at = end
        taken = _packed(model, made)
    return np.asarray(single_output(called, model.predict(taken, batch_size=batch, verbose=0)))[: len(x)]
