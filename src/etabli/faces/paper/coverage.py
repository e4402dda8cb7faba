"""Does it know what it does not know? Coverage asked and got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.paper.drawing import Drawing, Result, rows
from etabli.faces.paper.style import BLUE, INK, PALE, RED, SMALL, TEXT, Sheet
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import number, real, share
from etabli.faces.words.reasons import reason

STEP = 8.0


def entries(result: Result) -> list[Mapping[str, Any]]:
    """Levels with what was got there."""
    return [one for one in items(result, "coverage") if None not in (real(one.get("level")), real(one.get("got")))]


@final
class Coverage(Drawing):
    """A line a level: the stroke asked, the dot got, the band of chance, the worst group hollow."""

    name = "coverage"
    order = 70

    def there(self, result: Result) -> bool:
        """Whether coverage was measured."""
        return bool(entries(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """All levels on one scale."""
        found, lang = entries(result), sheet.lang
        axes = sheet.panels(14 + STEP * len(found))[0]
        values = [
            v
            for one in found
            for v in (real(one["level"]), real(one["got"]), real(one.get("low")), real(part(one, "worst").get("got")))
            if v is not None
        ]
        low = min(values)
        axes.set(xlim=(max(0.0, low - 0.1 * (1 - low)), 1.0 + 0.02 * (1 - low)), ylim=(len(found) - 0.4, -0.6))
        for place, one in enumerate(found):
            level, got, lower, upper = real(one["level"]) or 0.0, real(one["got"]) or 0.0, real(one.get("low")), real(one.get("high"))
            if lower is not None and upper is not None:
                axes.barh([place], [upper - lower], 0.5, left=[lower], color=PALE, zorder=1)
            axes.plot([level, level], [place - 0.32, place + 0.32], color=INK, linewidth=0.8, zorder=2)
            if (poor := real(part(one, "worst").get("got"))) is not None:
                axes.plot([poor], [place], marker="v", markersize=4.5, color=RED, markerfacecolor="white", markeredgewidth=1.0, zorder=3)
            axes.plot([got], [place], marker="o", markersize=4.5, color=BLUE, zorder=4)
            axes.text(1.02, place, share(got, lang), transform=axes.get_yaxis_transform(), fontsize=SMALL, va="center_baseline")
        axes.set_yticks(range(len(found)), [say("asked", lang, level=share(one["level"], lang, 0)) for one in found])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        sheet.ticks(axes, "x", lambda v: share(v, lang, 0), sheet.width * 0.55)
        axis = say("paper.axis.coverage.sets" if result.get("classes") else "paper.axis.coverage", lang)
        axes.set_xlabel(sheet.wrap(axis, 0.6 * sheet.width, TEXT))

    def caption(self, result: Result, lang: str) -> str:
        """What was measured on which rows, what the band is, who the worst group is."""
        found = entries(result)
        what = say("paper.coverage.sets" if result.get("classes") else "paper.coverage.intervals", lang)
        parts = [say("paper.coverage", lang, what=what, rows=rows(result, lang))]
        worst = next(
            (one for one in found if real(part(one, "worst").get("got")) is not None and abs((real(one["level"]) or 0) - 0.9) < 1e-9), None
        )
        if worst is not None:
            group = reason(plain(part(worst, "worst").get("group"), 60), lang)
            parts.append(say("paper.coverage.worst", lang, group=group, got=share(part(worst, "worst").get("got"), lang)))
        size = next((real(one.get("size")) for one in found if abs((real(one["level"]) or 0) - 0.9) < 1e-9), None)
        if size is not None:
            key = "paper.coverage.labels" if result.get("classes") else "paper.coverage.width"
            parts.append(say(key, lang, size=number(size, lang, 2 if result.get("classes") else max(0, 3 - len(f"{int(size)}")))))
        return " ".join(parts)
