"""A network as an ONNX file, whoever wrote it.

Its own answers are onnxruntime's, in the file's precision; they are all there is to hold ours to.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import read
from etabli.estimators.networks.source import Feeds, Input, Source, blocks, titles
from etabli.estimators.networks.values import Value
from etabli.graph.run import session
from etabli.records import Array

FLOAT, DOUBLE, HALF = 1, 11, (10, 16)
KINDS = {FLOAT: (False, True), DOUBLE: (False, False), 10: (False, True)} | dict.fromkeys((2, 3, 4, 5, 6, 7, 12, 13), (True, False))
TYPES = {FLOAT: np.float32, DOUBLE: np.float64, 10: np.float16, 6: np.int32, 7: np.int64}


def opened(given: bytes | Path) -> Any:
    """The model in a file, with the weights that lie in files beside it, or in bytes. UsageError for what holds none."""
    import onnx

    where = "bytes" if isinstance(given, bytes) else str(given)
    try:
        made = onnx.load_model_from_string(given) if isinstance(given, bytes) else onnx.load_model(given, load_external_data=False)
    except Exception:  # protobuf's DecodeError, which has no types
        raise UsageError("an .onnx file holds an ONNX model", f"{where}: no ONNX model", "export it again") from None
    beside = {entry.value for tensor in made.graph.initializer for entry in tensor.external_data if entry.key == "location"}
    if not beside:
        return made
    try:
        if isinstance(given, bytes):
            raise FileNotFoundError
        onnx.load_external_data_for_model(made, str(given.parent))
    except Exception as error:  # onnx checks where they lie, and raises what it likes
        raise UsageError(
            "an ONNX model comes with the files its weights lie in",
            f"{where}: {titles(sorted(beside))}"
            + ("" if isinstance(error, FileNotFoundError) else f": {' '.join(str(error).split()):.200}"),
            "put them beside it, under these names, and give the path of the .onnx file",
        ) from None
    return made


def _floats(model: Any) -> str:
    """The name of the one output of floats. UsageError where there are others, with what cuts the one out; of a classical model, with what to bring instead."""
    outputs = model.graph.output
    floats = [value.name for value in outputs if value.type.tensor_type.elem_type in (FLOAT, DOUBLE, 10)]
    if len(floats) == 1:
        return str(floats[0])
    names = [value.name for value in outputs]
    given = [value.name for value in model.graph.input]
    if any(node.domain == "ai.onnx.ml" for node in model.graph.node):
        hint = "bring the model it was converted from: etabli adopt train.py:model"
    else:
        hint = f"cut out the one you mean: onnx.utils.extract_model('net.onnx', 'one.onnx', {given!r}, {(floats or names)[:1]!r})"
    raise UsageError("a network has one output of floats", f"outputs: {titles(names)}", hint)


def _needed(model: Any, output: str) -> Any:
    """The model with the nodes that its output comes from: what else it gives (a label, say) need not be read."""
    import onnx

    wanted, kept = {output}, []
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= _taken(node)
    if len(kept) == len(model.graph.node):
        return model
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.node[:], made.graph.output[:]
    made.graph.node.extend(reversed(kept))
    made.graph.output.extend(value for value in model.graph.output if value.name == output)
    return made


def _taken(node: Any) -> set[str]:
    """What a node takes, also within its branches."""
    inside = [one for attribute in node.attribute if attribute.HasField("g") for one in attribute.g.node]
    ends = [value.name for attribute in node.attribute if attribute.HasField("g") for value in attribute.g.output]
    return {*node.input, *ends}.union(*(_taken(one) for one in inside))


def _half(graph: Any) -> str:
    """What is computed in half precision, if anything: "weights", "inputs". Weights that are only kept so, and cast before they are used, are none."""
    cast = {name for node in graph.node if node.op_type == "Cast" for name in node.input}
    if any(value.type.tensor_type.elem_type in HALF for value in graph.input):
        return "inputs"
    return "weights" if any(tensor.data_type in HALF and tensor.name not in cast for tensor in graph.initializer) else ""


class OnnxSource(Source):
    """model: onnx.ModelProto. output: which of several; "" the only one that is floats."""

    title, library = "the ONNX network", "onnx"

    def __init__(self, model: Any, output: str = "") -> None:
        self.output = output or _floats(model)
        self.model = _needed(model, self.output)
        if half := _half(self.model.graph):
            raise UsageError(
                "a network counts in single or double precision", f"{self.title}: {half} in half precision", "export it in float32"
            )

    def _given(self) -> list[Any]:
        stored = {tensor.name for tensor in self.model.graph.initializer}
        return [value for value in self.model.graph.input if value.name not in stored]

    def inputs(self) -> list[Input]:
        """From the file; UsageError for inputs that are no numbers."""
        made = []
        for value in self._given():
            kind = KINDS.get(value.type.tensor_type.elem_type)
            if kind is None:
                raise UsageError(
                    "the inputs of a network are numbers", f"{value.name!r}", "leave what makes numbers of texts out of the file"
                )
            sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim][1:]
            made.append(Input(value.name, tuple(sizes) if all(sizes) else None, *kind))
        return made

    @cached_property
    def _session(self) -> Any:
        return session(self.model)

    def ask(self, feeds: Feeds) -> Array:
        """By onnxruntime; a file with a fixed number of rows is asked so many at a time."""
        kinds = {value.name: TYPES.get(value.type.tensor_type.elem_type, np.int64) for value in self._given()}
        fixed = max(
            (value.type.tensor_type.shape.dim[0].dim_value for value in self._given() if value.type.tensor_type.shape.dim), default=0
        )

        def some(part: Feeds) -> Array:
            return np.asarray(self._session.run([self.output], {name: array.astype(kinds[name]) for name, array in part.items()})[0])

        if not fixed:
            return blocks(some, feeds)
        rows, made = len(next(iter(feeds.values()))), []
        for at in range(0, rows, fixed):
            part = {name: array[at : at + fixed] for name, array in feeds.items()}
            there = len(next(iter(part.values())))
            filled = {name: np.concatenate([array, array[-1:].repeat(fixed - there, axis=0)]) for name, array in part.items()}
            made.append(some(filled)[:there])
        return np.concatenate(made)

    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """Node by node."""
        return read(maths, self.model, values)[self.output]
