"""A question in SQL from a reader: what it asks to be filled in, and its answer from a process apart, in bounded time, memory and rows.

`:name` becomes a field of the form, as in Datasette. What is allowed is in `allowed.py`, what the process may do in `fence.py`; here it is
started, waited for, and ended when its time is up. Whatever goes wrong is told in DuckDB's words with our hint below.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from etabli.errors import EtabliError, did_you_mean, nearest
from etabli.faces.explore.opened import Opened
from etabli.faces.words import say

ROWS, EXPORT = 1_000, 100_000  # rows shown, rows in a file
WALL, CPU = 10.0, 15  # seconds on the clock, seconds of processor time (two threads)
MEMORY = 2 << 30  # bytes for DuckDB at most; a quarter of the machine's where that is less
AROUND = 1 << 30  # bytes of address space beside them, for the program itself
LONGEST = 10_000  # characters of a question
_TURNS = threading.BoundedSemaphore(2)  # questions answered at a time
_LINE = threading.BoundedSemaphore(8)  # with those that wait: each holds a thread that other pages want
_TOKEN = re.compile(
    r"""(?P<skip>[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<tag>\$\w*\$).*?(?P=tag)|--[^\n]*|/\*.*?\*/|::|:=)"""
    r"""|(?<![\w\]\)"']):(?P<name>[A-Za-z_]\w*)|(?P<end>;)|(?P<space>\s+)""",
    re.S,
)

_NUMBER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|BIGNUM|DOUBLE|FLOAT|DECIMAL\(.*\)")


class QueryError(EtabliError):
    """A question without an answer. rule: one sentence. got: DuckDB's words with the place, or "". hint: what to do."""

    status = 2


@dataclass(frozen=True)
class Query:
    """A question: text for DuckDB (":name" as "$name", the last ";" gone; every character keeps its place), names to be filled in, in order."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Rows of cells that JSON knows, dates as date and datetime. types: DuckDB's. more: whether rows were left out. seconds: DuckDB's."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool
    seconds: float

    @property
    def kinds(self) -> tuple[str, ...]:
        """ "number", "date", "flag" or "text", a column each."""
        return tuple(kind(of) for of in self.types)


def kind(of: str) -> str:
    """The kind of one of DuckDB's types."""
    if of.endswith("]") or of.startswith(("STRUCT", "MAP", "UNION", "LIST")):
        return "text"
    if of in ("DATE", "TIMESTAMP") or of.startswith("TIMESTAMP_"):
        return "date"
    if of == "BOOLEAN":
        return "flag"
    return "number" if _NUMBER.fullmatch(of) else "text"


def query(text: str) -> Query:
    """Reads a question; what stands in quotes and comments is left alone, and so are casts (`::`) and slices (`[1:n]`)."""
    names: list[str] = []
    letters, last = list(text), -1
    for token in _TOKEN.finditer(text):
        if name := token["name"]:
            names += [] if name in names else [name]
            letters[token.start()] = "$"
        if token["end"]:
            last = token.start()
    if last >= 0 and not re.sub(_TOKEN, lambda token: "" if _silent(token) else token[0], text[last + 1 :]):
        letters[last] = " "
    return Query("".join(letters), tuple(names))


def _silent(token: re.Match[str]) -> bool:
    return bool(token["space"] or (token["skip"] or "").startswith(("--", "/*")))


