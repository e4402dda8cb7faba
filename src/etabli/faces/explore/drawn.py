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
    import pyarrow.parquet as pq

    with pq.ParquetFile(opened.sample) as file:  # not by DuckDB: its views over thousands of columns take seconds to plan
        table = file.read([ROW, *(opened.sql_names[column.name] for column in columns)])
    rows = table.column(ROW).to_numpy()
    kept = np.arange(len(rows)) if len(rows) <= most else np.flatnonzero((rows * TURN) % 2**32 < int(0.99 * most / len(rows) * 2**32))
    kept = kept[np.argsort(rows[kept], kind="stable")]
    return Drawn(
        rows[kept].astype(np.int64), tuple(_cells(column, table.column(opened.sql_names[column.name])).taken(kept) for column in columns)
    )


def is_number(column: Column) -> bool:
    """Whether a column's values have an order and a distance; the others are levels."""
    return column.is_double and column.kind in ("number", "flag", "date")


def _cells(column: Column, chunks: Any) -> Cells:
    import pyarrow as pa

    values = chunks.combine_chunks()
    if is_number(column):
        if pa.types.is_timestamp(values.type):
            ticks = values.cast(pa.timestamp("us")).cast(pa.int64())
            numbers = np.asarray(ticks.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64) / 1e6
        else:
            numbers = np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        return Cells(column.name, column.kind, np.clip(numbers, -LARGEST, LARGEST))  # squares of them stay finite
    values = values if pa.types.is_dictionary(values.type) else values.cast(pa.string())
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.full(len(texts) + 1, -1, np.int64)
    place[order] = np.arange(len(texts))
    return Cells(column.name, column.kind, place[coded.indices.fill_null(len(texts)).to_numpy()], tuple(texts[i] for i in order))
