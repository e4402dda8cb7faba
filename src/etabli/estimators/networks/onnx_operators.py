"""ONNX operators of arithmetic and of shapes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import TYPES, Given, Node, reads
from etabli.estimators.networks.values import Unreadable, Value, known, moving, place

SELU = (1.6732632423543772, 1.0507009873554805)  # Klambauer et al. 2017, with all digits: the file's attributes have seven


def need(given: Given, where: int) -> Value:
    """An input that must be there."""
    found = given[where] if where < len(given) else None
    if found is None:
        raise Unreadable(f"it lacks its input {where + 1}")
    return found


def may(given: Given, where: int) -> Value | None:
    """An input that may be left out."""
    return given[where] if where < len(given) else None


@reads("Neg", "Abs", "Exp", "Log", "Sqrt", "Tanh", "Sign", "Floor", "Ceil", "Round", "Sin", "Relu", "Not")
def _one(maths: Maths, node: Node, given: Given) -> Value:
    return maths.one(node.op, need(given, 0))


@reads("IsNaN")
def _missing(maths: Maths, node: Node, given: Given) -> Value:
    return maths.one("IsNaN", need(given, 0))


@reads("Add", "Sub", "Mul", "Pow", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or")
def _two(maths: Maths, node: Node, given: Given) -> Value:
    return maths.two(node.op, need(given, 0), need(given, 1))


@reads("Div")
def _div(maths: Maths, node: Node, given: Given) -> Value:
    return maths.div(need(given, 0), need(given, 1))


@reads("Max", "Min", "Sum", "Mean")
def _many(maths: Maths, node: Node, given: Given) -> Value:
    made = need(given, 0)
    for other in given[1:]:
        made = maths.two({"Sum": "Add", "Mean": "Add"}.get(node.op, node.op), made, other or made)
    return maths.div(made, known(float(len(given)))) if node.op == "Mean" else made


@reads("Mod")
def _mod(maths: Maths, node: Node, given: Given) -> Value:
    return known(np.mod(need(given, 0).numbers(), need(given, 1).numbers()))


@reads("Reciprocal", "Cos", "Erf", "Sigmoid", "Softplus", "Softsign", "Mish", "HardSwish", "Swish", "QuickGelu")
def _functions(maths: Maths, node: Node, given: Given) -> Value:
    x, one = need(given, 0), known(1.0)
    if node.op == "Reciprocal":
        return maths.div(one, x)
    if node.op == "Softsign":
        return maths.div(x, maths.add(one, maths.one("Abs", x)))
    if node.op == "Mish":
        return maths.mul(x, maths.one("Tanh", maths.softplus(x)))
    if node.op == "HardSwish":
        return maths.mul(x, maths.clip(maths.add(maths.mul(x, known(1 / 6)), known(0.5)), known(0.0), one))
    if node.op in ("Swish", "QuickGelu"):
        scale = known(float(node.get("alpha", 1.702 if node.op == "QuickGelu" else 1.0)))
        return maths.mul(x, maths.logistic(maths.mul(x, scale)))
    return {"Cos": maths.cos, "Erf": maths.erf, "Sigmoid": maths.logistic, "Softplus": maths.softplus}[node.op](x)


@reads("LeakyRelu", "Elu", "Celu", "Selu", "ThresholdedRelu", "HardSigmoid", "Gelu", "PRelu", "Shrink")
def _bent(maths: Maths, node: Node, given: Given) -> Value:
    x, zero, one = need(given, 0), known(0.0), known(1.0)
    alpha = float(node.get("alpha", {"LeakyRelu": 0.01, "Selu": SELU[0], "HardSigmoid": 0.2}.get(node.op, 1.0)))
    if node.op == "Selu" and np.float32(alpha) == np.float32(SELU[0]):
        alpha = SELU[0]
    if node.op == "HardSigmoid":
        return maths.clip(maths.add(maths.mul(x, known(alpha)), known(float(node.get("beta", 0.5)))), zero, one)
    if node.op == "ThresholdedRelu":
        return maths.where(maths.two("LessOrEqual", x, known(alpha)), zero, x)
    if node.op == "Gelu":
        return gelu(maths, x, node.get("approximate", "none") == "tanh")
    if node.op == "Shrink":
        lambd, bias = float(node.get("lambd", 0.5)), known(float(node.get("bias", 0.0)))
        inner = maths.where(maths.two("Less", x, known(-lambd)), maths.add(x, bias), zero)
        return maths.where(maths.two("Greater", x, known(lambd)), maths.sub(x, bias), inner)
    if node.op in ("LeakyRelu", "PRelu"):
        low = maths.mul(x, known(alpha) if node.op == "LeakyRelu" else need(given, 1))
        return maths.where(maths.two("Less", x, zero), low, x)
    under = maths.two("Min", x, zero)  # so that the branch that is not taken does not overflow
    low = maths.mul(known(alpha), maths.expm1(maths.div(under, known(alpha)) if node.op == "Celu" else under))
    made = maths.where(maths.two("Less", x, zero), low, x)
    if node.op != "Selu":
        return made
    gamma = float(node.get("gamma", SELU[1]))
    return maths.mul(made, known(SELU[1] if np.float32(gamma) == np.float32(SELU[1]) else gamma))


def gelu(maths: Maths, x: Value, tanh: bool) -> Value:
    """x times the normal distribution's share below x, or the tanh form of it (Hendrycks & Gimpel 2016)."""
    if tanh:
        cube = maths.mul(maths.two("Pow", x, known(3.0)), known(0.044715))
        share = maths.one("Tanh", maths.mul(maths.add(x, cube), known(0.7978845608028654)))
    else:
        share = maths.erf(maths.mul(x, known(0.7071067811865476)))
    return maths.mul(maths.mul(x, maths.add(share, known(1.0))), known(0.5))


