"""XGBoost: boosters, scikit-learn's classes for them, and saved files that the library loads.

Trees (gbtree, dart, forests, vector leaves) are equal bit for bit to the library's margins, `gblinear` too: it is a sum in the order
of the columns, in float32. A model trained on pandas categories carries them (XGBoost 3.1 and later): texts and whole numbers meet a
table, and a category that training never saw, which XGBoost refuses, is read as missing. Links follow the objective; an objective that
is not in the list is refused, and so is one of survival, whose answer is neither a value nor a class. Margins are float32, so
a probability is written from the margin in double: within 1e-7 of the library's float32 one. `predict` of two classes asks whether
that float32 probability is above a half, which begins at a margin of 8.94e-8 (found by bisection on the library).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from etabli.estimators import xgboost_trees as saved_trees
from etabli.estimators.categories import coded
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array

IDENTITY = frozenset(
    "reg:squarederror reg:squaredlogerror reg:absoluteerror reg:pseudohubererror reg:quantileerror reg:linear "
    "rank:ndcg rank:map rank:pairwise".split()
)
EXP = frozenset(["count:poisson", "reg:gamma", "reg:tweedie"])
SOFTMAX = frozenset(["multi:softprob", "multi:softmax"])
HALF = float.fromhex("0x1.8p-24")  # the largest float32 margin whose float32 probability is not above 0.5


@writes("xgboost.sklearn.XGBModel")
def scikit(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """XGBRegressor, XGBClassifier, XGBRanker, XGBRFRegressor, XGBRFClassifier."""
    if any(kind.__module__.startswith(("xgboost.dask", "xgboost.spark")) for kind in type(estimator).__mro__):
        raise Refused(estimator, "a model spread over machines is not written", "give its get_booster()")
    classes = tuple(range(int(estimator.n_classes_))) if hasattr(estimator, "n_classes_") else ()
    if classes and callable(estimator.objective):
        raise Refused(estimator, "an objective of one's own has no known link to probabilities")
    booster = estimator.get_booster()
    saved = saved_trees.learner(booster)
    best = booster.attr("best_iteration")
    rounds = int(best) + 1 if best is not None and saved_trees.kind(saved) != "gblinear" else None
    missing = np.nan if estimator.missing is None else float(estimator.missing)

    def native(x: Any) -> Array:
        return np.asarray(estimator.predict(x, output_margin=True), np.float64).reshape(len(x), -1)

    margins = _margins(estimator, booster, saved, graph, frame, rounds=rounds, missing=missing, inplace=True)
    objective = "" if callable(estimator.objective) else str(saved["objective"]["name"])
    return _answer(estimator, objective, graph, margins, native, saved_trees.outputs(saved), classes)


@writes("xgboost.core.Booster")
def booster(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A bare booster: all of its trees, as `predict` of a DMatrix takes them."""
    saved = saved_trees.learner(estimator)
    objective, outputs = str(saved["objective"]["name"]), saved_trees.outputs(saved)
    classes: tuple[int, ...] = (0, 1) if objective.startswith("binary:") and objective != "binary:logitraw" else ()
    if objective in SOFTMAX:
        classes = tuple(range(outputs))

    def native(x: Any) -> Array:
        import xgboost

        rows = xgboost.DMatrix(
            x, enable_categorical=True, nthread=1, feature_types=None if hasattr(x, "columns") else estimator.feature_types
        )
        margins = estimator.predict(rows, output_margin=True, validate_features=hasattr(x, "columns"))
        return np.asarray(margins, np.float64).reshape(len(x), -1)

    margins = _margins(estimator, estimator, saved, graph, frame, rounds=None, missing=np.nan, inplace=False)
    return _answer(estimator, objective, graph, margins, native, outputs, classes)


# links -----------------------------------------------------------------------------------------------------------------


def _answer(estimator: Any, objective: str, graph: Graph, margins: str, native: Any, outputs: int, classes: tuple[int, ...]) -> Answer:
    """The answer from margins ([rows, outputs] double), by the objective. An objective of one's own ("") leaves the margin as it is."""
    if objective in IDENTITY or (objective in ("", "binary:logitraw") and not classes):
        return Answer(margins, "identity", native, exact=True, outputs=outputs)
    if objective in EXP:
        return Answer(margins, "exp", native, exact=True, outputs=outputs)
    if objective in SOFTMAX and (len(classes) > 2 or not classes):
        return Answer(margins, "softmax", native, exact=True, classes=classes, outputs=outputs)
    if objective in SOFTMAX:  # two margins for two classes: what counts is the difference
        first, second = graph.ops("Split", margins, count=2, axis=1, num_outputs=2)
        return Answer(graph.op("Sub", second, first), "sigmoid", lambda x: np.diff(native(x), axis=1), exact=True, classes=classes)
    if objective in ("binary:logistic", "binary:hinge", "reg:logistic") and outputs > 1:
        raise Refused(estimator, "several labels at once are not written")
    if objective == "binary:logistic" and len(classes) == 2:
        label = graph.op("Cast", graph.op("Greater", margins, graph.const(HALF, np.float64)), to=7)
        return Answer(margins, "sigmoid", native, exact=True, classes=classes, label=label)
    if objective == "binary:hinge" and len(classes) == 2:
        hit = graph.op("Cast", graph.op("Greater", margins, graph.const(0.0, np.float64)), to=11)
        return Answer(hit, "probability", lambda x: (native(x) > 0).astype(np.float64), exact=True, classes=classes)
    if objective == "reg:logistic":
        from etabli.graph.links import apply, link

        return Answer(link(graph, margins, "sigmoid"), "identity", lambda x: apply(native(x), "sigmoid"))
    raise Refused(estimator, f'the objective "{objective}" is not written')


