"""Kinds of data sources: one module each, found by walking this folder or by an entry point of the group `etabli.sources`.

A source module offers `suffixes` (lower case, with dots), `magic` (first bytes of such a file, may be empty) and
`read(path, folder, kinds, watch) -> Table`. Bytes speak before names: a Parquet file called .csv is read as Parquet. One that has
`parts = True` (a database) is also given "FILE::TABLE". Addresses are a door of their own (`datasette.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from etabli.errors import DataError, UsageError, did_you_mean
from etabli.records import Table, Watch, quiet


class Source(Protocol):
    """What a source module (or an outsider's object) offers."""

    suffixes: tuple[str, ...]
    magic: tuple[bytes, ...]

    def read(self, path: Path, folder: Path | None, kinds: Mapping[str, str] | None, watch: Watch) -> Table:
        """The table of a file, stored in `folder` (in memory when None). DataError when it is damaged or no table."""


@cache
def sources() -> Mapping[str, Source]:
    """Every source by name: those of this folder, then those that other packages announce."""
    from importlib.metadata import entry_points

    found = {info.name: importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)}
    for entry in entry_points(group="etabli.sources"):
        found.setdefault(entry.name, entry.load())
    return {name: source for name, source in found.items() if hasattr(source, "suffixes")}


def source_of(path: Path) -> Source:
    """The source that reads this file: by its first bytes, then by its name, else delimited text."""
    with path.open("rb") as file:
        head = file.read(64)
    known = sources()
    for source in known.values():
        if any(head.startswith(mark) for mark in source.magic):
            return source
    name = path.name.lower()
    for source in known.values():
        if name.endswith(source.suffixes) and not source.magic:
            return source
    for source in known.values():  # named for a kind whose first bytes are missing: let that source say what is wrong
        if name.endswith(source.suffixes):
            return source
    return known["csv"]


def parted(name: str | Path) -> tuple[Path, str]:
    """The file and the table of "my.db::table"; the table is "" for a plain file."""
    text = str(name)
    if "::" in text and not Path(text).exists():
        file, _, table = text.rpartition("::")
        return Path(file), table
    return Path(text), ""


def remote(name: str | Path) -> bool:
    """Whether this is an address and no file."""
    return str(name).startswith(("http://", "https://", "http:/", "https:/"))


def called(name: str | Path) -> str:
    """What people call a source: "census.csv", "census" of "my.db::census" and of "http://host/my/census.csv?age__gt=40"."""
    text = str(name)
    if remote(text):
        return Path(unquote(urlsplit(text).path)).name.split(".")[0] or urlsplit(text).netloc
    file, table = parted(text)
    return table or file.name


def located(name: str | Path) -> Path | None:
    """The file of a source, None for an address. UsageError, naming the nearest, when there is no such file."""
    if remote(name):
        return None
    path, _ = parted(name)
    if path.is_file():
        return path
    if path.is_dir():
        raise UsageError("The data are one file.", f"{path} is a folder", "name the file in it")
    near = did_you_mean(path.name, [other.name for other in path.parent.iterdir() if other.is_file()] if path.parent.is_dir() else [])
    raise UsageError("The data file exists.", f"{path} is not there", near)


def read(path: str | Path, folder: str | Path | None = None, kinds: Mapping[str, str] | None = None, watch: Watch = quiet) -> Table:
    """The table of a data file, stored in `folder` and memory-mapped (in memory when folder is None).

    path: a file, a table of a database ("my.db::table"), or the address of a table in a Datasette. kinds: `--kind` overrides, column ->
    kind. UsageError when there is no such file or column, DataError when it is no table.
    """
    place = None if folder is None else Path(folder)
    file = located(path)
    if file is None:
        from etabli.data.sources import datasette

        return datasette.read(str(path), place, kinds, watch)
    try:
        source, table = source_of(file), parted(path)[1]
        if table and not getattr(source, "parts", False):
            raise UsageError("Only a database has tables to name after ::", f"{file.name} is one table", str(file))
        return source.read(Path(path), place, kinds, watch)
    except PermissionError as error:
        raise DataError("The data file may be read.", f"{file}: {error.strerror}", "ask for permission, or copy it") from error
