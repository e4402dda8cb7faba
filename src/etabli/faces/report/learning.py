"""Would more rows help: the learning curve with the report's words; see `judge/learning.py` for the method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from etabli.faces.figures import Plot, spread, ticks
from etabli.faces.report.pictures import items, needed, part
from etabli.faces.words import known, pick, say
from etabli.faces.words.candidates import bracketed
from etabli.faces.words.numbers import count, decimals, number, real

Result = Mapping[str, Any]
View = dict[str, Any]


def view(result: Result, lang: str) -> View | None:
    """Everything the template shows of it; None where the result says nothing of it."""
    facts = part(result, "learning")
    why = pick(facts.get("reason"), lang)
    if not items(facts, "points"):
        return {"first": say("learning.none", lang, why=why)} if why else None
    digits, twice = _digits(facts), part(facts, "twice")
    lines = [(entry, say("learning.measured", lang)) for entry in items(facts, "points")]
    lines.append((twice, say("learning.extrapolated", lang)))
    power = part(facts, "curve")
    return {
        "first": pick(facts.get("text"), lang),
        "name": bracketed(facts.get("candidate"), lang, 120),
        "metric": known("metric", facts.get("metric") or "?", lang),
        "limits": say("learning.limits", lang, exponent=number(power.get("c"), lang, 2)),
        "table": [
            (
                count(entry.get("rows"), lang),
                number(entry.get("score"), lang, digits),
                say("to", lang, low=number(entry.get("low"), lang, digits), high=number(entry.get("high"), lang, digits)),
                note,
            )
            for entry, note in lines
        ],
    }


def said(result: Result, lang: str) -> str:
    """The terminal's line; "" where there is no curve."""
    return pick(part(result, "learning").get("text"), lang)


def _digits(facts: Mapping[str, Any]) -> int:
    twice = part(facts, "twice")
    return max(0, decimals(twice.get("low"), twice.get("high"), twice.get("score")))


def picture(result: Result, lang: str, width: float) -> str:
    """Score over the rows learned from, on a logarithmic axis: points with intervals, the fitted curve, and its end at twice the rows."""
    facts = part(result, "learning")
    points, power, twice = items(facts, "points"), part(facts, "curve"), part(facts, "twice")
    if not points or not twice:
        return ""
    digits, last = _digits(facts), float(points[-1]["rows"])
    along = [(float(n), float(score)) for n, score in zip(power["rows"], power["score"], strict=True)]
    values = [entry[key] for entry in (*points, twice) for key in ("score", "low", "high")] + [score for _, score in along]
    metric = known("metric", facts.get("metric") or "?", lang)
    title = say("plot.learning", lang, metric=metric, n=len(points), text=pick(facts.get("text"), lang))
    ends = math.log(float(points[0]["rows"])), math.log(float(twice["rows"]))
    plot = Plot(title, (width, 290), spread(ends, 0.05), spread(values), (26, 16, 44, 58))
    for value in ticks(*plot.ranges[1]):
        plot.line(plot.left, plot.y(value), plot.right, plot.y(value), "grid")
        plot.text(plot.left - 6, plot.y(value) + 4, number(value, lang, needed(value)), "soft small end")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    plot.text(0, plot.top - 14, metric, "soft")
    for entry in (*points, twice):
        x = plot.x(math.log(float(entry["rows"])))
        plot.line(x, plot.bottom, x, plot.bottom + 4, "axis")
        plot.text(x, plot.bottom + 17, count(entry["rows"], lang), "soft small mid")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 36, say("learning.rows", lang), "soft mid")
    plot.add("path", "dash", d="M" + "L".join(f"{plot.x(math.log(n)):.1f} {plot.y(score):.1f}" for n, score in along))
    plot.line(plot.x(math.log(last)), plot.y(float(points[-1]["score"])), plot.right, plot.y(float(points[-1]["score"])), "grid")
    for entry in points:
        _point(plot, entry, "data", lang, digits)
    _point(plot, twice, "honest hollow", lang, digits)
    return plot.svg()


def _point(plot: Plot, entry: Mapping[str, Any], css: str, lang: str, digits: int) -> None:
    x, low, high = plot.x(math.log(float(entry["rows"]))), real(entry.get("low")), real(entry.get("high"))
    reach = say("to", lang, low=number(low, lang, digits), high=number(high, lang, digits))
    tip = f"{count(entry['rows'], lang)}: {number(entry['score'], lang, digits)} ({reach})"
    if low is not None and high is not None:
        plot.line(x, plot.y(low), x, plot.y(high), css.split()[0] + " bar", tip)
    plot.add("circle", css, tip, cx=x, cy=plot.y(float(entry["score"])), r=5)
