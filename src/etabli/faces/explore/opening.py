"""A data file or a run folder made ready for its pages.

A Parquet file whose types say what its cells are is scanned where it lies, and its kinds come from a sample. Everything else goes through
the reader that `fit` uses, once, into a Parquet copy in the user's cache (`cache.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from etabli.data.audit import audit
from etabli.data.sources import read, source_of, sources
from etabli.data.target import target as make_target
from etabli.faces.explore import cache
from etabli.faces.explore.opened import Opened
from etabli.records import Finding, Table, Watch, quiet

FIRST = 12  # rows shown as the file writes them


def opened(
    file: str | Path,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    lang: str = "en",
    watch: Watch = quiet,
) -> Opened:
    """What the pages need of a file. UsageError, DataError as `read` has them; StorageError when the cache cannot be written."""
    path, kinds = Path(file), dict(kinds or {})
    return _copied(path, kinds, target, ignore, lang, watch)


def _copied(path: Path, kinds: dict[str, str], target: str | None, ignore: Sequence[str], lang: str, watch: Watch) -> Opened:
    """A file read by our reader, from its copy in the cache."""
    if not path.is_file():
        read(path)  # says what is wrong
    folder, tables = cache.place(path, kinds), []

    def make(aside: Path) -> dict[str, Any]:
        table = read(path, None, kinds, watch)
        tables.append(table)
        cache.store(table, aside)
        return {"rows": table.rows, "first": first_texts(path, len(table.columns)), **cache.to_json(table.columns, table.notes)}

    facts = cache.kept(folder, make)
    columns, notes = cache.from_json(facts)
    sample = cache.drawn(folder / cache.DRAWN, columns, notes)
    return Opened(
        path.name,
        folder / cache.DATA,
        folder / cache.DRAWN,
        facts["rows"],
        columns,
        target,
        lang,
        sample.rows,
        (*notes, *looked(sample, target, ignore)),
        first=tuple(map(tuple, facts["first"])),
    )


def looked(table: Table, target: str | None, ignore: Sequence[str]) -> tuple[Finding, ...]:
    """What the audit says of a table. UsageError for a target that is not there."""
    goal, said = (None, ()) if target is None else make_target(table, target)
    return (*said, *audit(table, goal, tuple(ignore)))


def first_texts(path: Path, width: int) -> list[list[str]]:
    """The first cells of a delimited file as they are written; none for another kind of file."""
    from etabli.data import dialect
    from etabli.data.sources import csv

    if source_of(path) is not sources()["csv"]:
        return []
    batch = next(iter(csv._batches(path, dialect.sniff(path))), None)
    rows = [] if batch is None else batch.slice(0, FIRST).to_pylist()
    return [["" if value is None else value for value in row.values()] for row in rows]
