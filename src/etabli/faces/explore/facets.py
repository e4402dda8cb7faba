"""How many rows have which value: levels of a column of words, stretches of a column of numbers or dates; all columns in one scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from etabli.errors import UsageError
from etabli.faces.explore.cells import written
from etabli.faces.explore.filters import Where
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import State
from etabli.faces.figures import ticks
from etabli.records import Column

LEVELS = 12  # shown
MANY = 5_000  # levels beyond which counting them all says nothing
FEW = 20  # different numbers up to which each is a level
STRETCHES = 10
DAY = 86400.0
UNITS = (("year", 5 * 365 * DAY), ("month", 60 * DAY), ("day", 2 * DAY), ("hour", 0.0))  # with the range from which dates are counted by it


@dataclass(frozen=True)
class Level:
    """A value or a stretch of values. rows: how many. share: of the largest. filters: the pairs of an address that keep to it."""

    label: str | None
    rows: int
    share: float
    filters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facet:
    """The counts of a column. more: levels that are not shown, with `rest` rows."""

    column: Column
    levels: tuple[Level, ...]
    more: int = 0
    rest: int = 0


def narrowed(state: State, level: Level) -> str:
    """The address that keeps to a level as well."""
    for key, text in level.filters:
        state = state.plus(key, text)
    return state.link


def counted(opened: Opened, names: Sequence[str], where: Where, connection: Any) -> list[Facet]:
    """The facets of these columns among the rows asked for. UsageError for a column with more levels than anybody would read."""
    columns = [opened.by_name[name] for name in dict.fromkeys(names) if name]
    if not columns:
        return []
    for column in columns:
        if not column.is_double and column.distinct > MANY:
            raise UsageError(
                f"Levels are counted up to {MANY:,}.",
                f'"{column.name}" has some {column.distinct:,} different texts',
                f"narrow it: {column.name}__starts=..., or {column.name}__contains=...",
            )
    cuts = [_cut(opened, column) for column in columns]
    marks = [f"f{place}" for place in range(len(columns))]
    made = ", ".join(f"{cut} AS {mark}" for (cut, _, _), mark in zip(cuts, marks, strict=True))
    found = connection.execute(
        f"SELECT grouping_id({', '.join(marks)}), {', '.join(marks)}, count(*) FROM (SELECT {made} FROM {where.view}{where.clause}) "
        f"GROUP BY GROUPING SETS ({', '.join(f'({mark})' for mark in marks)}) ORDER BY count(*) DESC",
        where.parameters,
    ).fetchall()
    facets = []
    for place, (column, (_, step, unit)) in enumerate(zip(columns, cuts, strict=True)):
        mine = (1 << len(columns)) - 1 - (1 << (len(columns) - 1 - place))
        counts = [(row[1 + place], row[-1]) for row in found if row[0] == mine]
        if step or unit:
            counts.sort(key=lambda pair: (pair[0] is None, pair[0]))
        most = max((rows for _, rows in counts), default=1)
        shown = counts if step else counts[:LEVELS] if not unit else counts[-4 * LEVELS :]
        levels = tuple(_level(column, value, rows, rows / most, step, unit) for value, rows in shown)
        facets.append(Facet(column, levels, len(counts) - len(shown), sum(rows for _, rows in counts) - sum(rows for _, rows in shown)))
    return facets


def _cut(opened: Opened, column: Column) -> tuple[str, float, str]:
    """(SQL of what is counted, the width of a stretch of numbers or 0, the unit of a stretch of time or "")."""
    name = opened.sql(column.name)
    low, high = column.low, column.high
    if not column.is_double or column.kind == "flag" or low is None or high is None or low == high:
        return name, 0.0, ""
    if column.kind == "date":
        unit = next(unit for unit, least in UNITS if high - low >= least)
        return f"date_trunc('{unit}', {name})", 0.0, unit
    if column.distinct <= FEW:
        return name, 0.0, ""
    marks = ticks(low, high, STRETCHES)
    step = marks[1] - marks[0] if len(marks) > 1 else (high - low) / STRETCHES
    return f"floor({name} / {step!r})", step, ""


def _level(column: Column, value: Any, rows: int, share: float, step: float, unit: str) -> Level:
    name = column.name
    if value is None:
        return Level(None, rows, share, ((f"{name}__missing", "1"),))
    if step:
        low, high = (f"{edge:.10g}" for edge in (value * step, (value + 1) * step))
        return Level(f"{low} – {high}", rows, share, ((f"{name}__ge", low), (f"{name}__lt", high)))
    if unit:
        low, end = written(column, value), _following(value, unit)
        ends = ((f"{name}__ge", low), *(((f"{name}__lt", written(column, end)),) if end else ()))
        return Level(low[: {"year": 4, "month": 7}.get(unit, 16)], rows, share, ends)
    text = written(column, value)
    return Level(text, rows, share, ((f"{name}__eq", text),))


def _following(start: datetime, unit: str) -> datetime | None:
    """The beginning of the next stretch; None at the end of the calendar."""
    if unit in ("day", "hour"):
        return start + timedelta(**{f"{unit}s": 1})
    if start.year == datetime.max.year and (unit == "year" or start.month == 12):
        return None
    months = start.year * 12 + start.month - 1 + (12 if unit == "year" else 1)
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).replace(tzinfo=None)
