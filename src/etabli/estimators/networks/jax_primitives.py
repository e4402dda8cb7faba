"""JAX's primitives of arithmetic, of shapes, and sums along axes.

A reader need not mind the kind of what it makes: `jax_reader` gives it the kind that the jaxpr says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from etabli.estimators.networks.jax_reader import Equation, kind_of, reads
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.recurrent import stacked
from etabli.estimators.networks.values import Unreadable, Value, known, moving

ONES = {name: name.title() for name in ("neg", "abs", "exp", "log", "sqrt", "tanh", "sign", "floor", "ceil", "sin", "not")}
TWOS = {name: name.title() for name in ("add", "sub", "mul", "pow", "max", "min", "and", "or")}
TWOS |= {"add_any": "Add", "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual"}
TWOS |= {"eq_to": "Equal", "lt_to": "Less", "le_to": "LessOrEqual"}  # in the total order, which differs for NaN alone


@reads(*ONES, spreads=True)
def _one(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    if equation.name == "not" and given[0].kind == "int":
        raise Unreadable("the bits of whole numbers")
    return maths.one(ONES[equation.name], given[0])


@reads(*TWOS, spreads=True)
def _two(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, y = given
    if equation.name in ("and", "or") and "int" in (x.kind, y.kind):
        raise Unreadable("the bits of whole numbers")
    if x.kind == "bool" and equation.name in ("max", "min"):
        return maths.two("Or" if equation.name == "max" else "And", x, y)
    if x.kind == "bool" and equation.name not in ("and", "or"):  # no is less than yes
        x, y = maths.cast(x, "float"), maths.cast(y, "float")
    return maths.two(TWOS[equation.name], x, y)


@reads("ne", "xor", spreads=True)
def _other(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, y = given
    if equation.name == "xor" and x.kind != "bool":
        raise Unreadable("the bits of whole numbers")
    if x.kind == "bool":
        x, y = maths.cast(x, "float"), maths.cast(y, "float")
    return maths.one("Not", maths.two("Equal", x, y))


@reads("div", spreads=True)
def _div(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, y = (maths.cast(one, "float") for one in given)
    return maths.cast(maths.div(x, y), kind_of(equation.kinds[0]))


@reads("rem", spreads=True)
def _rem(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    """What is left of |x| when |y| is taken off as often as it goes, with the sign of x. The quotient may be rounded up to a whole number, so that once too often is
    taken off: that is given back. JAX's own is exact; here the product is rounded, which tells at multiples of an y like 0.7 that is no short binary number."""
    x, y = (maths.cast(one, "float") for one in given)
    size, step = maths.one("Abs", x), maths.one("Abs", y)
    left = maths.sub(size, maths.mul(step, maths.one("Floor", maths.div(size, step))))
    left = maths.where(maths.two("Less", left, known(0.0)), maths.add(left, step), left)
    left = maths.where(maths.two("Less", size, step), size, left)  # an infinite y too
    return maths.mul(maths.one("Sign", x), left)


