"""What the model uses, how, and where it fails, with the report's words: see `work/explain.py` for the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces import explained
from etabli.faces.explained import Effect, Mark
from etabli.faces.report.pictures import items, part
from etabli.faces.words import cell, known, pick, plain, say
from etabli.faces.words.numbers import count, decimals, number, real, share

USED, LEVELS = 20, 12

Result = Mapping[str, Any]
View = dict[str, Any]


def view(result: Result, lang: str) -> View | None:
    """Everything the template shows of it; None where the result has no explanation."""
    facts = part(result, "explanation")
    if not facts:
        return None
    used, moved, failing = part(facts, "importance"), part(facts, "effects"), part(facts, "slices")
    return {
        "uses": _uses(result, used, int(real(facts.get("columns_left_out")) or 0), lang) if used else None,
        "how": {
            "columns": [_captioned(one, [one.get("column")], lang) for one in items(moved, "columns")],
            "pairs": [_captioned(one, one.get("columns") or (), lang) for one in items(moved, "pairs")],
        },
        "fails": _fails(failing, lang) if failing else None,
    }


def uses(result: Result, lang: str) -> str:
    """The terminal's line on what it uses most; "" where nothing is known."""
    every = items(part(part(result, "explanation"), "importance"), "columns")
    strongest = [one for one in every if (real(one.get("low")) or 0) > 0][:3]
    if not strongest:
        return ""
    names = [f"{plain(one.get('column'), 40)} ({_signed(one.get('value'), lang, _digits([one]))})" for one in strongest]
    return say("uses.most", lang, columns=_listed(names, lang))


def fails(result: Result, lang: str) -> str:
    """The terminal's line on where it fails worst; "" where nothing stands out."""
    facts = part(part(result, "explanation"), "slices")
    found = items(facts, "list")
    return _told(found[0], facts, lang) if found else ""


def _listed(names: Sequence[str], lang: str) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" {say('and', lang)} {names[-1]}"


def _digits(entries: Sequence[Mapping[str, Any]]) -> int:
    """Digits that the interval of the first supports."""
    first = entries[0] if entries else {}
    return decimals(first.get("low"), first.get("high"), first.get("value"))


def _signed(value: Any, lang: str, digits: int) -> str:
    return ("+" if (real(value) or 0) > 0 else "") + number(value, lang, digits)


# what it uses ----------------------------------------------------------------------------------------------------------


def _lines(result: Result) -> list[tuple[Mapping[str, Any], str, bool]]:
    """(entry, name, whether it is a group), the largest first."""
    used = part(part(result, "explanation"), "importance")
    made = [(one, plain(one.get("column"), 60), False) for one in items(used, "columns")]
    made += [(one, " + ".join(plain(name, 40) for name in one.get("columns") or ()), True) for one in items(used, "groups")]
    return sorted(made, key=lambda line: -(real(line[0].get("value")) or 0.0))


def _uses(result: Result, used: Mapping[str, Any], left_out: int, lang: str) -> View:
    lines = _lines(result)
    digits = _digits([entry for entry, _, _ in lines])
    most = [name for entry, name, group in lines if not group and (real(entry.get("low")) or 0) > 0][:3]
    nothing = [name for entry, name, group in lines if not group and not (real(entry.get("low")) or 0) > 0]
    groups = [name for _, name, group in lines if group]
    notes = []
    if groups:
        notes.append(say("uses.groups", lang, n=len(groups), groups="; ".join(groups[:6])))
    if nothing:
        notes.append(
            say("uses.nothing", lang, n=len(nothing), columns=", ".join(nothing[:12]) + (" …" if len(nothing) > 12 else "")).replace(
                "….", "…"
            )
        )
    if left_out:
        notes.append(say("uses.left", lang, n=left_out, count=count(left_out, lang)))
    return {
        "first": say("uses.first", lang, n=len(most), columns=_listed(most, lang)) if most else say("uses.none", lang),
        "lead": say(
            "uses.lead",
            lang,
            rows=count(used.get("rows"), lang),
            metric=known("metric", result.get("metric") or "?", lang),
            score=number(used.get("score"), lang, digits),
        ),
        "notes": notes,
        "table": [
            (cell(name), *(_signed(entry.get(key), lang, _digits([entry])) for key in ("value", "low", "high"))) for entry, name, _ in lines
        ],
    }


