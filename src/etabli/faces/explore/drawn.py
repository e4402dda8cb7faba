"""Columns of the sample as arrays, for pictures and measures that look at many columns at once.

Fewer rows are taken the more columns there are, by a rule that knows only the row's number, so that two pages and two starts draw the same
rows, whatever the order in which DuckDB hands them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.faces.explore.opened import ROW, Opened
from etabli.faces.words.numbers import LARGEST
from etabli.judge.cells import Cells
from etabli.records import Array, Column

COMPARED = ("number", "flag", "date", "category")  # kinds whose values can be related, drawn and placed
AT_ONCE = 400  # columns a query
TURN = 2_654_435_761  # Knuth's multiplicative hash: neighbours are thrown apart


@dataclass(frozen=True)
class Drawn:
    """rows: int64 [n], the numbers of the rows in the file, rising. columns: their cells."""

    rows: Array
    columns: tuple[Cells, ...]


def compared(opened: Opened) -> tuple[Column, ...]:
    """The columns whose values say something about other rows: no texts, identifiers or constants."""
    return tuple(column for column in opened.columns if column.kind in COMPARED)


def drawn(opened: Opened, columns: Sequence[Column], most: int) -> Drawn:
    """Those columns in at most `most` rows of the sample (a hundredth fewer, so that chance does not pass it)."""
    with opened.connect() as connection:
        there = int(connection.execute("SELECT count(*) FROM sample").fetchone()[0])
        keep = "" if there <= most else f" WHERE ({ROW} * {TURN}) % 4294967296 < {int(0.99 * most / there * 4294967296)}"
        rows = np.asarray(connection.execute(f"SELECT {ROW} FROM sample{keep} ORDER BY {ROW}").fetchnumpy()[ROW], np.int64)
        cells: list[Cells] = []
        for first in range(0, len(columns), AT_ONCE):
            some = columns[first : first + AT_ONCE]
            read = ", ".join(f"{_read(column, opened.sql(column.name))} AS c{i}" for i, column in enumerate(some))
            table = connection.sql(f"SELECT {read} FROM sample{keep} ORDER BY {ROW}").to_arrow_table()
            cells += [_cells(column, table.column(i)) for i, column in enumerate(some)]
    return Drawn(rows, tuple(cells))


def is_number(column: Column) -> bool:
    """Whether a column's values have an order and a distance; the others are levels."""
    return column.is_double and column.kind in ("number", "flag", "date")


def _read(column: Column, name: str) -> str:
    if not is_number(column):
        return f"CAST({name} AS VARCHAR)"
    return f"epoch(CAST({name} AS TIMESTAMP))" if column.kind == "date" else f"CAST({name} AS DOUBLE)"


def _cells(column: Column, chunks: Any) -> Cells:
    values = chunks.combine_chunks()
    if is_number(column):
        numbers = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
        return Cells(column.name, column.kind, np.clip(numbers, -LARGEST, LARGEST))  # squares of them stay finite
    coded = values.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.full(len(texts) + 1, -1, np.int64)
    place[order] = np.arange(len(texts))
    return Cells(column.name, column.kind, place[coded.indices.fill_null(len(texts)).to_numpy()], tuple(texts[i] for i in order))
