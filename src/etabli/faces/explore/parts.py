"""A column in parts: the bars of its histogram or its commonest levels, each with its rows and the target's mean or rate in it.

Two ways to the same record: from the sample in numpy (a page of cards), and by one grouping of all rows in DuckDB (a column's own page).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from etabli.faces.explore.aim import Aim
from etabli.faces.explore.bins import Bins
from etabli.faces.explore.bins import bins as bins_of
from etabli.faces.explore.intervals import means
from etabli.records import Array, Column, Table

TOP = 6  # levels on a card
PartKind = Literal["range", "value", "level", "others", "missing"]


@dataclass(frozen=True)
class Part:
    """rows: in it. known: of those with a target; value, low, high: the target's mean or rate in it with its 95 % interval (None: not
    measured). name: of a level. begin, end: of a range (None: open), begin <= v < end; both the value itself where it is one. levels: how many
    "others" stands for."""

    kind: PartKind
    rows: int
    name: str = ""
    begin: float | None = None
    end: float | None = None
    levels: int = 1
    known: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Parts:
    """bars: ranges or values in order, or levels from the commonest. spike: the value that stands aside. others: all rarer levels. missing: the
    cells without a value. bins: how a column of doubles was cut, None for levels. rows: all together."""

    bars: tuple[Part, ...]
    rows: int
    spike: Part | None = None
    others: Part | None = None
    missing: Part | None = None
    bins: Bins | None = None

    @property
    def every(self) -> tuple[Part, ...]:
        """All parts, each row in exactly one."""
        return (*([self.spike] if self.spike else []), *self.bars, *(p for p in (self.others, self.missing) if p))


def opened_to(made: Bins, low: float | None, high: float | None) -> Bins:
    """The bins with open ends where the file reaches farther (low, high) than the sample they were made of."""
    edges = made.edges.copy()
    if low is not None and low < edges[0] and low != made.spike:
        edges[0] = -np.inf
    if high is not None and high >= edges[-1] and high != made.spike:
        edges[-1] = np.inf
    return replace(made, edges=edges)


def is_scaled(column: Column) -> bool:
    """Whether a histogram shows it: numbers and dates; everything else goes by levels."""
    return column.is_double and column.kind in ("number", "date", "identifier", "constant")


def sampled(table: Table, column: Column, aim: Aim | None, scale: str = "", top: int = TOP) -> Parts:
    """The parts of a column of the sampled table. scale: as `bins.bins` takes it. top: levels of their own."""
    values = np.asarray(table.values[column.name])
    if is_scaled(column):
        made = bins_of(values, column.reading.get("parse", column.kind) == "date", scale)
        of = made.of(values)
        return binned(made, _sums(of, made.count + 1, aim), aim)
    if column.is_double:  # flags
        words = [str(word) for word in column.reading.get("words", ("0", "1"))]
        codes = np.where(np.isnan(values), -1, values).astype(np.int64)
        return _levelled(words, _sums(codes, len(words), aim), aim, top)
    names = table.levels[column.name]
    return _levelled(names, _sums(values.astype(np.int64), len(names), aim), aim, top)


def _sums(of: Array, count: int, aim: Aim | None) -> Array:
    """[4, count + 1]: rows, rows with a target, sum and sum of squares of the target, by part; the last is of rows in no part (-1)."""
    of = np.where(of < 0, count, of)
    rows = np.bincount(of, minlength=count + 1)
    if aim is None:
        return np.stack([rows, *np.zeros((3, count + 1))])
    there = ~np.isnan(aim.values)
    y, of = aim.values[there], of[there]
    known, total, square = np.bincount(of, minlength=count + 1), np.bincount(of, y, count + 1), np.bincount(of, y * y, count + 1)
    return np.stack([rows, known, total, square]).astype(np.float64)


def grouped(connection: Any, sql: str, made: Bins, aim: Aim | None, date: bool = False) -> Parts:
    """The same bins over all rows, by one query on the view `data`. sql: the column as SQL writes it. date: whether it is a timestamp."""
    cell = f"epoch({sql})" if date else f"CAST({sql} AS DOUBLE)"
    size = made.count + 2
    sums = np.zeros((4, size))
    for part, *found in connection.execute(
        f"SELECT {made.sql('x')} AS part, {aggregates(aim)} FROM {_pairs(cell, aim)} GROUP BY part"
    ).fetchall():
        sums[:, size - 1 if part < 0 else int(part)] = found
    return binned(made, sums, aim)


def levels(connection: Any, sql: str, aim: Aim | None, top: int) -> Parts:
    """The commonest levels of all rows, with the rest together. sql: the column as SQL writes it, read as text."""
    found = connection.execute(
        f"WITH g AS (SELECT x, {aggregates(aim)} FROM {_pairs(sql, aim)} GROUP BY x),"
        " r AS (SELECT *, row_number() OVER (ORDER BY x IS NULL, n DESC, x) AS place FROM g)"
        f" SELECT CASE WHEN x IS NULL THEN -1 ELSE least(place, {top} + 1) END AS part, min(x), sum(n), sum(k), sum(s), sum(q), count(*)"
        " FROM r GROUP BY part ORDER BY part"
    ).fetchall()
    names = [str(row[1]) for row in found if 0 < row[0] <= top]
    size = len(names) + 2  # the levels, others, missing
    sums, many = np.zeros((4, size)), 0
    for part, _, *numbers, count in found:
        place = size - 1 if part < 0 else size - 2 if part > top else int(part) - 1
        sums[:, place] = [float(v) for v in numbers]
        many = int(count) if part > top else many
    return _ranked(names, sums, many, aim)


def presence(connection: Any, sql: str, aim: Aim) -> tuple[Part, Part]:
    """(rows with a value, rows without) and the target in each, over all rows."""
    sums = np.zeros((4, 2))
    for gone, *found in connection.execute(f"SELECT x IS NULL AS gone, {aggregates(aim)} FROM {_pairs(sql, aim)} GROUP BY gone").fetchall():
        sums[:, int(gone)] = found
    filled, missing = measured(sums, aim)
    return Part("range", int(sums[0, 0]), **filled), Part("missing", int(sums[0, 1]), **missing)


def difference(a: Part, b: Part) -> tuple[float, float, float] | None:
    """(b - a, low, high) of the target's figures in two parts, from the interval of each (Newcombe 1998, method 10; Zou & Donner 2008 for means); None where
    one has none."""
    if a.value is None or b.value is None or a.low is None or a.high is None or b.low is None or b.high is None:
        return None
    gap = b.value - a.value
    down = float(np.hypot(b.value - b.low, a.high - a.value))
    up = float(np.hypot(b.high - b.value, a.value - a.low))
    return gap, gap - down, gap + up


def _pairs(cell: str, aim: Aim | None) -> str:
    return f"(SELECT {cell} AS x, {aim.sql if aim else 'NULL::DOUBLE'} AS y FROM data)"


def aggregates(aim: Aim | None) -> str:
    """SQL of a part's four sums over x and y: rows, rows with a target, its sum and its sum of squares."""
    if aim is None:
        return "count(*) AS n, 0 AS k, 0.0 AS s, 0.0 AS q"
    return "count(*) AS n, count(y) AS k, coalesce(sum(y), 0) AS s, " + (
        "coalesce(sum(y), 0) AS q" if aim.share else "coalesce(sum(y * y), 0) AS q"
    )


