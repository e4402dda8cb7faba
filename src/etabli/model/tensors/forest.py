"""Trees as tensors: all rows walk down all trees at once, as many steps as the deepest tree has.

A node's children are looked up in arrays, a leaf is its own child. (Other ways, such as matrices of paths, are faster on small trees and huge on deep ones: Nakandala et al. 2020; this one
takes memory for rows times trees only, so blocks of rows bound it.) Leaves are gathered, so gradients reach the leaves' values, and never the rows: a tree is flat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.explain.nodes import Node
from etabli.model.tensors.arrays import Arrays

LESS_EQUAL, MEMBER = 0, 6


@dataclass(frozen=True)
class Forest:
    """Nodes and leaves in one list, leaves last. yes, no: int [all]; feature, mode, split, missing: of each, leaves with anything; weight: [all, targets], zero for nodes.
    sets: bool [sets, values] and which set a node asks, for membership; roots: int [trees]. depth: steps."""

    yes: Any
    no: Any
    feature: Any
    split: Any
    mode: Any
    missing: Any
    weight: Any
    sets: Any
    asked: Any
    roots: Any
    depth: int


def forest(node: Node) -> Forest:
    """From a TreeEnsemble node, in numpy. ValueError for a comparison that établi never writes."""
    mode = node.tensor("nodes_modes")
    split, weight = node.tensor("nodes_splits"), node.tensor("leaf_weights")
    if mode is None or split is None or weight is None:
        raise ValueError("a tree without splits or leaves")
    mode = mode.astype(np.int64)
    if not np.isin(mode, (LESS_EQUAL, MEMBER)).all():
        raise ValueError(f"trees that ask with mode {sorted(set(mode.tolist()))}")
    count = len(mode)
    children = []
    for side in ("true", "false"):
        place, leaf = node.ints(f"nodes_{side}nodeids"), node.ints(f"nodes_{side}leafs").astype(bool)
        children.append(np.concatenate([np.where(leaf, place + count, place), count + np.arange(len(weight))]))
    missing = node.ints("nodes_missing_value_tracks_true")
    leaves = np.zeros((count + len(weight), node.integer("n_targets", 1)), weight.dtype)
    leaves[count + np.arange(len(weight)), node.ints("leaf_targetids")] = weight
    behind = np.zeros(len(weight), np.int64)
    members = node.tensor("membership_values")
    sets, asked = _sets(members, mode)
    made = Forest(
        children[0],
        children[1],
        np.append(node.ints("nodes_featureids"), behind),
        np.append(split, behind.astype(split.dtype)),
        np.append(mode, behind),
        np.append(missing if len(missing) else np.zeros(count, np.int64), behind).astype(bool),
        leaves,
        sets,
        np.append(asked, behind),
        node.ints("tree_roots"),
        0,
    )
    return Forest(**{**made.__dict__, "depth": _depth(made)})


def _sets(members: Any, mode: Any) -> tuple[Any, Any]:
    """(bool [sets, values + 1], the set of each node): values are whole numbers from 0; any other is in none, as the last column is."""
    asked = np.zeros(len(mode), np.int64)
    if members is None or not (mode == MEMBER).any():
        return np.zeros((1, 1), bool), asked
    groups: list[list[float]] = [[]]
    for value in members:
        if np.isnan(value):
            groups.append([])
        else:
            groups[-1].append(float(value))
    groups = groups[: int((mode == MEMBER).sum())]
    values = [value for group in groups for value in group]
    if any(value < 0 or value != int(value) for value in values):
        raise ValueError("sets of numbers that are not whole")
    sets = np.zeros((len(groups), int(max(values, default=0)) + 2), bool)
    for place, group in enumerate(groups):
        sets[place, [int(value) for value in group]] = True
    asked[mode == MEMBER] = np.arange(len(groups))
    return sets, asked


def _depth(trees: Forest) -> int:
    here, depth = np.unique(trees.roots), 0
    while (trees.yes[here] != here).any():
        here, depth = np.unique(np.concatenate([trees.yes[here], trees.no[here]])), depth + 1
    return depth


def summed(arrays: Arrays, trees: Forest, x: Any) -> Any:
    """[rows, targets] of x [rows, features]; `trees` as the library's arrays."""
    xp = arrays.module
    at = arrays.spread(trees.roots[None, :], (x.shape[0], len(trees.roots)))
    width = trees.sets.shape[1]

    def step(at: Any) -> Any:
        value = arrays.along(x, trees.feature[at], 1)
        hit = value <= trees.split[at]
        if width > 1:
            whole = (value >= 0) & (value < width - 1) & (value == xp.floor(value))
            code = arrays.cast(xp.where(whole, value, xp.zeros_like(value)), "int")
            inside = trees.sets[trees.asked[at], code] & whole
            hit = xp.where(trees.mode[at] == MEMBER, inside, hit)
        hit = hit | (xp.isnan(value) & trees.missing[at])
        return xp.where(hit, trees.yes[at], trees.no[at])

    return trees.weight[arrays.repeated(trees.depth, step, at)].sum(1)
