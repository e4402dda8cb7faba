"""Trees as one TreeEnsemble node of ai.onnx.ml 5, in double, and the probe rows that try every threshold.

One operator carries every tree family: its sums run in the order of the trees, so the raw score is the fitting library's own,
bit for bit. Trees are kept as flat numpy arrays (never a Python object a node): a model of half a million leaves is written
in about a second, and the first k trees of a boosting run are slices of the same arrays. `post_transform` is never used
(onnxruntime#26596): links are composed by `graph/links.py`. A start value is a tree of one leaf in first place, not a final Add.
Where the library itself sums in float32 (XGBoost), the same node does so: its bits are the library's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from etabli.records import Array

if TYPE_CHECKING:
    import onnx

    from etabli.graph.graph import Graph

LEQ: Final = 0  # true when x <= split
MEMBER: Final = 6  # true when x is one of the members (NaN ends each set); x must be whole: onnxruntime 1.32 truncates it

_KINDS: Final[Mapping[str, type]] = {
    "feature": np.int64,
    "split": np.float64,
    "mode": np.uint8,
    "true": np.int64,
    "false": np.int64,
    "true_leaf": np.uint8,
    "false_leaf": np.uint8,
    "nan_true": np.uint8,
    "members": np.float64,
    "weight": np.float64,
    "target": np.int64,
    "root": np.int64,
    "leaf_root": np.int64,
    "member_root": np.int64,
}
_NODES: Final = ("feature", "split", "mode", "true", "false", "true_leaf", "false_leaf", "nan_true")


@final
class Trees:
    """Collects trees and gives them as flat arrays: `arrays()` for `write` and for keeping in `Fitted.arrays`.

    Children are numbered within their tree: >= 0 a node, < 0 the leaf ~child (LightGBM's own convention).
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[Array]] = {name: [] for name in _KINDS}
        self._nodes = self._leaves = self._members = 0

    def add(
        self,
        feature: Array,
        split: Array,
        true: Array,
        false: Array,
        weight: Array,
        *,
        mode: Array | int = LEQ,
        nan_true: Array | int = 0,
        members: Array | tuple[float, ...] = (),
        target: int = 0,
    ) -> None:
        """One tree. feature, split, true, false, mode, nan_true: [nodes], the root first. weight: [leaves].

        nan_true: whether a missing value follows the true branch. members: the sets of the MEMBER nodes in node order, NaN
        after each. target: the output column the leaves add to. A tree without nodes is its one leaf.
        """
        if not len(feature):  # the operator knows no bare leaf: a node whose two sides are the same leaf
            feature, split, true, false, mode, nan_true = (np.zeros(1), np.zeros(1), np.full(1, ~0), np.full(1, ~0), LEQ, 0)
        if np.ndim(mode):
            feature, split, true, false, weight, mode, nan_true = _apart(feature, split, true, false, weight, np.asarray(mode), nan_true)
        count = len(feature)
        true, false = np.asarray(true, np.int64), np.asarray(false, np.int64)
        tree = {
            "feature": feature,
            "split": split,
            "mode": np.full(count, mode) if np.ndim(mode) == 0 else mode,
            "true": np.where(true >= 0, true + self._nodes, ~true + self._leaves),
            "false": np.where(false >= 0, false + self._nodes, ~false + self._leaves),
            "true_leaf": true < 0,
            "false_leaf": false < 0,
            "nan_true": np.full(count, nan_true) if np.ndim(nan_true) == 0 else nan_true,
            "members": members,
            "weight": weight,
            "target": np.full(len(weight), target),
            "root": [self._nodes],
            "leaf_root": [self._leaves],
            "member_root": [self._members],
        }
        for name, kind in _KINDS.items():
            self._parts[name].append(np.asarray(tree[name], kind))
        self._nodes += count
        self._leaves += len(weight)
        self._members += len(members)

    def constant(self, value: float, target: int = 0) -> None:
        """A tree of one leaf: a start value."""
        none = np.zeros(0)
        self.add(none, none, none, none, np.array([value]), target=target)

    def arrays(self) -> dict[str, Array]:
        """The flat arrays of all trees so far."""
        return {name: np.concatenate(parts) if parts else np.zeros(0, _KINDS[name]) for name, parts in self._parts.items()}