def measured(sums: Array, aim: Aim | None) -> list[dict[str, Any]]:
    """What each part knows of the target."""
    if aim is None:
        return [{} for _ in range(sums.shape[1])]
    found = means(sums[1], sums[2], sums[3], aim.share)
    numbers = [[float(v) if np.isfinite(v) else None for v in one] for one in (found.value, found.low, found.high)]
    return [{"known": int(k), "value": v, "low": a, "high": b} for k, v, a, b in zip(found.rows, *numbers, strict=True)]


def binned(made: Bins, sums: Array, aim: Aim | None) -> Parts:
    """sums [4, bins + 2]: then the spike and the missing."""
    facts, rows = measured(sums, aim), sums[0]
    bars = []
    for k in range(made.count):
        if made.values:
            bars.append(Part("value", int(rows[k]), "", made.values[k], made.values[k], **facts[k]))
        else:
            begin, end = (float(v) if np.isfinite(v) else None for v in made.edges[k : k + 2])
            bars.append(Part("range", int(rows[k]), "", begin, end, **facts[k]))
    spike = Part("value", int(rows[-2]), "", made.spike, made.spike, **facts[-2]) if made.spike is not None else None
    missing = Part("missing", int(rows[-1]), **facts[-1]) if rows[-1] else None
    return Parts(tuple(bars), int(rows.sum()), spike, None, missing, made)


def _levelled(names: Sequence[str], sums: Array, aim: Aim | None, top: int) -> Parts:
    """The commonest `top` levels; one level too many is shown and not called "others"."""
    rows = sums[0]
    order = np.argsort(-rows[:-1], kind="stable")
    order = order[rows[order] > 0]
    kept = order if order.size <= top + 1 else order[:top]
    rest = np.setdiff1d(order, kept)
    chosen = np.concatenate([sums[:, kept], sums[:, rest].sum(axis=1, keepdims=True), sums[:, -1:]], axis=1)
    return _ranked([str(names[int(k)]) for k in kept], chosen, rest.size, aim)


def _ranked(names: Sequence[str], sums: Array, many: int, aim: Aim | None) -> Parts:
    """names: of the levels; sums [4, levels + 2]: then the others and the missing."""
    facts = measured(sums, aim)
    bars = tuple(Part("level", int(sums[0, k]), name, **facts[k]) for k, name in enumerate(names))
    others = Part("others", int(sums[0, -2]), levels=many, **facts[-2]) if many else None
    missing = Part("missing", int(sums[0, -1]), **facts[-1]) if sums[0, -1] else None
    return Parts(bars, int(sums[0].sum()), None, others, missing)
