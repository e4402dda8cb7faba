"""LightGBM, bit for bit, from its documented text model (17 significant digits: exact doubles). `families/lightgbm.py` writes by it too.

What LightGBM does to a value before it looks at a threshold is written as nodes: categories are truncated towards zero,
|x| <= float32(1e-35) is zero, a missing value goes where the node says. With zero_as_missing a zero is made missing instead. A random
forest's sums are divided by the number of iterations. Objectives that LightGBM answers through a function of the sum become a link
where there is one, and nodes where there is none (square-rooted targets, one-against-all, cross-entropy). A data frame's categories
are kept in the model's last line; which columns they belong to is not, so it is inferred from kinds and refused when it stays unclear.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.estimators import lineartrees
from etabli.estimators.answers import classes_of
from etabli.estimators.categories import coded
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph import links, trees
from etabli.graph.graph import Graph
from etabli.records import Array, Link

ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold
VALUES = frozenset("regression regression_l1 huber fair quantile mape lambdarank rank_xendcg".split())  # the sum is the answer
LOGARITHMS = frozenset("poisson gamma tweedie".split())


# the text ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Header:
    """The first block of a text model. objective: its words ("binary", "sigmoid:1"), () when the user's own. infos: a word a feature.
    averaged: a random forest. levels: of the data frame's category columns, in their order."""

    features: int
    outputs: int
    objective: tuple[str, ...]
    infos: tuple[str, ...]
    averaged: bool
    levels: tuple[Sequence[Any], ...]

    def option(self, name: str, default: float) -> float:
        """A number of the objective: "sigmoid:2.5"."""
        return float(next((word.split(":")[1] for word in self.objective if word.startswith(name + ":")), default))


def header(text: str) -> Header:
    """Of a text model."""
    lines = text.split("\nTree=", 1)[0].split("\n")
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    last = text.rstrip().rsplit("\n", 1)[-1]
    levels = json.loads(last.split(":", 1)[1]) if last.startswith("pandas_categorical:") else None
    return Header(
        int(facts["max_feature_idx"]) + 1,
        int(facts["num_tree_per_iteration"]),
        tuple(facts.get("objective", "").split()),
        tuple(facts.get("feature_infos", "").split()),
        "average_output" in lines,
        tuple(levels or ()),
    )


def blocks(text: str) -> Iterator[Mapping[str, str]]:
    """The facts of each tree, in order."""
    for block in text.split("\nTree=")[1:]:
        yield dict(line.split("=", 1) for line in block.split("\n\n", 1)[0].split("\n") if "=" in line)


def numbers(facts: Mapping[str, str], name: str, kind: Callable[[str], float] = float) -> Array:
    """The numbers of a line; empty when there is no such line."""
    return np.array([kind(word) for word in facts.get(name, "").split()])


class Reading:
    """How features are read by the trees added so far: `categories` (as codes), `zeros` (zero is missing), `plain` (missing is itself).

    ValueError when trees of one model read a feature in two ways.
    """

    def __init__(self) -> None:
        self._seen: list[set[int]] = [set(), set(), set()]

    def note(self, features: Array, category: Array, missing: Array) -> None:
        """Of one tree: its nodes' features, whether they ask for a set of categories, their missing type (0 none, 1 zero, 2 NaN)."""
        for place, chosen in enumerate((category, ~category & (missing == 1), ~category & (missing != 1))):
            self._seen[place].update(features[chosen].tolist())

    @property
    def categories(self) -> Array:
        """Numbers of the features asked for sets of codes."""
        return np.array(sorted(self._seen[0]), np.int64)

    @property
    def zeros(self) -> Array:
        """Numbers of the features whose zero is missing; ValueError when they are read otherwise elsewhere."""
        categories, zeros, plain = self._seen
        if zeros & plain or categories & (zeros | plain):
            raise ValueError("trees of one LightGBM model read a feature in different ways")
        return np.array(sorted(zeros), np.int64)


