"""Which raw columns a tensor of the file depends on, and where the file is a sum.

Followed node by node, column by column of each tensor, in bool matrices. An operator that is not known to keep columns apart mixes
all of its inputs: the answer may name too many columns, never too few. That is what makes "this tree asks one raw column at
every node" a fact and not a guess. Each row is taken to be answered alone, which the proof of a file has tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.model.explain.forest import Forest, forest
from etabli.model.explain.nodes import Node, Nodes

Array = np.ndarray[Any, np.dtype[Any]]
PROBE = 7  # rows of the run that tells the shapes
_EACH = frozenset(
    "Abs Add And Cast Ceil Clip Div Equal Exp Floor Greater GreaterOrEqual Identity IsInf IsNaN LabelEncoder Less LessOrEqual Log Max Min Mul Neg "
    "Not Or Pow Relu Round Sign Sin Sqrt Sub Tanh Where".split()
)  # cell by cell, with broadcasting
_DOUBLE, _FLOAT = 11, 1


@dataclass(frozen=True)
class Sum:
    """A tensor [rows, k] as constant [k] + the sum over `parts` of tensor [rows, j] times matrix [j, k]."""

    constant: Array
    parts: Mapping[str, Array]

    def times(self, matrix: Array) -> Sum:
        """The same after a linear map [k, m]."""
        return Sum(self.constant @ matrix, {name: part @ matrix for name, part in self.parts.items()})

    def plus(self, other: Sum, sign: float = 1.0) -> Sum:
        """The sum of two of equal width."""
        parts = dict(self.parts)
        for name, part in other.parts.items():
            parts[name] = parts[name] + sign * part if name in parts else sign * part
        return Sum(self.constant + sign * other.constant, parts)


@dataclass
class Structure:
    """nodes: the file's. shapes, decimal: of every tensor, and whether it holds float numbers, from a run of PROBE rows. players: by input,
    bool [columns, players]."""

    nodes: Nodes
    shapes: Mapping[str, tuple[int, ...]]
    decimal: frozenset[str]
    players: Mapping[str, Array]
    _depends: dict[str, Array] = field(default_factory=dict)
    _sums: dict[str, Sum] = field(default_factory=dict)
    _maker: dict[str, Node] = field(default_factory=dict)
    _forests: dict[str, Forest | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.count = next(iter(self.players.values())).shape[1]
        self._depends.update(self.players)
        for node in self.nodes.nodes:
            for name in node.outputs:
                self._maker[name] = node
            self._follow(node)

    def forest(self, node: Node) -> Forest | None:
        """The paths of a node's trees, read once."""
        key = node.outputs[0]
        if key not in self._forests:
            self._forests[key] = forest(node)
        return self._forests[key]

    def maker(self, name: str) -> Node | None:
        """The node that makes a tensor; None for an input or a constant."""
        return self._maker.get(name)

    def depends(self, name: str) -> Array:
        """bool [width, players]: the raw columns behind each number of a row of a tensor, dimensions beyond the second one after the other.
        Width 1 where rows are not first."""
        found = self._depends.get(name)
        return found if found is not None else np.zeros((1, self.count), bool)  # a constant, or the confidence

    def width(self, name: str) -> int | None:
        """k of a tensor [rows, k], None for any other shape."""
        shape = self.shapes.get(name, ())
        return shape[1] if len(shape) == 2 and shape[0] == PROBE else None

    def flat(self, name: str) -> int | None:
        """Numbers a row of a tensor [rows, ...], None where rows are not first or there is nothing beside them."""
        shape = self.shapes.get(name, ())
        return int(np.prod(shape[1:])) if len(shape) >= 2 and shape[0] == PROBE else None

    def _follow(self, node: Node) -> None:
        known = [self.depends(name) for name in node.inputs if name]
        mixed = np.zeros((1, self.count), bool)
        if not (node.op == "Shape" and node.inputs[0] in self.decimal):  # how many rows there are is nobody's column
            for one in known:
                mixed |= one.any(axis=0)
        for place, name in enumerate(node.outputs):
            width = self.flat(name)
            if width is None:
                self._depends[name] = mixed
                continue
            made = self._apart(node, place, width)
            self._depends[name] = np.broadcast_to(mixed if made is None else made, (width, self.count))

    def _apart(self, node: Node, place: int, width: int) -> Array | None:
        """bool [width or 1, players] where the operator keeps columns apart, else None."""
        inputs, constants = node.inputs, self.nodes.constants
        if node.op in _EACH:
            made = np.zeros((width, self.count), bool)
            for name in inputs:
                one = self.depends(name) if name else made[:1]
                if len(one) not in (1, width):
                    return None
                made = made | one
            return made
        if node.op in ("Reshape", "Unsqueeze", "Squeeze") and self.flat(inputs[0]) == width:
            return self.depends(inputs[0])
        if node.op == "Gather" and node.integer("axis", 0) == 0 and inputs[0] in constants and self.flat(inputs[1]):
            return self.depends(inputs[1]).repeat(width // (self.flat(inputs[1]) or 1), axis=0)
        if self.width(node.outputs[place]) is None:
            return None
        if node.op == "Concat" and node.integer("axis", 0) in (1, -1):
            widths = [self._wide(name) for name in inputs]
            if any(one is None for one in widths):
                return None
            return np.concatenate(
                [np.broadcast_to(self.depends(name), (one or 0, self.count)) for name, one in zip(inputs, widths, strict=True)]
            )
        if node.op == "Gather" and node.integer("axis", 0) == 1 and inputs[1] in constants and self.width(inputs[0]) is not None:
            return np.asarray(self.depends(inputs[0])[constants[inputs[1]].ravel()])
        if node.op == "Split" and node.integer("axis", 0) == 1 and self.width(inputs[0]) is not None:
            widths = [self.width(name) for name in node.outputs]
            start = sum(one or 0 for one in widths[:place])
            return None if None in widths else self.depends(inputs[0])[start : start + width]
        if node.op == "MatMul" and inputs[1] in constants and self.width(inputs[0]) is not None:
            used = constants[inputs[1]] != 0
            return (used.T.astype(np.float32) @ self.depends(inputs[0]).astype(np.float32)) > 0 if used.ndim == 2 else None
        if node.op == "TreeEnsemble" and self.width(inputs[0]) is not None:
            return self._trees(node, width)
        return None

    def _wide(self, name: str) -> int | None:
        value = self.nodes.constants.get(name)
        return self.width(name) if value is None else (value.shape[1] if value.ndim == 2 else None)

    def _trees(self, node: Node, width: int) -> Array | None:
        """By target, the columns that its trees ask about."""
        made = self.forest(node)
        if made is None:
            return None
        asks = np.zeros((width, self.count), bool)
        entry_target = made.target[made.leaf]
        features = self.depends(node.inputs[0])
        for target in range(width):
            asks[target] = features[np.unique(made.feature[made.node[entry_target == target]])].any(axis=0)
        return asks

    # sums ------------------------------------------------------------------------------------------------------------

    def sum(self, name: str) -> Sum:
        """A tensor [rows, k] as a sum of tensors behind it, as far back as the operators are linear."""
        if name not in self._sums:
            width = self.width(name)
            if width is None or name not in self.decimal:
                raise ValueError(f"{name} is not [rows, columns] of numbers")
            made = self._linear(name, width)
            self._sums[name] = Sum(np.zeros(width), {name: np.eye(width)}) if made is None else made
        return self._sums[name]

    def _linear(self, name: str, width: int) -> Sum | None:
        node, constants = self._maker.get(name), self.nodes.constants
        if node is None or any(one and one not in constants and one not in self.decimal for one in node.inputs):
            return None
        inputs = node.inputs
        if node.op in ("Add", "Sub"):
            first, second = (self._broad(one, width) for one in inputs)
            return None if first is None or second is None else first.plus(second, 1.0 if node.op == "Add" else -1.0)
        if node.op == "Identity" or (node.op == "Cast" and node.integer("to", 0) in (_DOUBLE, _FLOAT)):
            return self._broad(inputs[0], width)
        if node.op == "Neg":
            made = self._broad(inputs[0], width)
            return None if made is None else made.times(-np.eye(width))
        if node.op in ("Mul", "Div"):
            fixed = [one for one in inputs if one in constants]
            if len(fixed) != 1 or (node.op == "Div" and fixed[0] != inputs[1]):
                return None
            made = self._broad(next(one for one in inputs if one not in constants), width)
            factor = self._row(fixed[0], width)
            if made is None or factor is None or not np.isfinite(factor).all() or (node.op == "Div" and not factor.all()):
                return None
            return made.times(np.diag(factor if node.op == "Mul" else 1 / factor))
        if node.op == "MatMul" and inputs[1] in constants and constants[inputs[1]].ndim == 2 and self.width(inputs[0]) is not None:
            return self.sum(inputs[0]).times(constants[inputs[1]].astype(np.float64))
        if node.op == "ReduceSum" and len(inputs) == 2 and inputs[1] in constants and constants[inputs[1]].tolist() in ([1], [-1]):
            inner = self.width(inputs[0])
            return None if inner is None else self.sum(inputs[0]).times(np.ones((inner, 1)))
        if node.op == "Gather" and node.integer("axis", 0) == 1 and inputs[1] in constants and self.width(inputs[0]) is not None:
            index = constants[inputs[1]].ravel()
            return self.sum(inputs[0]).times(np.eye(self.width(inputs[0]) or 0)[:, index])
        if node.op == "Concat" and node.integer("axis", 0) in (1, -1):
            return self._beside(inputs)
        return None

    def _beside(self, inputs: tuple[str, ...]) -> Sum | None:
        widths = [self._wide(one) for one in inputs]
        if any(one is None for one in widths):
            return None
        total, at = sum(one or 0 for one in widths), 0
        made = Sum(np.zeros(total), {})
        for one, width in zip(inputs, widths, strict=True):
            placed = np.eye(width or 0, total, at)
            value = self.nodes.constants.get(one)
            if value is not None:
                if value.dtype.kind != "f" or value.shape[0] != 1:
                    return None
                made = made.plus(Sum(value[0].astype(np.float64) @ placed, {}))
            else:
                made = made.plus(self.sum(one).times(placed))
            at += width or 0
        return made

    def _broad(self, name: str, width: int) -> Sum | None:
        """An operand as a sum [width], repeated where it has one column."""
        if name in self.nodes.constants:
            row = self._row(name, width)
            return None if row is None or not np.isfinite(row).all() else Sum(row, {})
        have = self.width(name)
        if have == width:
            return self.sum(name)
        return self.sum(name).times(np.ones((1, width))) if have == 1 else None

    def _row(self, name: str, width: int) -> Array | None:
        value = self.nodes.constants[name]
        if value.dtype.kind != "f" or value.size not in (1, width) or (value.ndim == 2 and value.shape[0] != 1) or value.ndim > 2:
            return None
        return np.broadcast_to(value.astype(np.float64).ravel(), (width,))
