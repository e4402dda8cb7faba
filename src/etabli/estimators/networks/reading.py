"""A network as it was read, asked for patterns: which node makes a tensor, what lies below it and behind it, what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etabli.estimators.networks.passed import Step
from etabli.graph.graph import Graph

VIEWS = frozenset(("Reshape", "Expand", "Squeeze", "Unsqueeze", "Identity"))
ATOMS = ("sigmoid", "tanh", "erf")  # functions that gelu and silu are made of
FAR = 40  # nodes that are looked at for one pattern


class Reading:
    """The nodes of a graph as patterns ask for them."""

    def __init__(self, graph: Graph, steps: Sequence[Step]) -> None:
        from onnx import numpy_helper

        self.nodes, self.steps = graph.nodes, steps
        self.maker = {name: at for at, node in enumerate(self.nodes) for name in node.output}
        self.users: dict[str, list[int]] = {}
        for at, node in enumerate(self.nodes):
            for name in node.input:
                self.users.setdefault(name, []).append(at)
        self._graph, self._array = graph, numpy_helper.to_array
        self.step = {at: place for place, one in enumerate(steps) for at in range(*one.span)}  # node -> its step
        self.closed = {at for one in steps if one.layer.block for at in range(*one.span)}  # known by name already
        self.begun = min((one.span[0] for one in steps), default=0)
        self.atoms = {one.made: (place, one.given[0]) for place, one in enumerate(steps) if one.layer.block in ATOMS and one.given}
        self.above = self._above()

    def op(self, name: str) -> Any:
        """The node that makes a tensor, None for a constant or an input."""
        at = self.maker.get(name)
        return None if at is None else self.nodes[at]

    def constant(self, name: str) -> Any:
        """The numbers of a constant, else None."""
        tensor = self._graph.constants.get(name)
        return None if tensor is None or name in self._graph.inputs else self._array(tensor)

    def bare(self, name: str) -> str:
        """The tensor below changes of shape, and below a zero that is taken away (Flax's RMS norm takes away a mean of 0)."""
        while (node := self.op(name)) is not None:
            nothing = node.op_type == "Sub" and (value := self.constant(node.input[1])) is not None and not value.any()
            if node.op_type not in VIEWS and not nothing:
                break
            name = node.input[0]
        return name

    def root(self, name: str) -> tuple[str, list[float]]:
        """(the tensor below factors and signs, the factors' sizes)."""
        factors: list[float] = []
        while (node := self.op(self.bare(name))) is not None and node.op_type in ("Mul", "Div", "Neg") and name not in self.atoms:
            held = [self.constant(one) for one in node.input]
            free = [one for one, value in zip(node.input, held, strict=True) if value is None]
            if len(free) != 1 or (node.op_type == "Div" and free[0] != node.input[0]):
                break
            factors += [abs(float(value.reshape(-1)[0])) for value in held if value is not None and value.size == 1]
            if any(value is not None and value.size != 1 for value in held):
                break
            name = free[0]
        return self.bare(name), factors

    def other(self, at: int, name: str) -> str | None:
        """The other input of a node of two, where it is no constant."""
        there = [one for one in self.nodes[at].input if one != name]
        return there[0] if len(there) == 1 and self.constant(there[0]) is None else None

    def fixed(self, at: int, name: str, wide: bool | None = None) -> bool:
        """Whether all other inputs of a node are constants. wide: of several numbers (True), or one (False)."""
        held = [self.constant(one) for one in self.nodes[at].input if one != name]
        return bool(held) and all(value is not None and (wide is None or (value.size > 1) == wide) for value in held)

    def below(self, name: str, ops: frozenset[str], stop: str = "") -> tuple[set[int], list[str]] | None:
        """(nodes, tensors where it ends) going back through ops; None where it goes too far. Constants are no ends."""
        found: set[int] = set()
        ends, open_names = [], [name]
        while open_names:
            one = open_names.pop()
            node = self.op(one)
            if self.constant(one) is not None:
                continue
            if node is None or node.op_type not in ops or one == stop or one in self.atoms:
                ends.append(one)
            elif self.maker[one] not in found:
                found.add(self.maker[one])
                open_names += node.input[:1] if node.op_type in VIEWS else node.input  # the sizes of a view are no numbers of it
                if len(found) > FAR:
                    return None
        return found, ends

    def _above(self) -> dict[str, int]:
        """Of each tensor, the steps of a name that it rests on, a bit each."""
        made: dict[str, int] = {}
        bits: dict[int, int] = {}  # by the node that ends a step: those before it may be shared
        for place, one in enumerate(self.steps):
            if one.layer.block and (at := self.maker.get(one.made)) is not None:
                bits[at] = bits.get(at, 0) | 1 << place
        for at, node in enumerate(self.nodes):
            mask = bits.get(at, 0)
            for name in node.input:
                mask |= made.get(name, 0)
            made.update(dict.fromkeys(node.output, mask))
        return made

    def rests(self, name: str, on: str) -> bool:
        """Whether a tensor comes from another."""
        first = self.maker.get(on, -1)
        seen: set[int] = set()
        open_names = [name]
        while open_names:
            one = open_names.pop()
            if one == on:
                return True
            at = self.maker.get(one, -1)
            if at > first and at not in seen:
                seen.add(at)
                open_names += self.nodes[at].input
        return False
