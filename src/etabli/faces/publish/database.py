"""Tables as a SQLite file: typed columns, keys, indices where people facet, full-text search where the library has it.

Written aside and renamed, so that a reader never sees half a database; a file that is there is replaced only when it is one of ours,
which its application number says.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import StorageError, UsageError
from etabli.faces.explore.opened import ROW, quoted, sql_names
from etabli.records import Array, Column, Table

OURS = 0x65746162  # "etab" in the file's head
BLOCK = 20_000
LEVELS = 50  # a column of at most so many levels is one to facet by
INDICES = 8


@dataclass(frozen=True)
class Sheet:
    """A table to be written. types: SQLite's, a column each. rows: called for an iterator, so that it may be long. key: the primary key, or with
    `refers` the column that refers to the `_row` of that table (Datasette makes links of these, of a primary key it does not). searched: columns of the full-text index. facets, indices: columns."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Callable[[], Iterable[Sequence[Any]]]
    count: int
    key: str = ""
    refers: str = ""
    searched: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]], **more: Any) -> Sheet:
        """A small table whose rows are there already; the types are those of its values."""
        types = []
        for i in range(len(columns)):
            kinds = {type(row[i]) for row in rows if row[i] is not None}
            types.append("INTEGER" if kinds == {int} else "REAL" if kinds and kinds <= {int, float} else "TEXT")
        return cls(name, columns, tuple(types), lambda: rows, len(rows), **more)


def apart(names: Sequence[str]) -> list[str]:
    """Names that SQLite, which does not see case, tells apart."""
    taken: set[str] = set()
    made = []
    for name in names:
        given, n = name, 2
        while given.casefold() in taken:
            given, n = f"{name}_{n}", n + 1
        taken.add(given.casefold())
        made.append(given)
    return made


def rows(table: Table, name: str) -> Sheet:
    """The rows of a table as they were read, with `_row` (from 0) as their key."""
    names = sql_names([column.name for column in table.columns])
    makers = [_cells(table, column) for column in table.columns]

    def blocks() -> Iterator[Sequence[Any]]:
        for start in range(0, table.rows, BLOCK):
            stop = min(start + BLOCK, table.rows)
            yield from zip(range(start, stop), *(cells(start, stop) for _, cells in makers), strict=True)

    facets = [column for column in table.columns if column.kind in ("category", "flag") and 2 <= column.distinct <= LEVELS]
    texts = [column for column in table.columns if not column.is_double and (column.kind == "text" or _wordy(table, column))]
    dates = [column for column in table.columns if column.kind == "date"]
    return Sheet(
        name,
        (ROW, *names.values()),
        ("INTEGER", *(kind for kind, _ in makers)),
        blocks,
        table.rows,
        ROW,
        searched=tuple(names[column.name] for column in texts),
        facets=tuple(names[column.name] for column in facets[:4]),
        indices=tuple(names[column.name] for column in [*facets, *dates][:INDICES]),
    )


def _wordy(table: Table, column: Column) -> bool:
    """Whether a column of many levels holds texts of several words: names, titles, addresses."""
    if column.kind not in ("category", "identifier") or column.distinct <= LEVELS:
        return False
    some = [str(level) for level in table.levels[column.name][:200]]
    return bool(some) and sum(" " in level.strip() for level in some) > len(some) / 2


def _cells(table: Table, column: Column) -> tuple[str, Callable[[int, int], list[Any]]]:
    """(SQLite's type, values from row to row) of a column."""
    values = table.values[column.name]
    if not column.is_double:
        levels = [*table.levels[column.name], None]  # code -1 is missing
        return "TEXT", lambda a, b: [levels[code] for code in np.asarray(values[a:b]).tolist()]
    words = column.reading.get("words", ("0", "1"))
    if column.kind == "flag" and tuple(words) != ("0", "1"):
        return "TEXT", lambda a, b: [None if v != v else str(words[int(v)]) for v in np.asarray(values[a:b]).tolist()]
    if column.kind == "date":
        days = _days(values)
        return "TEXT", lambda a, b: [_moment(v, days) for v in np.asarray(values[a:b]).tolist()]
    if _whole(values):
        return "INTEGER", lambda a, b: [None if v != v else int(v) for v in np.asarray(values[a:b]).tolist()]
    return "REAL", lambda a, b: [None if v != v else v for v in np.asarray(values[a:b]).tolist()]