def importance(result: Result, lang: str, width: float) -> str:
    """Dots with intervals; groups of columns as squares."""
    lines = [line for line in _lines(result) if None not in (real(line[0].get(key)) for key in ("value", "low", "high"))]
    if not lines:
        return ""
    marks = [
        Mark(
            f"{name} {say('uses.together', lang)}" if group else name,
            float(entry["value"]),
            float(entry["low"]),
            float(entry["high"]),
            _signed(entry["value"], lang, _digits([entry])),
            "square" if group else "full" if entry["low"] > 0 else "hollow",
        )
        for entry, name, group in lines[:USED]
    ]
    metric = known("metric", result.get("metric", ""), lang)
    told = "; ".join(f"{mark.name} {mark.text}" for mark in marks[:6])
    title = say("plot.importance", lang, n=len(marks), metric=metric, columns=told)
    return explained.dots(marks, title, width, lambda v: _short(v, lang), say("axis.worse", lang, metric=metric))


# how -------------------------------------------------------------------------------------------------------------------


def _captioned(entry: Mapping[str, Any], columns: Sequence[Any], lang: str) -> tuple[str, str]:
    """(the columns, the class it is about)."""
    name = " × ".join(plain(column, 40) for column in columns)
    return name, "" if entry.get("class") is None else say("how.class", lang, name=plain(entry["class"], 40))


def _short(value: float, lang: str) -> str:
    """At most four significant digits."""
    text = f"{value:.4g}"
    return number(value, lang, len(text.partition(".")[2])) if "e" not in text else number(value, lang, 0)


def _show(kind: Any, lang: str, values: Sequence[float] = ()) -> Any:
    """How a value of a column is written."""
    if kind != "date":
        return lambda v: _short(v, lang)
    import datetime

    span = max(values) - min(values) if values else 0.0
    form = "%Y" if span > 5 * 365 * 86400 else "%Y-%m" if span > 150 * 86400 else "%Y-%m-%d"
    start = datetime.datetime(1970, 1, 1)

    def day(v: float) -> str:
        try:
            return (start + datetime.timedelta(seconds=v)).strftime(form)
        except OverflowError:
            return _short(v, lang)

    return day


def effects(result: Result) -> int:
    """Columns whose effect is drawn."""
    return len(items(part(part(result, "explanation"), "effects"), "columns"))


def pairs(result: Result) -> int:
    """Pairs that are drawn."""
    return len(items(part(part(result, "explanation"), "effects"), "pairs"))


def effect(result: Result, lang: str, width: float, place: int) -> str:
    """The effect of one column: its curve, or its levels by their effect."""
    one = items(part(part(result, "explanation"), "effects"), "columns")[place]
    half = (width - 24) / 2 if width > 500 else width
    name = plain(one.get("column"), 60)
    middle = Effect(*([float(real(v) or 0.0) for v in one[key]] for key in ("effect", "low", "high", "dependence", "rows")))
    if not middle.effect:
        return ""
    digits = max(0, decimals(min(middle.effect), max(middle.effect)) if max(middle.effect) > min(middle.effect) else 3)

    def show(v: float) -> str:
        return share(v, lang, 0 if digits < 3 else 1) if one.get("class") is not None else _short(v, lang)

    top, low = max(middle.effect), min(middle.effect)
    title = say("plot.how", lang, column=name, low=show(low), high=show(top))
    if one.get("kind") in ("number", "date"):
        x = [float(v) for v in one["x"]]
        return explained.curve(x, middle, title, half, _show(one["kind"], lang, x), show, name)
    names = [say("yes" if x else "no", lang) for x in one["x"]] if one.get("kind") == "flag" else [plain(x) for x in one["x"]]
    order = sorted(range(len(names)), key=lambda k: -middle.effect[k])[:LEVELS]
    sorted_ = Effect(*([series[k] for k in order] for series in (middle.effect, middle.low, middle.high, middle.dependence, middle.rows)))
    return explained.levels([names[k] for k in order], sorted_, title, half, show)