def grow(facts: Mapping[str, str], made: trees.Trees, weight: Array, target: int, reading: Reading) -> None:
    """Adds one tree with that weight a leaf."""
    if int(facts["num_leaves"]) == 1:
        made.constant(float(weight[0]), target)
        return
    feature, kind, split = numbers(facts, "split_feature", int), numbers(facts, "decision_type", int), numbers(facts, "threshold")
    category, default, missing = kind & 1 == 1, (kind >> 1) & 1, (kind >> 2) & 3
    reading.note(feature, category, missing)
    sets: list[Array] = []
    if category.any():  # NaN, unseen and negative categories are no members: they go right
        bounds, words = numbers(facts, "cat_boundaries", int), numbers(facts, "cat_threshold", int)
        sets = [_bits(words[bounds[place] : bounds[place + 1]]) for place in split[category].astype(np.int64)]
    threshold, mode = trees.asked(np.where(category, 0.0, split), category, sets)
    made.add(
        feature,
        threshold,
        numbers(facts, "left_child", int),
        numbers(facts, "right_child", int),
        weight,
        mode=mode,
        # where LightGBM saw no missing value it reads one as 0
        nan_true=np.where(category, 0, np.where(missing == 0, split >= 0, default)),
        members=trees.ended(sets),
        target=target,
    )


def parse(text: str, made: trees.Trees, targets: Array) -> Reading:
    """Adds every tree. targets: the output of each tree of an iteration. ValueError for linear trees."""
    reading = Reading()
    for number, facts in enumerate(blocks(text)):
        if facts.get("is_linear", "0") != "0":
            raise ValueError("linear trees have no plain leaves")
        grow(facts, made, numbers(facts, "leaf_value"), int(targets[number % len(targets)]), reading)
    return reading


def _bits(words: Array) -> Array:
    """The numbers whose bits are set, 32 to a word."""
    return np.flatnonzero((words.astype(np.uint32)[:, None] >> np.arange(32, dtype=np.uint32)) & 1)


# nodes -------------------------------------------------------------------------------------------------------------------


def seen(graph: Graph, x: str, features: int, categories: Array, zeros: Array | None = None) -> str:
    """x as LightGBM's trees see it. categories, zeros: numbers of the features read as codes, and of those whose zero is missing."""
    if len(categories):  # truncated towards zero, as its cast to int does
        whole = graph.op("Mul", graph.op("Sign", x), graph.op("Floor", graph.op("Abs", x)))
        x = graph.op("Where", _mask(graph, features, categories), whole, x)
    nothing = graph.op("LessOrEqual", graph.op("Abs", x), graph.const(ZERO, np.float64))
    x = graph.op("Where", nothing, graph.const(0.0, np.float64), x)
    if zeros is not None and len(zeros):
        missing = graph.op("And", nothing, _mask(graph, features, zeros))
        x = graph.op("Where", missing, graph.const(np.nan, np.float64), x)
    return x


def _mask(graph: Graph, features: int, chosen: Array) -> str:
    mask = np.zeros((1, features), bool)
    mask[0, chosen] = True
    return graph.const(mask)


# estimators --------------------------------------------------------------------------------------------------------------


