"""The columns as one matrix in which distances mean something, learned from the rows and written as a graph.

Numbers come scaled, categories one-hot, dates as seconds, missing cells filled (the preparation of the families, `data/preparation`). Then
every raw column is brought to the same inertia, however many features it became (a level's column is divided by the root of its share,
as in a multiple correspondence analysis; Pagès 2004, factor analysis of mixed data; a text's axes keep their lengths to each other, `topics.py`), and weighed. A missing cell takes the column's middle and has no
column of its own: that two rows were measured carelessly does not make them alike. Wide tables are rotated to their leading components.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from etabli.data.preparation import matrix, prepare
from etabli.errors import DataError
from etabli.graph.graph import Graph
from etabli.records import PREPARED, Array, Column, Feature, Prepared, Table, Wants
from etabli.structure.topics import Topics

WANTS = Wants(numbers="scaled", filled=True, categories="one-hot", dates="seconds", text="none")
FLOOR = 1e-9


@dataclass(frozen=True)
class Space:
    """columns: the raw columns in use. parts: their features, of all columns but texts (where there are others) and of each text. kept: int [k], the features
    in use. centre, scale: [k], a row's coordinates are (feature - centre) * scale. turned: [k, d] or None, the leading components of a wide table. owner: int [k], the
    column (its place in `columns`) of each feature in use. texts: what the columns of free text say."""

    columns: tuple[Column, ...]
    parts: tuple[Prepared, ...]
    kept: Array
    centre: Array
    scale: Array
    owner: Array
    turned: Array | None = None
    texts: tuple[Topics, ...] = ()

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Of all parts, side by side."""
        return tuple(feature for part in self.parts for feature in part.features)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features in use."""
        return tuple(self.features[i].name for i in self.kept)

    def apply(self, table: Table, rows: Array) -> Array:
        """float64 [rows, d]: the coordinates of those rows of a table."""
        return self.turn(self.plain(table, rows))

    def plain(self, table: Table, rows: Array) -> Array:
        """float64 [rows, k]: before any rotation, a coordinate a feature."""
        return np.asarray((joined(self.parts, table, rows)[:, self.kept] - self.centre) * self.scale)

    def turn(self, plain: Array) -> Array:
        """[rows, k] -> [rows, d]."""
        return plain if self.turned is None else plain @ self.turned

    def write(self, graph: Graph) -> tuple[str, str]:
        """Adds the nodes from the raw columns on: (the plain coordinates, the coordinates), both [rows, ...] double."""
        import onnx

        made = [dict(graph.inline(onnx.load_from_string(part.raw)))[PREPARED] for part in self.parts]
        x = graph.op("Concat", *made, axis=1) if len(made) > 1 else made[0]
        if len(self.kept) < len(self.features):
            x = graph.op("Gather", x, graph.const(self.kept, np.int64), axis=1)
        plain = graph.op("Mul", graph.op("Sub", x, graph.const(self.centre[None])), graph.const(self.scale[None]))
        return plain, plain if self.turned is None else graph.op("MatMul", plain, graph.const(self.turned))


def joined(parts: Sequence[Prepared], table: Table, rows: Array) -> Array:
    """float64 [rows, features] of all parts, side by side."""
    made = [matrix(part, table, rows) for part in parts]
    return np.hstack(made) if len(made) > 1 else made[0]


def learned(
    table: Table,
    columns: Sequence[str],
    rows: Array,
    seed: int,
    weights: dict[str, float] | None = None,
    texts: Sequence[Topics] = (),
) -> Space:
    """The space of those columns, learned from `rows`. weights: a column's share of a distance (default 1 each; 0 leaves it out). texts: what those of
    free text say; without it a text takes no part. DataError when no column varies."""
    said = {one.name for one in texts}
    others = [name for name in columns if name not in said]
    parts = (*((prepare(table, None, WANTS, rows, seed, others),) if others else ()), *(one.places for one in texts))
    features = tuple(feature for part in parts for feature in part.features)
    raw = joined(parts, table, rows)
    used = tuple(table.column(name) for name in columns)
    place = {column.name: i for i, column in enumerate(used)}
    owner = np.array([place[feature.source[0]] for feature in features])
    missing = np.array([feature.name == f"{feature.source[0]} missing" for feature in features])
    centre, deviation = raw.mean(axis=0), raw.std(axis=0)
    kept = np.flatnonzero(~missing & (deviation > FLOOR))
    scale = np.zeros(len(owner))
    for i, column in enumerate(used):
        mine = kept[owner[kept] == i]
        if not len(mine):
            continue
        if column.name in said:
            scale[mine] = 1.0
        else:
            scale[mine] = 1 / np.sqrt(centre[mine]) if not column.is_double else 1 / deviation[mine]
        inertia = float(((deviation[mine] * scale[mine]) ** 2).sum())
        scale[mine] *= np.sqrt((weights or {}).get(column.name, 1.0) / inertia)
    kept = kept[scale[kept] > 0]
    if not len(kept):
        raise DataError(
            "at least one column must vary", ", ".join(f"{c.name} ({c.kind})" for c in used[:8]) or "no column", "look at: etabli explore"
        )
    return Space(used, parts, kept, centre[kept], scale[kept], owner[kept], texts=tuple(texts))


def turned(space: Space, plain: Array, seed: int) -> Space:
    """The space rotated to the leading components of its rows `plain` [rows, k], as many as shuffled columns do not reach (Horn 1965), two at
    least. In hundreds of directions nearly all distance is chance, and what groups differ in lies in a few."""
    from etabli.judge.components import ROWS, parallel

    random = np.random.default_rng(seed)
    some = plain[np.sort(random.choice(len(plain), min(len(plain), ROWS), replace=False))]
    values, chance = parallel(some, space.owner, min(*some.shape) - 1, random)
    above = values > chance
    _, _, axes = np.linalg.svd(some - some.mean(axis=0), full_matrices=False)
    axes = axes[: max(2, int(above.argmin()) if not above.all() else len(above))]
    heaviest = np.abs(axes).argmax(axis=1)
    return replace(space, turned=np.ascontiguousarray((axes * np.sign(axes[np.arange(len(axes)), heaviest])[:, None]).T))