def _whole(values: Array) -> bool:
    return all(
        bool((np.isnan(part) | ((part == np.floor(part)) & (np.abs(part) < 2.0**53))).all())
        for part in (np.asarray(values[a : a + BLOCK]) for a in range(0, len(values), BLOCK))
    )


def _days(values: Array) -> bool:
    """Whether every moment is a midnight."""
    return all(
        bool((np.isnan(v) | (v % 86400 == 0)).all()) for v in (np.asarray(values[a : a + BLOCK]) for a in range(0, len(values), BLOCK))
    )


def _moment(seconds: float, days: bool) -> str | float | None:
    """ISO text; a moment beyond the years that Python counts stays seconds since 1970."""
    if seconds != seconds:
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return seconds
    return moment.date().isoformat() if days else moment.replace(tzinfo=None).isoformat(sep=" ")


# writing -----------------------------------------------------------------------------------------------------------------


def may_write(path: Path) -> None:
    """UsageError when another's file is there, or no folder to write into."""
    if path.is_dir():
        raise UsageError("-o names a file.", f"{path} is a folder", f"-o {path / 'out.db'}")
    if not path.parent.is_dir():
        raise UsageError("The folder of the output exists.", str(path.parent), f"mkdir -p {path.parent}")
    if path.exists():
        with path.open("rb") as file:
            head = file.read(100)
        if not head.startswith(b"SQLite format 3\0") or int.from_bytes(head[68:72], "big") != OURS:
            raise UsageError("A file that etabli did not publish is not replaced.", str(path), "choose another name, or move it away")


def write(path: Path, sheets: Sequence[Sheet]) -> None:
    """The database of these tables. StorageError when the disk is full; nothing is left then."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA application_id = {OURS}")
            connection.execute("BEGIN")
            for sheet in sheets:
                _fill(connection, sheet)
            connection.execute("COMMIT")
            connection.execute("ANALYZE")
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.chmod(0o644)
        os.replace(aside, path)
    except (sqlite3.OperationalError, OSError) as error:
        raise StorageError("The database is written.", f"{path}: {error}", "make room there, or choose another place with -o") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def _fill(connection: sqlite3.Connection, sheet: Sheet) -> None:
    table = quoted(sheet.name)
    columns = [
        f"{quoted(name)} {kind}"
        + ((f" UNIQUE REFERENCES {quoted(sheet.refers)}({quoted(ROW)})" if sheet.refers else " PRIMARY KEY") if name == sheet.key else "")
        for name, kind in zip(sheet.columns, sheet.types, strict=True)
    ]
    connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", sheet.rows())
    for name in sheet.indices:
        connection.execute(f"CREATE INDEX {quoted(f'{sheet.name}_{name}')} ON {table} ({quoted(name)})")
    if sheet.searched:
        _search(connection, sheet)


def _search(connection: sqlite3.Connection, sheet: Sheet) -> None:
    """The full-text index that Datasette finds by itself; left out where this SQLite has none."""
    index, names = quoted(f"{sheet.name}_fts"), ", ".join(map(quoted, sheet.searched))
    content = sheet.name.replace("'", "''")
    try:
        connection.execute(f"CREATE VIRTUAL TABLE {index} USING fts5({names}, content='{content}', content_rowid='{ROW}')")
    except sqlite3.OperationalError as error:
        if "no such module" not in str(error):
            raise
        return
    connection.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