@reads("Clip")
def _clip(maths: Maths, node: Node, given: Given) -> Value:
    low, high = (may(given, 1), may(given, 2)) if node.opset >= 11 else (None, None)
    if node.opset < 11:
        low, high = (known(float(node.get(name))) if node.get(name) is not None else None for name in ("min", "max"))
    return maths.clip(need(given, 0), low, high)


@reads("Where")
def _where(maths: Maths, node: Node, given: Given) -> Value:
    return maths.where(need(given, 0), need(given, 1), need(given, 2))


@reads("Trilu")
def _triangle(maths: Maths, node: Node, given: Given) -> Value:
    x, above = need(given, 0), may(given, 1)
    if moving(x.shape[-2:]):
        raise Unreadable("it takes a triangle of rows, so that the answer of one depends on the others")
    kept = (np.triu if node.get("upper", 1) else np.tril)(np.ones(x.shape[-2:], bool), 0 if above is None else above.ints()[0])
    return maths.where(known(kept), x, maths.cast(known(0.0), x.kind))


@reads("Identity", "Dropout")
def _same(maths: Maths, node: Node, given: Given) -> Value:
    return need(given, 0)


@reads("Cast", "CastLike")
def _cast(maths: Maths, node: Node, given: Given) -> Value:
    kind = need(given, 1).kind if node.op == "CastLike" else TYPES.get(int(node.get("to", 0)))
    if kind is None:
        raise Unreadable(f"a cast to type {node.get('to')}")
    return maths.cast(need(given, 0), kind)


# shapes ----------------------------------------------------------------------------------------------------------------


@reads("Constant")
def _constant(maths: Maths, node: Node, given: Given) -> Value:
    from onnx import numpy_helper

    for name, value in node.attributes.items():
        if name == "value":
            return known(numpy_helper.to_array(value))
        if name in ("value_float", "value_floats"):
            return known(np.asarray(value, np.float64))
        if name in ("value_int", "value_ints"):
            return known(np.asarray(value, np.int64))
    raise Unreadable(f"a constant of kind {', '.join(node.attributes)}")


@reads("Shape")
def _shape(maths: Maths, node: Node, given: Given) -> Value:
    return known(np.array(need(given, 0).shape[node.get("start", 0) : node.get("end", None)], np.int64))


@reads("Size")
def _size(maths: Maths, node: Node, given: Given) -> Value:
    return known(np.array(np.prod(need(given, 0).shape), np.int64))


@reads("ConstantOfShape")
def _filled(maths: Maths, node: Node, given: Given) -> Value:
    from onnx import numpy_helper

    value = node.get("value")
    one = np.zeros((), np.float64) if value is None else numpy_helper.to_array(value).reshape(())
    return known(np.broadcast_to(known(one).numbers(), need(given, 0).ints()))


@reads("Range")
def _range(maths: Maths, node: Node, given: Given) -> Value:
    return known(np.arange(*(need(given, i).numbers().item() for i in range(3))))


@reads("Reshape")
def _reshape(maths: Maths, node: Node, given: Given) -> Value:
    x, shape = need(given, 0), node.ints("shape", given, 1) or []
    keep = not node.get("allowzero", 0)
    return maths.reshape(x, [x.shape[axis] if size == 0 and keep else size for axis, size in enumerate(shape)])


