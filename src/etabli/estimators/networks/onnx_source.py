"""A network as an ONNX file, whoever wrote it.

Its own answers are onnxruntime's, in the file's precision; they are all there is to hold ours to.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import read
from etabli.estimators.networks.source import Feeds, Input, Source, blocks, titles
from etabli.estimators.networks.values import Value
from etabli.graph.run import session
from etabli.records import Array

FLOAT, DOUBLE = 1, 11
KINDS = {FLOAT: (False, True), DOUBLE: (False, False), 10: (False, True)} | dict.fromkeys((2, 3, 4, 5, 6, 7, 12, 13), (True, False))
TYPES = {FLOAT: np.float32, DOUBLE: np.float64, 10: np.float16, 6: np.int32, 7: np.int64}


class OnnxSource(Source):
    """model: onnx.ModelProto. output: which of several; "" the only one that is floats."""

    title, library = "the ONNX network", "onnx"

    def __init__(self, model: Any, output: str = "") -> None:
        self.model = model
        self.output = output or self._floats()

    def _floats(self) -> str:
        outputs = self.model.graph.output
        floats = [value.name for value in outputs if value.type.tensor_type.elem_type in (FLOAT, DOUBLE, 10)]
        if len(floats) != 1:
            names = titles([value.name for value in outputs])
            raise UsageError(
                "a network has one output of floats, or the one meant is named", f"outputs: {names}", "leave the others out of the file"
            )
        return str(floats[0])

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