@writes("lightgbm.basic.Booster")
def booster(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A Booster has no labels: two classes are 0 and 1, K classes 0 to K - 1."""
    return _answer(estimator, estimator, graph, frame, ())


@writes("lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMRanker")
def regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A value, its logarithm, or a ranking score. With early stopping, the best iteration."""
    return _answer(estimator, estimator.booster_, graph, frame, None)


@writes("lightgbm.sklearn.LGBMClassifier")
def classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Margins, or probabilities that need not add to one (one against all)."""
    if callable(estimator.objective_):
        raise Refused(estimator, "with an objective of the user's own it gives no probabilities")
    return _answer(estimator, estimator.booster_, graph, frame, classes_of(estimator))


def _answer(estimator: Any, grown: Any, graph: Graph, frame: Frame, classes: tuple[Any, ...] | None) -> Answer:
    """classes: the labels, () for a Booster's own, None where the answer is a number."""
    if grown is not estimator and estimator.get_params().get("pred_early_stop"):
        raise Refused(estimator, "it ends a prediction early (pred_early_stop)")
    text = grown.model_to_string()
    head = header(text)
    x = _matrix(estimator, graph, frame, head)
    try:
        raw, linear = _sum(text, head, graph, x)
    except ValueError as error:
        raise Refused(estimator, str(error)) from error
    iterations = text.count("\nTree=") // head.outputs
    divisor = float(iterations) if head.averaged and iterations > 1 else 1.0
    if divisor > 1:
        raw = graph.op("Div", raw, graph.const(divisor, np.float64))
    return _linked(estimator, grown, graph, raw, head, classes, divisor, exact=not linear)


def _sum(text: str, head: Header, graph: Graph, x: str) -> tuple[str, bool]:
    """(the sum of the trees, whether it is of linear trees)."""
    if "\nis_linear=1" in text:
        return lineartrees.write(graph, x, list(blocks(text)), head.features, head.outputs), True
    made = trees.Trees()
    reading = parse(text, made, np.arange(head.outputs))
    x = seen(graph, x, head.features, reading.categories, reading.zeros)
    return trees.write(graph, x, made.arrays(), head.outputs), False


def _matrix(estimator: Any, graph: Graph, frame: Frame, head: Header) -> str:
    if frame.width != head.features:
        raise Refused(estimator, f"it was fitted on {head.features} columns and is given {frame.width}")
    if not head.levels:
        return frame.matrix(graph, estimator)
    columns = [frame.take(graph, [place]).parts[0] for place in range(frame.width)]
    # "0:2:5" are codes that were seen, "[-1:3]" a range, "none" a column that no tree can use
    asked = [place for place, part in enumerate(columns) if part.kind == "string" or head.infos[place][0] not in "[n"]
    if len(asked) != len(head.levels):
        raise Refused(
            estimator, "which columns of the data frame were categories cannot be told (ordered ones of numbers, or constant ones)"
        )
    made = {place: coded(estimator, graph, columns[place], known) for place, known in zip(asked, head.levels, strict=True)}
    return graph.op("Concat", *[made.get(place, part.tensor) for place, part in enumerate(columns)], axis=1)


def _linked(
    estimator: Any, grown: Any, graph: Graph, raw: str, head: Header, classes: tuple[Any, ...] | None, divisor: float, exact: bool
) -> Answer:
    """The answer of each objective. Margins are compared as they are, everything else as the library's final prediction."""
    name, outputs = head.objective[0] if head.objective else "", head.outputs

    def margins(rows: Any) -> Array:
        made = np.reshape(grown.predict(_rows(rows), raw_score=True, num_threads=1), (-1, outputs)) / divisor
        return made * factor if factor != 1 else made

    def final(rows: Any) -> Array:
        return np.reshape(grown.predict(_rows(rows), num_threads=1), (-1, outputs))

    factor = head.option("sigmoid", 1.0) if name in ("binary", "multiclassova") else 1.0
    if factor != 1:
        raw = graph.op("Mul", raw, graph.const(factor, np.float64))
    wants = classes is not None
    if name in ("binary", "cross_entropy") and wants and (classes or name == "binary"):
        return Answer(raw, "sigmoid", margins, exact, classes or (0, 1))
    if name in ("multiclass", "multiclassova") and wants:
        labels = classes or tuple(range(outputs))
        if name == "multiclass":
            return Answer(raw, "softmax", margins, exact, labels, outputs=outputs)
        return Answer(links.link(graph, raw, "sigmoid"), "probability", final, classes=labels, outputs=outputs)
    if classes:
        raise Refused(estimator, f"the objective {' '.join(head.objective)!r} gives no probabilities of classes")
    if name in LOGARITHMS or name in VALUES or not name:
        if "sqrt" in head.objective:
            squared = graph.op("Mul", graph.op("Sign", raw), graph.op("Mul", raw, raw))
            return Answer(squared, "identity", final, exact, outputs=outputs)
        link: Link = "exp" if name in LOGARITHMS else "identity"
        return Answer(raw, link, margins, exact, outputs=outputs)
    if name in ("binary", "cross_entropy"):  # a share, asked for as a number
        return Answer(links.link(graph, raw, "sigmoid"), "identity", final)
    if name == "cross_entropy_lambda":
        return Answer(_softplus(graph, raw), "identity", final)
    raise Refused(estimator, f"the objective {' '.join(head.objective)!r} is not known")


def _softplus(graph: Graph, raw: str) -> str:
    """log(1 + exp(x)), without overflow."""
    zero, one = graph.const(0.0, np.float64), graph.const(1.0, np.float64)
    tail = graph.op("Log", graph.op("Add", one, graph.op("Exp", graph.op("Neg", graph.op("Abs", raw)))))
    return graph.op("Add", graph.op("Max", raw, zero), tail)


def _rows(rows: Any) -> Any:
    """A Booster takes matrices and data frames, no lists."""
    return np.asarray(rows, np.float64) if isinstance(rows, list | tuple) else rows
