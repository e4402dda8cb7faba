"""SQLite: one table or view of a database file, `my.db` or `my.db::table`, by the standard library, read only.

SQLite's columns hold anything, whatever they were declared as; so what the cells are is counted first, column by column: whole numbers
and numbers stay typed, a column with any text is text throughout and is read by the same rules as that of a CSV file, bytes are left
out and said. Counting and reading see the same moment (one transaction).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from etabli.data import batched, staging
from etabli.data import dialect as dialects
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.records import Table, Watch, quiet

suffixes = (".db", ".sqlite", ".sqlite3", ".db3")
magic = (b"SQLite format 3\0",)
parts = True  # a file of several tables: FILE::TABLE
ROWS = 20_000  # rows a batch
COUNTED = 40  # tables at most whose rows are counted for the list
TOGETHER = 400  # columns looked at by one query
WHOLE, REAL, TEXT, BYTES = 1, 2, 4, 8


def read(path: Path, folder: Path | None = None, kinds: Mapping[str, str] | None = None, watch: Watch = quiet) -> Table:
    """The table of `my.db::table` (of `my.db` when it holds one). UsageError: several tables and none named, or none of that name;
    DataError: damaged, locked, without tables or rows."""
    from etabli.data.sources import parted

    file, wanted = parted(path)
    watch("reading", name=file.name)
    try:
        with closing(connect(file)) as connection, ExitStack() as stack:
            connection.execute("BEGIN")
            name = _chosen(connection, file, wanted)
            headers = _headers(connection, name)
            holds = _holds(connection, name, headers)
            names = dialects.names(headers)
            stage = batched.kept(_batches(connection, name, headers, holds), names, headers, folder, stack)
            if stage is None:
                raise DataError(
                    "A data file has rows.", f'"{name}" in {file.name} has {len(headers)} columns and no rows', "was the table filled?"
                )
            return staging.build(stage, folder, kinds, watch, dialects.fingerprint(file), f"{file.name}::{name}")
    except sqlite3.Error as error:
        raise DataError("A SQLite file is whole and can be read.", f"{file.name}: {error}", _cure(str(error))) from error


def connect(file: Path) -> sqlite3.Connection:
    """A connection that cannot write; views and triggers of the file are not trusted; texts that are no UTF-8 keep what can be read."""
    connection = sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    return connection


def tables(connection: sqlite3.Connection) -> list[str]:
    """The tables and views that people made, in the order of the file."""
    listed = connection.execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    made = {name for name, kind in listed if kind != "shadow"}
    order = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid")
    return [name for (name,) in order if name in made]


def columns(file: Path, wanted: str = "") -> tuple[str, ...]:
    """The names of a table's columns, as `read` gives them."""
    with closing(connect(file)) as connection:
        return dialects.names(_headers(connection, _chosen(connection, file, wanted)))


def _headers(connection: sqlite3.Connection, name: str) -> list[str]:
    return [column[0] for column in connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 0").description]


def _chosen(connection: sqlite3.Connection, file: Path, wanted: str) -> str:
    known = tables(connection)
    if wanted in known:
        return wanted
    if not known:
        raise DataError("A database holds a table.", f"{file.name} holds none", "is it the right file?")
    listed = ", ".join(_counted(connection, name) for name in known[:COUNTED]) + (" …" if len(known) > COUNTED else "")
    if wanted:
        same = [name for name in known if name.casefold() == wanted.casefold()]
        if len(same) == 1:
            return same[0]
        hint = did_you_mean(wanted, known) or f"it holds: {listed}"
        raise UsageError("The table named after :: is in the file.", f'"{wanted}" in {file.name}', hint)
    if len(known) == 1:
        return known[0]
    raise UsageError("Of several tables one is named.", f"{file.name} holds {listed}", f"for instance: {file.name}::{known[0]}")


def _counted(connection: sqlite3.Connection, name: str) -> str:
    """A table's name with its rows, for a reader who chooses."""
    try:
        rows = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
    except sqlite3.Error:  # a view that is broken, a virtual table of a module that is not here
        return f"{name} (cannot be read)"
    return f"{name} ({rows:,} row{'' if rows == 1 else 's'})"


def _holds(connection: sqlite3.Connection, table: str, headers: list[str]) -> list[int]:
    """What kinds of values each column holds, as bits."""
    found: list[int] = []
    for start in range(0, len(headers), TOGETHER):
        asked = ", ".join(
            "coalesce("
            + " + ".join(
                f"{bit} * max(typeof({quoted(name)}) = '{kind}')"
                for bit, kind in ((WHOLE, "integer"), (REAL, "real"), (TEXT, "text"), (BYTES, "blob"))
            )
            + ", 0)"
            for name in headers[start : start + TOGETHER]
        )
        found += connection.execute(f"SELECT {asked} FROM {quoted(table)}").fetchone()
    return found


def _batches(connection: sqlite3.Connection, table: str, headers: list[str], holds: list[int]) -> Iterator[Any]:
    import pyarrow as pa

    names = [f"c{i}" for i in range(len(headers))]
    asked = ", ".join("NULL" if bits & BYTES else quoted(name) for name, bits in zip(headers, holds, strict=True))
    rows = connection.execute(f"SELECT {asked} FROM {quoted(table)}")
    while block := rows.fetchmany(ROWS):
        columns = [_column(cells, bits) for cells, bits in zip(zip(*block, strict=True), holds, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, names)


def _column(cells: tuple[Any, ...], bits: int) -> Any:
    import pyarrow as pa

    if bits & BYTES:
        return pa.nulls(len(cells), pa.binary())
    if bits & TEXT or not bits:
        return pa.array([None if cell is None or cell == "" else _text(cell) for cell in cells], pa.string())
    if bits & REAL:
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    return pa.array(cells, pa.int64())


def _text(cell: Any) -> str:
    """A cell as a CSV would hold it: whole numbers without ".0"."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def quoted(name: str) -> str:
    """A name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _cure(error: str) -> str:
    if "locked" in error:
        return "another program is writing to it: wait, or read a copy"
    if "malformed" in error or "not a database" in error:
        return 'make it whole: sqlite3 damaged.db ".recover" | sqlite3 whole.db'
    return "can the file, and the -wal file beside it, be read?"
