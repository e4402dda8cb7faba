"""The closed operator set on numbers, over the arrays of any library.

What depends on constants and shapes alone is computed with numpy, so that shapes stay known where a library traces (`jax.jit`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from etabli.errors import DataError
from etabli.model.explain.nodes import Node
from etabli.model.tensors.arrays import Arrays, Numpy
from etabli.model.tensors.forest import Forest, summed
from etabli.model.tensors.plan import BOOLEAN, INTEGER, SINGLE

Operator = Callable[[Arrays, Node, list[Any]], Any]
_SAME = {
    "Abs": "abs",
    "Ceil": "ceil",
    "Exp": "exp",
    "Floor": "floor",
    "Log": "log",
    "Round": "round",
    "Sign": "sign",
    "Sin": "sin",
    "Sqrt": "sqrt",
    "Tanh": "tanh",
}
_PAIRS: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Less": lambda a, b: a < b,
    "LessOrEqual": lambda a, b: a <= b,
    "Greater": lambda a, b: a > b,
    "GreaterOrEqual": lambda a, b: a >= b,
    "Equal": lambda a, b: a == b,
    "And": lambda a, b: a & b,
    "Or": lambda a, b: a | b,
}


def run(arrays: Arrays, nodes: tuple[Node, ...], values: dict[str, Any], forests: Mapping[str, Forest]) -> dict[str, Any]:
    """Adds what every node gives to `values` (constants and inputs by name) and returns it. forests: by the node's first output."""
    plain, taken = Numpy(np, np.float64), Counter(name for node in nodes for name in node.inputs)
    for node in nodes:
        inputs = [values[name] if name else None for name in node.inputs]
        if node.op == "TreeEnsemble":
            values[node.outputs[0]] = summed(arrays, forests[node.outputs[0]], inputs[0])
            continue
        here = plain if all(isinstance(x, (np.ndarray, np.generic)) for x in inputs if x is not None) else arrays
        if here is arrays:
            inputs = [
                arrays.constant(np.asarray(x)) if isinstance(x, (np.ndarray, np.generic)) and node.op not in _HOST else x for x in inputs
            ]
        made = _operator(here, node, inputs)
        for name, value in zip(node.outputs, made if isinstance(made, (list, tuple)) else [made], strict=False):
            values[name] = arrays.once(value) if taken[name] > 1 and here is arrays else value
    return values


_HOST = frozenset(
    "Reshape Expand Slice Split Squeeze Unsqueeze ReduceSum ReduceMax ReduceMin TopK Clip".split()
)  # second inputs tell shapes


