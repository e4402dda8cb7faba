"""ONNX operators that are whole layers: products, norms, softmax, convolution, pooling, recurrence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_operators import may, need
from etabli.estimators.networks.onnx_reader import Given, Node, reads
from etabli.estimators.networks.recurrent import GATES, Cell, nothing, stacked
from etabli.estimators.networks.values import Unreadable, Value, known, place
from etabli.estimators.networks.windows import Windows, convolved, last, pooled, second


@reads("MatMul")
def _matmul(maths: Maths, node: Node, given: Given) -> Value:
    return maths.matmul(need(given, 0), need(given, 1))


@reads("Gemm")
def _gemm(maths: Maths, node: Node, given: Given) -> Value:
    x, y, bias = need(given, 0), need(given, 1), may(given, 2)
    x = maths.transpose(x, [1, 0]) if node.get("transA", 0) else x
    y = maths.transpose(y, [1, 0]) if node.get("transB", 0) else y
    alpha, beta = float(node.get("alpha", 1.0)), float(node.get("beta", 1.0))
    made = maths.matmul(x, y if alpha == 1.0 else maths.mul(y, known(alpha)))
    if bias is None:
        return made
    return maths.add(made, bias if beta == 1.0 else maths.mul(bias, known(beta)))


@reads("Einsum")
def _einsum(maths: Maths, node: Node, given: Given) -> Value:
    ahead, _, out = str(node.get("equation")).replace(" ", "").partition("->")
    terms = ahead.split(",")
    if len(terms) != 2 or not out or "." in ahead or any(len(set(term)) < len(term) for term in (*terms, out)):
        raise Unreadable(f"the equation {node.get('equation')}")
    left, right = terms
    x, y = need(given, 0), need(given, 1)
    for term, axes in ((left, set(left) - set(right) - set(out)), (right, set(right) - set(left) - set(out))):
        if axes:
            raise Unreadable(f"the equation {node.get('equation')} sums {term} alone")
    batch = [name for name in left if name in right and name in out]
    summed = [name for name in left if name in right and name not in out]
    contract, along = (([left.index(name) for name in names], [right.index(name) for name in names]) for names in (summed, batch))
    made = maths.dot(x, y, contract, along)
    order = [*batch, *(name for name in left if name not in right), *(name for name in right if name not in left)]
    return maths.transpose(made, [order.index(name) for name in out])


@reads("Softmax", "LogSoftmax")
def _softmax(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    call = maths.softmax if node.op == "Softmax" else maths.log_softmax
    if node.opset >= 13:
        return call(x, int(node.get("axis", -1)))
    axis = place(int(node.get("axis", 1)), len(x.shape))  # older opsets: over all axes from there on
    flat = maths.reshape(x, (*x.shape[:axis], -1))
    return maths.reshape(call(flat, axis), x.shape)


@reads("LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization")
def _layer_norm(maths: Maths, node: Node, given: Given) -> Value:
    x, scale, shift = need(given, 0), need(given, 1), may(given, 2)
    axes = list(range(place(int(node.get("axis", -1)), len(x.shape)), len(x.shape)))
    little = float(node.get("epsilon", 1e-5))
    if node.op == "LayerNormalization":
        made = maths.normalised(x, axes, little)
    else:
        made = maths.div(x, maths.one("Sqrt", maths.add(maths.reduce("mean", maths.mul(x, x), axes), known(little))))
    made = maths.mul(made, scale)
    return made if shift is None else maths.add(made, shift)


def _along(value: Value, rank: int) -> Value:
    """One number a channel, for channels in the second of `rank` axes."""
    return known(value.numbers().reshape(-1, *(1,) * (rank - 2)))


@reads("BatchNormalization")
def _batch_norm(maths: Maths, node: Node, given: Given) -> Value:
    if node.get("training_mode", 0):
        raise Unreadable("it is in training mode, so that the answer of a row depends on the others", "export it in evaluation mode")
    x = need(given, 0)
    scale, shift, mean, variance = (_along(need(given, i), len(x.shape)) for i in (1, 2, 3, 4))
    spread = maths.one("Sqrt", maths.add(variance, known(float(node.get("epsilon", 1e-5)))))
    return maths.add(maths.mul(maths.div(maths.sub(x, mean), spread), scale), shift)


@reads("InstanceNormalization", "GroupNormalization")
def _group_norm(maths: Maths, node: Node, given: Given) -> Value:
    x, scale, shift = need(given, 0), need(given, 1), need(given, 2)
    groups = int(node.get("num_groups", x.shape[1]))
    flat = maths.reshape(x, (x.shape[0], groups, -1))
    made = maths.reshape(maths.normalised(flat, [2], float(node.get("epsilon", 1e-5))), x.shape)
    if scale.shape[0] != x.shape[1]:  # opset 18: one number a group
        scale, shift = (known(np.repeat(value.numbers(), x.shape[1] // groups)) for value in (scale, shift))
    return maths.add(maths.mul(made, _along(scale, len(x.shape))), _along(shift, len(x.shape)))


def _windows(node: Node, kernel: Sequence[int], sizes: Sequence[int]) -> Windows:
    axes = len(kernel)
    strides, dilations = node.get("strides") or [1] * axes, node.get("dilations") or [1] * axes
    pads, auto = list(node.get("pads") or [0] * 2 * axes), node.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        for axis, size in enumerate(sizes):
            out = -(-size // strides[axis])
            total = max(0, (out - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - size)
            less = total // 2
            pads[axis], pads[axes + axis] = (less, total - less) if auto == "SAME_UPPER" else (total - less, less)
    return Windows(tuple(kernel), tuple(strides), tuple(dilations), tuple(pads[:axes]), tuple(pads[axes:]))


@reads("Conv")
def _conv(maths: Maths, node: Node, given: Given) -> Value:
    x, weight, bias = need(given, 0), need(given, 1), may(given, 2)
    axes = len(weight.shape) - 2
    windows = _windows(node, weight.shape[2:], x.shape[2:])
    made = convolved(maths, last(maths, x), maths.transpose(weight, [*range(2, axes + 2), 1, 0]), windows, int(node.get("group", 1)))
    return second(maths, made if bias is None else maths.add(made, bias))


@reads("MaxPool", "AveragePool")
def _pool(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    if node.outputs > 1:
        raise Unreadable("it also asks for the places of the largest")
    windows = _windows(node, node.get("kernel_shape"), x.shape[2:])
    kind = "max" if node.op == "MaxPool" else "mean"
    made = pooled(maths, last(maths, x), windows, kind, bool(node.get("count_include_pad", 0)), bool(node.get("ceil_mode", 0)))
    return second(maths, made)


@reads("GlobalMaxPool", "GlobalAveragePool")
def _global(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    axes = list(range(2, len(x.shape)))
    if node.op == "GlobalAveragePool":
        return maths.reduce("mean", x, axes)
    flat = maths.reshape(x, (*x.shape[:2], -1))
    made = maths.missing_from(flat, maths.reduce("max", flat, [2]), 2)
    return maths.reshape(made, (*x.shape[:2], *(1 for _ in axes)))


@reads("RNN", "GRU", "LSTM")
def _recurrent(maths: Maths, node: Node, given: Given) -> Sequence[Value]:
    x, w, r = need(given, 0), need(given, 1), need(given, 2)
    if may(given, 4) is not None and set(need(given, 4).ints()) != {x.shape[0]}:
        raise Unreadable("series of different lengths")
    if any(node.get(name) for name in ("layout", "clip", "input_forget")) or may(given, 7) is not None:
        raise Unreadable("an option of recurrent layers (layout, clip, input_forget, peepholes)")
    directions, kind, state = w.shape[0], node.op, r.shape[2]
    functions = [str(one.decode() if isinstance(one, bytes) else one) for one in node.get("activations") or []]
    usual = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}[kind] * directions
    if functions not in ([], usual) and not (kind == "RNN" and set(functions) == {"Relu"}):
        raise Unreadable(f"its functions are {', '.join(functions)}")
    cells, states, ends, ended = [], [], [], []
    for d in range(directions):
        bias = may(given, 3)
        both = np.zeros(2 * GATES[kind] * state) if bias is None else bias.numbers()[d]
        cut = len(both) // 2
        weight, turn = known(w.numbers()[d]), known(r.numbers()[d])
        after = bool(node.get("linear_before_reset", 0))
        function = "Relu" if set(functions) == {"Relu"} else "Tanh"
        cells.append(Cell(kind, weight, turn, known(both[:cut]), known(both[cut:]), after, function))
        hidden, memory = (_start(maths, may(given, i), d, x.shape[1], state) for i in (5, 6))
        backward = d == 1 or node.get("direction", "forward") == "reverse"
        each, end, cell = cells[d].along(maths, x, hidden, memory if kind == "LSTM" else None, backward)
        states.append(stacked(maths, each, 0))
        ends.append(end)
        ended += [] if cell is None else [cell]
    made = [stacked(maths, states, 1), stacked(maths, ends, 0)]
    return [*made, stacked(maths, ended, 0)] if ended else made


def _start(maths: Maths, value: Value | None, direction: int, rows: int, state: int) -> Value:
    return nothing(rows, state) if value is None else maths.picked(value, np.array(direction), 0)
