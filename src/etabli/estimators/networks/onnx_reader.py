"""A foreign ONNX graph, node by node, as values of ours.

What the closed set lacks is composed (Gemm, Erf, Conv, LSTM ...); what cannot be is refused by the operator's and the node's name. Weights in float32 become
doubles, so the network's arithmetic is done again in double precision. Shapes are followed with ROWS for the rows (values.py), whatever the file says its
first axis is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.values import Kind, Unreadable, Value, known

Given = list[Value | None]  # the inputs of a node, None where one was left out
Reads = Callable[[Maths, "Node", Given], Value | Sequence[Value]]
READS: dict[str, Reads] = {}
OURS = ("", "ai.onnx", "com.microsoft")
WHOLE: dict[int, Kind] = dict.fromkeys((2, 3, 4, 5, 6, 7, 12, 13), "int")
TYPES: Mapping[int, Kind] = {1: "float", 10: "float", 11: "float", 16: "float", 9: "bool", **WHOLE}


@dataclass(frozen=True)
class Node:
    """A node's name, operator, attributes as Python values, number of outputs, and the opset of its file."""

    op: str
    name: str
    attributes: Mapping[str, Any]
    outputs: int
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def ints(self, name: str, given: Given, place: int) -> list[int] | None:
        """Whole numbers that older opsets keep in an attribute and newer ones in an input."""
        if place < len(given) and given[place] is not None:
            return given[place].ints()  # type: ignore[union-attr]
        found = self.attributes.get(name)
        return None if found is None else [int(number) for number in found]


def reads(*operators: str) -> Callable[[Reads], Reads]:
    """Registers a function for operators."""

    def register(function: Reads) -> Reads:
        READS.update(dict.fromkeys(operators, function))
        return function

    return register


def read(maths: Maths, model: Any, inputs: Mapping[str, Value]) -> dict[str, Value]:
    """The outputs by name. model: ModelProto. inputs: a value for each input. Unreadable names the operator and the node."""
    from etabli.estimators.networks import onnx_layers, onnx_operators  # noqa: F401 (they register what they read)

    if model.functions:
        import onnx.inliner

        model = onnx.inliner.inline_local_functions(model)
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)
    return _graph(maths, model.graph, dict(inputs), opset)


def _graph(maths: Maths, graph: Any, values: dict[str, Value], opset: int) -> dict[str, Value]:
    from onnx import numpy_helper

    for tensor in graph.initializer:
        values[tensor.name] = known(numpy_helper.to_array(tensor))
    lacking = [value.name for value in graph.input if value.name not in values]
    if lacking:
        raise Unreadable(f"its input {lacking[0]!r} is given no columns", "give a network whose inputs are columns of numbers")
    for proto in graph.node:
        node = Node(proto.op_type, proto.name or (proto.output[0] if proto.output else ""), _attributes(proto), len(proto.output), opset)
        given: Given = [values[name] if name else None for name in proto.input]
        begun, before = len(maths.graph.nodes), len(maths.steps)
        try:
            made = _node(maths, proto, node, given, values)
        except Unreadable as error:
            if str(error.what).startswith("operator "):
                raise
            raise Unreadable(f"operator {node.op} of node {node.name!r}: {error.what}", error.advice) from None
        if made and len(maths.steps) == before:  # a branch has steps of its own
            maths.passed(node.op, given, made[0], begun)
        for name, value in zip(proto.output, made, strict=False):
            if name:
                values[name] = value
    return {value.name: values[value.name] for value in graph.output}


def _node(maths: Maths, proto: Any, node: Node, given: Given, values: dict[str, Value]) -> Sequence[Value]:
    if node.op == "If" and given[0] is not None:
        branch = node.get("then_branch" if bool(given[0].numbers().item()) else "else_branch")
        return list(_graph(maths, branch, dict(values), node.opset).values())
    reader = READS.get(node.op) if proto.domain in OURS else None
    if reader is None:
        domain = f" of {proto.domain}" if proto.domain not in OURS else ""
        raise Unreadable(f"operator {node.op}{domain} of node {node.name!r} is not read", unread(node.op, proto.domain))
    made = reader(maths, node, given)
    return [made] if isinstance(made, Value) else made


def unread(op: str, domain: str = "") -> str:
    """What can be done about an operator that is not read; "" of no operator."""
    if "quantize" in op.lower() or op.startswith(("QLinear", "QGemm", "QAttention")) or op.endswith("Integer"):
        return "bring the network as it was before it was quantised"
    if op in ("Bernoulli", "Multinomial") or op.startswith("Random"):
        return "what predicts draws nothing by chance: leave that step out"
    if op in ("Loop", "Scan"):
        return "export it for a fixed length, so that each round is written out"
    if domain == "ai.onnx.ml":
        return "bring the model it was converted from: etabli adopt train.py:model"
    if "Token" in op or "String" in op or op in ("TfIdfVectorizer", "RegexFullMatch"):
        return "leave what reads texts out of the file, and give the numbers it makes"
    return f"write that step with those that are: {', '.join(sorted(READS))}" if op else ""


def _attributes(proto: Any) -> dict[str, Any]:
    from onnx import helper

    made = {}
    for attribute in proto.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, float):  # kept in float32: 1e-5 comes back as 9.99999974e-06, and the decimal number is what was meant
            value = float(str(np.float32(value)))
        made[attribute.name] = value.decode() if isinstance(value, bytes) else value
    return made
