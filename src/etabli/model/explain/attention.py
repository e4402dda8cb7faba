"""Where the attention layers of a file look for one row: found in its graph, shown by a copy of it in memory with further outputs, and run.

An attention layer is known by what it does, whatever wrote it: a softmax whose result is contracted, along the axis it sums to 1 over, with numbers that depend on
the row too (a softmax of classes before a dense layer meets constants): by a product of matrices, or as a pool, vectors times their weights and summed. The softmax may be an operator or the closed set's exp over its sum; between it and
the product stand only operators that move cells or mask them. Which axis is which is followed by the shapes of the run itself, on one row, so that whatever
leads them is heads wherever a library puts its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import DataError, UsageError
from etabli.model.explain.attended import Attended, Layer
from etabli.model.explain.game import Feeds, Game, game
from etabli.model.explain.nodes import Node, Unread, read
from etabli.model.load import Model

Array = np.ndarray[Any, np.dtype[Any]]
MOVES = frozenset(
    "Identity Cast Reshape Transpose Squeeze Unsqueeze Expand Where Mul Div".split()
)  # what may stand between softmax and product
COLUMNS = 2_000  # columns that are tried on their positions; more would take seconds


@dataclass(frozen=True)
class Found:
    """softmax: its tensor, and axis. path: the nodes from there to the product. mixed: the weights as they enter it; side: "left" or "right" of a MatMul, or "pooled": times vectors
    that are then summed along the axis `over`. values: what is weighed. before: the attention layers (by number) that it rests on."""

    softmax: str
    axis: int
    path: tuple[Node, ...]
    mixed: str
    side: str
    values: str
    before: frozenset[int]
    over: int = 0


def attended(model: Model, data: Any) -> Attended:
    """See `Model.attention`. UsageError for other than one row; DataError for a file without attention, and for a row that it does not answer."""
    rows = model.read(data)
    if rows.rows != 1:
        raise UsageError("attention is looked at one row at a time", f"{rows.rows} rows", "say which: --row N")
    playing = game(model)
    found = layers_of(playing.source)
    names = list(
        dict.fromkeys(name for one in found for name in (one.softmax, one.mixed, one.values, *(node.outputs[0] for node in one.path)))
    )
    shown = playing.tensors(rows.feeds, names)
    kept = [one for one in found if _along(one, {name: value.shape for name, value in shown.items()})]
    if not kept:
        raise DataError(
            "attention is a softmax that weighs the values it is multiplied with, as transformers have it",
            f"{model.path} has none",
            "what any network leans on: --method gradients",
        )
    layers: list[Layer] = []
    for at, one in enumerate(kept):
        weights = _weights(one, shown[one.mixed])
        if not np.isfinite(weights).all():
            raise DataError(
                "attention is looked at in a row that is answered", "this one is not: a cell is missing", "fill it, or take another row"
            )
        behind = [layers[place] for place, other in enumerate(kept[:at]) if found.index(other) in one.before]
        layers.append(Layer(weights, _same(behind[-1], weights) if behind else _behind(playing, one, rows.feeds, weights.shape[2])))
    order = [found.index(one) for one in kept]
    chain = all(set(order[:at]) <= one.before for at, one in enumerate(kept))
    answers = model.run(rows.feeds, 1)
    made = answers.get("prediction")
    target = str(model.card.get("target") or "")
    return Attended(tuple(layers), _rollout(layers) if chain else None, target, None if made is None else made[0, 0])


def _rollout(layers: Sequence[Layer]) -> Array | None:
    """[places, places], Abnar & Zuidema 2020: each layer as half its heads' mean and half the identity (what is added to its input), multiplied from the first to the last;
    None for one layer, or where the places are not the same."""
    if len(layers) < 2 or len({size for one in layers for size in one.weights.shape[1:]}) != 1:
        return None
    made = np.eye(layers[0].weights.shape[1])
    for one in layers:
        step = 0.5 * one.weights.mean(axis=0) + 0.5 * np.eye(len(made))
        made = (step / step.sum(axis=1, keepdims=True)) @ made
    return made


# in the graph ----------------------------------------------------------------------------------------------------------


def layers_of(source: bytes) -> list[Found]:
    """The attention layers of a serialized model, in the order of its nodes; their axes are checked by a run (`_along`)."""
    try:
        nodes = read(source)
    except Unread:
        return []
    users: dict[str, list[Node]] = {}
    maker: dict[str, Node] = {}
    moving = {name for node in nodes.nodes for name in node.inputs if name and name not in nodes.constants}
    moving -= {name for node in nodes.nodes for name in node.outputs}  # the inputs of the graph
    for node in nodes.nodes:
        if node.op != "Shape" and any(name in moving for name in node.inputs):  # how many rows there are is nobody's number
            moving |= set(node.outputs)
        for name in node.inputs:
            users.setdefault(name, []).append(node)
        maker.update(dict.fromkeys(node.outputs, node))
    made: list[Found] = []
    reached: dict[str, frozenset[int]] = {}  # tensor -> the layers it rests on
    products: dict[str, int] = {}  # the first output of a product -> its layer
    for node in nodes.nodes:
        behind = frozenset[int]().union(*(reached.get(name, frozenset()) for name in node.inputs))
        axis = _softmax(node, maker, nodes.constants)
        if axis is not None:
            for path, product in _products(node, users, moving):
                mixed = path[-1].outputs[0] if path else node.outputs[0]
                left = product.inputs[0] == mixed
                other = product.inputs[1 if left else 0]
                side, over = (
                    ("left" if left else "right", 0) if product.op == "MatMul" else ("pooled", _summed(product, users, nodes.constants))
                )
                if other in moving and other != mixed and over is not None:
                    products[product.outputs[0]] = len(made)
                    made.append(Found(node.outputs[0], axis, path, mixed, side, other, behind, over))
                    break
        own = products.get(node.outputs[0]) if node.outputs else None
        behind |= frozenset() if own is None else {own}
        if behind:
            reached.update(dict.fromkeys(node.outputs, behind))
    return made


def _softmax(node: Node, maker: Mapping[str, Node], constants: Mapping[str, Array]) -> int | None:
    """The axis of a node that ends a softmax: the operator, or exp(x) over its sum."""
    if node.op == "Softmax":
        return node.integer("axis", -1)
    if node.op != "Div" or (power := maker.get(node.inputs[0])) is None or power.op != "Exp":
        return None
    below = maker.get(node.inputs[1])
    while below is not None and below.op in ("Reshape", "Unsqueeze", "Expand", "Identity"):
        below = maker.get(below.inputs[0])
    if below is None or below.op != "ReduceSum" or below.inputs[0] != node.inputs[0] or len(below.inputs) < 2:
        return None
    axes = constants.get(below.inputs[1])
    return int(axes[0]) if axes is not None and axes.size == 1 else None


def _summed(product: Node, users: Mapping[str, list[Node]], constants: Mapping[str, Array]) -> int | None:
    """The axis that a product of cells is summed along right after; None where it is not."""
    after = users.get(product.outputs[0], [])
    axes = constants.get(after[0].inputs[1]) if len(after) == 1 and after[0].op == "ReduceSum" and len(after[0].inputs) > 1 else None
    return int(axes[0]) if axes is not None and axes.size == 1 else None


def _products(node: Node, users: Mapping[str, list[Node]], moving: set[str]) -> Iterator[tuple[tuple[Node, ...], Node]]:
    """(the nodes between, the product) of every product that a softmax reaches by moves of its cells alone."""
    open_paths: list[tuple[str, tuple[Node, ...]]] = [(node.outputs[0], ())]
    while open_paths:
        name, path = open_paths.pop(0)
        for user in users.get(name, ()):
            if user.op == "MatMul" or (user.op == "Mul" and _alters(user, name, moving)):
                yield path, user
            elif user.op in MOVES and len(path) < 16 and not _alters(user, name, moving):
                open_paths.append((user.outputs[0], (*path, user)))


def _alters(node: Node, name: str, moving: set[str]) -> bool:
    """Whether a node of MOVES joins the weights with other numbers of the row (a mask may)."""
    others = [other for other in node.inputs if other != name]
    if node.op == "Where":
        return any(other in moving for other in node.inputs[1:] if other != name) or node.inputs[0] == name
    return node.op in ("Mul", "Div") and any(other in moving for other in others)


# in a run --------------------------------------------------------------------------------------------------------------


def _along(one: Found, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the product contracts the axis of the softmax."""
    shape = shapes[one.softmax]
    axis, name = one.axis % len(shape), one.softmax
    for node in one.path:
        before, after = shapes[name], shapes[node.outputs[0]]
        if node.op == "Transpose":
            order = [int(place) for place in node.ints("perm")] or list(range(len(before)))[::-1]
            axis = order.index(axis)
        elif node.op in ("Reshape", "Squeeze", "Unsqueeze"):
            behind = int(np.prod(before[axis + 1 :]))
            same = [at for at, size in enumerate(after) if size == before[axis] and int(np.prod(after[at + 1 :])) == behind]
            if not same:
                return False
            axis = same[-1]
        else:
            axis += len(after) - len(before)
        name = node.outputs[0]
    rank = len(shapes[one.mixed])
    if one.side == "pooled":  # of vectors: a mean of numbers by their shares is no attention
        values = shapes[one.values]
        wide = np.prod(np.broadcast_shapes(shapes[one.mixed], values)) > np.prod(shapes[one.mixed])
        return len(values) == rank and bool(wide) and values[axis] == shape[one.axis] and axis == one.over % rank
    return rank >= 2 and axis == (rank - 1 if one.side == "left" else rank - 2)


