"""/: the first rows as the file has them, so that people recognise it, then a card a column."""

from __future__ import annotations

from etabli.faces.explore import columns
from etabli.faces.explore.cells import Cell, linked
from etabli.faces.explore.look import look
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, onward, render

FIRST = 8
WIDE = 60  # columns of the first rows at most; /rows has them all


def answer(opened: Opened, state: State) -> Shown:
    """The front page."""
    shown = opened.columns[:WIDE]
    sql = f"SELECT {', '.join(opened.sql(column.name) for column in shown)} FROM data LIMIT {FIRST}"
    with opened.connect() as connection:
        found = connection.execute(sql).fetchall()
    rows = [[linked(onward(state, "/rows"), column, value) for column, value in zip(shown, row, strict=True)] for row in found]
    body = render("front.html", opened, state=state, shown=shown, rows=_told(opened, rows))
    seen = look(opened, state)
    body += render("column-cards.html", opened, state=state, look=seen, view=columns.section(seen, state))
    first = Sheet(tuple(column.name for column in shown), sql=sql)
    return Shown(opened.name, body, {"columns": columns.sheet(seen), "first": first})


def _told(opened: Opened, rows: list[list[Cell]]) -> list[list[Cell]]:
    """The same cells in the file's own words, where they are known."""
    if not opened.first or len(opened.first[0]) != len(opened.columns):
        return rows
    return [
        [Cell(told, cell.link) if cell.text is not None else cell._replace(told=told) for cell, told in zip(row, texts, strict=False)]
        for row, texts in zip(rows, opened.first, strict=False)
    ]


PAGE = Page("/", 10, "explore.columns", answer)