@reads("Flatten")
def _flatten(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    axis = place(int(node.get("axis", 1)), len(x.shape))
    return maths.reshape(x, (int(np.prod(x.shape[:axis], dtype=np.int64)), int(np.prod(x.shape[axis:], dtype=np.int64))))


@reads("Squeeze")
def _squeeze(maths: Maths, node: Node, given: Given) -> Value:
    x, axes = need(given, 0), node.ints("axes", given, 1)
    gone = {place(axis, len(x.shape)) for axis in axes} if axes is not None else {a for a, size in enumerate(x.shape) if size == 1}
    return maths.reshape(x, [size for axis, size in enumerate(x.shape) if axis not in gone])


@reads("Unsqueeze")
def _unsqueeze(maths: Maths, node: Node, given: Given) -> Value:
    x, axes = need(given, 0), node.ints("axes", given, 1) or []
    rank = len(x.shape) + len(axes)
    new, sizes = {place(axis, rank) for axis in axes}, iter(x.shape)
    return maths.reshape(x, [1 if axis in new else next(sizes) for axis in range(rank)])


@reads("Transpose")
def _transpose(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    return maths.transpose(x, node.get("perm") or list(range(len(x.shape)))[::-1])


@reads("Concat")
def _concat(maths: Maths, node: Node, given: Given) -> Value:
    return maths.concat([need(given, i) for i in range(len(given))], int(node.get("axis")))


@reads("Split")
def _split(maths: Maths, node: Node, given: Given) -> Sequence[Value]:
    x, axis = need(given, 0), int(node.get("axis", 0))
    size = x.shape[place(axis, len(x.shape))]
    each = -(-size // node.outputs)
    sizes = node.ints("split", given, 1) or [min(each, size - i * each) for i in range(node.outputs)]
    ends = np.cumsum([0, *sizes]).tolist()
    return [maths.slice(x, axis, start, stop) for start, stop in pairwise(ends)]


@reads("Slice")
def _slice(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    starts, ends = node.ints("starts", given, 1) or [], node.ints("ends", given, 2) or []
    axes, steps = node.ints("axes", given, 3) or list(range(len(starts))), node.ints("steps", given, 4) or [1] * len(starts)
    for start, stop, axis, step in zip(starts, ends, axes, steps, strict=True):
        x = maths.slice(x, axis, start, stop, step)
    return x


@reads("Gather")
def _gather(maths: Maths, node: Node, given: Given) -> Value:
    return maths.take(need(given, 0), need(given, 1), int(node.get("axis", 0)))


@reads("Expand")
def _expand(maths: Maths, node: Node, given: Given) -> Value:
    return maths.expand(need(given, 0), need(given, 1).ints())


@reads("Tile")
def _tile(maths: Maths, node: Node, given: Given) -> Value:
    x = need(given, 0)
    for axis, times in enumerate(need(given, 1).ints()):
        x = maths.concat([x] * times, axis) if times > 1 else x
    return x


@reads("Pad")
def _pad(maths: Maths, node: Node, given: Given) -> Value:
    x, around = need(given, 0), node.ints("pads", given, 1) or []
    if node.get("mode", "constant") != "constant":
        raise Unreadable(f"padding by {node.get('mode')}")
    axes = given[3].ints() if len(given) > 3 and given[3] is not None else list(range(len(x.shape)))
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for i, axis in enumerate(axes):
        before[axis], after[axis] = around[i], around[len(axes) + i]
    value = may(given, 2)
    return maths.pad(x, before, after, float(node.get("value", 0.0)) if value is None else float(value.numbers().item()))


@reads("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceL1", "ReduceSumSquare", "ReduceLogSumExp")
def _reduce(maths: Maths, node: Node, given: Given) -> Value:
    x, axes, keep = need(given, 0), node.ints("axes", given, 1), bool(node.get("keepdims", 1))
    if not axes and node.get("noop_with_empty_axes", 0):
        return x
    if node.op == "ReduceLogSumExp":
        most = maths.reduce("max", x, axes)
        total = maths.reduce("sum", maths.one("Exp", maths.sub(x, most)), axes)
        made = maths.add(maths.one("Log", total), most)
        return made if keep else maths.reduce("sum", made, axes, keep=False)  # of single cells: only the axes go
    if node.op in ("ReduceL2", "ReduceSumSquare"):
        total = maths.reduce("sum", maths.mul(x, x), axes, keep)
        return maths.one("Sqrt", total) if node.op == "ReduceL2" else total
    if node.op == "ReduceL1":
        return maths.reduce("sum", maths.one("Abs", x), axes, keep)
    return maths.reduce(node.op.removeprefix("Reduce").lower(), x, axes, keep)
