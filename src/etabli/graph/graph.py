"""The builder of ONNX graphs.

A graph starts from the table's raw columns. It merges equal nodes and equal constants as they are added, so that fold
members that share a preparation share its nodes too. With `coded=True` a string column enters as its int64 level number
(-1 missing) instead of its text: the same nodes follow, so prepared matrices are made by the very graph that ships, at the
speed of arrays. Everything is double unless a recipe casts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from etabli.graph.operators import IR_VERSION, ML, ML_OPSET, OPSET, domain_of
from etabli.records import Array, Column

WIDE = 200  # more number columns than this enter as one [rows, k] input
NEAR_ONE = 1e-7  # onnxruntime drops a product or quotient with one constant that is within 1e-8 of 1 (seen in 1.32)
BLOCK = "numbers"  # the name of that input (with underscores before it if a column has it)

TYPES = {
    "double": TensorProto.DOUBLE,
    "float": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "string": TensorProto.STRING,
    "bool": TensorProto.BOOL,
}


class Graph:
    """Adds nodes one by one; every method returns the name of a tensor. Tensors are [rows, k] unless said.

    columns: those the graph may read. levels: of each string column, in the order of its codes.
    """

    def __init__(self, columns: Sequence[Column] = (), levels: Mapping[str, Sequence[str]] | None = None, coded: bool = False) -> None:
        self.columns = {column.name: column for column in columns}
        self.levels, self.coded = levels or {}, coded
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: dict[str, onnx.ValueInfoProto] = {}
        self.constants: dict[str, onnx.TensorProto] = {}
        self._seen: dict[Any, list[str]] = {}
        self._names: set[str] = set(self.columns)
        self.doubles = [c.name for c in columns if c.is_double]
        self.block = ""
        if len(self.doubles) > WIDE:
            self.block = BLOCK
            while self.block in self.columns:
                self.block = "_" + self.block

    # names, constants, nodes -------------------------------------------------------------------------------------

    def _name(self, stem: str) -> str:
        number = len(self._seen) + len(self.constants)
        name = f"{stem}_{number}"
        while name in self._names:
            number += 1
            name = f"{stem}_{number}"
        self._names.add(name)
        return name

    def const(self, value: Any, dtype: Any = None) -> str:
        """A constant (initializer); equal ones are stored once. Strings become a string tensor."""
        array = np.asarray(value, dtype)
        tensor = numpy_helper.from_array(
            array.astype(object) if array.dtype.kind in "UO" else np.ascontiguousarray(array).reshape(array.shape)
        )
        return self._constant(tensor)

    def _constant(self, tensor: onnx.TensorProto) -> str:
        key = ("const", hashlib.sha256(tensor.SerializeToString(deterministic=True)).digest())
        if key not in self._seen:
            name = self._name("c")
            tensor.name = name
            self.constants[name] = tensor
            self._seen[key] = [name]
        return self._seen[key][0]

    def op(self, op: str, *inputs: str, **attributes: Any) -> str:
        """One node with one output. ValueError when the operator is not in the closed set."""
        if op in ("Mul", "Div"):
            inputs, undo = self._apart(op, inputs)
            if undo:  # the same bits in two steps: twice the constant, then half (or the other way round)
                return self.ops("Mul", self.ops(op, *inputs, count=1)[0], self.const(undo, np.float64), count=1)[0]
        return self.ops(op, *inputs, count=1, **attributes)[0]

    def _apart(self, op: str, inputs: Sequence[str]) -> tuple[tuple[str, ...], float]:
        """Inputs with a lone constant near 1 doubled, and the factor that makes up for it; the inputs and 0.0 when there is none."""
        for place, name in enumerate(inputs):
            tensor = self.constants.get(name)
            if tensor is None or tensor.data_type != TensorProto.DOUBLE or int(np.prod(tensor.dims)) != 1:
                continue
            value = numpy_helper.to_array(tensor)
            if 0 < abs(float(value.reshape(-1)[0]) - 1) < NEAR_ONE:
                doubled = [*inputs]
                doubled[place] = self.const(2 * value)
                return tuple(doubled), 2.0 if op == "Div" and place == 1 else 0.5
        return tuple(inputs), 0.0

    def ops(self, op: str, *inputs: str, count: int = 1, **attributes: Any) -> list[str]:
        """One node with `count` outputs."""
        return self._node(helper.make_node(op, list(inputs), [], domain=domain_of(op), **attributes), count)

    def _node(self, node: onnx.NodeProto, count: int) -> list[str]:
        body = hashlib.sha256()
        for attribute in sorted(node.attribute, key=lambda a: a.name):
            body.update(attribute.SerializeToString(deterministic=True))
        key = (node.op_type, tuple(node.input), count, body.digest())
        if key not in self._seen:
            outputs = [self._name(node.op_type.lower()) for _ in range(count)]
            del node.output[:]
            node.output.extend(outputs)
            node.name = outputs[0]
            self.nodes.append(node)
            self._seen[key] = outputs
        return self._seen[key]

    # what comes in -----------------------------------------------------------------------------------------------

    def input(self, name: str, kind: str = "double", shape: Sequence[int | None] = (None, 1)) -> str:
        """A graph input of that name and type ("double", "string", "int64")."""
        if name not in self.inputs:
            self.inputs[name] = helper.make_tensor_value_info(name, TYPES[kind], list(shape))
            self._names.add(name)
        return name

    def parameter(self, name: str, default: float | Sequence[float], shape: Sequence[int | None] | None = ()) -> str:
        """A double input that may be left out: its default is an initializer of the same name. shape: () a scalar, (None,) a vector of any
        length, None: a scalar or [rows, 1]."""
        self.inputs[name] = helper.make_tensor_value_info(name, TensorProto.DOUBLE, None if shape is None else list(shape))
        self.constants[name] = numpy_helper.from_array(np.array(default, np.float64), name)
        self._names.add(name)
        return name

    def numbers(self, names: Sequence[str]) -> str:
        """[rows, k] double of those number, flag or date columns, in that order; NaN missing, infinities and sentinels made NaN."""
        if self.block:
            everything = self.input(self.block, "double", (None, len(self.doubles)))
        elif len(self.doubles) == 1:
            everything = self.input(self.doubles[0])
        else:
            everything = self.op("Concat", *[self.input(name) for name in self.doubles], axis=1)
        nan = self.const(np.nan, np.float64)
        everything = self.op("Where", self.op("IsInf", everything), nan, everything)
        sentinels = [tuple(float(v) for v in self.columns[name].reading.get("sentinels", ())) for name in self.doubles]
        for depth in range(max(map(len, sentinels), default=0)):
            row = [s[depth] if depth < len(s) else np.nan for s in sentinels]
            everything = self.op("Where", self.op("Equal", everything, self.const([row], np.float64)), nan, everything)
        if list(names) == self.doubles:
            return everything
        return self.op("Gather", everything, self.const([self.doubles.index(name) for name in names], np.int64), axis=1)

    def lookup(self, name: str, values: Sequence[float] | Array, missing: float, unseen: float) -> str:
        """[rows, 1] double: values[code] of a string column; `missing` where the cell is missing, `unseen` for a level that
        is not in the table. values: one a level of the column."""
        levels, table = self.levels[name], np.asarray(values, np.float64)
        if self.coded:  # code -1 is missing and picks the last entry
            return self.op("Gather", self.const(np.append(table, missing)), self.input(name, "int64"), axis=0)
        known = set(levels)
        blanks = [text for text in dict.fromkeys(("", *self.columns[name].missing)) if text not in known]
        keys = [*levels, *blanks]
        return self.op(
            "LabelEncoder",
            self.input(name, "string"),
            keys_tensor=_strings(keys),
            values_tensor=numpy_helper.from_array(np.append(table, [missing] * len(blanks)), "values"),
            default_tensor=numpy_helper.from_array(np.array([unseen], np.float64), "default"),
        )

    def strings(self, name: str) -> str:
        """[rows, 1] string: the raw text of a column ("" missing), in coded graphs too."""
        return self.input(name, "string")

    # composition -------------------------------------------------------------------------------------------------

    def inline(self, model: onnx.ModelProto, feeds: Mapping[str, str] | None = None) -> dict[str, str]:
        """Adds another model's nodes; equal nodes merge. feeds: its input names to tensors here; inputs not fed become inputs
        here. Returns its output names to tensors here."""
        names = dict(feeds or {})
        initial = {tensor.name for tensor in model.graph.initializer}
        for value in model.graph.input:
            if value.name not in names and value.name not in initial:
                if value.name not in self.inputs:
                    self.inputs[value.name] = value
                    self._names.add(value.name)
                names[value.name] = value.name
        for tensor in model.graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(tensor)
            copy.name = ""
            names[tensor.name] = self._constant(copy)
        for node in model.graph.node:
            domain_of(node.op_type)
            if node.op_type == "Identity":
                names[node.output[0]] = names[node.input[0]]
                continue
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = ""
            del copy.input[:]
            copy.input.extend(names[name] if name else "" for name in node.input)
            for old, new in zip(node.output, self._node(copy, len(node.output)), strict=True):
                names[old] = new
        return {value.name: names[value.name] for value in model.graph.output}

    def model(self, outputs: Mapping[str, tuple[str, str, int | None]], metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
        """The finished model. outputs: name -> (tensor, type, width); width 0 when it is not known, None for a vector [rows]."""
        nodes = list(self.nodes)
        made = []
        for name, (tensor, kind, width) in outputs.items():
            nodes.append(helper.make_node("Identity", [tensor], [name], name=f"out:{name}"))
            made.append(helper.make_tensor_value_info(name, TYPES[kind], [None] if width is None else [None, width or None]))
        kept = _reachable(nodes, set(outputs))
        used = {name for node in kept for name in node.input}
        graph = helper.make_graph(
            kept,
            "etabli",
            [value for name, value in self.inputs.items() if name in used],
            made,
            [tensor for name, tensor in self.constants.items() if name in used],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
            ir_version=IR_VERSION,
            producer_name="etabli",
        )
        if metadata:
            helper.set_model_props(model, dict(metadata))
        return model


def _strings(values: Sequence[str]) -> onnx.TensorProto:
    tensor = onnx.TensorProto(name="keys", data_type=TensorProto.STRING, dims=[len(values)])
    tensor.string_data.extend(text.encode() for text in values)
    return tensor


def _reachable(nodes: Sequence[onnx.NodeProto], wanted: set[str]) -> list[onnx.NodeProto]:
    """The nodes that the wanted tensors need, in their order."""
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]
