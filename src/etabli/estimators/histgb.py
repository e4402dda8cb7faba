"""scikit-learn's HistGradientBoosting, bit for bit: categories, missing values, links.

It boosts in double from a start value, compares doubles (no rounding to float32), sends a missing value where the node says, and keeps
categories as sets of codes (the left branch). Columns declared as categories pass an OrdinalEncoder of its own and move to the front; a
level that the training did not have is read as missing. The encoder becomes one LabelEncoder a column, from texts or from numbers; in the
graph columns keep their places, and it is the trees' features that are renumbered.
The public methods give the raw score of classifiers only; for numbers with a logarithmic link it is `_raw_predict`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of
from etabli.estimators.categories import coded
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Link

LOSSES: dict[str, Link] = {
    "squared_error": "identity",
    "absolute_error": "identity",
    "quantile": "identity",
    "poisson": "exp",
    "gamma": "exp",
}
BITS = np.arange(32, dtype=np.uint32)


def arrays(
    stages: Sequence[Sequence[Any]], start: Sequence[float] | Array, order: Array, targets: Sequence[int] | Array
) -> dict[str, Array]:
    """Flat trees of `_predictors` (a list an iteration, a tree an output), after the start value of each output.

    order: the column that each of the trees' features is (categories were moved to the front). targets: the outputs of an iteration.
    """
    made = trees.Trees()
    for k, value in enumerate(start):
        made.constant(float(value), k)
    for stage in stages:
        for target, predictor in zip(targets, stage, strict=True):
            _add(made, predictor, order, int(target))
    return made.arrays()


def _add(made: trees.Trees, predictor: Any, order: Array, target: int) -> None:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    inner = nodes[~leaf]
    number = np.where(leaf, -np.cumsum(leaf), np.cumsum(~leaf) - 1)  # leaf i is ~i
    category = inner["is_categorical"].astype(bool)
    sets = [
        np.flatnonzero((predictor.raw_left_cat_bitsets[place][:, None] >> BITS) & 1)  # 8 words of 32 bits
        for place in inner["bitset_idx"][category]
    ]
    split, mode = trees.asked(np.where(category, 0.0, inner["num_threshold"]), category, sets)
    made.add(
        order[inner["feature_idx"].astype(np.int64)],
        split,
        number[inner["left"]],
        number[inner["right"]],
        nodes["value"][leaf],
        mode=mode,
        nan_true=inner["missing_go_to_left"],
        members=trees.ended(sets),
        target=target,
    )


@writes("sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor")
def regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A value, or the logarithm of one (Poisson, gamma)."""
    if estimator.loss not in LOSSES:
        raise Refused(estimator, f"the loss {estimator.loss!r} is not known")
    raw = _raw(estimator, graph, frame)
    return Answer(raw, LOSSES[estimator.loss], lambda rows: estimator._raw_predict(rows, n_threads=1), exact=True)


@writes("sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier")
def classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Margins: one of the second class, or one a class. The label is made of them, as its `predict` does."""
    classes = classes_of(estimator)
    if estimator.loss != "log_loss":
        raise Refused(estimator, f"the loss {estimator.loss!r} is not known")
    raw, outputs = _raw(estimator, graph, frame), int(estimator.n_trees_per_iteration_)
    if outputs > 1:
        label = graph.op("ArgMax", raw, axis=1, keepdims=1)
    else:
        label = graph.op("Cast", graph.op("Greater", raw, graph.const(0.0, np.float64)), to=7)
    link: Link = "softmax" if outputs > 1 else "sigmoid"
    return Answer(
        raw,
        link,
        lambda rows: np.reshape(estimator.decision_function(rows), (-1, outputs)),
        exact=True,
        classes=classes,
        label=label,
        outputs=outputs,
    )


def _raw(estimator: Any, graph: Graph, frame: Frame) -> str:
    if frame.width != estimator.n_features_in_:
        raise Refused(estimator, f"it was fitted on {estimator.n_features_in_} columns and is given {frame.width}")
    start, known = np.ravel(estimator._baseline_prediction), levels(estimator)
    flat = arrays(estimator._predictors, start, moved(frame.width, known), range(len(start)))
    return trees.write(graph, seen(estimator, graph, frame, known), flat, len(start))


def levels(estimator: Any) -> dict[int, Any]:
    """The levels of each column of categories, in the order of their codes."""
    if estimator._preprocessor is None:
        return {}
    places = np.flatnonzero(np.asarray(estimator.is_categorical_, bool))
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    return dict(zip(places.tolist(), encoder.categories_, strict=True))


def moved(width: int, known: Collection[int]) -> Array:
    """The column that each of the trees' features is: categories come first."""
    return np.array([*known, *[place for place in range(width) if place not in known]], np.int64)


def seen(owner: Any, graph: Graph, frame: Frame, known: Mapping[int, Any]) -> str:
    """The frame with codes for categories: columns stay in their places, neighbouring numbers stay together."""
    if not known:
        return frame.matrix(graph, owner)
    parts, ends = [], [-1, *known, frame.width]
    for before, place in pairwise(ends):
        if place - before > 1:
            parts.append(frame.take(graph, range(before + 1, place)).matrix(graph, owner))
        if place < frame.width:
            parts.append(coded(owner, graph, frame.take(graph, [place]).parts[0], known[place]))
    return parts[0] if len(parts) == 1 else graph.op("Concat", *parts, axis=1)