def asked(split: Array, category: Array, sets: Sequence[Array]) -> tuple[Array, Array]:
    """(splits, modes) of a tree's nodes. category: which nodes ask for a set; sets: those, in node order.

    The operator refuses an empty set (only missing values go that way): such a node asks x <= -inf instead, which no value answers.
    """
    empty = np.zeros(len(category), bool)
    empty[category] = [not len(members) for members in sets]
    return np.where(empty, -np.inf, split), np.where(category & ~empty, MEMBER, LEQ)


def ended(sets: Sequence[Array]) -> Array:
    """The sets that are not empty one after the other, NaN after each."""
    return np.concatenate([np.append(members, np.nan) for members in sets if len(members)] or [np.zeros(0)])


def _apart(feature: Array, split: Array, true: Array, false: Array, weight: Array, mode: Array, nan_true: Array | int) -> tuple[Array, ...]:
    """The same tree with a node that changes nothing between two sets of one column whose members may reach equal leaves.

    onnxruntime 1.32 melts such a pair (a MEMBER node and its false child) into one and then counts the leaf that it dropped to
    another tree: sums are wrong without a word. The node between asks x <= infinity; its other leaf is never reached.
    """
    true, false = np.asarray(true, np.int64), np.asarray(false, np.int64)
    pair = (mode == MEMBER) & (false >= 0)
    pair[pair] = (mode[false[pair]] == MEMBER) & (feature[false[pair]] == feature[pair])
    above = np.flatnonzero(pair)
    one, two = true[above], true[false[above]]
    alike = (one >= 0) & (two >= 0)
    leaves = (one < 0) & (two < 0)
    alike[leaves] = weight[~one[leaves]] == weight[~two[leaves]]
    above = above[alike]
    more, nodes, ones = len(above), len(feature), np.ones(len(above), np.int64)
    if more:
        feature, split, mode = np.append(feature, feature[above]), np.append(split, np.inf * ones), np.append(mode, LEQ * ones)
        nan_true = np.append(np.broadcast_to(nan_true, nodes), ones)
        true, false = np.append(true, false[above]), np.append(false, ~(len(weight) + np.arange(more)))
        false[above] = nodes + np.arange(more)
        weight = np.append(weight, 0.0 * ones)
    return feature, split, true, false, weight, mode, np.asarray(nan_true)


def first(arrays: Mapping[str, Array], trees: int) -> dict[str, Array]:
    """The first `trees` trees, as views of the same memory; arrays of other names are kept."""
    if trees >= len(arrays["root"]):
        return dict(arrays)
    node, leaf, member = (int(arrays[name][trees]) for name in ("root", "leaf_root", "member_root"))
    cut = dict.fromkeys(_NODES, node) | {"weight": leaf, "target": leaf, "members": member}
    cut |= dict.fromkeys(("root", "leaf_root", "member_root"), trees)
    return {name: array[: cut[name]] if name in cut else array for name, array in arrays.items()}


def write(graph: Graph, x: str, arrays: Mapping[str, Array], outputs: int, single: bool = False) -> str:
    """Adds the TreeEnsemble node: [rows, outputs] double, the sum of the leaves reached. x: [rows, features] double.

    single: x, the splits, the sums and the answer are float32; splits and weights must be float32 numbers already.
    """
    from onnx import numpy_helper

    def tensor(name: str) -> Any:
        kind = np.float32 if single and _KINDS[name] is np.float64 else _KINDS[name]
        return numpy_helper.from_array(np.ascontiguousarray(arrays[name], kind), name)

    sets = {"membership_values": tensor("members")} if len(arrays["members"]) else {}
    return graph.op(
        "TreeEnsemble",
        x,
        tree_roots=arrays["root"].tolist(),
        nodes_featureids=arrays["feature"].tolist(),
        nodes_splits=tensor("split"),
        nodes_modes=tensor("mode"),
        nodes_truenodeids=arrays["true"].tolist(),
        nodes_falsenodeids=arrays["false"].tolist(),
        nodes_trueleafs=arrays["true_leaf"].tolist(),
        nodes_falseleafs=arrays["false_leaf"].tolist(),
        nodes_missing_value_tracks_true=arrays["nan_true"].tolist(),
        leaf_targetids=arrays["target"].tolist(),
        leaf_weights=tensor("weight"),
        n_targets=outputs,
        aggregate_function=1,  # sum
        post_transform=0,  # none
        **sets,
    )


