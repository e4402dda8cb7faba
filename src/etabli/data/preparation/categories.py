"""Categories: codes, one column a level, smoothed target means, or how rare the level is.

One LabelEncoder a column turns the text (or, coded, one Gather turns the level number) into what is wanted; all else is done
for all columns at once. Missing and unseen levels are ordinary input. Only levels seen in the training rows count as seen: the
table may know others, from rows held out.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from etabli.data.preparation import scaling, statistics
from etabli.data.preparation.step import Learned, Step, View
from etabli.errors import UsageError
from etabli.graph.steps import one_hot
from etabli.records import Array, Feature

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

RARE_ROWS, RARE_SHARE, MOST_LEVELS = 2, 0.002, 100  # one-hot: fewer rows than that, or beyond the most frequent: "rare"


@dataclass(frozen=True)
class Levels:
    """A category column as the training rows show it. count: levels (of the table). rows: int64 [count] training rows of each.
    missing: training rows without one. keys: the levels themselves where the column is held as doubles, else None."""

    name: str
    count: int
    rows: Array
    missing: int
    keys: Array | None = None

    def look(self, graph: Graph, values: Array, missing: float, unseen: float) -> str:
        """[rows, 1] double: values[level]; a level without training rows counts as unseen."""
        values = np.where(self.rows > 0, values, unseen) if self.count else np.zeros(0)
        if self.keys is None:
            return graph.lookup(self.name, values, missing, unseen)
        from onnx import numpy_helper

        cells = graph.numbers([self.name])
        keys = np.append(self.keys, np.nan)
        found = graph.op(
            "LabelEncoder",
            cells,
            keys_tensor=numpy_helper.from_array(keys, "keys"),
            values_tensor=numpy_helper.from_array(np.append(values, missing), "values"),
            default_tensor=numpy_helper.from_array(np.array([unseen]), "default"),
        )
        return graph.op("Where", graph.op("IsNaN", cells), graph.const([[missing]], np.float64), found)


def levels_of(view: View) -> list[tuple[Levels, Array]]:
    """Every category column with its training codes (int64, -1 missing). A flag or date that is held as text is a category too."""
    made = []
    for name in [column.name for column in view.columns if is_category(column.kind, column.is_double)]:
        if view.table.column(name).is_double:
            cells = view.doubles(name)
            keys, codes = np.unique(cells[~np.isnan(cells)], return_inverse=True)
            full = np.full(len(cells), -1, np.int64)
            full[~np.isnan(cells)] = codes
            made.append((_levels(name, full, len(keys), keys), full))
        else:
            codes = view.codes(name)
            made.append((_levels(name, codes, len(view.table.levels[name]), None), codes))
    return made


def is_category(kind: str, double: bool) -> bool:
    """Whether a column of that kind is handled by these steps."""
    return kind == "category" or (kind in ("number", "flag", "date") and not double)


def _levels(name: str, codes: Array, count: int, keys: Array | None) -> Levels:
    return Levels(name, count, np.bincount(codes[codes >= 0], minlength=count), int(np.sum(codes < 0)), keys)


class Categories(Step):
    """What the four ways share: they apply when wanted, and where there is a category."""

    order: ClassVar[int] = 30
    want: ClassVar[str] = ""

    @final
    def fit(self, view: View) -> Learned | None:
        """Nothing unless `view.wants.categories` is this way and there is a category column."""
        if view.wants.categories != self.want:
            return None
        columns = levels_of(view)
        return self.learn(view, columns) if columns else None

    @abstractmethod
    def learn(self, view: View, columns: list[tuple[Levels, Array]]) -> Learned:
        """Learns from the training codes of each column."""


@final
class Codes(Categories):
    """Level numbers as the table has them; missing is number L of L levels; what no training row had (also missing) is NaN, or L
    when nothing may stay NaN (filled). So unless filled, every number in the matrix was seen in training."""

    want: ClassVar[str] = "codes"

    def learn(self, view: View, columns: list[tuple[Levels, Array]]) -> Learned:
        """Which levels were seen."""
        features = tuple(Feature(levels.name, (levels.name,), levels.count + 1) for levels, _ in columns)
        own = [float(levels.count) for levels, _ in columns]
        unseen = [last if view.wants.filled else np.nan for last in own]
        missing = [last if levels.missing else other for (levels, _), last, other in zip(columns, own, unseen, strict=True)]
        return Learned(features, list(zip([levels for levels, _ in columns], missing, unseen, strict=True)))

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """One look-up a column."""
        return [levels.look(graph, np.arange(levels.count, dtype=np.float64), missing, unseen) for levels, missing, unseen in learned.facts]


@final
class OneHot(Categories):
    """One 0/1 column a frequent level, one for all rare ones (unseen levels too) and one for missing, each where training rows
    have it. Rare: fewer rows than 2 or 0.2 %, or beyond the 100 most frequent."""

    want: ClassVar[str] = "one-hot"

    def learn(self, view: View, columns: list[tuple[Levels, Array]]) -> Learned:
        """Which levels have a column of their own."""
        features: list[Feature] = []
        facts = []
        least = max(RARE_ROWS, int(np.ceil(RARE_SHARE * len(view.rows))))
        for levels, _ in columns:
            often = np.argsort(-levels.rows, kind="stable")[:MOST_LEVELS]
            kept = np.sort(often[levels.rows[often] >= least])
            own = np.full(levels.count, -1.0)
            own[kept] = np.arange(len(kept))
            names = [str(levels.keys[i]) if levels.keys is not None else view.table.levels[levels.name][i] for i in kept.tolist()]
            labels = [f"{levels.name} = {text}" for text in names]
            rare = missing = -1.0
            if (levels.rows > 0).sum() > len(kept):
                rare = float(len(labels))
                labels.append(f"{levels.name} rare")
            own[(own < 0) & (levels.rows > 0)] = rare
            if levels.missing:
                missing = float(len(labels))
                labels.append(f"{levels.name} missing")
            features += [Feature(label, (levels.name,)) for label in labels]
            facts.append((levels, own, missing if missing >= 0 else rare, rare, len(labels)))
        return Learned(tuple(features), facts)

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """One look-up a column, then one Gather, Equal and Cast for all."""
        looked = [levels.look(graph, own, missing, rare) for levels, own, missing, rare, width in learned.facts if width]
        if not looked:
            return []
        widths = [width for *_, width in learned.facts if width]
        codes = graph.op("Concat", *looked, axis=1) if len(looked) > 1 else looked[0]
        source = [i for i, width in enumerate(widths) for _ in range(width)]
        return [one_hot(graph, codes, source, [float(i) for width in widths for i in range(width)])]


@final
class TargetMeans(Categories):
    """Smoothed target means a level (statistics.py), one column a target outcome; training rows get out-of-fold values; missing
    is a level of its own where training rows have it; unseen: the mean of all. Standardised where numbers are."""

    want: ClassVar[str] = "target"

    def learn(self, view: View, columns: list[tuple[Levels, Array]]) -> Learned:
        """Means of all training rows for new rows, of the other inner folds for the training rows."""
        if view.target is None:
            raise UsageError("target statistics of categories need a target", 'categories="target"', 'take "frequency" or "one-hot"')
        y, kept = statistics.outcomes(view.y)
        features: list[Feature] = []
        tables, train = [], {}
        for levels, codes in columns:
            full = np.where(codes < 0, levels.count, codes)
            means, prior = statistics.smoothed(full, levels.count + 1, y)
            made = statistics.out_of_fold(full, levels.count + 1, y, view.folds)
            for column, outcome in enumerate(kept.tolist()):
                shift, scale = scaling.moments(made[:, column]) if view.wants.numbers != "raw" else (0.0, 1.0)
                train[len(features)] = (made[:, column] - shift) / scale
                means[:, column] = (means[:, column] - shift) / scale
                prior[column] = (prior[column] - shift) / scale
                features.append(Feature(f"{levels.name} target mean{_outcome(view, outcome)}", (levels.name,)))
            tables.append((levels, np.vstack([means, prior])))
        return Learned(tuple(features), tables, train)

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """One outcome: one look-up a column. More: look-ups of row numbers into one table."""
        return write_means(graph, [table for _, table in learned.facts], [partial(levels.look, graph) for levels, _ in learned.facts])


Look = Callable[[Array, float, float], str]


def write_means(graph: Graph, tables: Sequence[Array], looks: Sequence[Look]) -> list[str]:
    """Tensors of the means. tables: [levels + 2, q] a column: each level, then missing, then unseen.
    looks: for each, a function (values, missing, unseen) -> tensor [rows, 1]."""
    if tables[0].shape[1] == 1:
        return [look(table[:-2, 0], table[-2, 0], table[-1, 0]) for table, look in zip(tables, looks, strict=True)]
    picked, start = [], 0
    for table, look in zip(tables, looks, strict=True):
        numbers = np.arange(start, start + len(table), dtype=np.float64)
        picked.append(look(numbers[:-2], numbers[-2], numbers[-1]))
        start += len(table)
    rows = graph.op("Concat", *picked, axis=1) if len(picked) > 1 else picked[0]
    found = graph.op("Gather", graph.const(np.vstack(tables)), graph.op("Cast", rows, to=7), axis=0)
    return [graph.op("Reshape", found, graph.const([0, len(tables) * tables[0].shape[1]], np.int64))]


def _outcome(view: View, outcome: int) -> str:
    """The class a target column counts, where there is more than one column."""
    return f" of {view.target.classes[outcome + 1]}" if view.target is not None and view.target.task == "multiclass" else ""


@final
class Frequency(Categories):
    """How rare a level is: minus the log of its share of the training rows; unseen is rarer than one row. Standardised where
    numbers are."""

    want: ClassVar[str] = "frequency"

    def learn(self, view: View, columns: list[tuple[Levels, Array]]) -> Learned:
        """Shares of the training rows."""
        tables = []
        n = max(len(view.rows), 1)
        for levels, codes in columns:
            counts = np.append(levels.rows, [levels.missing, 0]).astype(np.float64)
            values = -np.log(np.where(counts > 0, counts, 0.5) / n)
            if view.wants.numbers != "raw":
                shift, scale = scaling.moments(values[np.where(codes < 0, levels.count, codes)])
                values = (values - shift) / scale
            tables.append((levels, values))
        return Learned(tuple(Feature(f"{levels.name} rarity", (levels.name,)) for levels, _ in columns), tables)

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """One look-up a column."""
        return [levels.look(graph, values[:-2], values[-2], values[-1]) for levels, values in learned.facts]