def _weights(one: Found, mixed: Array) -> Array:
    """[heads, from, to] of one row's weights as they enter the product."""
    made = np.asarray(mixed, np.float64)
    if one.side == "pooled":
        made = np.moveaxis(made, one.over, -1)
        return made.reshape(-1, 1, made.shape[-1])
    made = made.reshape(-1, *made.shape[-2:])
    return made if one.side == "left" else np.swapaxes(made, 1, 2)


def _same(layer: Layer, weights: Array) -> tuple[tuple[str, ...], ...]:
    """The columns behind the places of the layer before, where there are as many."""
    return layer.columns if weights.shape[2] == layer.weights.shape[2] else ()


def _behind(playing: Game, one: Found, feeds: Feeds, places: int) -> tuple[tuple[str, ...], ...]:
    """The columns that each place's values rest on, tried: a column's cell is changed to that of a row that the file carries, and the places whose values move are noted.
    () where every place moves with every column, or there are too many to try."""
    if len(playing.players) > COLUMNS:
        return ()
    carried = playing.model.carried() or {}

    def values(at: Feeds) -> Array:
        return _by_place(one, playing.tensors(at, (one.values,))[one.values], places)

    here = values(feeds)
    moved = np.zeros((len(playing.players), places), bool)
    for at, (_, name, column) in enumerate(playing.players):
        for value in _others(feeds[name][0, column], carried.get(name), column):
            changed = {key: part.copy() if key == name else part for key, part in feeds.items()}
            changed[name][0, column] = value
            there = values(changed)
            moved[at] |= ((there != here) & ~(np.isnan(there) & np.isnan(here))).any(axis=0)
    if moved.all() or not moved.any():
        return ()
    return tuple(tuple(playing.players[at][0] for at in np.flatnonzero(moved[:, place])) for place in range(places))


def _by_place(one: Found, values: Array, places: int) -> Array:
    """[numbers, places] of the values that are weighed."""
    if one.side == "pooled":
        return np.moveaxis(values, one.over, -1).reshape(-1, places)
    return (np.swapaxes(values, -1, -2) if one.side == "left" and values.ndim > 1 else values).reshape(-1, places)


def _others(cell: Any, carried: Array | None, column: int) -> list[Any]:
    """Up to two other values of a column: the least and the largest that the carried rows have, else the next number."""
    known = [] if carried is None else [value for value in carried[:, column].tolist() if isinstance(value, str) or value == value]
    other = sorted({value for value in known if value != cell})
    if other:
        return [other[0], other[-1]] if len(other) > 1 else other
    return [] if isinstance(cell, str) else [float(cell) + 1.0]