def _operator(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    xp, op = arrays.module, node.op
    if op in _SAME:
        return getattr(xp, _SAME[op])(inputs[0])
    if op in _PAIRS:
        return _PAIRS[op](inputs[0], inputs[1])
    if op in OPERATORS:
        return OPERATORS[op](arrays, node, inputs)
    raise DataError(
        "what a file does to numbers is in the closed operator set (docs/operators.md)",
        f"{op} among numbers",
        "it was not written by établi",
    )


def _whole(x: Any) -> list[int]:
    return [int(value) for value in np.asarray(x).reshape(-1)]


def _is_whole(x: Any) -> bool:
    return "int" in str(x.dtype)


def _div(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    a, b = inputs
    if not _is_whole(a):
        return a / b
    xp = arrays.module  # towards zero, as C and ONNX
    sign = xp.sign(a) * xp.sign(b)
    return sign * (xp.abs(a) // xp.abs(b))


def _cast(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    to = node.integer("to", 0)
    return arrays.cast(inputs[0], {INTEGER: "int", BOOLEAN: "bool", SINGLE: "single"}.get(to, "real"))


def _clip(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    x, (low, high) = inputs[0], (*inputs[1:], None, None)[:2]
    made = x
    if low is not None:
        made = arrays.module.where(made < float(low), arrays.module.zeros_like(made) + float(low), made)
    if high is not None:
        made = arrays.module.where(made > float(high), arrays.module.zeros_like(made) + float(high), made)
    return made


def _extreme(how: str) -> Operator:
    def made(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
        value = inputs[0]
        for other in inputs[1:]:
            value = getattr(arrays.module, how)(value, other)
        return value

    return made


def _folded(how: str) -> Operator:
    def made(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
        x = inputs[0]
        axes = _whole(inputs[1]) if len(inputs) > 1 and inputs[1] is not None else list(range(x.ndim))
        return arrays.folded(how, x, tuple(axis % x.ndim for axis in axes), bool(node.integer("keepdims", 1)))

    return made


def _reshape(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    shape = [size if size else inputs[0].shape[place] for place, size in enumerate(_whole(inputs[1]))]
    return inputs[0].reshape(tuple(shape))


def _expand(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    shape = np.broadcast_shapes(tuple(inputs[0].shape), tuple(_whole(inputs[1])))
    return arrays.spread(inputs[0], shape)


def _slice(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    x, starts, ends = inputs[0], _whole(inputs[1]), _whole(inputs[2])
    axes = _whole(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(len(starts)))
    steps = _whole(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        places = np.arange(x.shape[axis])[slice(start, None if step < 0 and end < -x.shape[axis] else end, step)]
        x = arrays.take(x, arrays.constant(places) if not isinstance(x, np.ndarray) else places, axis % x.ndim)
    return x


def _split(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    x, axis = inputs[0], node.integer("axis", 0) % inputs[0].ndim
    if len(inputs) > 1 and inputs[1] is not None:
        sizes = _whole(inputs[1])
    else:
        parts = node.integer("num_outputs", len(node.outputs))
        most = -(-x.shape[axis] // parts)
        sizes = [min(most, x.shape[axis] - k * most) for k in range(parts)]
    made, at = [], 0
    for size in sizes:
        made.append(x[(slice(None),) * axis + (slice(at, at + size),)])
        at += size
    return made


def _squeeze(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    x = inputs[0]
    axes = [a % x.ndim for a in _whole(inputs[1])] if len(inputs) > 1 else [i for i, n in enumerate(x.shape) if n == 1]
    return x.reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes))


def _unsqueeze(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    x, added = inputs[0], _whole(inputs[1])
    rank = x.ndim + len(added)
    places, left = {axis % rank for axis in added}, list(x.shape)
    return x.reshape(tuple(1 if i in places else left.pop(0) for i in range(rank)))


def _softmax(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    axis = node.integer("axis", -1) % inputs[0].ndim
    powers = arrays.module.exp(inputs[0] - arrays.folded("max", inputs[0], (axis,), True))
    return powers / arrays.folded("sum", powers, (axis,), True)


def _argmax(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    axis = node.integer("axis", 0) % inputs[0].ndim
    made = arrays.first(inputs[0], axis)
    if not node.integer("keepdims", 1):
        return made
    return made.reshape(tuple(1 if i == axis else n for i, n in enumerate(inputs[0].shape)))


def _top(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    axis = node.integer("axis", -1) % inputs[0].ndim
    return arrays.top(inputs[0], _whole(inputs[1])[0], axis, bool(node.integer("largest", 1)))


def _isinf(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    x, xp = inputs[0], arrays.module
    up = (x > 0) if node.integer("detect_positive", 1) else (x != x)
    down = (x < 0) if node.integer("detect_negative", 1) else (x != x)
    return xp.isinf(x) & (up | down)


def _gather(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    return arrays.take(inputs[0], inputs[1], node.integer("axis", 0) % inputs[0].ndim)


def _along(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    return arrays.along(inputs[0], inputs[1], node.integer("axis", 0) % inputs[0].ndim)


def _permuted(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    axes = _ints_or(node, "perm", list(range(inputs[0].ndim))[::-1])
    return arrays.permuted(inputs[0], axes)


def _ints_or(node: Node, name: str, default: list[int]) -> list[int]:
    return [int(value) for value in node.ints(name)] or default


def _shape(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    return np.array(inputs[0].shape, np.int64)


def _concat(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    return arrays.module.concatenate(inputs, axis=node.integer("axis", 0))


def _table(arrays: Arrays, node: Node, inputs: list[Any]) -> Any:
    """A number looked up among numbers: of equal keys the first counts, NaN may be a key."""
    keys, values, other = (node.tensor(name) for name in ("keys_tensor", "values_tensor", "default_tensor"))
    if keys is None or values is None or other is None or keys.dtype == object or values.dtype == object:
        raise DataError("texts come before numbers in a file of établi", "a table of texts among numbers", "it was not written by établi")
    x, xp = inputs[0], arrays.module
    keys, place = np.unique(keys, return_index=True)
    values, lost = values[place], np.isnan(keys) if keys.dtype.kind == "f" else np.zeros(len(keys), bool)
    missing = values[lost][0] if lost.any() else other[0]
    keys, values = keys[~lost], values[~lost]
    held = tuple(xp.asarray(arrays.constant(part)) for part in (keys, values))  # of numpy's own a traced place cannot be asked
    at = xp.clip(xp.searchsorted(held[0], x), 0, len(keys) - 1)
    made = xp.where(held[0][at] == x, held[1][at], arrays.constant(other)[0])
    return xp.where(x != x, arrays.constant(np.array([missing], values.dtype))[0], made)


OPERATORS: Mapping[str, Operator] = {
    "Identity": lambda arrays, node, inputs: inputs[0],
    "Neg": lambda arrays, node, inputs: -inputs[0],
    "Not": lambda arrays, node, inputs: ~inputs[0],
    "Relu": lambda arrays, node, inputs: arrays.module.where(inputs[0] < 0, arrays.module.zeros_like(inputs[0]), inputs[0]),
    "IsNaN": lambda arrays, node, inputs: arrays.module.isnan(inputs[0]),
    "Where": lambda arrays, node, inputs: arrays.module.where(inputs[0], inputs[1], inputs[2]),
    "MatMul": lambda arrays, node, inputs: arrays.module.matmul(inputs[0], inputs[1]),
    "Pow": lambda arrays, node, inputs: inputs[0] ** inputs[1],
    "Max": _extreme("maximum"),
    "Min": _extreme("minimum"),
    "ReduceSum": _folded("sum"),
    "ReduceMax": _folded("max"),
    "ReduceMin": _folded("min"),
    "Div": _div,
    "Cast": _cast,
    "Clip": _clip,
    "IsInf": _isinf,
    "Reshape": _reshape,
    "Expand": _expand,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Softmax": _softmax,
    "ArgMax": _argmax,
    "TopK": _top,
    "Gather": _gather,
    "GatherElements": _along,
    "Transpose": _permuted,
    "Shape": _shape,
    "Concat": _concat,
    "LabelEncoder": _table,
}