def pair(result: Result, lang: str, width: float, place: int) -> str:
    """What two columns do only together."""
    one = items(part(part(result, "explanation"), "effects"), "pairs")[place]
    half = (width - 24) / 2 if width > 500 else width
    names = [plain(name, 40) for name in one["columns"]]
    x, y = ([float(v) for v in one[key]] for key in ("x", "y"))
    value = [[float(real(v) or 0.0) for v in row] for row in one["effect"]]
    every = [v for row in value for v in row]
    if len(x) < 2 or len(y) < 2:
        return ""

    def show(v: float) -> str:
        text = share(v, lang, 1) if one.get("class") is not None else _short(v, lang)
        return "+" + text if v > 0 else text

    title = say("plot.pair", lang, first=names[0], second=names[1], low=show(min(every)), high=show(max(every)))
    kinds = list(one.get("kinds") or ("number", "number"))
    return explained.plane(x, y, value, title, half, (_show(kinds[0], lang, x), _show(kinds[1], lang, y), show), (names[0], names[1]))


# where it fails --------------------------------------------------------------------------------------------------------


def _told(one: Mapping[str, Any], fails: Mapping[str, Any], lang: str) -> str:
    digits = decimals(one.get("low"), one.get("high"), one.get("score"))
    return say(
        "fails.slice",
        lang,
        where=pick(one.get("where"), lang),
        metric=known("metric", fails.get("metric") or "?", lang),
        rows=count(one.get("rows"), lang),
        **{key: number(one.get(key), lang, digits) for key in ("score", "low", "high", "elsewhere")},
    )


def _fails(fails: Mapping[str, Any], lang: str) -> View:
    found = items(fails, "list")
    metric = known("metric", fails.get("metric") or "?", lang)
    lines = []
    for one in found:
        digits = decimals(one.get("low"), one.get("high"), one.get("score"))
        reach = say("to", lang, low=number(one.get("low"), lang, digits), high=number(one.get("high"), lang, digits))
        shown = [number(one.get(key), lang, digits) for key in ("score", "elsewhere", "constant")]
        rows = f"{count(one.get('rows'), lang)} ({share(one.get('share'), lang, 0)})"
        lines.append((cell(pick(one.get("where"), lang), 160), rows, shown[0], reach, shown[1], shown[2]))
    looked = count(fails.get("looked"), lang)
    return {
        "first": _told(found[0], fails, lang) if found else say("fails.none", lang, looked=looked),
        "lead": say("fails.lead", lang, looked=looked, metric=metric),
        "table": lines,
        "metric": metric,
    }


def slices(result: Result, lang: str, width: float) -> str:
    """The slices: a dot in its interval, a stroke where all other rows are."""
    fails = part(part(result, "explanation"), "slices")
    found = [one for one in items(fails, "list") if None not in (real(one.get(key)) for key in ("score", "low", "high", "elsewhere"))]
    if not found:
        return ""
    marks = []
    for one in found:
        digits = decimals(one["low"], one["high"], one["score"])
        text = number(one["score"], lang, digits)
        marks.append(Mark(plain(pick(one.get("where"), lang), 120), one["score"], one["low"], one["high"], text, other=one["elsewhere"]))
    metric = known("metric", fails.get("metric") or "?", lang)
    note = say("axis.greater" if fails.get("greater_is_better") else "axis.less", lang, metric=metric)
    title = say("plot.slices", lang, n=len(found), slices="; ".join(_told(one, fails, lang) for one in found))
    return explained.dots(marks, title, width, lambda v: _short(v, lang), note, zero=False)
