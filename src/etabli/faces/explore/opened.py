"""A file being looked at, and how DuckDB sees it.

Every question of a page goes to a fresh connection that can read two Parquet files and nothing else: external access is shut but for
them and the configuration is locked, so that not even the SQL page can reach another file. Views are made anew each time,
because DROP VIEW is the one thing that this does not stop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

from etabli.errors import EtabliError
from etabli.records import Column, Finding, Table

SAMPLE = 100_000  # rows at most behind kinds, findings, quantiles and pictures
ROW = "_row"  # the number of a row of the file, from 0


@dataclass(frozen=True)
class Opened:
    """What the pages know of a file.

    name: what people call it. path: a Parquet file, the data themselves or what our own reader made of them. sample: a Parquet file of at
    most 100 000 of its rows as the pages see them, with `_row`. rows: of the file. columns: as `fit` reads them. findings: what may go
    wrong. sampled: rows behind kinds and findings (equal to `rows` when all were looked at). counted: rows behind `missing_count`,
    `low` and `high` of the columns. cells: SQL of each column's values over
    `path`, by name. first: the first rows as the file writes them. source: the file itself, stamp: its size and time when it was opened. run: the run folder that was opened, if it
    was one. part: whether these are only the first rows, and the rest is being read. again: opens the same with another target and more
    kinds.
    """

    name: str
    path: Path
    sample: Path
    rows: int
    columns: tuple[Column, ...]
    target: str | None = None
    lang: str = "en"
    sampled: int = 0
    counted: int = 0
    findings: tuple[Finding, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)
    first: tuple[tuple[str, ...], ...] = ()
    source: Path | None = None
    stamp: tuple[int, int] = (0, 0)
    run: Path | None = None
    part: bool = False
    again: Callable[[str | None, Mapping[str, str]], Opened] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def sql_names(self) -> Mapping[str, str]:
        """The name of each column in SQL: its own, but that DuckDB does not tell "A" from "a", and `_row` is taken."""
        return sql_names([column.name for column in self.columns])

    @cached_property
    def table(self) -> Table:
        """The sample in memory, as the audit and the cards look at it."""
        from etabli.faces.explore.cache import drawn

        return drawn(self.sample, self.columns, source=self.name)

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What pages computed once and keep: the same address is asked for again and again."""
        return {}

    def sql(self, name: str) -> str:
        """A column as SQL writes it, in quotes. KeyError when there is none of that name."""
        return quoted(self.sql_names[name])

    @property
    def changed(self) -> bool:
        """Whether the file is no longer the one that was opened."""
        try:
            return self.source is not None and stamp(self.source) != self.stamp
        except OSError:
            return True

    @property
    def whole(self) -> bool:
        """Whether kinds and findings rest on all rows."""
        return self.sampled >= self.rows and not self.part

    @cached_property
    def raw(self) -> Mapping[str, str]:
        """The names, in the view `searched`, of words as the file has them, where the pages read some as missing: DuckDB looks through a
        dictionary of texts ten times faster than through an expression over it."""
        return {name: f"\x1f{self.sql_names[name]}" for name, cell in self.cells.items() if cell.startswith("NULLIF(")}

    @cached_property
    def setup(self) -> tuple[str, ...]:
        """The SQL that makes a fresh connection see the file and nothing else: the views, then the locks."""
        places = ", ".join(literal(str(path)) for path in (self.path, self.sample))
        names = ", ".join(map(self.sql, self.sql_names))
        cells = ", ".join(f"{self.cells.get(name, quoted(sql))} AS {quoted(sql)}" for name, sql in self.sql_names.items())
        raw = "".join(f", {quoted(self.by_name[name].header)} AS {quoted(sql)}" for name, sql in self.raw.items())
        source = f"read_parquet({literal(str(self.path))}, file_row_number = true)"
        return (
            f"SET allowed_paths = [{places}]",
            "SET enable_external_access = false",
            f"CREATE VIEW numbered AS SELECT file_row_number AS {ROW}, {cells} FROM {source}",
            f"CREATE VIEW searched AS SELECT file_row_number AS {ROW}, {cells}{raw} FROM {source}",
            f"CREATE VIEW data AS SELECT {names} FROM numbered",
            f"CREATE VIEW sample AS SELECT * FROM read_parquet({literal(str(self.sample))})",
            "SET lock_configuration = true",
        )

    def connect(self) -> Any:
        """A fresh DuckDB connection, locked down, with the views `data` (all rows), `numbered` (the same with `_row`) and `sample`.

        Numbers and flags are DOUBLE, dates TIMESTAMP, words VARCHAR, missing NULL. Close it when done; `interrupt()` stops a query.
        """
        import duckdb

        connection = duckdb.connect(config={"python_enable_replacements": "false", "autoinstall_known_extensions": "false"})
        for statement in self.setup:
            connection.execute(statement)
        return connection


def stamp(path: Path) -> tuple[int, int]:
    """A file's size and time, which change when it does."""
    seen = path.stat()
    return seen.st_size, seen.st_mtime_ns


def sql_names(names: list[str]) -> dict[str, str]:
    """Names that DuckDB, which does not see case, tells apart: a later double gets a number."""
    taken, made = {ROW, "file_row_number"}, {}
    for name in names:
        given, n = name, 2
        while given.casefold() in taken:
            given, n = f"{name}_{n}", n + 1
        taken.add(given.casefold())
        made[name] = given
    return made


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text for SQL. Values of a question go as parameters; this is for what takes none."""
    return "'" + text.replace("'", "''") + "'"


class Held:
    """The one thing that changes while the server runs: what is known of the file, replaced whole when more of it was looked at.

    now: what pages show. busy: whether more is coming. trouble: why it is not, in the words of the error.
    """

    def __init__(self, opened: Opened) -> None:
        self.now, self.busy, self.trouble = opened, False, ""

    def refine(self, later: Callable[[], Opened]) -> None:
        """Does the rest in a thread that ends with the program."""

        def work() -> None:
            try:
                self.now = later()
            except EtabliError as error:
                self.trouble = str(error)
            except Exception as error:
                self.trouble = f"{type(error).__name__}: {error}"
            self.busy = False

        self.busy = True
        Thread(target=work, daemon=True).start()
