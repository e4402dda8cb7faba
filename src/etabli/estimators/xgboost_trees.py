"""XGBoost's saved model as flat arrays: the JSON that XGBoost documents, read node by node in numpy.

Everything is float32 in XGBoost: values, splits, leaves and the running sum. Three things cost bit equality until they were done:
the start value is the first term of the sum; a category set names the categories that go right; dart's weights multiply each leaf
before it is added, and `inplace_predict` (which scikit-learn's methods call) rounds once more than `predict` of a DMatrix. The
start value is asked of the library itself (the same model with empty trees), because it is `logf` of a probability for some
objectives and nobody else's logarithm has the same last bit.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array

Learner = Mapping[str, Any]
Rounding = Callable[[Array, int], Array]  # float32 leaves of tree i -> what is added


def learner(booster: Any) -> dict[str, Any]:
    """What XGBoost saves of a booster, as its JSON schema has it."""
    saved: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))["learner"]
    return saved


def kind(saved: Learner) -> str:
    """ "gbtree", "dart" or "gblinear"."""
    return str(saved["gradient_booster"]["name"])


def model(saved: Learner) -> dict[str, Any]:
    """The part that holds the trees (or the linear weights)."""
    booster = saved["gradient_booster"]
    found: dict[str, Any] = booster["gbtree"]["model"] if "gbtree" in booster else booster["model"]
    return found


def outputs(saved: Learner) -> int:
    """Raw outputs: one a class (several classes), one a target, else 1."""
    facts = saved["learner_model_param"]
    return max(1, int(facts["num_class"]), int(facts["num_target"]))


def start(saved: Learner) -> Array:
    """float32 [outputs]: what the sum starts with, as the library says of the same model with trees of one empty leaf."""
    import xgboost

    held = model(saved)
    width = max(1, int(held["trees"][0]["tree_param"]["size_leaf_vector"]))
    count = outputs(saved) if width == 1 else 1
    empty = {name: [] if isinstance(value, list) else value for name, value in held["trees"][0].items()}
    empty |= {name: [0] for name in ("default_left", "split_indices", "split_type")}
    empty |= {name: [0.0] for name in ("loss_changes", "split_conditions", "sum_hessian")}
    empty |= {"left_children": [-1], "right_children": [-1 if width == 1 else 0], "parents": [2147483647]}
    empty |= {"base_weights": [0.0] * width, "tree_param": {**empty["tree_param"], "num_nodes": "1", "num_deleted": "0"}}
    if width > 1:
        empty["leaf_weights"] = [0.0] * width
    bare = {name: value for name, value in saved.items() if name != "gradient_booster"} | {"attributes": {}}
    bare["gradient_booster"] = {
        "name": "gbtree",
        "model": {name: value for name, value in held.items() if name != "trees"}
        | {
            "gbtree_model_param": {**held["gbtree_model_param"], "num_trees": str(count), "num_parallel_tree": "1"},
            "iteration_indptr": [0, count],
            "tree_info": list(range(count)) if width == 1 else [0],
            "trees": [copy.deepcopy(empty) | {"id": number} for number in range(count)],
        },
    }
    text = json.dumps({"learner": bare, "version": [int(part) for part in re.findall(r"\d+", xgboost.__version__)[:3]]})
    row = np.full((1, int(saved["learner_model_param"]["num_feature"])), np.nan, np.float32)
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(text.encode()))
    asked = booster.predict(xgboost.DMatrix(row, nthread=1), output_margin=True, validate_features=False)
    return np.asarray(asked, np.float32).ravel()


def grow(
    made: trees.Trees,
    saved: Learner,
    base: Array,
    count: int | None = None,
    rounded: Rounding | None = None,
    targets: Sequence[int] | None = None,
) -> None:
    """Adds the start values and the first `count` trees (all when None). targets: the output of each group of trees, when it is not the
    group's own number. ValueError for what this does not know."""
    held = model(saved)
    places = list(range(len(base))) if targets is None else list(targets)
    for place, value in zip(places, base, strict=True):
        made.constant(float(value), place)
    for number, (tree, group) in enumerate(zip(held["trees"][:count], held["tree_info"][:count], strict=True)):
        _add(made, tree, places[int(group)], number, rounded)


def _add(made: trees.Trees, tree: Mapping[str, Any], target: int, number: int, rounded: Rounding | None) -> None:
    left, right = np.asarray(tree["left_children"], np.int64), np.asarray(tree["right_children"], np.int64)
    width = max(1, int(tree["tree_param"]["size_leaf_vector"]))
    inner = left >= 0
    reached = np.zeros(len(left), bool)  # nodes that pruning deleted are still in the file
    reached[0] = True
    reached[left[inner]] = reached[right[inner]] = True
    leaf = ~inner & reached
    place = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(leaf) - 1))
    conditions = np.asarray(tree["split_conditions"], np.float32)
    if width == 1:
        weights = conditions[leaf][:, None]
    else:  # a leaf's right child is its place among the leaf vectors
        if "leaf_weights" not in tree:
            raise ValueError("vector leaves of an XGBoost before 3.1: save the model again with a newer one")
        weights = np.asarray(tree["leaf_weights"], np.float32).reshape(-1, width)[right[leaf]]
    mode = np.zeros(len(left), np.uint8)
    members: list[float] = []
    sets = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    for node, begin, size in sorted(sets):
        mode[node] = trees.MEMBER
        members += [*map(float, tree["categories"][begin : begin + size]), float("nan")]
        if not size:
            raise ValueError("an empty set of categories")
    chosen = mode[inner] == trees.MEMBER
    true = np.where(chosen, right[inner], left[inner])  # members go right; smaller values go left
    false = np.where(chosen, left[inner], right[inner])
    default = np.asarray(tree["default_left"], np.int64)[inner]
    below = np.nextafter(conditions[inner], np.float32(-np.inf))  # x < t is x <= the number before t
    for output in range(width):
        made.add(
            np.asarray(tree["split_indices"], np.int64)[inner],
            np.where(chosen, 0.0, below),
            place[true],
            place[false],
            weights[:, output] if rounded is None else rounded(weights[:, output], number),
            mode=mode[inner],
            nan_true=np.where(chosen, 1 - default, default),
            members=tuple(members),
            target=target if width == 1 else output,
        )


def read(graph: Graph, x: str, categories: Sequence[int], width: int) -> str:
    """[rows, width] float32 as XGBoost reads x ([rows, width] double): rounded, and category codes truncated (a negative one is none)."""
    single = graph.op("Cast", x, to=1)
    if not len(categories):
        return single
    mask = np.zeros((1, width), bool)
    mask[0, list(categories)] = True
    return graph.op("Where", graph.const(mask), graph.op("Floor", single), single)
