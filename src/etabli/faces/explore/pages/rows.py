"""/rows: the rows of the file, filtered, sorted, searched and counted; all of it in the address.

Pages go by the row where the last one ended (`_after`), not by an offset: the value that the order stands at is looked up from that
row, so that the thousandth page costs what the first does. All facets are counted in one scan by grouping sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore import filters, formats
from etabli.faces.explore.opened import ROW, Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, render
from etabli.records import Column

SIZE, LARGEST = 50, 1000
LEVELS = 12  # of a facet that are shown
KNOWN = ("_sort", "_desc", "_facet", "_search", "_size", "_after", "_col", "_nocol", "_format", "_sheet")


@dataclass(frozen=True)
class Order:
    """How rows are sorted: by a column (None: as in the file), downwards or not. Missing comes last, ties by row."""

    column: str | None = None
    down: bool = False


def answer(opened: Opened, state: State) -> Shown:
    """The page for an address."""
    _check(opened, state)
    where, order, size = filters.where(opened, state), _order(opened, state), _size(state)
    shown = _columns(opened, state)
    names = ", ".join(opened.sql(column.name) for column in shown)
    sort = "" if order.column is None else f"{opened.sql(order.column)} {'DESC' if order.down else 'ASC'} NULLS LAST, "
    with opened.connect() as connection:
        after, given = _after(opened, state, order, connection)
        parts = [part for part in (where.sql, after) if part]
        clause = f" WHERE {' AND '.join(parts)}" if parts else ""
        page, values = f"FROM numbered{clause} ORDER BY {sort}{ROW} LIMIT", (*where.parameters, *given)
        rows = connection.execute(f"SELECT {ROW}, {names} {page} {size + 1}", values).fetchall()
        total = opened.rows if not where.sql else _one(connection, f"SELECT count(*) FROM numbered{where.clause}", where.parameters)
        facets = _facets(opened, state, where, connection)
    more, rows = len(rows) > size, rows[:size]
    sheet = Sheet(
        tuple(column.name for column in shown),
        sql=f"SELECT {names} FROM numbered{where.clause} ORDER BY {sort}{ROW}",
        parameters=where.parameters,
        page=f"SELECT {names} {page} {size}",
        page_parameters=values,
    )
    body = render(
        "rows.html",
        opened,
        state=state,
        where=where,
        order=order,
        shown=shown,
        rows=[(row[0], [cell(opened, column, value) for column, value in zip(shown, row[1:], strict=True)]) for row in rows],
        total=total,
        facets=facets,
        next=state.but(_after=str(rows[-1][0])).link if more else "",
        start=state.but(_after=None).link if state.get("_after") else "",
        size=size,
    )
    return Shown(opened.name, body, {"rows": sheet})


def _check(opened: Opened, state: State) -> None:
    """Every key is a filter or one of ours."""
    for key, text in state.pairs:
        if key not in KNOWN and filters.parsed(opened, key, text) is None:
            known = [*KNOWN, *opened.by_name]
            raise UsageError(
                "An address of /rows holds filters and settings.",
                f'"{key}"',
                did_you_mean(key, known) or "columns: " + ", ".join(known[len(KNOWN) :][:20]),
            )
    for key in ("_sort", "_desc", "_facet", "_col", "_nocol"):
        for name in state.all(key):
            if name and name not in opened.by_name:
                raise UsageError(
                    f"{key} names a column of the file.",
                    f'"{name}"',
                    did_you_mean(name, opened.by_name) or "columns: " + ", ".join(list(opened.by_name)[:20]),
                )


def _order(opened: Opened, state: State) -> Order:
    for key, name in reversed(state.pairs):
        if key in ("_sort", "_desc") and name:
            return Order(name, key == "_desc")
    return Order()


def _whole(key: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise UsageError(f"{key} is a whole number up to {most:,}.", f'"{text}"')
    return int(text)


def _size(state: State) -> int:
    return max(1, _whole("_size", state.get("_size") or str(SIZE), LARGEST))


def _columns(opened: Opened, state: State) -> list[Column]:
    chosen, hidden = state.all("_col"), set(state.all("_nocol"))
    return [column for column in opened.columns if (not chosen or column.name in chosen) and column.name not in hidden] or list(
        opened.columns[:1]
    )


def _after(opened: Opened, state: State, order: Order, connection: Any) -> tuple[str, list[Any]]:
    """The condition of what comes after a row, in the order asked for."""
    if not state.get("_after"):
        return "", []
    row = _whole("_after", state.get("_after"), max(opened.rows - 1, 0))
    if order.column is None:
        return f"{ROW} > ?", [row]
    name = opened.sql(order.column)
    at = _one(connection, f"SELECT {name} FROM numbered WHERE {ROW} = ?", [row])
    if at is None:
        return f"({name} IS NULL AND {ROW} > ?)", [row]
    return f"({name} {'<' if order.down else '>'} ? OR ({name} = ? AND {ROW} > ?) OR {name} IS NULL)", [at, at, row]


def _one(connection: Any, sql: str, parameters: Any = ()) -> Any:
    found = connection.execute(sql, parameters).fetchone()
    return None if found is None else found[0]


def _facets(opened: Opened, state: State, where: filters.Where, connection: Any) -> list[dict[str, Any]]:
    """Counts of the levels of each column asked for, all in one scan."""
    names = list(dict.fromkeys(name for name in state.all("_facet") if name))
    if not names:
        return []
    sql = [opened.sql(name) for name in names]
    sets = ", ".join(f"({name})" for name in sql)
    found = connection.execute(
        f"SELECT grouping_id({', '.join(sql)}), {', '.join(sql)}, count(*) FROM numbered{where.clause} GROUP BY GROUPING SETS ({sets}) ORDER BY count(*) DESC",
        where.parameters,
    ).fetchall()
    made = []
    for place, name in enumerate(names):
        column, mine = opened.by_name[name], (1 << len(names)) - 1 - (1 << (len(names) - 1 - place))
        counts = [(row[1 + place], row[-1]) for row in found if row[0] == mine]
        levels = [
            (
                value,
                number,
                state.but(_after=None).plus(f"{name}__missing", "1")
                if value is None
                else state.but(_after=None).plus(f"{name}__eq", written(column, value)),
            )
            for value, number in counts[:LEVELS]
        ]
        made.append(
            {
                "name": name,
                "levels": [(cell(opened, column, v), n, to.link) for v, n, to in levels],
                "rest": max(0, len(counts) - LEVELS),
                "off": state.minus("_facet", name).link,
            }
        )
    return made


def cell(opened: Opened, column: Column, value: Any) -> str | None:
    """A value as people read it; None when missing."""
    return None if value is None else written(column, value)


def written(column: Column, value: Any) -> str:
    """A value as a text that a filter takes back: flags by their words, dates as ISO, numbers without ".0"."""
    if column.kind == "flag" and column.is_double:
        return str(column.reading.get("words", ("0", "1"))[int(value)])
    return str(formats.plain(value))


PAGE = Page("/rows", 20, "explore.rows", answer)
