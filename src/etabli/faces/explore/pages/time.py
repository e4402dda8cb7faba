"""/time: rows along each column of dates, the target and any number over time, gaps and irregular steps, and what hour, weekday and month tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore import columns, times
from etabli.faces.explore.bounds import written
from etabli.faces.explore.calendar import LENGTHS, shown
from etabli.faces.explore.labels import compact
from etabli.faces.explore.look import Look, kept, look
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import CARRIED, Page, Sheet, Shown, State, render
from etabli.faces.explore.parts import Parts
from etabli.faces.explore.pictures import Drawing, described, picture
from etabli.faces.figures import Line, lines
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, share
from etabli.records import Column

WIDE, NARROW, SMALL = 1000.0, 350.0, 340.0
Band = list[tuple[float, float, float, float, int]]


def answer(opened: Opened, state: State) -> Shown:
    """The page of the column of dates that `_by` names, or of the first."""
    dates = [column for column in opened.columns if column.kind == "date" and column.low is not None]
    seen, lang = look(opened, state), opened.lang
    title = say("explore.time", lang)
    if not dates:
        return Shown(title, render("time.html", opened, state=state, look=seen, view=None), {})
    column = _named(state, "_by", dates) or dates[0]
    numbers = [one for one in opened.columns if one.kind == "number" and one.is_double]
    number = _named(state, "_number", numbers) or _usual(numbers, opened.target)
    low, high = column.low or 0.0, column.high or 0.0
    chosen = state.get("_period")
    found = kept(
        opened, ("time", column.name, chosen, number.name if number else "", *seen.key), lambda: _found(seen, column, number, chosen)
    )
    view = _view(seen, state, column, number, found) | {
        "columns": [{"name": plain(one.name, 40), "link": state.but(_by=one.name).link, "here": one is column} for one in dates],
        "periods": [
            {"name": say(f"period.{name}", lang), "link": state.but(_period=name).link, "here": name == found["period"]}
            for name in times.periods(low, high)
        ],
        "numbers": numbers,
        "number": number,
    }
    sheets = {"periods": columns.parts_sheet(found["parts"], column, lang)}
    if found["band"]:
        sheets["band"] = Sheet(
            ("begin", "lower_quartile", "median", "upper_quartile", "rows"), tuple((written(column, b[0]), *b[1:]) for b in found["band"])
        )
    for name, parts in found["seasons"].items():
        sheets[name] = columns.parts_sheet(parts, column, lang)
    return Shown(title, render("time.html", opened, state=state, look=seen, view=view), sheets)


def _named(state: State, key: str, among: list[Column]) -> Column | None:
    """The column that a key of the address names. UsageError when it is none of these."""
    name = state.get(key)
    found = next((column for column in among if column.name == name), None)
    if name and found is None:
        names = [column.name for column in among]
        raise UsageError(
            f"{key} names a column of " + ("dates." if key == "_by" else "numbers."),
            f'"{name}"',
            did_you_mean(name, names) or ", ".join(names[:12]),
        )
    return found


def _usual(numbers: list[Column], target: str | None) -> Column | None:
    """The number that is shown unasked: the target where it is one, else the first that is not a part of a date."""
    parts = {"year", "month", "day", "hour", "week", "quarter", "no", "index", "weekday", "dayofmonth", "dayofweek"}
    mine = next((column for column in numbers if column.name == target), None)
    return mine or next((column for column in numbers if column.name.casefold() not in parts), None)


def _found(seen: Look, column: Column, number: Column | None, chosen: str) -> dict[str, Any]:
    """Everything of a column of dates that is counted, once."""
    opened, aim, sql = seen.opened, seen.aim, seen.opened.sql(column.name)
    low, high = column.low or 0.0, column.high or 0.0
    made = times.cut(low, high, chosen)
    with opened.connect() as connection:
        found = kept(opened, ("beats", column.name, *seen.key), lambda: times.beats(connection, sql, aim, low, high, opened.rows))
        middle = times.band(connection, sql, opened.sql(number.name), made) if number else []
    spacing = times.spacing(found)
    return {
        "parts": times.along(found, made, aim, opened.rows - int(found.sums[0].sum())),
        "period": made.period,
        "band": middle,
        "spacing": spacing,
        "seasons": {name: times.season(found, name, aim, _levels(name, opened.lang)) for name in times.seasons(low, high, spacing)},
    }


def _levels(name: str, lang: str) -> list[str]:
    """The names of hours, weekdays or months."""
    return [f"{k:02d}:00" for k in range(24)] if name == "hour" else say(f"time.{name}s", lang).split(" ")


def _view(seen: Look, state: State, column: Column, number: Column | None, found: dict[str, Any]) -> dict[str, Any]:
    opened, lang, parts, period = seen.opened, seen.opened.lang, found["parts"], found["period"]
    drawing = Drawing(column, parts, seen.aim, lang)
    svg = [columns.safe(picture(drawing, width, height)) for width, height in ((WIDE, 300.0), (NARROW, 220.0))]
    return {
        "name": plain(column.name, 60),
        "range": say("to", lang, low=_when(column.low or 0.0, period, lang), high=_when(column.high or 0.0, period, lang)),
        "period": say(f"period.{period}", lang) if period else "",
        "wide": svg[0],
        "narrow": svg[1],
        "described": described(drawing),
        "rows": columns.part_rows(drawing, seen, state),
        "band": _band(found["band"], period, number, lang),
        "spacing": _spacing(found["spacing"], column, state, lang) if found["spacing"] else None,
        "seasons": [_season(name, one, seen, column, state) for name, one in found["seasons"].items()],
        "sampled": not opened.whole,
    }


def _when(seconds: float, period: str, lang: str) -> str:
    return shown(seconds, "second" if period in ("hour", "") else "day", lang)


def _band(found: Band, period: str, number: Column | None, lang: str) -> dict[str, Any] | None:
    """The picture of a number over time."""
    if number is None or len(found) < 2:
        return None
    x, low, middle, high = ([one[k] for one in found] for k in range(4))
    name = plain(number.name, 40)
    words = say("time.band", lang, number=name, low=compact(min(middle), lang), high=compact(max(middle), lang))
    labels = ("", say("time.median", lang, number=name))
    made = [
        lines([Line(x, middle, low, high)], words, width, lambda v: shown(v, period, lang), lambda v: compact(v, lang), labels)
        for width in (WIDE, NARROW)
    ]
    rows = [(shown(one[0], period, lang), *(compact(v, lang) for v in one[1:4]), count(one[4], lang)) for one in found]
    return {"wide": columns.safe(made[0]), "narrow": columns.safe(made[1]), "words": words, "rows": rows, "name": name}


def _spacing(found: times.Spacing, column: Column, state: State, lang: str) -> dict[str, Any]:
    """How regular, in words, and the gaps with their rows."""
    step = say(f"step.{found.name}", lang) if found.name else length(found.step, lang)
    if found.is_regular and not found.missing:
        words = say("time.regular", lang, step=step)
    elif found.regular >= 0.5:
        words = say("time.mostly", lang, step=step, share=share(found.regular, lang, 0 if found.regular < 0.99 else 1))
    else:
        words = say("time.irregular", lang, low=length(found.low, lang), high=length(found.high, lang))
    said = [words]
    if found.rows > 1:
        said.append(say("time.together", lang, count=count(found.rows, lang)))
    if found.missing:
        said.append(say("time.missing", lang, n=found.missing, count=count(found.missing, lang), step=step))
    elif found.gaps:
        said.append(say("time.silences", lang))
    if found.unit:
        said.append(say("time.unit", lang, unit=say(f"period.{found.unit}", lang)))
    chosen = tuple(pair for pair in state.pairs if pair[0] in CARRIED)
    gaps = [
        {
            "begin": shown(gap.begin, "second", lang),
            "end": shown(gap.end, "second", lang),
            "length": length(gap.end - gap.begin, lang),
            "steps": count(gap.steps, lang) if gap.steps else "–",
            "link": State(
                "/rows", ((f"{column.name}__ge", written(column, gap.begin)), (f"{column.name}__le", written(column, gap.end)), *chosen)
            ).link,
        }
        for gap in found.gaps
    ]
    return {"words": " ".join(said), "gaps": gaps, "times": count(found.times, lang)}


def length(seconds: float, lang: str) -> str:
    """A span in its largest unit: "3 days", "1.5 hours"."""
    name = next((name for name in ("year", "day", "hour", "minute") if seconds >= LENGTHS[name]), "second")
    amount = seconds / LENGTHS[name]
    return say(f"span.{name}", lang, n=round(amount, 1), count=compact(round(amount, 1), lang))


def _season(name: str, parts: Parts, seen: Look, column: Column, state: State) -> dict[str, Any]:
    lang, aim = seen.opened.lang, seen.aim
    drawing = Drawing(column, parts, aim, lang)
    told = None if aim is None else times.explained(parts, aim, float(np.nanvar(aim.values)))
    words = ""
    if aim is not None and told is not None:
        key, target = "time.explained" if told >= 0.005 else "time.unexplained", plain(aim.name, 40)
        words = say(key, lang, share=share(told, lang, 1 if told < 0.1 else 0), target=target)
    return {
        "title": say(f"time.by.{name}", lang),
        "svg": columns.safe(picture(drawing, SMALL)),
        "words": words,
        "rows": columns.part_rows(drawing, seen, state, linked=False),
    }


PAGE = Page("/time", 50, "explore.time", answer)
