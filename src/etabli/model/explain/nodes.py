"""The nodes of a model file, read without the onnx library, and the same file with other outputs.

An explanation must outlive us, so it reads the file's own bytes with numpy alone (`wire.py` says why that is easy). A file whose
tensors lie elsewhere or are of a kind that établi never writes is `Unread`: then nobody guesses, and the file is only asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.wire import varint

Array = np.ndarray[Any, np.dtype[Any]]
_GRAPH = 7  # of a model
_NODE, _INITIALIZER, _OUTPUT = 1, 5, 12  # of a graph
_DTYPES: Mapping[int, Any] = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 9: "?", 11: "<f8"}
_TYPED: Mapping[int, str] = {4: "<f4", 10: "<f8"}  # float_data, double_data
_STRING = 8


class Unread(Exception):
    """The file has something that is not read here."""


@dataclass(frozen=True)
class Node:
    """One operator. attributes: name -> the attribute's message."""

    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, memoryview]

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        for field, value in fields(self.attributes[name]) if name in self.attributes else ():
            if field == 3:
                return signed(int(value))
        return default

    def ints(self, name: str) -> Array:
        """A list of integers, int64."""
        return _ints(self.attributes[name]) if name in self.attributes else np.zeros(0, np.int64)

    def tensor(self, name: str) -> Array | None:
        """A tensor attribute, None when there is none."""
        for field, value in fields(self.attributes[name]) if name in self.attributes else ():
            if field == 5:
                return tensor(value)[1]
        return None


@dataclass(frozen=True)
class Nodes:
    """nodes in the order of the file. constants: initializers by name; strings as object arrays."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]


def fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """(field number, an int or the payload) of every field."""
    at, end = 0, len(message)
    while at < end:
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(message, at)
            yield key >> 3, value
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield key >> 3, message[at : at + size]
            at += size
        elif kind == 2:
            size, at = varint(message, at)
            yield key >> 3, message[at : at + size]
            at += size
        else:
            raise Unread(f"wire type {kind}")


def signed(value: int) -> int:
    """A varint as the signed 64-bit integer that it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value


def read(model: bytes) -> Nodes:
    """The nodes and constants of a serialized model. Unread for what établi never writes."""
    nodes: list[Node] = []
    constants: dict[str, Array] = {}
    for field, graph in fields(memoryview(model)):
        if field != _GRAPH:
            continue
        for number, message in fields(graph):
            if number == _NODE:
                nodes.append(_node(message))
            elif number == _INITIALIZER:
                name, value = tensor(message)
                constants[name] = value
            elif number == 15:
                raise Unread("a sparse constant")
    return Nodes(tuple(nodes), constants)


def _node(message: memoryview) -> Node:
    texts: dict[int, list[str]] = {1: [], 2: [], 4: [], 7: []}
    attributes = {}
    for field, value in fields(message):
        if field in texts:
            texts[field].append(bytes(value).decode())
        elif field == 5:
            name = next(bytes(text).decode() for number, text in fields(value) if number == 1)
            attributes[name] = value
    return Node(texts[4][0], (texts[7] or [""])[0], tuple(texts[1]), tuple(texts[2]), attributes)


def tensor(message: memoryview) -> tuple[str, Array]:
    """(name, values) of a tensor."""
    dims: list[int] = []
    name, kind, raw, typed, strings, whole = "", 0, None, [], [], []
    for field, value in fields(message):
        if field == 1:
            dims += [int(value)] if isinstance(value, int) else _varints(value).tolist()
        elif field == 2:
            kind = int(value)
        elif field == 8:
            name = bytes(value).decode()
        elif field == 9:
            raw = value
        elif field in _TYPED:
            typed.append(np.frombuffer(value, _TYPED[field]))
        elif field == 6:
            strings.append(bytes(value).decode())
        elif field in (5, 7):
            whole.append(np.array([signed(value)]) if isinstance(value, int) else _varints(value))
        elif field in (13, 14) and value:
            raise Unread("a tensor kept elsewhere")
    if kind == _STRING:
        values = np.array(strings, object)
    elif kind not in _DTYPES:
        raise Unread(f"a tensor of type {kind}")
    elif raw is not None:
        values = np.frombuffer(raw, _DTYPES[kind])
    else:
        values = np.concatenate([*typed, *whole] or [np.zeros(0)]).astype(_DTYPES[kind])
    return name, values.reshape(dims)


def _ints(attribute: memoryview) -> Array:
    """The integers of an attribute: one key and one value after the other, thousands of them, so all at once."""
    at, end = 0, len(attribute)
    while at < end:
        key, after = varint(attribute, at)
        if key == 8 << 3 | 2:  # packed
            size, after = varint(attribute, after)
            return _varints(attribute[after : after + size])
        if key == 8 << 3:
            rest = _varints(attribute[at:])
            stop = np.flatnonzero(rest[::2] != key)
            return rest[1::2][: stop[0] if len(stop) else None]
        kind = key & 7
        if kind == 2:
            size, after = varint(attribute, after)
            at = after + size
        else:
            at = varint(attribute, after)[1] if kind == 0 else after + (8 if kind == 1 else 4)
    return np.zeros(0, np.int64)


def _varints(message: memoryview) -> Array:
    """Every varint of a run of them, int64."""
    data = np.frombuffer(message, np.uint8)
    last = np.flatnonzero(data < 128)
    if not len(last):
        return np.zeros(0, np.int64)
    first = np.concatenate([[0], last[:-1] + 1])
    place = np.arange(last[-1] + 1) - np.repeat(first, last - first + 1)
    bits = (data[: last[-1] + 1] & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.add.reduceat(bits, first).astype(np.int64)


# other outputs ---------------------------------------------------------------------------------------------------------


def showing(model: bytes, outputs: Sequence[str]) -> bytes:
    """The same model that answers `outputs` alone, which may be any tensors of its graph; their types are for the runtime to infer."""
    declared: dict[str, bytes] = {}
    parts: list[bytes | memoryview] = []
    for field, value, span in _spans(memoryview(model)):
        if field != _GRAPH:
            parts.append(span)
            continue
        kept: list[bytes | memoryview] = []
        for number, message, inner in _spans(value):
            if number == _OUTPUT:
                declared[next(bytes(text).decode() for at, text in fields(message) if at == 1)] = bytes(inner)
            else:
                kept.append(inner)
        kept += [declared.get(name) or _message(_OUTPUT, _message(1, name.encode())) for name in outputs]
        parts.append(_message(_GRAPH, b"".join(kept)))
    return b"".join(parts)


def _spans(message: memoryview) -> Iterator[tuple[int, Any, memoryview]]:
    """(field number, payload, the whole field with its key)."""
    at, end = 0, len(message)
    while at < end:
        begun = at
        key, at = varint(message, at)
        kind = key & 7
        if kind == 2:
            size, at = varint(message, at)
            value: Any = message[at : at + size]
            at += size
        else:
            value = None
            at = varint(message, at)[1] if kind == 0 else at + (8 if kind == 1 else 4)
        yield key >> 3, value, message[begun:at]


def _message(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)