# margins ---------------------------------------------------------------------------------------------------------------


def _margins(
    estimator: Any,
    booster: Any,
    saved: saved_trees.Learner,
    graph: Graph,
    frame: Frame,
    *,
    rounds: int | None,
    missing: float,
    inplace: bool,
) -> str:
    """[rows, outputs] double: the margins of the first `rounds` rounds. inplace: as `inplace_predict` rounds dart's leaves."""
    width = int(saved["learner_model_param"]["num_feature"])
    if frame.width != width:
        raise Refused(estimator, f"it takes {width} columns and was given {frame.width}")
    form = saved_trees.kind(saved)
    if form == "gblinear":
        x = _read(estimator, saved, graph, frame, missing)
        return graph.op("Cast", _linear(booster, saved, graph, x, width), to=11)
    if form not in ("gbtree", "dart"):
        raise Refused(estimator, f'the booster "{form}" is not written')
    held = saved_trees.model(saved)
    if rounds is not None and "iteration_indptr" not in held:
        raise Refused(estimator, "early stopping in a model saved by XGBoost before 2.0", "save it again with a newer XGBoost")
    count = int(held["iteration_indptr"][rounds]) if rounds is not None else None
    x = _read(estimator, saved, graph, frame, missing)
    base = saved_trees.start(saved)
    rounded = _dart(saved, base, inplace) if form == "dart" else None
    made = trees.Trees()
    try:
        saved_trees.grow(made, saved, base, count, rounded)
    except ValueError as error:
        raise Refused(estimator, str(error)) from None
    return graph.op("Cast", trees.write(graph, x, made.arrays(), saved_trees.outputs(saved), single=True), to=11)


def _dart(saved: saved_trees.Learner, base: Array, inplace: bool) -> saved_trees.Rounding:
    """How a dart tree's leaves are rounded before they are added: times its weight, in float32; `inplace_predict` starts each tree
    at the base score and takes it off again."""
    weights = np.asarray(saved["gradient_booster"]["weight_drop"], np.float32)
    starts = base[np.asarray(saved_trees.model(saved)["tree_info"], np.int64)]

    def rounded(leaf: Array, tree: int) -> Array:
        return np.asarray((((starts[tree] + leaf) - starts[tree]) if inplace else leaf) * weights[tree])

    return rounded


def _linear(booster: Any, saved: saved_trees.Learner, graph: Graph, x: str, width: int) -> str:
    """bias + x[0] w[0] + x[1] w[1] + ... in float32, one Add a column, because that is the order of XGBoost's sum."""
    import xgboost

    outputs = saved_trees.outputs(saved)
    weights = np.asarray(saved_trees.model(saved)["weights"], np.float32).reshape(-1, outputs)[:width]
    row = xgboost.DMatrix(np.full((1, width), np.nan, np.float32), nthread=1)  # nothing but the start value
    start = np.asarray(booster.predict(row, output_margin=True, validate_features=False), np.float32).reshape(1, outputs)
    filled = graph.op("Where", graph.op("IsNaN", x), graph.const(0.0, np.float32), x)
    columns = graph.ops("Split", filled, count=width, axis=1, num_outputs=width) if width > 1 else [filled]
    total = graph.const(start)
    for column, weight in zip(columns, weights, strict=True):
        total = graph.op("Add", total, graph.op("Mul", column, graph.const(weight[None, :])))
    return total


# columns ---------------------------------------------------------------------------------------------------------------


def _read(estimator: Any, saved: saved_trees.Learner, graph: Graph, frame: Frame, missing: float) -> str:
    """[rows, features] float32, categories as the codes of the training."""
    types = list(saved["feature_types"]) or ["q"] * frame.width
    categories = [place for place, kind in enumerate(types) if kind == "c"]
    known = saved_trees.model(saved).get("cats", {}).get("enc", [])
    if known and categories and not np.isnan(missing):
        raise Refused(estimator, "a value that means missing beside categories of a data frame")
    if known:
        whole, begin = Frame(()), 0
        for place in [*categories, frame.width]:  # the numbers between two categories stay together
            if place > begin:
                whole += frame.take(graph, range(begin, place))
            if place < frame.width:
                whole += _coded(estimator, graph, frame.take(graph, [place]), known[place], place)
            begin = place + 1
        frame = whole
    x = saved_trees.read(graph, frame.matrix(graph, estimator), categories, frame.width)
    if np.isnan(missing):
        return x
    return graph.op("Where", graph.op("Equal", x, graph.const(missing, np.float32)), graph.const(np.nan, np.float32), x)


def _coded(estimator: Any, graph: Graph, column: Frame, known: dict[str, Any], place: int) -> Frame:
    """One column of categories as their numbers in training; NaN for missing and for those training never saw."""
    levels: list[Any] = known["values"]
    if "offsets" in known:
        texts = bytes(value & 255 for value in levels)
        if not texts.isascii():  # dmlc/xgboost 3.2: offsets count letters, the text is in bytes and cut short
            raise Refused(
                estimator, f"XGBoost saves categories beyond ASCII wrongly (column {place})", "name them in ASCII, or train on codes"
            )
        levels = [texts[begin:end].decode() for begin, end in pairwise(known["offsets"])]
    return Frame((Part(coded(estimator, graph, column.parts[0], levels), 1),), column.names)