@reads(
    "logistic", "erf", "erfc", "log1p", "expm1", "rsqrt", "square", "cos", "exp2", "integer_pow", "is_finite", "sinh", "cosh", spreads=True
)
def _functions(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, one = given[0], known(1.0)
    match equation.name:
        case "erfc":
            return maths.sub(one, maths.erf(x))
        case "rsqrt":
            return maths.div(one, maths.one("Sqrt", x))
        case "square":
            return maths.mul(x, x)
        case "exp2":
            return maths.one("Exp", maths.mul(x, known(np.log(2.0))))
        case "integer_pow":
            power = int(equation.params["y"])
            made = maths.two("Pow", x, known(float(abs(power)))) if power else known(1.0)
            return made if power >= 0 else maths.div(one, made)
        case "is_finite":
            return maths.two("Less", maths.one("Abs", x), known(np.inf))
        case "cosh":
            return maths.mul(maths.add(maths.one("Exp", x), maths.one("Exp", maths.one("Neg", x))), known(0.5))
        case "sinh":  # near 0 by expm1, since two powers that are nearly equal leave few digits
            large = maths.sub(maths.one("Exp", x), maths.one("Exp", maths.one("Neg", x)))
            more = maths.expm1(maths.clip(x, known(-1.0), known(1.0)))
            small = maths.add(more, maths.div(more, maths.add(more, one)))
            return maths.mul(maths.where(maths.two("Less", maths.one("Abs", x), one), small, large), known(0.5))
    return {"logistic": maths.logistic, "erf": maths.erf, "log1p": maths.log1p, "expm1": maths.expm1, "cos": maths.cos}[equation.name](x)


@reads("round", spreads=True)
def _round(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    if equation.params["rounding_method"].name == "TO_NEAREST_EVEN":  # its str() is a number
        return maths.one("Round", given[0])
    up = maths.one("Floor", maths.add(maths.one("Abs", given[0]), known(0.5)))
    return maths.mul(maths.one("Sign", given[0]), up)


@reads("select_n", spreads=True)
def _select(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    which, *cases = given
    cases = [maths.cast(case, "float") for case in cases]
    if which.kind == "bool":
        return maths.where(which, cases[1], cases[0])
    made = cases[0]
    for place, case in enumerate(cases[1:], 1):
        made = maths.where(maths.two("Equal", which, known(float(place))), case, made)
    return made


@reads("clamp", spreads=True)
def _clamp(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    return maths.clip(given[1], given[0], given[2])


@reads("convert_element_type", "reduce_precision", spreads=True)
def _convert(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    return maths.cast(given[0], kind_of(equation.kinds[0]))


@reads("stop_gradient", "copy", "copy_p", "name", "optimization_barrier", "device_put", "sharding_constraint", "pvary", spreads=True)
def _same(maths: Maths, equation: Equation, given: list[Value]) -> Sequence[Value]:
    return given


# shapes ----------------------------------------------------------------------------------------------------------------


@reads("broadcast_in_dim")
def _broadcast(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    shape = list(map(int, equation.params["shape"]))
    kept = dict(zip(equation.params["broadcast_dimensions"], given[0].shape, strict=True))
    made = maths.reshape(given[0], [kept.get(axis, 1) for axis in range(len(shape))])
    return made if not made.known else known(np.broadcast_to(made.numbers(), shape))  # what rows go through is spread where it is needed


@reads("reshape", "squeeze")
def _reshape(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    if equation.params.get("dimensions") is not None and equation.name == "reshape":
        raise Unreadable("it reshapes in another order")
    made = maths.reshape(given[0], equation.shapes[0])
    if given[0].tensor in maths.shares and made.tensor:
        maths.shares = (*maths.shares, made.tensor)
    return made


@reads("tile")
def _tile(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x = given[0]
    for axis, times in enumerate(equation.params["reps"]):
        x = maths.concat([x] * int(times), axis)
    return x


@reads("stack")
def _stack(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    return stacked(maths, given, int(equation.params["axis"]))


@reads("unstack")
def _unstack(maths: Maths, equation: Equation, given: list[Value]) -> Sequence[Value]:
    axis = int(equation.params["axis"])
    return [maths.picked(given[0], np.array(place), axis) for place in range(given[0].shape[axis])]


@reads("transpose")
def _transpose(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    return maths.transpose(given[0], equation.params["permutation"])


@reads("rev")
def _rev(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x = given[0]
    for axis in equation.params["dimensions"]:
        x = maths.picked(x, np.arange(x.shape[axis])[::-1], axis)
    return x


@reads("concatenate")
def _concat(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    return maths.concat(given, equation.params["dimension"])


@reads("split")
def _split(maths: Maths, equation: Equation, given: list[Value]) -> Sequence[Value]:
    ends = np.cumsum([0, *equation.params["sizes"]]).tolist()
    return [maths.slice(given[0], equation.params["axis"], start, stop) for start, stop in pairwise(ends)]


@reads("slice")
def _slice(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, params = given[0], equation.params
    steps = params["strides"] or [1] * len(x.shape)
    for axis, (start, stop, step) in enumerate(zip(params["start_indices"], params["limit_indices"], steps, strict=True)):
        x = maths.slice(x, axis, int(start), int(stop), int(step))
    return x


@reads("dynamic_slice")
def _cut(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, *starts = given
    for axis, (start, size) in enumerate(zip(starts, equation.params["slice_sizes"], strict=True)):
        at = min(max(start.ints()[0], 0), x.shape[axis] - size)
        x = maths.slice(x, axis, at, at + size)
    return x


@reads("dynamic_update_slice")
def _put(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, new, *starts = given
    places = [min(max(start.ints()[0], 0), x.shape[axis] - new.shape[axis]) for axis, start in enumerate(starts)]

    def within(old: Value, axis: int) -> Value:
        if axis == len(new.shape):
            return new
        at, end = places[axis], places[axis] + new.shape[axis]
        if (at, end) == (0, old.shape[axis]):
            return within(old, axis + 1)
        parts = [
            maths.slice(old, axis, 0, at),
            within(maths.slice(old, axis, at, end), axis + 1),
            maths.slice(old, axis, end, old.shape[axis]),
        ]
        return maths.concat(parts, axis)

    return within(x, 0)


@reads("iota")
def _iota(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    shape, axis = tuple(map(int, equation.params["shape"])), int(equation.params["dimension"])
    line = np.arange(shape[axis]).reshape([-1 if place == axis else 1 for place in range(len(shape))])
    return known(np.broadcast_to(line.astype(np.float64) if "float" in equation.kinds[0] else line, shape))


@reads("pad")
def _pad(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, value = maths.cast(given[0], "float"), float(given[1].numbers())
    around = [[int(number) for number in one] for one in equation.params["padding_config"]]
    x = between(maths, x, [one[2] + 1 for one in around], value)
    return maths.pad(x, [one[0] for one in around], [one[1] for one in around], value)


def between(maths: Maths, x: Value, steps: Sequence[int], value: float = 0.0) -> Value:
    """x with step - 1 cells of a constant between its neighbours, axis by axis."""
    for axis, step in enumerate(steps):
        size = x.shape[axis]
        if step == 1 or size < 2:
            continue
        wide = (*x.shape[: axis + 1], step, *x.shape[axis + 1 :])
        x = maths.pad(
            maths.reshape(x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :])), [0] * len(wide), _at(len(wide), axis + 1, step - 1), value
        )
        x = maths.reshape(x, (*wide[:axis], size * step, *wide[axis + 2 :]))
        x = maths.slice(x, axis, 0, (size - 1) * step + 1)
    return x


def _at(rank: int, axis: int, number: int) -> list[int]:
    return [number if place == axis else 0 for place in range(rank)]


# along axes ------------------------------------------------------------------------------------------------------------


@reads("reduce_sum", "reduce_max", "reduce_min", "reduce_and", "reduce_or", "reduce_prod")
def _reduce(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, axes, which = given[0], equation.params["axes"], equation.name.removeprefix("reduce_")
    if which in ("and", "or"):
        return maths.reduce("min" if which == "and" else "max", maths.cast(x, "float"), axes, keep=False)
    if which != "prod":
        return maths.reduce(which, x, axes, keep=False)
    for axis in sorted(axes, reverse=True):
        if axis in moving(x.shape):
            raise Unreadable("a product over the rows, so that the answer of one depends on the others")
        parts = [maths.picked(x, np.array(place), axis) for place in range(x.shape[axis])]
        x = reduce(maths.mul, parts) if parts else known(np.ones((*x.shape[:axis], *x.shape[axis + 1 :])))
    return x


@reads("argmax", "argmin")
def _arg(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, (axis,) = maths.cast(given[0], "float"), equation.params["axes"]
    most = maths.reduce("max" if equation.name == "argmax" else "min", x, [axis])
    size = x.shape[axis]
    line = known(np.arange(size, dtype=np.float64).reshape([-1 if place == axis else 1 for place in range(len(x.shape))]))
    here = maths.two("GreaterOrEqual" if equation.name == "argmax" else "LessOrEqual", x, most)
    return maths.reduce("min", maths.where(here, line, known(float(size))), [axis], keep=False)  # of equal ones the first


@reads("cumsum")
def _cumsum(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    x, axis = given[0], int(equation.params["axis"])
    if axis in moving(x.shape):
        raise Unreadable("it sums along the rows, so that the answer of one depends on the others")
    size, rank = x.shape[axis], len(x.shape)
    ones = np.tri(size) if equation.params["reverse"] else np.tri(size).T
    order = [*(place for place in range(rank) if place != axis), axis]
    made = maths.matmul(maths.transpose(x, order), known(ones))
    return maths.transpose(made, [order.index(place) for place in range(rank)])


@reads("dot_general")
def _dot(maths: Maths, equation: Equation, given: list[Value]) -> Value:
    (contract, batch), (x, y) = equation.params["dimension_numbers"], [maths.cast(one, "float") for one in given]
    if x.known and not y.known and not batch[0]:  # weights on the left: rows stay in front
        made = maths.dot(y, x, (contract[1], contract[0]), ((), ()))
        behind = len(y.shape) - len(contract[1])
        rank = len(made.shape)
        return maths.transpose(made, [*range(behind, rank), *range(behind)])
    return maths.dot(x, y, contract, batch)
