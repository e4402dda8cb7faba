"""A page: what it is asked (`State`, the address), and what it shows (`Shown`). Each is one module in `pages/`, found by walking.

A page holds no state of its own: two readers, two tabs and a link kept for a year get the same answer from the same file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from etabli.errors import EtabliError
from etabli.faces.explore.opened import Opened

if TYPE_CHECKING:
    from jinja2 import Environment

FORMATS = ("json", "csv", "parquet")
CARRIED = ("_target", "_class", "_kind")  # the choices that every link takes along


class NotThere(EtabliError):
    """The address names what is not there (a page, a column by path): answered with 404."""


@dataclass(frozen=True)
class State:
    """An address taken apart. path: "/rows". pairs: the query, in its order. parts: what the path holds, {"name": "age"}."""

    path: str
    pairs: tuple[tuple[str, str], ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The last value of that name."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of that name."""
        return [value for key, value in self.pairs if key == name]

    def but(self, **changes: str | Sequence[str] | None) -> State:
        """The same with other values: a text, several, or None for none. What is not changed keeps its place."""
        kept = tuple(pair for pair in self.pairs if pair[0] not in changes)
        new: list[tuple[str, str]] = []
        for name, value in changes.items():
            new += [(name, one) for one in ([value] if isinstance(value, str) else value or ())]
        return replace(self, pairs=(*kept, *new))

    def plus(self, name: str, value: str) -> State:
        """One pair more (once)."""
        return self if (name, value) in self.pairs else replace(self, pairs=(*self.pairs, (name, value)))

    def minus(self, name: str, value: str) -> State:
        """One pair less."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair != (name, value)))

    @property
    def link(self) -> str:
        """The address, relative to the server."""
        return self.path + ("?" + urlencode(self.pairs) if self.pairs else "")


@dataclass(frozen=True)
class Sheet:
    """A table of a page, for programs: columns with rows already there, or with the SQL that gives them (parameters: its `?`).

    page: the same for one page of many, for .json, with the address of the `next`; empty when the whole is small.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] | None = None
    sql: str = ""
    parameters: tuple[Any, ...] = ()
    page: str = ""
    page_parameters: tuple[Any, ...] = ()
    next: str = ""


@dataclass(frozen=True)
class Shown:
    """What a page shows. body: HTML made by `render`. sheets: its tables by name, served as .json, .csv and .parquet.
    to: another address that says the same, to go to instead."""

    title: str
    body: str
    sheets: Mapping[str, Sheet] = field(default_factory=dict)
    status: int = 200
    to: str = ""


@dataclass(frozen=True)
class Page:
    """path: where it is ("/rows", "/column/{name:path}"). order: its place in the navigation. word: the key of its name there, or "".
    answer: raises EtabliError for an address that makes no sense (a page that teaches, status 400), NotThere for 404."""

    path: str
    order: int
    word: str
    answer: Callable[[Opened, State], Shown]


@cache
def pages() -> tuple[Page, ...]:
    """Every page of the folder, in order."""
    from etabli.faces.explore import pages as folder

    found = [importlib.import_module(f"{folder.__name__}.{info.name}").PAGE for info in pkgutil.iter_modules(folder.__path__)]
    return tuple(sorted(found, key=lambda page: page.order))


def carried(state: State, path: str, **more: str | Sequence[str]) -> str:
    """Another address with the choices of this one: the same target, class and kinds."""
    return onward(state, path).but(**more).link


def onward(state: State, path: str) -> State:
    """Another page with the choices of this one."""
    return State(path, tuple(pair for pair in state.pairs if pair[0] in CARRIED))


def formats(state: State, sheet: str = "") -> dict[str, str]:
    """The addresses of a sheet (of the page's first when none is named): {"json": ..., "csv": ..., "parquet": ...}."""
    named: dict[str, str | None] = {"_sheet": sheet or None}
    return {one: state.but(_format=one, **named).link for one in FORMATS}


def render(template: str, opened: Opened, **values: Any) -> str:
    """A template of `templates/`, escaped; it has t (words), count, number, share, known, plain, cell, pick, opened, url and formats."""
    from markupsafe import Markup

    return Markup(_environment(opened.lang).get_template(template).render(opened=opened, **values))


@cache
def _environment(lang: str) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from etabli.faces.words import cell, known, pick, plain, say
    from etabli.faces.words.numbers import count, number, share

    made = Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals.update(
        lang=lang,
        t=lambda key, **given: say(key, lang, **given),
        count=lambda value: count(value, lang),
        number=lambda value, places=3: number(value, lang, places),
        share=lambda value, places=1: share(value, lang, places),
        known=lambda prefix, value: known(prefix, value, lang),
        pick=lambda value: pick(value, lang),
        plain=plain,
        cell=cell,
        url=url,
        formats=formats,
        carried=carried,
        choices=lambda state: onward(state, "").pairs,
    )
    return made


def url(path: str, *parts: str, **query: str | Sequence[str]) -> str:
    """An address: url("/column", name) or url("/rows", age__gt="40"). Parts and values are escaped."""
    pairs = [(key, one) for key, value in query.items() for one in ([value] if isinstance(value, str) else value)]
    return "/".join([path.rstrip("/") if parts else path, *(quote(part, safe="") for part in parts)]) + (
        "?" + urlencode(pairs) if pairs else ""
    )
