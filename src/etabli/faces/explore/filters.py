"""What an address asks of the rows: `age__gt=40`, `_search=`, `_sort=`. Any page may keep to the same rows.

A key is COLUMN__OPERATOR; the last "__" parts the two, so that a column called `a__gt` is asked for as `a__gt__eq`. Values come as texts
and are read as their column is; they reach DuckDB as parameters, never as SQL.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from etabli.data import cells, dates
from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore.opened import ROW, Opened, quoted
from etabli.faces.explore.page import State
from etabli.records import Column

COMPARED = {"eq": "=", "ne": "IS DISTINCT FROM", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
OPERATORS = (*COMPARED, "contains", "starts", "in", "missing", "present")
BARE = ("missing", "present")  # take no value
MAP = "_map"  # rows chosen on the map, by an outline or a cluster (`rowmap.chosen`)


@dataclass(frozen=True)
class Filter:
    """One condition of an address: the pair it came from, and what it means."""

    key: str
    text: str
    column: str
    operator: str


@dataclass(frozen=True)
class Where:
    """Conditions as SQL over the view `view` ("" for none) with its parameters, and the filters they came from."""

    sql: str
    parameters: tuple[Any, ...]
    filters: tuple[Filter, ...]
    view: str = "numbered"

    @property
    def clause(self) -> str:
        """ " WHERE ..." or nothing."""
        return f" WHERE {self.sql}" if self.sql else ""


def where(opened: Opened, state: State) -> Where:
    """The rows that an address asks for. UsageError: an unknown column or operator, or a value that its column cannot hold."""
    found = [one for key, text in state.pairs if (one := parsed(opened, key, text)) is not None]
    parts, values = [], list[Any]()
    for one in found:
        sql, given = _condition(opened, one)
        parts.append(sql)
        values += given
    search = state.get("_search").strip()
    if search:
        named = [column.name for column in opened.columns if not column.is_double]
        parts.append("(" + (" OR ".join(_holds(opened, name) for name in named) or "false") + ")")
        values += [search.lower()] * len(named)
    return Where(" AND ".join(parts), tuple(values), tuple(found), "searched" if search else "numbered")


def _holds(opened: Opened, name: str) -> str:
    """Whether a column's text holds what is searched."""
    if name not in opened.raw:
        return f"contains(lower({opened.sql(name)}), ?)"
    return f"(contains(lower({quoted(opened.raw[name])}), ?) AND {opened.sql(name)} IS NOT NULL)"


def parsed(opened: Opened, key: str, text: str) -> Filter | None:
    """The filter of a pair, or None where its key is no filter (`_sort`, `q`)."""
    if key == MAP:
        return Filter(key, text, "", "map")
    name, sign, operator = key.rpartition("__")
    known = opened.by_name
    if sign and operator in OPERATORS and (name in known or name == ROW):
        return Filter(key, text, name, operator)
    if key in known and not key.startswith("_"):
        return Filter(key, text, key, "eq")
    if not sign or not name:
        return None
    if name in known:
        raise UsageError(
            "A filter is COLUMN__OPERATOR=VALUE.",
            f'the operator "{operator}"',
            did_you_mean(operator, OPERATORS) or "one of " + ", ".join(OPERATORS),
        )
    raise UsageError(
        "A filter names a column of the file.", f'"{name}"', did_you_mean(name, known) or "columns: " + ", ".join(list(known)[:20])
    )


def _condition(opened: Opened, one: Filter) -> tuple[str, list[Any]]:
    if one.operator == "map":
        from etabli.faces.explore.rowmap import rows_of

        return f"{ROW} IN (SELECT unnest(?))", [rows_of(opened, one.text).tolist()]
    name = ROW if one.column == ROW else opened.sql(one.column)
    column = opened.by_name.get(one.column)
    if one.operator == "missing":
        return f"{name} IS NULL", []
    if one.operator == "present":
        return f"{name} IS NOT NULL", []
    if one.operator in ("contains", "starts"):
        call = {"contains": "contains", "starts": "starts_with"}[one.operator]
        words = name if column is not None and not column.is_double else f"CAST({name} AS VARCHAR)"
        return f"{call}(lower({words}), ?)", [one.text.lower()]
    if one.operator == "in":
        texts = _several(one.text)
        return f"{name} IN ({', '.join('?' * len(texts))})", [value(column, text) for text in texts]
    return f"{name} {COMPARED[one.operator]} ?", [value(column, one.text)]


def _several(text: str) -> list[str]:
    """The texts of `__in`: parted by commas, or a JSON list where they hold commas themselves."""
    if text.startswith("["):
        try:
            return [one if isinstance(one, str) else json.dumps(one) for one in json.loads(text)] or [""]
        except ValueError:
            raise UsageError("__in takes values parted by commas, or a JSON list.", text[:80], '["a, b", "c"]') from None
    return text.split(",")


def value(column: Column | None, text: str) -> Any:
    """A text as its column has it (no column: a row number). UsageError when it cannot hold it."""
    text = text.strip() if column is None or column.is_double else text
    if column is not None and not column.is_double:
        return text
    kind = column.kind if column is not None else "number"
    if kind == "date":
        seconds = dates.one(text, str((column.reading if column else {}).get("order", "dmy")))
        if seconds is None:
            raise UsageError("A date is written 2026-01-31, or as the file writes it.", f'"{text}"')
        return datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(seconds=seconds)
    if column is not None and kind == "flag":
        words = [str(word).casefold() for word in column.reading.get("words", ("0", "1"))]
        if text.casefold() in words:
            return float(words.index(text.casefold()))
    number = cells.number(text, ".")
    number = cells.number(text, ",") if number is None else number
    if number is None or number in (float("inf"), float("-inf")):
        raise UsageError("This column holds numbers.", f'"{text}" for {column.name if column else ROW}', "for instance 40 or 1.5")
    return number
