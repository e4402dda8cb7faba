"""What people hold of TensorFlow beside a Keras 3 model: a SavedModel, a tf.Module, a tf.function, a model of tf_keras (Keras 2), with a distribution of TensorFlow Probability at its end.

Each becomes a function of tensors with the names, shapes and types of what it takes. tf2onnx writes it, and the reader of ONNX reads that. TensorFlow counts in the precision that a
graph was made in: there is no copy in double precision, and the file is held to the network's own answers.
"""

from __future__ import annotations

import importlib.util
import inspect
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import EtabliError, UsageError
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import read
from etabli.estimators.networks.source import Feeds, Input, Source, asked, blocks, distribution, single_output
from etabli.estimators.networks.values import Unreadable, Value
from etabli.records import Array

INSTALL = "pip install 'etabli[tensorflow]'"
OPSET = 17
SERVED = "serving_default"


@dataclass(frozen=True)
class Taken:
    """One input. sizes: of a row, None where any will do; None where it is not known. kind: TensorFlow's name of its type."""

    name: str
    sizes: tuple[int | None, ...] | None = None
    kind: str = "float32"

    @property
    def width(self) -> int | None:
        """How many columns, where that is known."""
        return None if self.sizes is None or None in self.sizes else math.prod(size or 0 for size in self.sizes)


@dataclass(frozen=True)
class Held:
    """title: as people say it. call: of tensors in the order of `taken`. ordered: that order is its author's (a signature of a SavedModel has none)."""

    title: str
    call: Callable[..., Any]
    taken: tuple[Taken, ...]
    ordered: bool = True


def held(given: Any) -> Held | None:
    """None for what is not of TensorFlow. UsageError for what takes texts, or has several signatures."""
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(given).__mro__}
    if any(kind.startswith("tf_keras.") and kind.endswith(".Model") for kind in kinds):
        return _numbers(_keras(given))
    home = type(given).__module__
    if not any(kind.startswith("tensorflow.python.") for kind in kinds):
        return None
    title = f"TensorFlow's {type(given).__name__.strip('_')}"
    if hasattr(given, "structured_input_signature"):
        return _numbers(_signature("TensorFlow's function", given))
    if home.startswith("tensorflow.python.eager"):
        return _numbers(_function("TensorFlow's function", given))
    if signatures := dict(getattr(given, "signatures", None) or {}):
        name = SERVED if SERVED in signatures else next(iter(signatures))
        return _numbers(_signature("the SavedModel", signatures[name], given))
    if callable(given) and "tensorflow.python.module.module.Module" in kinds:
        return _numbers(_function(title, given.__call__))
    return None


def opened(path: Path, trusted: bool) -> Any:
    """What lies in a folder that TensorFlow saved. trusted: its graph, which is a program, may run."""
    if not trusted:
        raise UsageError(
            "a SavedModel is a program, which runs when it is asked",
            str(path),
            "if you trust where it comes from: --trust-pickle; or load it in a Python file and give file.py:object",
        )
    if importlib.util.find_spec("tensorflow") is None:
        raise UsageError("a SavedModel is read by TensorFlow", f"{path}: it is not installed", INSTALL)
    import tensorflow

    try:
        made = tensorflow.saved_model.load(str(path))
    except Exception as error:  # whatever it finds
        raise UsageError(
            "TensorFlow opens the folder", f"{path}: {type(error).__name__}: {' '.join(str(error).split()):.300}", ""
        ) from None
    if held(made) is None:
        raise UsageError(
            "a SavedModel that is adopted has a signature",
            str(path),
            "save it with one: tf.saved_model.save(module, folder, signatures=...)",
        )
    return made


def _numbers(found: Held) -> Held:
    if texts := [one.name for one in found.taken if one.kind == "string"]:
        raise UsageError(
            "the inputs of a network are numbers",
            f"{found.title} takes texts: {', '.join(texts)}",
            "leave what makes numbers of texts out of the model",
        )
    return found


def _keras(model: Any) -> Held:
    import tensorflow

    there: Sequence[Any] = getattr(model, "inputs", None) or ()
    taken = tuple(
        Taken(str(one.name), tuple(one.shape)[1:], one.dtype.name if hasattr(one.dtype, "name") else str(one.dtype)) for one in there
    )

    def call(*given: Any) -> Any:
        return model(given[0] if len(given) == 1 else tensorflow.nest.pack_sequence_as(model.input, list(given)), training=False)

    return Held(f"Keras 2's {type(model).__name__}", call, taken or (Taken("x"),))


def _signature(title: str, concrete: Any, holder: Any = None) -> Held:
    """holder: what its variables live in, which must live as long."""
    given, named = concrete.structured_input_signature
    specs = [*given, *named.values()]
    names = [*(one.name for one in given), *named]
    taken = tuple(_taken(name, spec) for name, spec in zip(names, specs, strict=True))
    order = list(named)

    def call(*tensors: Any) -> Any:
        return concrete(*tensors[: len(given)], **dict(zip(order, tensors[len(given) :], strict=True)))

    call.holder = holder  # type: ignore[attr-defined]
    return Held(title, call, taken, ordered=not named)


