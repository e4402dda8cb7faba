"""The paths of the trees of a TreeEnsemble node (ai.onnx.ml 5), leaf by leaf, as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from etabli.model.explain.nodes import Node

Array = np.ndarray[Any, np.dtype[Any]]
DEEPEST = 200
LEQ, LESS, GEQ, GREATER, EQUAL, NOT_EQUAL, MEMBER = range(7)


@dataclass(frozen=True)
class Forest:
    """feature, split, mode, nan_true: [nodes]. sets: of the MEMBER nodes, by node. weight, target: [ends], one a place where a path ends
    (a leaf that two branches share has two). node, side, leaf: [entries], the questions on the way to each end and the answer that
    leads there, sorted by end. single: the node compares in float32."""

    feature: Array
    split: Array
    mode: Array
    nan_true: Array
    sets: dict[int, Array]
    weight: Array
    target: Array
    node: Array
    side: Array
    leaf: Array
    single: bool

    def answers(self, X: Array) -> Array:
        """bool [nodes, rows]: what each row answers at every node. X: the very tensor that the node reads, [rows, features]."""
        columns = np.ascontiguousarray(X.T)
        made = np.empty((len(self.feature), len(X)), bool)
        split = self.split.astype(X.dtype)[:, None]
        with np.errstate(invalid="ignore"):
            for mode, compare in self._compares.items():
                here = np.flatnonzero(self.mode == mode)
                if len(here):
                    made[here] = compare(columns[self.feature[here]], split[here])
        for node, members in self.sets.items():
            made[node] = np.isin(columns[self.feature[node]], members.astype(X.dtype))
        if self.nan_true.any() and np.isnan(columns).any():
            here = np.flatnonzero(self.nan_true)
            made[here] |= np.isnan(columns[self.feature[here]])
        return made

    @cached_property
    def _compares(self) -> dict[int, Any]:
        return {LEQ: np.less_equal, LESS: np.less, GEQ: np.greater_equal, GREATER: np.greater, EQUAL: np.equal, NOT_EQUAL: np.not_equal}


def forest(node: Node) -> Forest | None:
    """The forest of a node; None when it does more than to add up leaves of plain trees."""
    if node.op != "TreeEnsemble" or node.integer("aggregate_function", 1) != 1 or node.integer("post_transform", 0) != 0:
        return None
    roots, feature = node.ints("tree_roots"), node.ints("nodes_featureids")
    sides = (node.ints("nodes_truenodeids"), node.ints("nodes_falsenodeids"))
    ends = (node.ints("nodes_trueleafs") > 0, node.ints("nodes_falseleafs") > 0)
    split, mode, weight = node.tensor("nodes_splits"), node.tensor("nodes_modes"), node.tensor("leaf_weights")
    if split is None or mode is None or weight is None or node.tensor("nodes_hitrates") is not None:
        return None
    count = len(feature)
    parent, parent_side = np.full(count, -1), np.zeros(count, bool)
    times = np.zeros(count, np.int64)
    for way in (0, 1):
        inner = np.flatnonzero(~ends[way])
        parent[sides[way][inner]] = inner
        parent_side[sides[way][inner]] = way == 0
        times += np.bincount(sides[way][inner], minlength=count)
    if (times > 1).any() or times[roots].any() or int(times.sum()) + len(roots) != count:
        return None  # no plain trees
    above = np.concatenate([np.flatnonzero(ends[0]), np.flatnonzero(ends[1])])
    which = np.concatenate([sides[way][np.flatnonzero(ends[way])] for way in (0, 1)])
    came = np.concatenate([np.full(int(ends[way].sum()), way == 0) for way in (0, 1)])
    order = np.argsort(above, kind="stable")
    above, which, came = above[order], which[order], came[order]
    leaf, nodes, answers = [], [], []
    here = np.arange(len(above))
    for _ in range(DEEPEST):
        leaf.append(here)
        nodes.append(above)
        answers.append(came)
        up = parent[above] >= 0
        if not up.any():
            break
        here, came, above = here[up], parent_side[above[up]], parent[above[up]]
    else:
        return None
    entry = np.argsort(np.concatenate(leaf), kind="stable")
    members = node.tensor("membership_values")
    sets: dict[int, Array] = {}
    if (mode == MEMBER).any():
        if members is None:
            return None
        parts = np.split(members, np.flatnonzero(np.isnan(members)) + 1)
        sets = {int(at): part[:-1] for at, part in zip(np.flatnonzero(mode == MEMBER), parts, strict=False)}
    if (mode > MEMBER).any():
        return None
    nan_true = node.ints("nodes_missing_value_tracks_true")
    return Forest(
        feature,
        split,
        mode,
        nan_true > 0 if len(nan_true) else np.zeros(count, bool),
        sets,
        weight.astype(np.float64)[which],
        node.ints("leaf_targetids")[which],
        np.concatenate(nodes)[entry],
        np.concatenate(answers)[entry],
        np.concatenate(leaf)[entry],
        split.dtype == np.float32,
    )
