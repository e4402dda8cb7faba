"""/: the first rows as the file has them, so that people recognise it, then a card a column."""

from __future__ import annotations

from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, render
from etabli.faces.explore.pages.rows import cell

FIRST = 8


def answer(opened: Opened, state: State) -> Shown:
    """The front page."""
    names = ", ".join(opened.sql(column.name) for column in opened.columns)
    sql = f"SELECT {names} FROM data LIMIT {FIRST}"
    with opened.connect() as connection:
        rows = connection.execute(sql).fetchall()
    body = render(
        "front.html",
        opened,
        state=state,
        rows=[[cell(opened, column, value) for column, value in zip(opened.columns, row, strict=True)] for row in rows],
    )
    return Shown(opened.name, body, {"first": Sheet(tuple(column.name for column in opened.columns), sql=sql)})


PAGE = Page("/", 10, "explore.columns", answer)