def _function(title: str, function: Any) -> Held:
    specs = getattr(function, "input_signature", None)
    known = inspect.signature(function).parameters.values()
    names = [one.name for one in known if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    taken = tuple(_taken(name, spec) for name, spec in zip(names, specs, strict=False)) if specs else tuple(Taken(name) for name in names)
    return Held(title, function, taken)


def _taken(name: str, spec: Any) -> Taken:
    sizes = None if spec.shape.rank is None else tuple(spec.shape)[1:]
    return Taken(name, sizes, spec.dtype.name)


class TensorFlowSource(Source):
    """parts: its inputs, with the shape of a row each; kinds: the names of their types."""

    library = "tensorflow"

    def __init__(self, title: str, call: Callable[..., Any], parts: Sequence[Input], kinds: Sequence[str]) -> None:
        if importlib.util.find_spec("tf2onnx") is None:
            raise UsageError("a network of TensorFlow is read by tf2onnx", f"{title}: it is not installed", INSTALL)
        self.title, self.parts, self.kinds = title, list(parts), list(kinds)
        self.call: Callable[..., Any] = lambda *given: self._one(call(*given))

    def inputs(self) -> list[Input]:
        """As they were told."""
        return self.parts

    def _one(self, made: Any) -> Any:
        """Its one output; of a distribution the mean and the standard deviation, side by side."""
        import tensorflow

        if (pair := distribution(self.title, made)) is None:
            return single_output(self.title, made)
        self.spread = True
        return tensorflow.concat([tensorflow.reshape(one, (tensorflow.shape(one)[0], -1)) for one in pair], axis=1)

    def ask(self, feeds: Feeds) -> Array:
        """By TensorFlow, in the network's own precision."""
        import tensorflow

        def some(part: Feeds) -> Any:
            given = [tensorflow.constant(part[one.name].astype(kind)) for one, kind in zip(self.parts, self.kinds, strict=True)]
            return np.asarray(self.call(*given))

        return np.asarray(asked(self.title, lambda: blocks(some, feeds), {one.name: one.shape or () for one in self.parts}))

    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """What tf2onnx makes of it."""
        made = written(self.title, self.call, [one.name for one in self.parts], [one.shape or () for one in self.parts], self.kinds)
        return next(iter(read(maths, made, {f"input_{at}": values[one.name] for at, one in enumerate(self.parts)}).values()))


def written(title: str, call: Callable[..., Any], names: Sequence[str], shapes: Sequence[tuple[int, ...]], kinds: Sequence[str]) -> Any:
    """A function of tensors as an ONNX model with the inputs input_0, input_1, ... Unreadable, in tf2onnx's words, where it cannot."""
    import logging

    import tensorflow
    import tf2onnx

    specs = [
        tensorflow.TensorSpec((None, *shape), kind, name=f"input_{at}") for at, (shape, kind) in enumerate(zip(shapes, kinds, strict=True))
    ]
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = tensorflow.function(lambda *given: call(*given), input_signature=specs, autograph=False)
            made, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=OPSET)
            _kept(made, function.get_concrete_function())
    except EtabliError:
        raise
    except Exception as error:  # it raises what it likes
        raise Unreadable(
            f"{title}: tf2onnx refuses it ({type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1]:.300})", ""
        ) from None
    return made


def _kept(made: Any, concrete: Any) -> None:
    """Constants that a function captured (what a Normalization subtracts), which tf2onnx leaves as inputs, into the network."""
    import onnx

    there = {inside.name: outside for outside, inside in concrete.graph.captures if outside.dtype.name != "resource"}
    for one in [one for one in made.graph.input if one.name in there]:
        made.graph.initializer.append(onnx.numpy_helper.from_array(there[one.name].numpy(), one.name))
        made.graph.input.remove(one)


def source(found: Held, width: int, shapes: Mapping[str, tuple[int, ...]]) -> TensorFlowSource:
    """The source for so many columns, and the shapes of inputs that were told. UsageError where it takes others."""
    if len(found.taken) > 1 and not shapes and (not found.ordered or any(one.width is None for one in found.taken)):
        raise UsageError(
            "a network of several inputs is told which columns each takes",
            f"{found.title} takes {', '.join(one.name for one in found.taken)}",
            f"--inputs {' --inputs '.join(f'{one.name}=COLUMN,...' for one in found.taken)}",
        )
    parts = []
    for one in found.taken:
        sizes = one.sizes if one.sizes is not None else shapes.get(one.name, (width,))
        free = [place for place, size in enumerate(sizes) if size is None]
        fixed = math.prod(size for size in sizes if size is not None)
        mine = math.prod(shapes[one.name]) if one.name in shapes else width if len(found.taken) == 1 else fixed
        if len(free) > 1 or mine % fixed or (not free and mine != fixed):
            told = " x ".join("any" if size is None else str(size) for size in sizes)
            raise UsageError(
                "a network gets exactly the columns it takes",
                f"{found.title}: {one.name} takes {told}; {mine} columns",
                "give them in its order, and name the target; or --inputs NAME=COLUMN,...",
            )
        shape = tuple(mine // fixed if size is None else size for size in sizes)
        parts.append(Input(one.name, shape, one.kind.startswith(("int", "uint")), one.kind != "float64"))
    return TensorFlowSource(found.title, found.call, parts, [one.kind for one in found.taken])
