"""/rows: the rows of the file, filtered, sorted, searched and counted; all of it in the address.

Pages go by the row where the last one ended (`_after`), not by an offset: the value that the order stands at is looked up from that
row, so that the thousandth page costs what the first does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore import facets, filters
from etabli.faces.explore.cells import linked
from etabli.faces.explore.opened import ROW, Opened
from etabli.faces.explore.page import CARRIED, Page, Sheet, Shown, State, onward, render
from etabli.records import Column

SIZE, LARGEST = 50, 1000
FORM = ("_column", "_op", "_value")  # a filter as the form gives it; answered with the address that says the same
KNOWN = ("_sort", "_desc", "_facet", "_search", "_size", "_after", "_col", "_nocol", "_format", "_sheet", *FORM, *CARRIED)
COMMON = 30  # levels at most of a column that is offered for counting


@dataclass(frozen=True)
class Order:
    """How rows are sorted: by a column ("": as in the file), downwards or not. Missing comes last, ties by row."""

    column: str = ""
    down: bool = False


def answer(opened: Opened, state: State) -> Shown:
    """The page for an address."""
    state = replace(
        state, pairs=tuple((key, text.replace("\r\n", "\n") if key[:1] == "_" else text) for key, text in state.pairs)
    )  # as forms send it
    _check(opened, state)
    if any(state.get(key) for key in FORM) or any(key in ("_search", *FORM) and not text for key, text in state.pairs):
        return Shown("", "", to=_from_form(opened, state).link)
    where, order, size = filters.where(opened, state), _order(state), _size(state)
    shown = _columns(opened, state)
    names = ", ".join(opened.sql(column.name) for column in shown)
    sort = f"{opened.sql(order.column)} {'DESC' if order.down else 'ASC'} NULLS LAST, " if order.column else ""
    with opened.connect() as connection:
        after, given = _after(opened, state, order, connection)
        parts = [part for part in (where.sql, after) if part]
        clause = f" WHERE {' AND '.join(parts)}" if parts else ""
        page, values = f"FROM {where.view}{clause} ORDER BY {sort}{ROW} LIMIT", (*where.parameters, *given)
        rows = connection.execute(f"SELECT {ROW}, {names} {page} {size + 1}", values).fetchall()
        total = opened.rows if not where.sql else _one(connection, f"SELECT count(*) FROM {where.view}{where.clause}", where.parameters)
        counted = facets.counted(opened, state.all("_facet"), where, connection)
    more, rows = len(rows) > size, rows[:size]
    base = state.but(_after=None)
    following = state.but(_after=str(rows[-1][0])) if more else None
    sheet = Sheet(
        tuple(column.name for column in shown),
        sql=f"SELECT {names} FROM {where.view}{where.clause} ORDER BY {sort}{ROW}",
        parameters=where.parameters,
        page=f"SELECT {names} {page} {size}",
        page_parameters=values,
        next=following.link.replace("/rows", "/rows.json", 1) if following else "",
    )
    body = render(
        "rows.html",
        opened,
        state=state,
        base=base,
        where=where,
        order=order,
        shown=shown,
        rows=[(row[0], [linked(base, column, value) for column, value in zip(shown, row[1:], strict=True)]) for row in rows],
        total=total,
        facets=[
            (one, base.minus("_facet", one.column.name).link, [(level, facets.narrowed(base, level)) for level in one.levels])
            for one in counted
        ],
        countable=[
            (c.name, base.plus("_facet", c.name).link) for c in opened.columns if 1 < c.distinct <= COMMON or c.kind in ("number", "date")
        ],
        heads=[(column, *_sorted(base, order, column)) for column in shown],
        chips=[(one, base.minus(one.key, one.text).link) for one in where.filters],
        operators=filters.OPERATORS,
        kept=[pair for pair in base.pairs if pair[0] not in ("_search", "_col", "_nocol")],
        chosen={column.name for column in shown},
        next=following.link if following else "",
        start=base.link if state.get("_after") else "",
        plain_rows=onward(state, "/rows").link,
        size=size,
    )
    return Shown(opened.name, body, {"rows": sheet})


def _check(opened: Opened, state: State) -> None:
    """Every key is a filter or one of ours, and names columns that are there."""
    listed = "columns: " + ", ".join(list(opened.by_name)[:20])
    for key, text in state.pairs:
        if key not in KNOWN and filters.parsed(opened, key, text) is None:
            known = [*KNOWN, *opened.by_name]
            raise UsageError("An address of /rows holds filters and settings.", f'"{key}"', did_you_mean(key, known) or listed)
    for key in ("_sort", "_desc", "_facet", "_col", "_nocol", "_column"):
        for name in state.all(key):
            if name and name not in opened.by_name:
                raise UsageError(f"{key} names a column of the file.", f'"{name}"', did_you_mean(name, opened.by_name) or listed)


def _from_form(opened: Opened, state: State) -> State:
    """What the form asked for, as the address that says it; what was left empty is left out."""
    name, operator, text = (state.get(key) for key in FORM)
    left = State(
        state.path, tuple((key, value) for key, value in state.but(_after=None).pairs if key not in FORM and (value or key != "_search"))
    )
    if not name or (not text and operator not in filters.BARE):
        return left
    key = f"{name}__{operator or 'eq'}"
    filters.where(opened, State(state.path, ((key, text),)))
    return left.plus(key, text or "1")


def _order(state: State) -> Order:
    for key, name in reversed(state.pairs):
        if key in ("_sort", "_desc") and name:
            return Order(name, key == "_desc")
    return Order()


def _sorted(base: State, order: Order, column: Column) -> tuple[str, str]:
    """(how the table is sorted by this column, as aria-sort says it; where a click on its name leads): up, down, as in the file."""
    free = base.but(_sort=None, _desc=None)
    if order.column != column.name:
        return "none", free.plus("_sort", column.name).link
    return ("descending", free.link) if order.down else ("ascending", free.plus("_desc", column.name).link)


def _whole(key: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise UsageError(f"{key} is a whole number up to {most:,}.", f'"{text}"')
    return int(text)


def _size(state: State) -> int:
    return max(1, _whole("_size", state.get("_size") or str(SIZE), LARGEST))


def _columns(opened: Opened, state: State) -> list[Column]:
    chosen, hidden = state.all("_col"), set(state.all("_nocol"))
    left = [column for column in opened.columns if (not chosen or column.name in chosen) and column.name not in hidden]
    return left or list(opened.columns)


def _after(opened: Opened, state: State, order: Order, connection: Any) -> tuple[str, list[Any]]:
    """The condition of what comes after a row, in the order asked for."""
    if not state.get("_after"):
        return "", []
    row = _whole("_after", state.get("_after"), max(opened.rows - 1, 0))
    if not order.column:
        return f"{ROW} > ?", [row]
    name = opened.sql(order.column)
    at = _one(connection, f"SELECT {name} FROM numbered WHERE {ROW} = ?", [row])
    if at is None:
        return f"({name} IS NULL AND {ROW} > ?)", [row]
    return f"({name} {'<' if order.down else '>'} ? OR ({name} = ? AND {ROW} > ?) OR {name} IS NULL)", [at, at, row]


def _one(connection: Any, sql: str, parameters: Any = ()) -> Any:
    found = connection.execute(sql, parameters).fetchone()
    return None if found is None else found[0]


PAGE = Page("/rows", 20, "explore.rows", answer)
