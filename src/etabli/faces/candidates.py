"""What may come next on a command line: commands, options, their values, files, run folders, and the columns of the file at hand.

Read from the parser itself, so that it never lags behind; what a value is follows from its choices, its metavar or its name. The
scripts of the shells (`completion.py`) only ask here. It runs at each press of a key, so it imports what the word at hand needs: a header is read from the first
64 kB, a Parquet file's from its footer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = (".csv", ".tsv", ".txt", ".csv.gz", ".csv.zst", ".parquet")
DATABASES = (".db", ".sqlite", ".sqlite3")
MOST = 500  # candidates; a table of thousands of columns answers to its first letters
VALUES: Mapping[str, Sequence[str]] = {
    "task": ("binary", "multiclass", "regression"),
    "effort": ("glance", "standard", "thorough"),
    "interval": ("auto", "constant", "mondrian", "normalised", "cqr"),
    "sets": ("auto", "marginal", "class"),
    "audit": ("nested",),
    "guarantee": ("split",),
    "scale": ("output", "margin"),
    "method": ("shapley", "gradients", "attention"),
    "class_weight": ("balanced",),
    "where": ("local", "local?workers="),
    "width": ("85mm", "170mm"),
    "time": ("60s", "5m", "10m", "1h"),
}


@dataclass(frozen=True)
class Candidates:
    """words: (text, what it is), each a whole word. files: endings of files that fit besides. folders: whether folders do."""

    words: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    folders: bool = False

    @property
    def open(self) -> bool:
        """Whether a word goes on after what is offered, as "COLUMN=" does."""
        return bool(self.words) and all(text.endswith("=") for text, _ in self.words)


def candidates(words: Sequence[str], parser: argparse.ArgumentParser) -> Candidates:
    """What fits. words: after the program's name, the last one unfinished (may be empty)."""
    before, current = list(words[:-1]), words[-1] if words else ""
    commands = {
        name: one for group in parser._actions if isinstance(group, argparse._SubParsersAction) for name, one in group.choices.items()
    }
    told = {
        one.dest: one.help or ""
        for group in parser._actions
        if isinstance(group, argparse._SubParsersAction)
        for one in group._choices_actions
    }
    at = next((place for place, word in enumerate(before) if not word.startswith("-")), None)
    if at is None:
        if current.startswith("-"):
            return _matching(_options(parser, set()), current)
        found = _matching(((name, told.get(name, "")) for name in commands), current)
        return Candidates(found.words, DATA if current else ())  # a file alone is fitted
    command = commands.get(before[at]) or (commands["fit"] if Path(before[at]).is_file() else None)
    if command is None:
        return Candidates()
    return _within(command, before[at + (before[at] in commands) :], current)


def _within(command: argparse.ArgumentParser, before: Sequence[str], current: str) -> Candidates:
    """What fits within a command."""
    options = {name: action for action in command._actions for name in action.option_strings}
    places = [action for action in command._actions if not action.option_strings]
    given: dict[str, str] = {}
    waiting: argparse.Action | None = None
    stood = 0
    for word in before:
        name, sign, value = word.partition("=")
        if waiting is not None:
            given[waiting.dest], waiting = word, None
        elif name in options:
            action = options[name]
            given[action.dest] = value
            waiting = action if action.nargs != 0 and not sign else None
        elif not word.startswith("-") or word == "-":
            if stood < len(places):
                given[places[stood].dest] = word
            stood += 1
    if waiting is not None:
        return _values(waiting, current, given)
    name, sign, value = current.partition("=")
    if sign and name in options:
        found = _values(options[name], value, given)
        return Candidates(tuple((f"{name}={text}", told) for text, told in found.words), found.files, found.folders)
    taken = {dest for dest in given if not any(a.dest == dest and isinstance(a, argparse._AppendAction) for a in options.values())}
    if current.startswith("-") or stood >= len(places):
        return _matching(_options(command, taken), current)
    found = _values(places[stood], current, given)
    return found if found.words or found.files or found.folders or current else _matching(_options(command, taken), current)


def _options(parser: argparse.ArgumentParser, taken: set[str]) -> list[tuple[str, str]]:
    """The long options that were not given yet; what must be given comes first."""
    actions = sorted((a for a in parser._actions if a.option_strings and a.dest not in taken), key=lambda a: not a.required)
    return [
        (option, (action.help or "").partition(" (")[0]) for action in actions for option in action.option_strings if option[:2] == "--"
    ]


def _matching(words: Iterable[tuple[str, str]], current: str) -> Candidates:
    folded = current.casefold()
    every = list(words)
    found = [pair for pair in every if pair[0].startswith(current)] or [pair for pair in every if pair[0].casefold().startswith(folded)]
    return Candidates(tuple(found[:MOST]))