def ask(opened: Opened, text: str, given: Mapping[str, str], most: int = ROWS, wall: float = WALL) -> Answer:
    """The answer to a question, at most `most` rows of it. given: what is filled in; an empty text is NULL. QueryError, in the reader's
    language, when it is refused, wrong, or takes more than its time, its memory or its share of the processor."""
    lang = opened.lang
    if len(text) > LONGEST:
        raise QueryError(say("sql.long", lang, most=f"{LONGEST:,}"), f"{len(text):,}")
    asked = query(text.encode("utf-8", "replace").decode().replace("\0", " "))
    memory = min(MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)
    order = {
        "text": asked.text,
        "given": {name: given.get(name) or None for name in asked.names},
        "setup": opened.setup,
        "readable": [str(opened.path), str(opened.sample)],
        "rows": most,
        "memory": memory,
        "space": memory + AROUND,
        "cpu": CPU,
    }
    try:
        with _turn(wall, lang):
            done = subprocess.run(
                [sys.executable, "-P", "-m", "etabli.faces.explore.apart"],
                input=json.dumps(order).encode(),
                capture_output=True,
                timeout=wall,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise QueryError(say("sql.slow", lang, seconds=f"{wall:g}"), hint=say("sql.slow.hint", lang)) from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise QueryError(say("sql.cpu", lang, seconds=str(CPU)), hint=say("sql.slow.hint", lang))
    if done.returncode:
        raise QueryError(say("sql.fell", lang), done.stderr.decode("utf-8", "replace").strip()[-200:], say("sql.fell.hint", lang))
    said = json.loads(done.stdout)
    if "refused" in said:
        raise _refused(said["refused"], said["name"], opened)
    if "error" in said:
        raise _wrong(said["error"], asked, opened)
    return _typed(said)


@contextmanager
def _turn(wall: float, lang: str) -> Iterator[None]:
    """Waits for a turn, no longer than a question may last; whoever finds the line full is told at once."""
    if not _LINE.acquire(blocking=False):
        raise QueryError(say("sql.busy", lang))
    try:
        if not _TURNS.acquire(timeout=wall):
            raise QueryError(say("sql.busy", lang))
        try:
            yield
        finally:
            _TURNS.release()
    finally:
        _LINE.release()


def _typed(said: Mapping[str, Any]) -> Answer:
    """The cells of an answer as its columns' types have them."""
    makers = [{"date": _moment, "number": _within}.get(kind(of), _same) for of in said["types"]]
    rows = tuple(tuple(make(cell) for make, cell in zip(makers, row, strict=True)) for row in said["rows"])
    return Answer(tuple(said["names"]), tuple(said["types"]), rows, said["more"], said["seconds"])


def _moment(cell: Any) -> Any:
    try:
        return datetime.fromisoformat(cell) if " " in cell else date.fromisoformat(cell)
    except (TypeError, ValueError):  # missing, or beyond the years that Python counts
        return None if cell is None else str(cell)


def _within(cell: Any) -> Any:
    """Whole numbers beyond 64 bits as doubles: no file format of ours has them."""
    return float(cell) if isinstance(cell, int) and abs(cell) >= 1 << 63 else cell


def _same(cell: Any) -> Any:
    return cell


def _refused(code: str, name: str, opened: Opened) -> QueryError:
    lang = opened.lang
    if code == "table":
        near = did_you_mean(name, ("data", "sample"))
        return QueryError(say("sql.table", lang), name, near or say("sql.table.hint", lang))
    if code == "function":
        return QueryError(say("sql.function", lang), f"{name}()", say("sql.function.hint", lang))
    hint = say("sql.pivot.hint", lang) if name == "MULTI" else say("sql.select.hint", lang)
    key = code if code in ("several", "empty", "deep") else "select"
    return QueryError(say(f"sql.{key}", lang), name, hint)


def _wrong(error: str, asked: Query, opened: Opened) -> QueryError:
    """DuckDB's words, with the place; below it the nearest right one."""
    lang, columns = opened.lang, list(opened.sql_names.values())
    if error.startswith(("Out of Memory Error", "MemoryError")) or "bad allocation" in error or "bad_alloc" in error:
        return QueryError(say("sql.memory", lang), error.split("\n")[0][:300], say("sql.memory.hint", lang))
    head, _, rest = error.partition("\n")
    words = (head + "\n" + rest[rest.find("LINE ") :]).rstrip() if "LINE " in rest else error.strip()
    for name in asked.names:
        words = words.replace(f"${name}", f":{name}")
    hint = ""
    if found := re.search(r'(?:Referenced|Column|column)[^"]{0,30}"([^"]+)"[^\n]*(?:not found|does not)', error):
        hint = _column_hint(found[1], asked, columns, lang)
    elif "syntax error" in error:
        odd = next((name for name in columns if not name.isidentifier() and name in asked.text and f'"{name}"' not in asked.text), "")
        hint = say("sql.quote.hint", lang, name=bare(odd)) if odd else ""
    return QueryError(say("sql.wrong", lang), words[:2000], hint)


def _column_hint(name: str, asked: Query, columns: Sequence[str], lang: str) -> str:
    if near := nearest(name, columns):
        return say("sql.near.hint", lang, names=", ".join(map(bare, near)))
    if f'"{name}"' in asked.text:
        return say("sql.text.hint", lang, text="'" + name.replace("'", "''") + "'")
    return say("sql.columns.hint", lang)


def bare(name: str) -> str:
    """A column's name as one writes it: in quotes only where it must be."""
    simple = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.casefold() not in _reserved()
    return name if simple else '"' + name.replace('"', '""') + '"'


@cache
def _reserved() -> frozenset[str]:
    """The words that DuckDB keeps for itself."""
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'").fetchall()
    return frozenset(word for (word,) in found)
