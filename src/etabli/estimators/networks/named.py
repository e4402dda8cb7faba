"""The layers of a network that was read, for the picture of it, by the names people give them.

Norms, gelu, silu and residual connections are mostly written as arithmetic: each library in its own order, none of them under a name. They are recognised in the nodes
that were written, by what they compute, so that a network of any origin has them. What is recognised here is only named: the file computes what was read.

- a **norm** is x (layer norm: less its mean) over a root of a mean of squares of it, then a scale and a shift; a batch norm in use is a shift, a scale and a shift of constants;
- **gelu** is x times 1 + erf or tanh of it, with the constants of either form; **silu** is x times the logistic function of it (1.702 x: a gelu again);
- a **residual** is a sum of two, one of which the other came from by a layer; or of two ways, of which one is a lone layer and the other longer;
- **attention** is two products with a softmax between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.estimators.networks.passed import Layer, Step
from etabli.estimators.networks.reading import FAR, VIEWS, Reading
from etabli.graph.graph import Graph

SUMS = frozenset(("Add", "Sub", "Mul", "Div", "Max", "Neg", "Relu", "Where", *VIEWS))  # between a root and the sums below it
HEAVY = frozenset(("dense", "convolution", "recurrent", "embed", "attention"))
ROOT_HALF, CUBE, QUICK = 0.5**0.5, 0.044715, 1.702  # what tells the forms of gelu


@dataclass(frozen=True)
class Named:
    """A layer found among the nodes. nodes: those that are it; at: the last of them. instead: steps that it takes the place of."""

    block: str
    nodes: frozenset[int]
    at: int
    instead: frozenset[int] = frozenset()


def named(graph: Graph, steps: Sequence[Step]) -> list[Layer]:
    """The layers in the order in which a row goes through them; numbers that belong to no named step are those of the layer before."""
    reading = Reading(graph, steps)
    found = [*_norms(reading), *_bent(reading), *_plain(reading), *_softmaxes(reading)]
    taken = {at: place for place, one in enumerate(found) for at in one.nodes}
    found += _affine(reading, taken)
    taken = {at: place for place, one in enumerate(found) for at in one.nodes}
    gone = frozenset[int]().union(*(one.instead for one in found))
    ends: dict[int, list[int]] = {}
    for place, one in enumerate(found):
        ends.setdefault(reading.step.get(one.at, -1), []).append(place)
    held = [0] * len(found)
    made: list[tuple[Layer, int, str]] = []  # with the step and the tensor
    where: dict[int, int] = {}
    for place, passed in enumerate(steps):
        block = passed.layer.block
        if block == "residual" and (not _residual(reading, passed) or any(at in taken for at in range(*passed.span))):
            block = ""
        mine = {taken[at] for at in range(*passed.span) if at in taken}
        if block and place not in gone and block != "erf":
            made.append((replace(passed.layer, block=block), place, passed.made))
        elif mine:
            held[min(mine)] += passed.layer.weights
        elif passed.layer.weights and made:
            last, before, tensor = made[-1]
            made[-1] = (replace(last, weights=last.weights + passed.layer.weights), before, tensor)
        for event in ends.get(place, ()):
            where[event] = len(made)
            made.append((Layer(found[event].block, passed.layer.shape, 0), place, passed.made))
    layers = [layer for layer, _, _ in made]
    for event, at in where.items():
        layers[at] = replace(layers[at], weights=layers[at].weights + held[event])
    return _attention(reading, made, layers)


def _norms(reading: Reading) -> Iterator[Named]:
    """Layer, RMS, group and instance norms."""
    for at, node in enumerate(reading.nodes):
        if node.op_type != "Sqrt" or at in reading.closed or at < reading.begun:
            continue
        below = reading.below(node.input[0], SUMS)
        if below is None or not below[1] or any((one := reading.op(end)) is None or one.op_type != "ReduceSum" for end in below[1]):
            continue
        squared = [reading.op(reading.bare(reading.op(end).input[0])) for end in below[1]]
        squares = [one for one in squared if one is not None and one.op_type == "Mul" and one.input[0] == one.input[1]]
        means = any(
            reading.nodes[one].op_type in ("Div", "Mul") and any(reading.constant(name) is not None for name in reading.nodes[one].input)
            for one in below[0]
        )
        axes = reading.constant(reading.op(below[1][0]).input[1])
        if not squares or not means or axes is None:
            continue
        base = reading.bare(squares[0].input[0])
        x, _ = _uncentred(reading, base)
        used = _used(reading, node.output[0], {base, x})
        if used is None:
            continue
        last, centred, nodes = used
        whole = {at, *below[0], *nodes, *(reading.maker[end] for end in below[1]), *(reading.maker[one.output[0]] for one in squares)}
        if base != x:
            whole |= {reading.maker[base]}
        tail = _tail(reading, reading.nodes[last].output[0])
        whole |= set(tail)
        rank = max((int(axis) for axis in np.asarray(axes).reshape(-1)), default=0)
        yield Named(_norm(np.asarray(axes), centred, rank), frozenset(whole), tail[-1] if tail else last)


def _norm(axes: Any, centred: bool, largest: int) -> str:
    if not centred:
        return "rmsnorm"
    places = sorted(int(axis) for axis in axes.reshape(-1))
    together = places == list(range(places[0], largest + 1))
    return "layernorm" if together and (len(places) == 1 or places[0] == 1) else "groupnorm"


def _uncentred(reading: Reading, name: str) -> tuple[str, bool]:
    """(x, True) of x less its own mean, else the tensor itself."""
    node = reading.op(name)
    if node is None or node.op_type != "Sub":
        return name, False
    x = reading.bare(node.input[0])
    below = reading.below(node.input[1], SUMS)
    ends = [] if below is None else [reading.op(end) for end in below[1]]
    if ends and all(one is not None and one.op_type == "ReduceSum" and reading.bare(one.input[0]) == x for one in ends):
        return x, True
    return name, False


def _used(reading: Reading, name: str, of: set[str]) -> tuple[int, bool, set[int]] | None:
    """(the node that divides by a root, whether what it divides is centred, the nodes on the way) where it divides one of those tensors."""
    nodes: set[int] = set()
    open_names = [name]
    while open_names and len(nodes) < FAR:
        one = open_names.pop(0)
        for at in reading.users.get(one, ()):
            node = reading.nodes[at]
            if node.op_type in VIEWS or (node.op_type in ("Mul", "Div", "Add") and reading.fixed(at, one)):
                nodes.add(at)
                open_names.append(node.output[0])
            elif node.op_type in ("Mul", "Div") and (other := reading.other(at, one)) is not None:
                what = reading.bare(other)
                x, centred = _uncentred(reading, what)
                if x in of or what in of:
                    nodes |= {at} | ({reading.maker[what]} if centred else set())
                    if centred:
                        return at, True, nodes
                    return _shifted(reading, at, one, nodes)
    return None


def _shifted(reading: Reading, at: int, factor: str, nodes: set[int]) -> tuple[int, bool, set[int]]:
    """The same, of x times a factor to which the mean times that factor is added afterwards (as Keras writes it)."""
    name = reading.nodes[at].output[0]
    for then in reading.users.get(name, ()):
        node = reading.nodes[then]
        if node.op_type not in ("Add", "Sub") or (other := reading.other(then, name)) is None:
            continue
        below = reading.below(other, SUMS, factor)
        if below is not None and factor in below[1]:
            return then, True, nodes | below[0] | {then}
    return at, False, nodes


def _tail(reading: Reading, name: str) -> list[int]:
    """The nodes of a scale, then of a shift by constants, right behind."""
    made: list[int] = []
    for op in ("Mul", "Add"):
        users = [at for at in reading.users.get(name, ()) if reading.nodes[at].op_type == op and reading.fixed(at, name, wide=True)]
        if len(users) == 1:
            made.append(users[0])
            name = reading.nodes[users[0]].output[0]
    return made


def _affine(reading: Reading, taken: dict[int, int]) -> list[Named]:
    """Batch norms in use: [x - constants] * constants + constants, of anything but the columns as they come in."""
    made, known = [], set(taken)
    for at, node in enumerate(reading.nodes):
        if node.op_type not in ("Mul", "Div") or at in known or at in reading.closed or at < reading.begun:
            continue
        name = node.input[0] if reading.constant(node.input[0]) is None else node.input[1]
        if not reading.fixed(at, name, wide=True):
            continue
        nodes, before = [at], reading.maker.get(reading.bare(name), -1)
        first = reading.nodes[before] if before >= reading.begun else None
        if first is not None and first.op_type == "Sub" and reading.fixed(before, first.input[0], wide=True):
            nodes.append(before)
            before = reading.maker.get(reading.bare(first.input[0]), -1)
        tail = _tail(reading, node.output[0])
        if before >= reading.begun and tail and reading.nodes[tail[-1]].op_type == "Add" and not known & {*nodes, *tail}:
            known |= {*nodes, *tail}
            behind = reading.step.get(before, -1)
            norm = reading.steps[behind].layer.block if behind >= 0 else ""
            if norm == "instancenorm":  # PyTorch's exporter writes a group norm as one of an instance, then its scale and shift
                made.append(Named("groupnorm", frozenset([*nodes, *tail]), tail[-1], frozenset([behind])))
            elif not norm.endswith("norm"):
                made.append(Named("batchnorm", frozenset([*nodes, *tail]), tail[-1]))
    return made


def _bent(reading: Reading) -> Iterator[Named]:
    """Gelu in both forms, and silu."""
    for atom, (place, argument) in reading.atoms.items():
        kind = reading.steps[place].layer.block
        name, nodes = atom, set[int]()
        while True:
            ahead = [at for at in reading.users.get(name, ()) if reading.nodes[at].op_type in ("Add", "Sub", "Mul", "Div", *VIEWS)]
            if len(ahead) != 1:
                break
            (at,) = ahead
            other = reading.other(at, name)
            if other is None:
                nodes.add(at)
                name = reading.nodes[at].output[0]
                continue
            if reading.nodes[at].op_type == "Mul" and (block := _gated(reading, kind, argument, reading.root(other)[0])):
                yield Named(block, frozenset({*nodes, at}), at, frozenset([place]))
            break


def _plain(reading: Reading) -> Iterator[Named]:
    """Silu as x over 1 + exp(-x), or times 1 over that."""
    for at, node in enumerate(reading.nodes):
        if node.op_type != "Div" or at in reading.closed or at < reading.begun:
            continue
        under = reading.op(node.input[1])
        power = (
            None
            if under is None or under.op_type != "Add"
            else next((one for one in map(reading.op, under.input) if one is not None), None)
        )
        if power is None or power.op_type != "Exp" or not reading.fixed(reading.maker[under.output[0]], power.output[0], wide=False):
            continue
        x, factors = reading.root(power.input[0])
        block = "gelu" if any(abs(one - QUICK) < 1e-3 for one in factors) else "silu"
        nodes = {at, reading.maker[under.output[0]], reading.maker[power.output[0]]}
        if reading.bare(node.input[0]) == x:
            yield Named(block, frozenset(nodes), at)
        elif reading.constant(node.input[0]) is not None:
            for then in reading.users.get(node.output[0], ()):
                other = reading.other(then, node.output[0])
                if reading.nodes[then].op_type == "Mul" and other is not None and reading.root(other)[0] == x:
                    yield Named(block, frozenset({*nodes, then}), then)
                    break


def _gated(reading: Reading, kind: str, argument: str, x: str) -> str:
    """The name of x times a function (with 1 added, or not) of `argument`; "" for none that has one."""
    root, factors = reading.root(argument)
    if kind == "sigmoid":
        return "" if root != x else "gelu" if any(abs(one - QUICK) < 1e-3 for one in factors) else "silu"
    if kind == "erf":
        near = any(abs(one - ROOT_HALF) < 1e-3 or abs(one - 1 / ROOT_HALF) < 1e-3 for one in factors)
        return "gelu" if root == x and near else ""
    below = reading.below(argument, frozenset(("Add", "Mul", "Pow", *VIEWS)), x)
    if below is None or {reading.bare(end) for end in below[1]} != {x}:
        return ""
    held = [reading.constant(name) for at in below[0] for name in reading.nodes[at].input]
    return "gelu" if any(value is not None and value.size == 1 and abs(float(value.reshape(-1)[0]) - CUBE) < 1e-5 for value in held) else ""


def _softmaxes(reading: Reading) -> Iterator[Named]:
    """exp over its sum, where no library names it."""
    for at, node in enumerate(reading.nodes):
        if node.op_type != "Div" or at in reading.closed or at < reading.begun:
            continue
        power, total = reading.op(node.input[0]), reading.op(reading.bare(node.input[1]))
        if (
            power is not None
            and total is not None
            and power.op_type == "Exp"
            and total.op_type == "ReduceSum"
            and total.input[0] == node.input[0]
        ):
            yield Named("softmax", frozenset([at, reading.maker[node.input[0]], reading.maker[total.output[0]]]), at)


def _residual(reading: Reading, one: Step) -> bool:
    """Whether a sum adds back what one side came from, or joins two ways of which the shorter is a lone layer."""
    if len(one.given) != 2:
        return False
    heavy = sum(1 << place for place, other in enumerate(reading.steps) if other.layer.block in HEAVY)
    a, b = (reading.above.get(name, 0) & heavy for name in one.given)
    for skip, far, more in ((one.given[0], one.given[1], b & ~a), (one.given[1], one.given[0], a & ~b)):
        if more and reading.rests(far, reading.bare(skip)):
            return True
    short, long = sorted((((a & ~b).bit_count()), ((b & ~a).bit_count())))
    return short == 1 and long > 1


def _attention(reading: Reading, made: Sequence[tuple[Layer, int, str]], layers: Sequence[Layer]) -> list[Layer]:
    """Two products with a softmax between as one."""
    gone: set[int] = set()
    for at, layer in enumerate(layers):
        if layer.block != "softmax":
            continue
        ahead = next((j for j in range(at + 1, len(layers)) if layers[j].block in ("attention", "softmax")), None)
        behind = next((j for j in range(at - 1, -1, -1) if layers[j].block in ("attention", "softmax") and j not in gone), None)
        if ahead is None or behind is None or layers[ahead].block != "attention" or layers[behind].block != "attention":
            continue
        softmax, product = made[at][2], made[ahead][2]
        if reading.above.get(softmax, 0) >> made[behind][1] & 1 and reading.rests(product, softmax):
            gone |= {at, behind}
    return [layer for at, layer in enumerate(layers) if at not in gone]
