"""Arithmetic of values: folded in numpy where everything is known, else one node of the closed set (or a short recipe of them).

Each method is numpy's function of the same name in shapes and in what it answers; NaN goes through all of them, as in the libraries the networks come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from etabli.estimators import functions, recipes
from etabli.estimators.networks.passed import Layer, Step, step
from etabli.estimators.networks.shaping import Shaping
from etabli.estimators.networks.values import Kind, Unreadable, Value, known, moving, place
from etabli.graph.graph import Graph
from etabli.records import Array

UNARY: dict[str, Callable[[Any], Any]] = {
    "Neg": np.negative,
    "Abs": np.abs,
    "Exp": np.exp,
    "Log": np.log,
    "Sqrt": np.sqrt,
    "Tanh": np.tanh,
    "Sign": np.sign,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Sin": np.sin,
    "Relu": lambda x: np.maximum(x, 0),
    "Not": np.logical_not,
    "IsNaN": np.isnan,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Pow": np.power,
    "Max": np.maximum,
    "Min": np.minimum,
    "Equal": np.equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
}
ASKS = frozenset({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "IsNaN"})  # they answer yes or no


class Maths(Shaping):
    """What the readers compute with. asks_missing: whether the network itself looks for missing numbers. steps: those read so far. told: its layers, where another process
    read it."""

    asks_missing = False
    told: Sequence[Layer] = ()
    shares: tuple[str, ...] = ()  # tensors that a logistic function gave

    def __init__(self, graph: Graph, like: str) -> None:
        super().__init__(graph, like)
        self.steps: list[Step] = []

    def passed(self, op: str, given: Sequence[Value | None], made: Value, begun: int) -> None:
        """Notes a step that has been read. begun: how many nodes there were before it."""
        one = step(op, given, made, (begun, len(self.graph.nodes)))
        self.steps += [] if one is None else [one]

    def layers(self) -> list[Layer]:
        """What the network is made of, by the names people give it."""
        from etabli.estimators.networks.named import named

        return list(self.told) or named(self.graph, self.steps)

    # one number at a time --------------------------------------------------------------------------------------------

    def one(self, op: str, x: Value) -> Value:
        """A function of one number, by its operator's name (UNARY)."""
        if x.array is not None:
            return known(_quiet(UNARY[op], x.array))
        if op == "IsNaN":
            self.asks_missing = True
        kind: Kind = "bool" if op in ASKS else x.kind if op in ("Neg", "Abs", "Sign", "Relu") else "float"
        return Value(x.shape, kind, tensor=self.graph.op(op, x.tensor))

    def two(self, op: str, x: Value, y: Value) -> Value:
        """A function of two numbers (BINARY), broadcast."""
        if x.array is not None and y.array is not None:
            return known(_quiet(BINARY[op], x.array, y.array))
        if op == "Equal" and x is y:
            return self.one("Not", self.one("IsNaN", x))
        if op == "Pow" and y.array is not None and y.array.size == 1 and y.array.item() in (0.5, 1, 2, 3):
            power = float(y.array.item())
            made = self.one("Sqrt", x) if power == 0.5 else x
            for _ in range(int(power) - 1):
                made = self.two("Mul", made, x)
            return made
        shape = self.joint(x, y)
        kind: Kind = "bool" if op in ASKS else "int" if x.kind == y.kind == "int" and op != "Pow" else "float"
        return Value(shape, kind, tensor=self.graph.op(op, self.within(x, shape, y), self.within(y, shape, x)))

    def add(self, x: Value, y: Value) -> Value:
        """x + y."""
        return self.two("Add", x, y)

    def sub(self, x: Value, y: Value) -> Value:
        """x - y."""
        return self.two("Sub", x, y)

    def mul(self, x: Value, y: Value) -> Value:
        """x * y."""
        return self.two("Mul", x, y)

    def div(self, x: Value, y: Value) -> Value:
        """x / y; of whole numbers that are known, cut towards 0."""
        whole = x.kind == y.kind == "int"
        if x.array is not None and y.array is not None:
            made = _quiet(np.true_divide, x.array, y.array)
            return known(np.trunc(made).astype(np.int64) if whole else made)
        if whole:
            raise Unreadable("it divides whole numbers that depend on the data")
        shape = self.joint(x, y)
        return Value(shape, "float", tensor=self.graph.op("Div", self.within(x, shape, y), self.within(y, shape, x)))

    def where(self, asked: Value, x: Value, y: Value) -> Value:
        """x where asked, else y."""
        if asked.array is not None and x.array is not None and y.array is not None:
            return known(np.where(asked.array, x.array, y.array))
        shape = self.joint(asked, x, y)
        parts = [self.within(part, shape, *(other for other in (asked, x, y) if other is not part)) for part in (asked, x, y)]
        return Value(shape, "float" if "float" in (x.kind, y.kind) else x.kind, tensor=self.graph.op("Where", *parts))

    def logistic(self, x: Value) -> Value:
        """1 / (1 + exp(-x))."""
        if x.array is not None:
            return known(_quiet(lambda z: 1 / (1 + np.exp(-z)), x.array))
        made = Value(x.shape, "float", tensor=recipes.logistic(self.graph, x.tensor))
        self.shares = (*self.shares, made.tensor)
        return made

    def erf(self, x: Value) -> Value:
        """The error function, by Cephes' rational forms (recipes.erf): within 1e-15."""
        if x.array is not None:
            from scipy.special import erf

            return known(erf(x.array))
        return Value(x.shape, "float", tensor=recipes.erf(self.graph, x.tensor))

    def log1p(self, x: Value) -> Value:
        """log(1 + x) with all digits near 0."""
        return (
            known(_quiet(np.log1p, x.array))
            if x.array is not None
            else Value(x.shape, "float", tensor=functions.log1p(self.graph, x.tensor))
        )

    def expm1(self, x: Value) -> Value:
        """exp(x) - 1 with all digits near 0."""
        return (
            known(_quiet(np.expm1, x.array))
            if x.array is not None
            else Value(x.shape, "float", tensor=functions.expm1(self.graph, x.tensor))
        )

    def cos(self, x: Value) -> Value:
        """The cosine, by the sine of half."""
        return known(np.cos(x.array)) if x.array is not None else Value(x.shape, "float", tensor=recipes.cosine(self.graph, x.tensor))

    def softplus(self, x: Value) -> Value:
        """log(1 + exp(x)) as max(x, 0) + log1p(exp(-|x|)), which does not overflow."""
        return self.add(self.one("Relu", x), self.log1p(self.one("Exp", self.one("Neg", self.one("Abs", x)))))

    def clip(self, x: Value, low: Value | None, high: Value | None) -> Value:
        """x held between two bounds."""
        x = x if low is None else self.two("Max", x, low)
        return x if high is None else self.two("Min", x, high)

    def cast(self, x: Value, kind: Kind) -> Value:
        """To floats, whole numbers (cut towards 0) or yes and no."""
        if kind == x.kind:
            return x
        if x.array is not None:
            return known(_quiet(lambda a: np.asarray(a).astype({"float": np.float64, "int": np.int64, "bool": np.bool_}[kind]), x.array))
        if x.kind == "bool":
            return Value(x.shape, kind, tensor=self.graph.op("Cast", x.tensor, to=11))
        if kind == "bool":
            return self.one("Not", self.two("Equal", x, known(0.0)))
        if kind == "int":
            cut = self.mul(self.one("Sign", x), self.one("Floor", self.one("Abs", x)))
            return Value(x.shape, "int", tensor=cut.tensor)
        return Value(x.shape, kind, tensor=x.tensor)

    # many at once ----------------------------------------------------------------------------------------------------

    def reduce(self, which: str, x: Value, axes: Sequence[int] | None, keep: bool = True) -> Value:
        """which: "sum", "mean", "max", "min" or (known numbers only) "prod", along axes (None: all)."""
        chosen = sorted({place(axis, len(x.shape)) for axis in (range(len(x.shape)) if axes is None else axes)})
        if not chosen:
            return x
        if x.array is not None:
            return known(getattr(np, which)(x.array, axis=tuple(chosen), keepdims=keep))
        if set(chosen) & set(moving(x.shape)):
            raise Unreadable("it takes a sum, a mean or the largest over the rows, so that the answer of one depends on the others")
        shape = tuple(1 if axis in chosen else size for axis, size in enumerate(x.shape) if keep or axis not in chosen)
        count = float(np.prod([x.shape[axis] for axis in chosen]))
        op = {"sum": "ReduceSum", "mean": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin"}.get(which)
        if op is None:
            raise Unreadable(f"a {which} along an axis")
        made = Value(shape, x.kind, tensor=self.graph.op(op, x.tensor, self.graph.const(chosen, np.int64), keepdims=int(keep)))
        return self.div(self.cast(made, "float"), known(count)) if which == "mean" else made

    def missing_from(self, x: Value, largest: Value, axis: int) -> Value:
        """The largest (or smallest) along an axis, missing where one of x is: onnxruntime's ReduceMax overlooks NaN in some places."""
        if x.array is not None:
            return largest
        total = self.reduce("sum", x, [axis], keep=len(largest.shape) == len(x.shape))
        gone = Value(total.shape, "bool", tensor=self.graph.op("IsNaN", total.tensor))
        return self.where(gone, known(np.nan), largest)

    def softmax(self, x: Value, axis: int) -> Value:
        """exp(x - largest) over its sum."""
        powers = self.one("Exp", self.sub(x, self.reduce("max", x, [axis])))
        return self.div(powers, self.reduce("sum", powers, [axis]))

    def log_softmax(self, x: Value, axis: int) -> Value:
        """x - largest - log of the sum of exp(x - largest)."""
        moved = self.sub(x, self.reduce("max", x, [axis]))
        return self.sub(moved, self.one("Log", self.reduce("sum", self.one("Exp", moved), [axis])))

    def normalised(self, x: Value, axes: Sequence[int], little: float) -> Value:
        """(x - mean) / sqrt(variance + little) along axes."""
        centred = self.sub(x, self.reduce("mean", x, axes))
        variance = self.reduce("mean", self.mul(centred, centred), axes)
        return self.div(centred, self.one("Sqrt", self.add(variance, known(little))))

    def matmul(self, x: Value, y: Value) -> Value:
        """numpy.matmul."""
        if x.array is not None and y.array is not None:
            return known(x.array @ y.array)
        if len(x.shape) == 1:
            made = self.matmul(self.reshape(x, (1, *x.shape)), y)
            return self.reshape(made, (*made.shape[:-2], *made.shape[-1:]))
        if len(y.shape) == 1:
            made = self.matmul(x, self.reshape(y, (*y.shape, 1)))
            return self.reshape(made, made.shape[:-1])
        if x.shape[-1] != y.shape[-2]:
            raise Unreadable(f"a product of shapes {_told(x.shape)} and {_told(y.shape)}")
        if x.shape[-1] in moving_sizes(x.shape):
            raise Unreadable("a product over the rows, so that the answer of one depends on the others")
        ahead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        shape = (*(int(size) for size in ahead), x.shape[-2], y.shape[-1])
        return Value(shape, "float", tensor=self.graph.op("MatMul", self.tensor(x), self.tensor(y)))

    def dot(self, x: Value, y: Value, contract: tuple[Sequence[int], Sequence[int]], batch: tuple[Sequence[int], Sequence[int]]) -> Value:
        """The product that sums over pairs of axes (`contract`) and goes along others (`batch`): batch axes first, then those left of x, then of y."""
        left = [axis for axis in range(len(x.shape)) if axis not in (*contract[0], *batch[0])]
        right = [axis for axis in range(len(y.shape)) if axis not in (*contract[1], *batch[1])]
        ahead = [x.shape[axis] for axis in batch[0]]
        summed = int(np.prod([x.shape[axis] for axis in contract[0]], dtype=np.int64))
        sizes = [int(np.prod([v.shape[axis] for axis in free], dtype=np.int64)) for v, free in ((x, left), (y, right))]
        a = self.reshape(self.transpose(x, [*batch[0], *left, *contract[0]]), (*ahead, sizes[0], summed))
        b = self.reshape(self.transpose(y, [*batch[1], *contract[1], *right]), (*ahead, summed, sizes[1]))
        made = self.matmul(a, b)
        return self.reshape(made, (*ahead, *(x.shape[axis] for axis in left), *(y.shape[axis] for axis in right)))

    def take(self, table: Value, index: Value, axis: int = 0) -> Value:
        """numpy.take. An index that depends on the data and lies outside (or is missing) gives NaN."""
        axis = place(axis, len(table.shape))
        if index.array is not None:
            return self.picked(table, index.array, axis)
        size = table.shape[axis]
        if axis in moving(table.shape):
            raise Unreadable("it looks up rows of the data by number")
        index = self.where(self.two("Less", index, known(0.0)), self.add(index, known(float(size))), index)
        inside = self.two("And", self.two("GreaterOrEqual", index, known(0.0)), self.two("Less", index, known(float(size))))
        safe = self.graph.op("Cast", self.where(inside, index, known(0.0)).tensor, to=7)
        shape = (*table.shape[:axis], *index.shape, *table.shape[axis + 1 :])
        found = Value(shape, table.kind, tensor=self.graph.op("Gather", self.tensor(table), safe, axis=axis))
        wide = (*(1 for _ in table.shape[:axis]), *index.shape, *(1 for _ in table.shape[axis + 1 :]))
        return self.where(self.reshape(inside, wide), found, known(np.nan))


def moving_sizes(shape: Sequence[int]) -> list[int]:
    """The sizes that hold the rows."""
    return [shape[axis] for axis in moving(tuple(shape))]


def _told(shape: Sequence[int]) -> str:
    return "[" + ", ".join("rows" if axis in moving(tuple(shape)) else str(size) for axis, size in enumerate(shape)) + "]"


def _quiet(call: Callable[..., Any], *arrays: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(call(*arrays))
