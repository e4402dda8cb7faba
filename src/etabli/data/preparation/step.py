"""What a step of the preparation is: it learns from the training rows and writes itself as nodes; nothing computes it twice.

A `View` is all a step may see: the training rows of the columns in use. What a step needs beyond raw cells (calendar parts,
tokens) it obtains by running its own nodes on those rows (`View.run`), never by a second implementation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from etabli.records import Array, Column, Feature, Kind, Table, Target, Wants

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

FOLDS = 5  # inner folds of the out-of-fold target statistics


@dataclass(frozen=True)
class Learned:
    """What a step learned. features: what it adds to the matrix, in order. facts: its own arrays and numbers.
    train: position among `features` -> [training rows] values that differ from the graph's answer (out-of-fold statistics)."""

    features: tuple[Feature, ...]
    facts: Any
    train: Mapping[int, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """The training rows. columns: those in use (the graph's inputs). rows: their numbers. groups: [training rows] or None,
    rows that must stay together also in the inner folds."""

    table: Table
    columns: tuple[Column, ...]
    rows: Array
    target: Target | None
    wants: Wants
    seed: int
    groups: Array | None = None

    def names(self, *kinds: Kind, double: bool = True) -> list[str]:
        """Columns of those kinds, held as doubles (or as strings)."""
        return [column.name for column in self.columns if column.kind in kinds and column.is_double == double]

    def doubles(self, name: str, rows: Array | None = None) -> Array:
        """float64: the cells of a number, flag or date column as the graph reads them: infinities and sentinels are NaN.
        rows: positions among the training rows (all unless given)."""
        cells = np.array(self.table.values[name][self.rows if rows is None else self.rows[rows]], np.float64)
        cells[np.isinf(cells)] = np.nan
        for sentinel in self.table.column(name).reading.get("sentinels", ()):
            cells[cells == float(sentinel)] = np.nan
        return cells

    def codes(self, name: str) -> Array:
        """int64: level numbers of a string column, -1 missing."""
        return np.asarray(self.table.values[name][self.rows]).astype(np.int64)

    @cached_property
    def y(self) -> Array:
        """float64 [training rows, q]: the value; or 1 for classes[1]; or one indicator a class but the first (multiclass)."""
        if self.target is None:
            return np.zeros((len(self.rows), 0))
        y = np.asarray(self.target.y)[self.rows]
        if self.target.task != "multiclass":
            return np.asarray(y, np.float64).reshape(-1, 1)
        return np.stack([(y == label).astype(np.float64) for label in range(1, len(self.target.classes))], axis=1)

    @cached_property
    def folds(self) -> Array:
        """int64 [training rows]: the inner fold of each row, by seed; groups stay together."""
        rng = np.random.default_rng([self.seed, 5])
        if self.groups is None:
            return rng.permutation(len(self.rows)) % FOLDS
        known, inverse = np.unique(self.groups, return_inverse=True)
        return np.asarray(rng.permutation(len(known)) % FOLDS)[inverse.reshape(-1)]

    def sample(self, count: int) -> Array:
        """Sorted positions of at most `count` training rows, by seed."""
        if len(self.rows) <= count:
            return np.arange(len(self.rows))
        return np.sort(np.random.default_rng([self.seed, 7]).choice(len(self.rows), count, replace=False))

    def graph(self, coded: bool) -> Graph:
        """An empty graph over the columns in use."""
        from etabli.graph.graph import Graph

        return Graph(self.columns, self.table.levels, coded)

    def run(
        self, write: Callable[[Graph], str], width: int | None, kind: str = "double", rows: Array | None = None, block: int = 20_000
    ) -> Iterator[Array]:
        """The answers, block by block, of the nodes that `write` adds, on the training rows (or on positions among them).
        width: columns of the answer; None for a vector."""
        from etabli.data.feeds import feeds
        from etabli.graph.run import session

        graph = self.graph(coded=True)
        made = session(graph.model({"out": (write(graph), kind, width)}))
        wanted = {value.name for value in made.get_inputs()}
        chosen = self.rows if rows is None else self.rows[rows]
        for start in range(0, len(chosen), block):
            yield made.run(None, feeds(self.table, self.columns, chosen[start : start + block], True, wanted))[0]


class Step(ABC):
    """One way to turn columns of a kind into features. order: where its features stand in the matrix.

    Final: subclasses are found by walking this folder.
    """

    order: ClassVar[int]

    @abstractmethod
    def fit(self, view: View) -> Learned | None:
        """Learns from the view's rows alone; None when it has nothing to add."""

    @abstractmethod
    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """Adds the nodes; returns tensors [rows, k] double which, side by side, are `learned.features`."""
