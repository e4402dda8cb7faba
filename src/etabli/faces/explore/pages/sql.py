"""/sql?q=…: a question in SQL and its answer, both in the address, so that a link asks again and the back button is the history.

`:name` in the question is a field of the form; its value is `p.name` in the address. The answer comes from a process apart
(`query.py`); what is wrong with a question is shown above the editor with the question still in it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from etabli.faces import figures
from etabli.faces.explore import formats
from etabli.faces.explore.examples import examples
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, carried, render
from etabli.faces.explore.query import CPU, EXPORT, ROWS, WALL, Answer, QueryError, ask, bare, query
from etabli.faces.words import say
from etabli.faces.words.numbers import count, number

BARS = 60  # at most so many rows are drawn as bars
FILLED = "p."  # before the name of what is filled in, in the address


def answer(opened: Opened, state: State) -> Shown:
    """The page of a question; of none, an editor with questions to start from."""
    text = state.get("q").replace("\r\n", "\n").strip()
    names = query(text).names
    given = {name: state.get(FILLED + name) for name in names}
    waits = [name for name in names if not state.all(FILLED + name)]
    wants = state.get("_format")
    found, error = None, None
    if text and not waits:
        try:
            found = ask(opened, text, given, EXPORT if wants else ROWS, WALL)
        except QueryError as wrong:
            if wants:
                raise
            error = wrong
    starts = list(examples(opened))
    body = render(
        "sql.html",
        opened,
        state=state,
        text=text or starts[0][1],
        fields=[(name, FILLED + name, value) for name, value in given.items()],
        waits=bool(waits),
        found=found,
        error=error,
        rows=[] if found is None else _shown(found, opened.lang),
        chart=None if found is None else _chart(found, opened.lang),
        seconds="" if found is None else number(found.seconds, opened.lang, 2),
        starts=[(word, sql, carried(state, "/sql", q=sql)) for word, sql in starts],
        columns=[(column, bare(opened.sql_names[column.name])) for column in opened.columns],
        most=ROWS,
        export=EXPORT,
        wall=f"{WALL:g}",
        cpu=str(CPU),
    )
    sheets = {} if found is None else {"answer": Sheet(_apart(found.names), found.rows)}
    return Shown(say("sql.title", opened.lang), body, sheets, 400 if error else 200)


def _apart(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that a file can hold: a second one of the same name gets a number."""
    made: list[str] = []
    for name in names:
        given, n = name, 2
        while given in made:
            given, n = f"{name}_{n}", n + 1
        made.append(given)
    return tuple(made)


def _cell(value: Any, lang: str) -> str | None:
    """A cell as people read it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return count(value, lang)
    if isinstance(value, float):
        return str(value) if value != value or abs(value) == float("inf") else f"{value:.6g}".replace(".", "," if lang == "fr" else ".")
    return str(formats.plain(value))


def _shown(found: Answer, lang: str) -> list[list[str | None]]:
    return [[_cell(value, lang) for value in row] for row in found.rows]


def _chart(found: Answer, lang: str) -> dict[str, Any] | None:
    """What can be drawn without asking: a first column of labels or dates, and the first column of numbers after it."""
    kinds = found.kinds
    if found.more or len(found.rows) < 2 or len(kinds) < 2 or "number" not in kinds[1:]:
        return None
    at = kinds.index("number", 1)
    pairs = [(row[0], float(row[at])) for row in found.rows if row[0] is not None and row[at] is not None]
    pairs = [(label, value) for label, value in pairs if value == value and abs(value) != float("inf")]
    if len(pairs) < 2 or len({label for label, _ in pairs}) < len(pairs):
        return None
    title = say("sql.chart", lang, value=found.names[at], label=found.names[0])
    if kinds[0] == "date":
        names = found.names[0], found.names[at]
        return {"title": title, "lines": [_line(pairs, title, names, lang, width) for width in (760, 350)]} if _dated(pairs) else None
    if len(pairs) > BARS or min(value for _, value in pairs) < 0:
        return None
    most = max(value for _, value in pairs) or 1.0
    return {
        "title": title,
        "bars": [
            (_cell(label, lang), f"{100 * value / most:.2f}%", _cell(int(value) if value == int(value) else value, lang))
            for label, value in pairs
        ],
    }


def _dated(pairs: list[tuple[Any, float]]) -> bool:
    return all(isinstance(label, date) for label, _ in pairs)


def _line(pairs: list[tuple[Any, float]], title: str, names: tuple[str, str], lang: str, width: float) -> str:
    """Values over time, in order of time."""
    points = sorted((_seconds(moment), height) for moment, height in pairs)
    days = (points[-1][0] - points[0][0]) / 86400
    form = "%Y" if days > 6 * 365 else "%Y-%m" if days > 150 else "%m-%d"

    def day(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime(form)

    line = figures.Line([x for x, _ in points], [y for _, y in points])
    return figures.lines([line], title, width, day, lambda height: _cell(height, lang) or "", names)


def _seconds(moment: date) -> float:
    """Seconds since 1970, of a day or of a moment without a zone."""
    return datetime(*moment.timetuple()[:6], tzinfo=UTC).timestamp()


PAGE = Page("/sql", 60, "explore.sql", answer)
