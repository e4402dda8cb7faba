"""Rows of a file in blocks, for prediction: CSV with the standard library, Parquet where pyarrow is installed.

The training file goes through `data/sources`, which learns what the columns are. Here that is known (the card says it), so a
file is only cut into cells, in blocks, and any length fits in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data import dialect
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.model.frames import Frame, frame

PARQUET = (".parquet", ".pq")


def blocks(path: Path, size: int) -> Iterator[Frame]:
    """The file's rows, `size` at a time (one empty block for a file with headers alone).

    UsageError when there is no such file; DataError, with its lines, for rows that are wider or narrower than the header.
    """
    if not path.is_file():
        near = (
            did_you_mean(path.name, [other.name for other in sorted(path.parent.iterdir()) if other.is_file()])
            if path.parent.is_dir()
            else ""
        )
        raise UsageError("the data file must exist", str(path), near)
    if path.suffix.lower() in PARQUET:
        yield from _parquet(path, size)
    else:
        yield from _csv(path, size)


def whole(path: Path) -> Frame:
    """All rows of the file at once."""
    parts = list(blocks(path, 1 << 16))
    if len(parts) == 1:
        return parts[0]
    columns: list[Any] = []
    for pieces in zip(*(part.columns for part in parts), strict=True):
        arrays = all(isinstance(piece, np.ndarray) for piece in pieces) and len({piece.dtype for piece in pieces}) == 1
        columns.append(
            np.concatenate(pieces)
            if arrays
            else list(chain.from_iterable(piece.tolist() if isinstance(piece, np.ndarray) else piece for piece in pieces))
        )
    return Frame(parts[0].headers, columns, sum(part.rows for part in parts))


def _csv(path: Path, size: int) -> Iterator[Frame]:
    spoken = dialect.sniff(path)
    headers, lines = list(spoken.headers), dialect.rows(path, spoken)
    begun = False
    while cut := list(islice(lines, size)):
        begun = True
        yield Frame(headers, [list(column) for column in zip(*cut, strict=True)], len(cut))
    if not begun:
        yield Frame(headers, [[] for _ in headers], 0)


def _parquet(path: Path, size: int) -> Iterator[Frame]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "reading Parquet needs pyarrow, which is not installed here", str(path), "pip install pyarrow, or give the rows as CSV"
        ) from None
    import pyarrow as pa

    try:
        source = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as problem:
        raise DataError(
            "the data file must be Parquet, as its name says",
            f"{path}: {str(problem).splitlines()[0]:.120}",
            "copy it again, or give it as CSV",
        ) from None
    with source:
        begun = False
        for batch in source.iter_batches(size):
            begun = True
            yield _kept(pa.Table.from_batches([batch]))
        if not begun:
            yield _kept(source.schema_arrow.empty_table())


def _kept(table: Any) -> Frame:
    return replace(frame(table), original=list(table.columns))
