"""A data file or a run folder made ready for its pages.

A Parquet file whose types say what its cells are is scanned where it lies (`scanned.py`). Everything else goes through the reader that `fit`
uses, once, into a Parquet copy in the user's cache (`cache.py`). What takes long is done in two steps, so that the first page comes at
once: a part of the file now, and a function that looks at all of it, for a thread.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from etabli.data import dialect as dialects
from etabli.data.audit import audit
from etabli.data.sources import called, csv, datasette, located, parted, read, remote, source_of, sources
from etabli.data.staging import Stage, build
from etabli.data.store import load as load_table
from etabli.data.target import target as make_target
from etabli.faces.explore import cache, scanned
from etabli.faces.explore.opened import SAMPLE, Opened, stamp
from etabli.records import Column, Finding, Table, Watch, digest, quiet
from etabli.work.journal import Journal

LARGE = 16 << 20  # bytes of a text file beyond which its head is shown first
HEAD = 4 << 20  # bytes of text, about, that are the head
FIRST = 12  # rows kept as the file writes them

Later = Callable[[Watch], Opened]


@dataclass(frozen=True)
class Wish:
    """How a file is to be read: the target, kinds given, columns left out of the audit, the language."""

    target: str | None = None
    kinds: Mapping[str, str] | None = None
    ignore: tuple[str, ...] = ()
    lang: str = "en"


def opened(
    file: str | Path,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    lang: str = "en",
    watch: Watch = quiet,
) -> Opened:
    """All that the pages need of a file or a run folder. UsageError and DataError as `read` has them; StorageError when the cache
    cannot be written."""
    first, later = begun(file, Wish(target, kinds, tuple(ignore), lang))
    return later(watch) if later else first


def begun(file: str | Path, wish: Wish) -> tuple[Opened, Later | None]:
    """What can be shown at once, and what is to be done for the rest (None when this is all)."""

    def again(target: str | None, kinds: Mapping[str, str]) -> Opened:
        return opened(file, target, {**(wish.kinds or {}), **kinds}, wish.ignore, wish.lang)

    def whole(watch: Watch) -> Opened:
        return replace(later(watch), again=again)  # type: ignore[misc]

    first, later = _begun(file, wish)
    return replace(first, again=again), whole if later else None


def _begun(file: str | Path, wish: Wish) -> tuple[Opened, Later | None]:
    if (Path(file) / "plan.json").is_file():
        return _run(Path(file), wish), None
    path = located(file) or _fetched(str(file), wish.lang)
    table = "" if remote(file) else parted(file)[1]
    if table or getattr(source_of(path), "parts", False):
        return _table(path, table, wish), None
    if source_of(path) is sources()["parquet"]:
        return _parquet(path, wish)
    return _text(path, wish)


def looked(table: Table, wish: Wish) -> tuple[Finding, ...]:
    """What the audit says of a table. UsageError for a target that is not there."""
    goal, said = (None, ()) if wish.target is None else make_target(table, wish.target)
    return (*table.notes, *said, *audit(table, goal, wish.ignore))


# text, and whatever else a source reads -------------------------------------------------------------------------------------


def _text(path: Path, wish: Wish) -> tuple[Opened, Later | None]:
    folder = cache.place(path, dict(wish.kinds or {}))

    def whole(watch: Watch) -> Opened:
        return _copied(path, folder, wish, watch)

    if cache.there(folder) or path.stat().st_size < LARGE or source_of(path) is not sources()["csv"]:
        return whole(quiet), None

    def make(aside: Path) -> dict[str, Any]:
        table = build(_head(path), None, wish.kinds, source=path.name)
        cache.store(table, aside)
        return _facts(path, table)

    head = cache.place(path, [dict(wish.kinds or {}), "head"])
    return replace(_shown(path, head, cache.kept(head, make), wish), part=True), whole


def _head(path: Path) -> Stage:
    """The first rows of a text file, for the reader."""
    import pyarrow as pa

    found, held, size = dialects.sniff(path), list[Any](), 0
    for batch in csv.batches(path, found):
        held.append(batch)
        size += batch.nbytes
        if size > HEAD:
            break
    table = pa.Table.from_batches(held)
    return Stage(found.names, found.headers, table.num_rows, lambda i: iter(table.column(i).chunks), found.decimal)


def _copied(path: Path, folder: Path, wish: Wish, watch: Watch) -> Opened:
    """A file as our reader reads it, from its copy in the cache."""

    def make(aside: Path) -> dict[str, Any]:
        large = path.stat().st_size > LARGE
        table = read(path, aside / "table" if large else None, wish.kinds, watch)
        cache.store(table, aside)
        facts = _facts(path, table)
        cache.drop(aside / "table")
        return facts

    return _shown(path, folder, cache.kept(folder, make), wish)


def _facts(path: Path, table: Table) -> dict[str, Any]:
    return {"rows": table.rows, "first": list(_first(path)), **cache.to_json(table.columns, table.notes)}


def _first(path: Path) -> Iterator[list[str]]:
    """The first rows of a text file, cell by cell as they are written; none of another kind of file."""
    if source_of(path) is sources()["csv"]:
        for row in itertools.islice(dialects.rows(path, dialects.sniff(path)), FIRST):
            yield list(row)


def _shown(path: Path, folder: Path, facts: Mapping[str, Any], wish: Wish) -> Opened:
    columns, notes = cache.from_json(facts)
    return Opened(
        name=path.name,
        path=folder / cache.DATA,
        sample=folder / cache.DRAWN,
        rows=facts["rows"],
        columns=columns,
        target=wish.target,
        lang=wish.lang,
        sampled=min(facts["rows"], SAMPLE),
        counted=facts["rows"],
        findings=_found(folder, columns, notes, path.name, wish),
        first=tuple(map(tuple, facts.get("first", ()))),
        source=path,
        stamp=stamp(path),
    )


def _found(folder: Path, columns: tuple[Column, ...], notes: tuple[Finding, ...], name: str, wish: Wish) -> tuple[Finding, ...]:
    """What the audit says of the sample, kept beside it: later starts need neither."""

    def make() -> tuple[Finding, ...]:
        return looked(cache.drawn(folder / cache.DRAWN, columns, notes, name), wish)

    return cache.recalled(folder / f"findings-{digest([wish.target, wish.ignore])}.json", make)


def _fetched(address: str, lang: str) -> Path:
    """What a Datasette gives now, as a file in the cache. How far it is, is shown on the terminal."""
    from etabli.faces.terminal import Progress

    place = cache.root() / f"fetched-{digest(address)}"
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{called(address)}.csv"
    with Progress(lang) as watch:
        datasette.fetched(address, file.with_suffix(".part"), watch).replace(file)
    return file


def _table(path: Path, table: str, wish: Wish) -> Opened:
    """A table of a database, from its copy in the cache. What is new may be in the log beside it alone."""
    log = path.with_name(path.name + "-wal")
    folder = cache.place(path, [dict(wish.kinds or {}), table, stamp(log) if log.exists() else ()])

    def make(aside: Path) -> dict[str, Any]:
        made = read(f"{path}::{table}" if table else path, aside / "table", wish.kinds)
        cache.store(made, aside)
        cache.drop(aside / "table")
        return {"rows": made.rows, "source": made.source, **cache.to_json(made.columns, made.notes)}

    facts = cache.kept(folder, make)
    return replace(_shown(path, folder, facts, wish), name=facts["source"])


# Parquet --------------------------------------------------------------------------------------------------------------------


def _parquet(path: Path, wish: Wish) -> tuple[Opened, Later | None]:
    """Scanned in place where that gives what our reader reads; otherwise a copy."""
    kinds = dict(wish.kinds or {})
    folder, stretches = cache.place(path, [kinds, "scan"]), cache.place(path, [kinds, "quick"])
    rows = scanned.rows(path)

    def shown(place: Path, make: Callable[[Path], dict[str, Any]], quick: bool = False) -> Opened | None:
        facts = cache.kept(place, make)
        if facts["cells"] is None:
            return None
        columns, notes = cache.from_json(facts)
        cache.in_calendar(columns)
        held = cache.held(place)
        return Opened(
            name=path.name,
            path=path,
            sample=place / cache.DRAWN,
            rows=rows,
            columns=columns,
            target=wish.target,
            lang=wish.lang,
            sampled=held,
            findings=_found(place, columns, notes, path.name, wish),
            counted=held if quick else rows,
            cells=facts["cells"],
            source=path,
            stamp=stamp(path),
        )

    def whole(watch: Watch) -> Opened:
        return shown(folder, lambda aside: scanned.facts(path, kinds, aside)) or _copied(path, cache.place(path, kinds), wish, watch)

    if rows <= scanned.QUICK or cache.there(folder):
        return whole(quiet), None
    first = shown(stretches, lambda aside: scanned.quick(path, kinds, aside), quick=True)
    return (first, whole) if first is not None else (whole(quiet), None)


# a run ----------------------------------------------------------------------------------------------------------------------


def _run(folder: Path, wish: Wish) -> Opened:
    """The table of a run, exactly as it was read, with its target."""
    plan = Journal(folder).plan()
    data = folder / "data"
    table = load_table(data)
    named = replace(wish, target=wish.target or plan["asked"].get("target"), ignore=wish.ignore or tuple(plan["asked"].get("ignore", ())))

    def make(aside: Path) -> dict[str, Any]:
        cache.store(table, aside)
        return {"rows": table.rows, **cache.to_json(table.columns, table.notes)}

    place = cache.place(data / "table.json", "run")
    return replace(_shown(data / "table.json", place, cache.kept(place, make), named), name=table.source or folder.name, run=folder)
