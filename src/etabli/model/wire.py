"""Looks into a model file without the onnx library: which operators it uses, which texts its look-ups know.

An ONNX file is protobuf: a sequence of (field number, wire type, payload). Four message kinds and a dozen fields are all we
need, so thirty lines replace a dependency and `etabli check` works where only numpy and onnxruntime are installed.
Field numbers are those of onnx.proto3, which are frozen by protobuf's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etabli.errors import DataError

_GRAPH, _NODE, _INPUT, _OUTPUT, _OP, _ATTRIBUTE, _DOMAIN = 7, 1, 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_STRINGS, _ATTRIBUTE_TENSOR, _TENSOR_STRINGS = 1, 9, 5, 6


@dataclass(frozen=True)
class Inside:
    """What a file is made of. operators: (domain, operator) -> number of nodes; the plain domain is "". levels: input name ->
    every text that the look-ups reading that input know ("" and the texts meaning missing among them)."""

    operators: dict[tuple[str, str], int]
    levels: dict[str, frozenset[str]]


def inside(model: bytes) -> Inside:
    """Reads the serialized model. DataError when it is not one."""
    operators: dict[tuple[str, str], int] = {}
    levels: dict[str, set[str]] = {}
    try:
        for graph in _all(memoryview(model), _GRAPH):
            for node in _all(graph, _NODE):
                op, domain = _text(node, _OP), _text(node, _DOMAIN)
                operators[domain, op] = operators.get((domain, op), 0) + 1
                if op == "LabelEncoder":
                    levels.setdefault(_text(node, _INPUT), set()).update(_keys(node))
    except (IndexError, ValueError):
        raise DataError("the file is not an ONNX model", f"{len(model)} bytes", "make or copy the model file again") from None
    return Inside(operators, {name: frozenset(texts) for name, texts in levels.items()})


def _keys(node: memoryview) -> Iterator[str]:
    for attribute in _all(node, _ATTRIBUTE):
        name = _text(attribute, _ATTRIBUTE_NAME)
        if name == "keys_tensor":
            for tensor in _all(attribute, _ATTRIBUTE_TENSOR):
                yield from (bytes(key).decode() for key in _all(tensor, _TENSOR_STRINGS))
        elif name == "keys_strings":
            yield from (bytes(key).decode() for key in _all(attribute, _ATTRIBUTE_STRINGS))


def _text(message: memoryview, field: int) -> str:
    for payload in _all(message, field):
        return bytes(payload).decode()
    return ""


def _all(message: memoryview, field: int) -> Iterator[memoryview]:
    """The payloads of every length-delimited field of that number; the others are stepped over."""
    at, end = 0, len(message)
    while at < end:
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            _, at = varint(message, at)
        elif kind == 1:
            at += 8
        elif kind == 5:
            at += 4
        elif kind == 2:
            size, at = varint(message, at)
            if at + size > end:
                raise ValueError("a field runs over the end")
            if key >> 3 == field:
                yield message[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind}")


def varint(message: memoryview, at: int) -> tuple[int, int]:
    """(the number that begins there, the place after it)."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
