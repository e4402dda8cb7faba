"""CatBoost's saved model as flat arrays: the JSON that CatBoost documents, read tree by tree in numpy.

A symmetric ("oblivious") tree asks one question a level, so that it has 2**depth leaves whatever the data: many of them are never
reached (x <= 1 and later x > 2), and many hold 0 because no row fell there. Questions whose answer is settled are left out and equal
neighbouring leaves are one leaf: the answer of every row stays the same, and the file is smaller. Leaves are doubles and are added
in the order of the trees; a number is compared as float32, `x > border` going to the second child. The questions of all columns are
numbered through: borders of numbers, then values of one-hot categories, then borders of category statistics.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etabli.graph import trees
from etabli.records import Array

Saved = Mapping[str, Any]


def saved(model: Any, pool: Any = None) -> dict[str, Any]:
    """What CatBoost saves of a model as JSON. pool: rows whose texts are listed with their hashes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        model.save_model(str(file), format="json", pool=pool)
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Questions:
    """Every split that trees may use, by its number ("split_index"). column: of the matrix the trees read; border: x > border is the second
    child; equal: x == border is; nan_second: where a missing number goes."""

    column: Array
    border: Array
    equal: Array
    nan_second: Array


Row = tuple[int, float, bool, bool]  # a question: column, border, equal, nan_second


def questions(rows: Sequence[Row]) -> Questions:
    """All questions, in the order of their numbers."""
    kinds = (np.int64, np.float64, bool, np.int64)
    return Questions(*(np.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)))


def of_numbers(whole: Saved) -> list[Row]:
    """The questions about numbers: column i is the i-th of them."""
    made: list[Row] = []
    for place, feature in enumerate(whole["features_info"].get("float_features", [])):
        second = feature["nan_value_treatment"] == "AsTrue"
        made += [(place, float(np.float32(border)), False, second) for border in feature.get("borders") or []]
    return made


def outputs(whole: Saved) -> int:
    """Raw outputs: one, or one a class, quantile or target."""
    return len(np.ravel(whole["scale_and_bias"][1])) or 1


def grow(whole: Saved, asked: Questions, made: trees.Trees, places: Sequence[int] | None = None) -> None:
    """Adds all trees, in their order. places: the output of each of the model's own, when it is not the same."""
    width = outputs(whole)
    targets = list(range(width)) if places is None else list(places)
    for tree in whole.get("oblivious_trees", []):
        splits = np.array([split["split_index"] for split in tree["splits"] or []], np.int64)[::-1]  # the first is the lowest bit
        leaves = np.asarray(tree["leaf_values"], np.float64).reshape(-1, width)
        for output, target in enumerate(targets):
            _symmetric(made, splits, leaves[:, output], asked, target)
    for tree in whole.get("trees", []):
        _free(made, tree, asked, targets)


def _symmetric(made: trees.Trees, splits: Array, leaves: Array, asked: Questions, target: int) -> None:
    """One tree: levels from the leaves up, in heap order (children of i are 2 i + 1 and 2 i + 2)."""
    depth = len(splits)
    below, value, leaf = ~np.arange(len(leaves)), leaves, np.ones(len(leaves), bool)  # references of this level; the values of leaves
    left = np.full(2**depth - 1, -1, np.int64)
    right = left.copy()
    for level in range(depth - 1, -1, -1):
        place = np.arange(2**level)
        first, second = below[0::2], below[1::2]
        always = _settled(splits, level, place, asked)
        same = leaf[0::2] & leaf[1::2] & (value[0::2] == value[1::2])
        to_first, to_second = (always == -1) | same, always == 1
        node = ~(to_first | to_second)
        left[2**level - 1 : 2 ** (level + 1) - 1], right[2**level - 1 : 2 ** (level + 1) - 1] = first, second
        below = np.where(to_second, second, np.where(to_first, first, 2**level - 1 + place))
        value = np.where(to_second, value[1::2], value[0::2])
        leaf = np.where(to_second, leaf[1::2], leaf[0::2]) & ~node
    _renumbered(made, int(below[0]), left, right, splits, leaves, asked, target)


def _settled(splits: Array, level: int, place: Array, asked: Questions) -> Array:
    """-1 (1) for nodes of a level where a question further up leaves the first (second) child alone, else 0."""
    settled = np.zeros(len(place), np.int64)
    mine = splits[level]
    for above in range(level):
        other = splits[above]
        if asked.column[other] != asked.column[mine] or asked.equal[mine] or asked.equal[other]:
            continue
        went_second = (place >> (level - above - 1)) & 1 == 1
        settled[~went_second & (asked.border[mine] >= asked.border[other])] = -1
        settled[went_second & (asked.border[mine] <= asked.border[other])] = 1
    return settled


def _renumbered(
    made: trees.Trees, root: int, left: Array, right: Array, splits: Array, leaves: Array, asked: Questions, target: int
) -> None:
    """Adds the nodes that can be reached from the root, and their leaves alone."""
    if root < 0:
        made.constant(float(leaves[~root]), target)
        return
    order, level = [], np.array([root])
    while len(level):
        order.append(level)
        children = np.column_stack([left[level], right[level]]).ravel()
        level = children[children >= 0]
    nodes = np.concatenate(order)
    number = np.full(len(left), -1, np.int64)
    number[nodes] = np.arange(len(nodes))
    ends = np.concatenate([left[nodes], right[nodes]])
    used = np.unique(~ends[ends < 0])
    split = splits[np.log2(nodes + 1).astype(np.int64)]

    def child(reference: Array) -> Array:
        return np.where(reference >= 0, number[np.maximum(reference, 0)], ~np.searchsorted(used, ~np.minimum(reference, -1)))

    _added(made, split, child(left[nodes]), child(right[nodes]), leaves[used], asked, target)


def _free(made: trees.Trees, tree: Mapping[str, Any], asked: Questions, targets: Sequence[int]) -> None:
    """One tree of any shape (Depthwise, Lossguide): nested in the file."""
    split: list[int] = []
    children: list[list[int]] = []
    leaves: list[Any] = []
    waiting: list[tuple[Mapping[str, Any], int, int]] = [(tree, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop()
        if "split" in node:
            here = len(split)
            split.append(node["split"]["split_index"])
            children.append([0, 0])
            waiting += [(node["left"], here, 0), (node["right"], here, 1)]
        else:
            here = ~len(leaves)
            leaves.append(node["value"])
        if parent >= 0:
            children[parent][side] = here
    values = np.asarray(leaves, np.float64).reshape(len(leaves), len(targets))
    sides = np.asarray(children, np.int64).reshape(-1, 2)
    for output, target in enumerate(targets):
        _added(made, np.asarray(split, np.int64), sides[:, 0], sides[:, 1], values[:, output], asked, target)


def _added(
    made: trees.Trees, split: Sequence[int] | Array, first: Array, second: Array, leaves: Array, asked: Questions, target: int
) -> None:
    """first, second: children where the question is answered with no and yes. A number asks x <= border (yes is no), a category x == value."""
    split = np.asarray(split, np.int64)
    equal, border = asked.equal[split], asked.border[split]
    members = np.column_stack([border[equal], np.full(int(equal.sum()), np.nan)]).ravel()
    made.add(
        asked.column[split],
        np.where(equal, 0.0, border),
        np.where(equal, second, first),
        np.where(equal, first, second),
        leaves,
        mode=np.where(equal, trees.MEMBER, trees.LEQ),
        nan_true=np.where(equal, 0, 1 - asked.nan_second[split]),
        members=members,
        target=target,
    )