# probes ----------------------------------------------------------------------------------------------------------------


def _ensembles(model: onnx.ModelProto) -> Iterator[tuple[Array, Array, Array, Array]]:
    """(feature, mode, split, members) of each TreeEnsemble node."""
    from onnx import numpy_helper

    for node in model.graph.node:
        if node.op_type == "TreeEnsemble":
            found = {attribute.name: attribute for attribute in node.attribute}
            sets = found.get("membership_values")
            yield (
                np.array(found["nodes_featureids"].ints, np.int64),
                numpy_helper.to_array(found["nodes_modes"].t),
                numpy_helper.to_array(found["nodes_splits"].t).astype(np.float64),
                numpy_helper.to_array(sets.t).astype(np.float64) if sets is not None else np.zeros(0),
            )


def thresholds(model: onnx.ModelProto) -> dict[int, tuple[Array, Array]]:
    """By feature number of the trees' input matrix: (the split points, the category members), each sorted and unique."""
    splits: dict[int, list[Array]] = {}
    sets: dict[int, list[Array]] = {}
    for feature, mode, split, members in _ensembles(model):
        number = np.flatnonzero((mode != MEMBER) & np.isfinite(split))
        order = number[np.argsort(feature[number], kind="stable")]
        for part in np.split(order, np.flatnonzero(np.diff(feature[order])) + 1):
            if len(part):
                splits.setdefault(int(feature[part[0]]), []).append(np.unique(split[part]))
        ends = np.flatnonzero(np.isnan(members))
        for where, values in zip(np.flatnonzero(mode == MEMBER), np.split(members, ends + 1)[:-1], strict=True):
            sets.setdefault(int(feature[where]), []).append(values[:-1])
    none = np.zeros(0)
    return {
        number: (np.unique(np.concatenate(splits.get(number, [none]))), np.unique(np.concatenate(sets.get(number, [none]))))
        for number in sorted(splits.keys() | sets.keys())
    }


def probes(split: Array, members: Array) -> Array:
    """The values that try a feature: each split point and its neighbours one ulp away (in double and in float32, which
    scikit-learn rounds to), zeros that are not quite zero, missing, each category and its neighbours, categories nobody saw."""
    # 1e-35: LightGBM reads |x| <= float32(1e-35) as zero
    made = [np.array([np.nan, 0.0, -0.0, 1e-35, -1e-35, 1.1e-35, 1e-300])]
    if len(split):
        with np.errstate(over="ignore"):
            single = split.astype(np.float32)
            for exact in (split, single):
                up, down = np.array(np.inf, exact.dtype), np.array(-np.inf, exact.dtype)
                made += [exact.astype(np.float64), np.nextafter(exact, up).astype(np.float64), np.nextafter(exact, down).astype(np.float64)]
    if len(members):
        made += [members, members + 1, members - 1, members + 0.7, -members, np.array([-1, -0.5, 2.7, 999, 2.0**31, 2.0**32, 1e12])]
    values = np.unique(np.concatenate(made))
    return np.asarray(values[~np.isinf(values)])  # the file's own number inputs read infinities as missing


def threshold_rows(model: onnx.ModelProto, x: Array, limit: int, seed: int) -> Array:
    """Probe rows [limit, features] for the trees of a graph: rows of x whose features are set to `probes`.

    x: float64 [rows, features], the matrix that the trees read (before any cast the family adds). In the first half of the rows
    every feature of the trees is set at once, in the other half one each. Every probe of a feature is used when limit allows
    (limit / 2 >= the number of its probes); otherwise a random part. Same arguments, same rows.
    """
    random = np.random.default_rng(seed)
    rows = np.array(x[random.integers(0, len(x), limit)], np.float64)
    if not limit:
        return rows
    known = thresholds(model)
    half = (limit + 1) // 2
    alone = random.permutation(np.arange(limit - half) % max(len(known), 1))
    for place, (number, (split, members)) in enumerate(known.items()):
        values = random.permutation(probes(split, members))
        rows[:half, number] = np.resize(values, half)
        mine = half + np.flatnonzero(alone == place)
        rows[mine, number] = np.resize(values[::-1], len(mine))
    return rows
