"""A value as people read it and as a filter takes it back: flags by their words, dates as ISO, numbers without ".0"."""

from __future__ import annotations

from typing import Any, NamedTuple

from etabli.faces.explore import formats
from etabli.faces.explore.page import State
from etabli.records import Column

LONG = 200  # letters of a text beyond which a cell is no link


class Cell(NamedTuple):
    """text: None when missing. link: to the rows that have the same there. told: the file's own text, where it was read as missing."""

    text: str | None
    link: str = ""
    told: str = ""


def written(column: Column, value: Any) -> str:
    """A value as text."""
    if column.kind == "flag" and column.is_double:
        return str(column.reading.get("words", ("0", "1"))[int(value)])
    return str(formats.plain(value))


def linked(base: State, column: Column, value: Any) -> Cell:
    """A value with the link that keeps to rows like it."""
    if value is None:
        return Cell(None, base.plus(f"{column.name}__missing", "1").link)
    text = written(column, value)
    return Cell(text, base.plus(f"{column.name}__eq", text).link if len(text) <= LONG else "")
