"""What `tree.py`, `forest.py` and `extratrees.py` share: fitting scikit-learn's trees and asking them (no family of its own).

Their nodes are written by `estimators/sktrees.py`, as those of forests fitted elsewhere are. Predictions go through the fitted
`tree_` itself, tree after tree: scikit-learn's own `predict` refuses infinities, and with several threads it adds the trees in the
order they happen to finish. Declared directions become scikit-learn's `monotonic_cst`, which numbers and two classes obey.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from etabli.estimators import sktrees
from etabli.graph.graph import Graph
from etabli.records import Array, Data, Facts, Fitted, Link, Setting, Wants

WRITING = 7e-6  # seconds a leaf: written, loaded by onnxruntime, and answered for its proof
LARGEST = float(np.finfo(np.float32).max)
LEAVES = 1_000_000  # of all trees and classes of a forest together: about 35 MB


def single(x: Array) -> Array:
    """x rounded to float32, beyond its range infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(x, np.float32)


def learnable(x: Array) -> Array:
    """x as float32 without infinities, which scikit-learn refuses to learn from: the order of the values is kept."""
    return np.ascontiguousarray(np.clip(x, -LARGEST, LARGEST), np.float32)


def columns(data: Data, classes: Array | None) -> tuple[Array, int]:
    """(the output column of each of the model's classes, or -1 when it needs none; the number of output columns).

    A binary model gives the share of class 1 alone; a class that this fold never saw keeps the share 0.
    """
    if data.task == "regression" or classes is None:
        return np.zeros(1, np.int64), 1
    if data.task == "binary":
        return np.where(classes == 1, 0, -1), 1
    return np.asarray(classes, np.int64), data.classes


def native(trees: Sequence[Any], column: Array, outputs: int) -> Callable[[Array], Array]:
    """The mean over the trees of scikit-learn's own tree predictions, added in the order of the trees."""
    used = np.flatnonzero(column >= 0)

    def predict(x: Array) -> Array:
        rounded, total = single(x), np.zeros((len(x), outputs))
        for tree in trees:
            total[:, column[used]] += tree.predict(rounded)[:, used]
        return total / len(trees) if len(trees) > 1 else total

    return predict


def directions(data: Data) -> list[int] | None:
    """The declared direction of each feature, for numbers and two classes; None when there is none."""
    made = [feature.direction for feature in data.features]
    return made if any(made) and data.task != "multiclass" else None


def fitted(setting: Setting, data: Data, trees: Sequence[Any], classes: Array | None) -> Fitted:
    """What the grown `tree_` objects learned, as plain arrays. classes: the model's own, None for numbers."""
    column, outputs = columns(data, classes)
    kept = sktrees.arrays(trees, column) | {"trees": np.int64(len(trees)), "outputs": np.int64(outputs)}
    link: Link = "identity" if data.task == "regression" else "probability"
    return Fitted(setting, kept, link, native(trees, column, outputs), exact=True)


def size(facts: Facts) -> dict[str, int]:
    """The number of trees of a forest, and a cap on their leaves where the file would grow beyond some 40 MB."""
    trees = 300 if facts.rows < 5_000 else 200 if facts.rows < 50_000 else 100
    made = {"n_estimators": trees}
    leaves = LEAVES // (trees * (facts.classes if facts.task == "multiclass" else 1))
    if leaves < 0.7 * facts.rows:
        made["max_leaf_nodes"] = max(leaves, 200)
    return made


def settings(family: str, facts: Facts, ways: Sequence[tuple[dict[str, Any], str]]) -> list[Setting]:
    """The two ways (values, origin) of a forest, then the first again with the other recipe for categories, if there are any."""
    if facts.text:  # thousands of nearly empty columns: half of them at every split takes minutes and gains nothing
        ways = [ways[0], ({**ways[1][0], "max_features": "sqrt"}, ways[1][1])]
    wants = [Wants(), Wants(categories="target")] if facts.categories else [Wants()]
    if facts.largest_category > 30:
        wants = wants[::-1]
    tried = [(*ways[0], wants[0]), (*ways[1], wants[0]), *((*ways[0], other) for other in wants[1:])]
    return [Setting(family, {**values, **size(facts)}, recipe, origin=origin) for values, origin, recipe in tried]


def grow(make: Callable[..., Any], setting: Setting, data: Data, stop: Callable[[], bool]) -> Fitted:
    """A forest of `setting.values["n_estimators"]` trees, in batches: when the time is over it is as large as it got.

    make: the forest's class. Each tree has a seed of its own, so neither the batches nor the threads change its bits.
    """
    wanted = int(setting.values["n_estimators"])
    values = {**setting.values, "n_estimators": 0, "monotonic_cst": directions(data)}
    model = make(random_state=data.seed, n_jobs=data.threads, warm_start=True, **values)
    x, batch = learnable(data.x), max(10, wanted // 10)
    while model.n_estimators < wanted and (model.n_estimators == 0 or not stop()):
        model.n_estimators = min(wanted, model.n_estimators + batch)
        model.fit(x, data.y, sample_weight=data.weight)
    return fitted(setting, data, [tree.tree_ for tree in model.estimators_], getattr(model, "classes_", None))


def write(graph: Graph, x: str, kept: Mapping[str, Any], outputs: int) -> str:
    """Rounds to float32, sums the trees, divides by their number (kept["trees"])."""
    return sktrees.mean(graph, x, kept, int(kept["trees"]), outputs)