def _values(action: argparse.Action, current: str, given: Mapping[str, str]) -> Candidates:
    """What fits as the value of an option, or in a place."""
    meta, dest = str(action.metavar or ""), action.dest
    if action.choices:
        return _matching(((str(choice), "") for choice in action.choices), current)
    if dest in VALUES:
        return _matching(((value, "") for value in VALUES[dest]), current)
    if meta in ("COL=KIND", "COL=TEXT"):
        from etabli.records import KINDS

        column, sign, value = current.rpartition("=")
        if not sign:
            return _matching(((f"{name}=", "") for name in columns(given)), current)
        return _matching(((f"{column}={kind}", "") for kind in KINDS) if meta == "COL=KIND" else (), f"{column}={value}")
    if meta == "COL":
        extra = [("none", "no such column")] if dest in ("group", "time_column") else []
        return _matching([*((name, "") for name in columns(given)), *extra], current)
    if meta == "A,B" and dest != "quantiles":
        head, comma, _ = current.rpartition(",")
        taken = set(head.split(","))
        return _matching(((f"{head}{comma}{name}", told) for name, told in _listed(dest, given) if name not in taken), current)
    if dest in ("metric", "calibration"):
        return _matching(_names(dest), current)
    if dest == "run":
        runs = _runs(current)
        return Candidates(_matching(((run, "") for run in runs), current).words, folders=not runs)
    if dest == "model":
        return Candidates(_matching(((f"{run}/model.onnx", "") for run in _runs(current)), current).words, (".onnx",))
    if dest == "file" and "SQLite" in str(action.help):
        found = _matching(((f"{current.partition('::')[0]}::{name}", "") for name in _tables(current)), current)
        return found if found.words else Candidates(files=DATA + DATABASES)
    if meta == "FILE" or dest == "file":
        return Candidates(files=DATA)
    if meta == "OUT.db":
        return Candidates(files=DATABASES)
    return Candidates(folders=True) if meta in ("DIR", "RUN") else Candidates(files=DATA) if meta == "OUT" else Candidates()


def _listed(dest: str, given: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if dest == "families":
        from etabli.families import families

        return [(name, family.title) for name, family in families().items()]
    if dest == "only":
        from etabli.faces.paper import drawings

        return [(name, "") for name in drawings()]
    return [(name, "") for name in columns(given)]


def _names(dest: str) -> Iterable[tuple[str, str]]:
    if dest == "metric":
        from etabli.judge.metrics import METRICS, title

        return [(name, title(name, "en") or "") for name in METRICS]
    from etabli.judge.calibrators import members

    return [(one.name, "") for one in members()]


def _runs(current: str) -> list[str]:
    """Run folders beside what is typed."""
    head, slash, _ = current.rpartition("/")
    try:
        found = sorted(path.parent.name for path in Path(f"{head}{slash}" or ".").glob("*/plan.json"))
    except OSError:
        found = []
    return [f"{head}{slash}{name}" for name in found]


def _database(name: str) -> Path | None:
    """The SQLite file of "my.db" or "my.db::table", if it is one."""
    path = Path(name.partition("::")[0]).expanduser()
    try:
        with path.open("rb") as file:
            return path if file.read(16) == b"SQLite format 3\0" else None
    except OSError:
        return None


def _tables(name: str) -> Sequence[str]:
    """The tables of a SQLite file."""
    from contextlib import closing

    path = _database(name)
    if path is None:
        return ()
    from etabli.data.sources import sqlite

    try:
        with closing(sqlite.connect(path)) as connection:
            return sqlite.tables(connection)
    except Exception:  # a key was pressed: what is wrong with the file is said by the command itself
        return ()


def columns(given: Mapping[str, str]) -> tuple[str, ...]:
    """Columns of the data file on the line (of a run folder: of the file that it was asked about); () where it cannot be read."""
    path = Path(given.get("file") or given.get("data") or "").expanduser()
    try:
        if path.is_dir():
            path = Path(json.loads((path / "plan.json").read_text(encoding="utf-8"))["asked"]["file"])
        if base := _database(str(path)):
            from etabli.data.sources import sqlite

            return sqlite.columns(base, str(path).partition("::")[2])
        if not path.is_file():
            return ()
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
        if parquet:
            from pyarrow.parquet import read_schema

            from etabli.data.dialect import names

            return names([str(name) for name in read_schema(path).names])
        from etabli.data.dialect import glimpse

        return glimpse(path)
    except Exception:  # a key was pressed: whatever is wrong with the file is said by the command itself
        return ()
