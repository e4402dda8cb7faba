"""Would more rows help? The learning curve of the winner, carried on to twice the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result, numbers, reached, short
from etabli.faces.paper.style import BLUE, RED, TEXT, Sheet, capital
from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, say
from etabli.faces.words.candidates import named
from etabli.faces.words.numbers import count, real


def points(result: Result) -> list[Mapping[str, Any]]:
    """The measured sizes."""
    every = items(part(result, "learning"), "points")
    return [one for one in every if None not in (real(one.get(key)) for key in ("rows", "score", "low", "high"))]


@final
class Learning(Drawing):
    """Dots measured, the fitted curve, a diamond for twice the rows."""

    name = "learning"
    order = 12

    def there(self, result: Result) -> bool:
        """Whether a curve was measured."""
        return len(points(result)) > 1

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Rows to the right, on a scale of ratios."""
        facts, found, lang = part(result, "learning"), points(result), sheet.lang
        twice, curve = part(facts, "twice"), part(facts, "curve")
        axes = sheet.panels(54)[0]
        drawn = [(r, s) for r, s in zip(numbers(curve.get("rows")), numbers(curve.get("score")), strict=False)]
        last = None if None in (real(twice.get(key)) for key in ("rows", "score", "low", "high")) else twice
        sizes = [float(one["rows"]) for one in (*found, *([last] if last else []))]
        values = [float(one[key]) for one in (*found, *([last] if last else [])) for key in ("score", "low", "high")]
        axes.set_xscale("log")
        axes.set(xlim=(min(sizes) / 1.25, max(sizes) * 1.25), ylim=spread(values, 0.08))
        if drawn:
            axes.plot([r for r, _ in drawn], [s for _, s in drawn], color=BLUE, linewidth=0.9, linestyle=(0, (4, 2)))
        for one, colour, mark in [*((one, BLUE, "o") for one in found), *([(last, RED, "D")] if last else [])]:
            axes.plot([one["rows"]] * 2, [one["low"], one["high"]], color=colour, linewidth=1.4, solid_capstyle="butt")
            axes.plot([one["rows"]], [one["score"]], marker=mark, markersize=4.5, color=colour)
        self._sizes(sheet, axes, sizes)
        sheet.ticks(axes, "y", lambda v: short(v, lang), 40.0)
        metric = capital(known("metric", facts.get("metric") or "?", lang))
        label = say("paper.axis.greater" if facts.get("greater_is_better") else "paper.axis.less", lang, metric=metric)
        axes.set(xlabel=capital(say("learning.rows", lang)), ylabel=sheet.wrap(label, 46.0, TEXT))

    def _sizes(self, sheet: Sheet, axes: Any, sizes: list[float]) -> None:
        """Ticks at the sizes themselves, as many as have room for their numbers."""
        from math import log

        room = 0.78 * sheet.width / (log(max(sizes) * 1.25) - log(min(sizes) / 1.25))
        kept: list[float] = []
        for size in sorted(sizes, reverse=True):
            text = sheet.long(count(size, sheet.lang))
            if not kept or (log(kept[-1]) - log(size)) * room > text + 2.0:
                kept.append(size)
        axes.set_xticks(kept, [count(size, sheet.lang) for size in kept])
        axes.set_xticks([], minor=True)

    def caption(self, result: Result, lang: str) -> str:
        """Which candidate, which rows judged, how the last point came about."""
        facts = part(result, "learning")
        twice = part(facts, "twice")
        said = say(
            "paper.learning",
            lang,
            name=named(facts.get("candidate") or "?", lang, 80),
            metric=known("metric", facts.get("metric") or "?", lang),
        )
        if real(twice.get("score")) is not None:
            told = reached(twice["score"], twice.get("low"), twice.get("high"), lang)
            said += " " + say("paper.learning.twice", lang, rows=count(twice.get("rows"), lang), value=told)
        return said
