"""Crosses: what two columns say together and neither says alone (rooms per household, north of which longitude, who with whom).

Pairs are judged on a few thousand training rows: an additive model of both columns is taken out of the target first, then a
cross must explain some of the rest on the half of the rows it was not learned from. So a cross of two strong columns with
nothing to add is not taken, and a diagonal (latitude with longitude) is. Numbers give sums, differences, products and ratios
(0 below: missing); categories give joined levels with out-of-fold target means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from etabli.data.preparation import scaling, statistics
from etabli.data.preparation.categories import Levels, levels_of, write_means
from etabli.data.preparation.step import Learned, Step, View
from etabli.graph.steps import finite
from etabli.records import Array, Feature

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

ROWS = 10_000  # training rows on which pairs are judged
NUMBERS, CATEGORIES = 10, 6  # the strongest columns, whose pairs are tried
BINS = 32
GAIN = 0.002  # a cross explains at least this share of the target's variance, beyond both columns

Pair = tuple[str, str]


def _ratio(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b != 0)


# sign in names, and the numpy twin used only to *choose* (the values of the matrix come from the graph)
OPERATORS: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "+": ("Add", np.add),
    "-": ("Sub", np.subtract),
    "*": ("Mul", np.multiply),
    "/": ("Div", _ratio),
}


@final
class Crosses(Step):
    """The `view.wants.crosses` pairs that add most: numbers by their best operator, categories joined."""

    order: ClassVar[int] = 50

    def fit(self, view: View) -> Learned | None:
        """Chooses the pairs, then learns their scaling (numbers) or means (categories)."""
        if not view.wants.crosses or view.target is None or len(view.rows) < 20:
            return None
        rows = view.sample(ROWS)
        y, _ = statistics.outcomes(view.y)
        y = y[rows] - y[rows].mean(axis=0)
        half = np.random.default_rng([view.seed, 11]).random(len(rows)) < 0.5
        if not np.any(y) or half.all() or not half.any():
            return None
        columns = levels_of(view)
        found = _number_pairs(view, rows, y, half) + _category_pairs([(levels.name, codes[rows]) for levels, codes in columns], y, half)
        found = sorted(found, key=lambda item: -item[0])[: view.wants.crosses]
        numbers = {sign: [pair for _, s, pair in found if s == sign] for sign in OPERATORS}
        numbers = {sign: pairs for sign, pairs in numbers.items() if pairs}
        joined = [pair for _, sign, pair in found if sign == "&"]
        if not found:
            return None
        features = [Feature(f"{a} {sign} {b}", (a, b)) for sign, pairs in numbers.items() for a, b in pairs]
        block = None
        if features:
            width = len(features)
            made = list(_matrix(view, numbers, width)) if view.wants.filled or view.wants.numbers != "raw" else []
            block = scaling.learn(lambda j: made[j], width, view.wants, indicators=False)
        means = [_learn_joined(view, dict((levels.name, (levels, codes)) for levels, codes in columns), pair) for pair in joined]
        train: dict[int, Array] = {}
        for pair, learned in zip(joined, means, strict=True):
            for outcome in range(learned[-1].shape[1]):
                train[len(features)] = learned[-1][:, outcome]
                suffix = f" {outcome + 1}" if learned[-1].shape[1] > 1 else ""
                features.append(Feature(f"{pair[0]} & {pair[1]} target mean{suffix}", pair))
        return Learned(tuple(features), (numbers, block, [learned[:-1] for learned in means]), train)

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """Three nodes an operator for all number pairs; three look-ups a pair of categories."""
        numbers, block, joined = learned.facts
        made = scaling.write(block, graph, _write_numbers(graph, numbers)) if block is not None else []
        if joined:
            tables = [table for *_, table in joined]
            made += write_means(graph, tables, [partial(_look, graph, first, second, keys) for first, second, keys, _ in joined])
        return made


def _number_pairs(view: View, rows: Array, y: Array, half: Array) -> list[tuple[float, str, Pair]]:
    names = view.names("number")
    few = rows if len(names) <= 100 else rows[:: max(1, len(rows) * len(names) // 2_000_000)]
    fewer = np.searchsorted(rows, few)
    strength = {}
    for name in names:
        cells = view.doubles(name, few)
        strength[name] = statistics.explained(_bins(cells), y[fewer], half[fewer])
    best = sorted(names, key=lambda name: -strength[name])[:NUMBERS]
    values = {name: view.doubles(name, rows) for name in names if name in best}
    binned = {name: _bins(cells) for name, cells in values.items()}
    found = []
    for a, b in combinations(values, 2):
        rest = statistics.residual(binned[a], binned[b], y)
        share = float(np.sum(rest**2) / np.sum(y**2))
        gains = {}
        for sign, (_, operator) in OPERATORS.items():
            with np.errstate(over="ignore", invalid="ignore"):
                value = operator(values[a], values[b])
            gains[sign] = statistics.explained(_bins(value), rest, half) * share
        sign = max(gains, key=lambda s: gains[s])
        if gains[sign] >= GAIN:
            found.append((gains[sign], sign, (a, b)))
    return found


def _category_pairs(columns: list[tuple[str, Array]], y: Array, half: Array) -> list[tuple[float, str, Pair]]:
    codes = {name: np.unique(values, return_inverse=True)[1].reshape(-1) for name, values in columns}
    strength = {name: statistics.explained(values, y, half) for name, values in codes.items()}
    best = sorted(codes, key=lambda name: -strength[name])[:CATEGORIES]
    found = []
    for a, b in combinations([name for name in codes if name in best], 2):
        rest = statistics.residual(codes[a], codes[b], y)
        both = np.unique(codes[a] * (codes[b].max() + 1) + codes[b], return_inverse=True)[1].reshape(-1)
        gain = statistics.explained(both, rest, half) * float(np.sum(rest**2) / np.sum(y**2))
        if gain >= GAIN:
            found.append((gain, "&", (a, b)))
    return found


def _bins(cells: Array) -> Array:
    """int64: which of up to BINS quantile bins; missing and infinite cells have their own."""
    bad = ~np.isfinite(cells)
    known = cells[~bad]
    if not len(known):
        return np.zeros(len(cells), np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    return np.where(bad, len(edges) + 1, np.searchsorted(edges, np.where(bad, 0.0, cells)))


def _write_numbers(graph: Graph, numbers: dict[str, list[Pair]]) -> str:
    made = []
    for sign, pairs in numbers.items():
        first, second = (graph.numbers([pair[side] for pair in pairs]) for side in (0, 1))
        if sign == "/":
            zero = graph.op("Equal", second, graph.const(0.0, np.float64))
            second = graph.op("Where", zero, graph.const(np.nan, np.float64), second)
        made.append(graph.op(OPERATORS[sign][0], first, second))
    return finite(graph, graph.op("Concat", *made, axis=1) if len(made) > 1 else made[0])


def _matrix(view: View, numbers: dict[str, list[Pair]], width: int) -> Array:
    """float64 [width, training rows], by the nodes themselves."""
    return np.concatenate(list(view.run(lambda graph: _write_numbers(graph, numbers), width))).T.copy()


def _learn_joined(view: View, columns: dict[str, tuple[Levels, Array]], pair: Pair) -> tuple[Levels, Levels, Array, Array, Array]:
    """(both columns, joined keys seen, table [keys + 2, q] for write_means, out-of-fold values of the training rows)."""
    (first, a), (second, b) = columns[pair[0]], columns[pair[1]]
    joint = np.where(a < 0, first.count, a) * _stride(second) + np.where(b < 0, second.count, b)
    keys, codes = np.unique(joint, return_inverse=True)
    codes = codes.reshape(-1)
    y, _ = statistics.outcomes(view.y)
    means, prior = statistics.smoothed(codes, len(keys), y)
    made = statistics.out_of_fold(codes, len(keys), y, view.folds)
    if view.wants.numbers != "raw":
        for column in range(y.shape[1]):
            shift, scale = scaling.moments(made[:, column])
            for array in (made, means):
                array[:, column] = (array[:, column] - shift) / scale
            prior[column] = (prior[column] - shift) / scale
    return first, second, keys.astype(np.float64), np.vstack([means, prior, prior]), made


def _stride(second: Levels) -> int:
    """Joined keys are first * stride + second; an unseen level is -1 on either side and then no key is equal."""
    return second.count + 2


def _look(graph: Graph, first: Levels, second: Levels, keys: Array, values: Array, missing: float, unseen: float) -> str:
    """[rows, 1] double: the value of the joined level; missing is a level on either side."""
    from onnx import numpy_helper

    a = first.look(graph, np.arange(first.count) * float(_stride(second)), float(first.count * _stride(second)), -float(_stride(second)))
    b = second.look(graph, np.arange(second.count, dtype=np.float64), float(second.count), -1.0)
    return graph.op(
        "LabelEncoder",
        graph.op("Add", a, b),
        keys_tensor=numpy_helper.from_array(keys, "keys"),
        values_tensor=numpy_helper.from_array(np.ascontiguousarray(values, np.float64), "values"),
        default_tensor=numpy_helper.from_array(np.array([unseen], np.float64), "default"),
    )
