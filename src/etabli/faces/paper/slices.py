"""Where the model fails: groups of rows on which it is much worse than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result, short
from etabli.faces.paper.style import BLUE, INK, SMALL, TEXT, Sheet, capital
from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, pick, say
from etabli.faces.words.numbers import count, real

STEP = 6.4


def found(result: Result) -> list[Mapping[str, Any]]:
    """The slices that have all that is drawn."""
    every = items(part(part(result, "explanation"), "slices"), "list")
    return [one for one in every if None not in (real(one.get(key)) for key in ("score", "low", "high", "elsewhere"))]


@final
class Slices(Drawing):
    """A dot in its interval for each group, a stroke where all other rows are."""

    name = "slices"
    order = 85

    def there(self, result: Result) -> bool:
        """Whether any stands out."""
        return bool(found(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """A line a slice, its rows at the right."""
        every, lang = found(result), sheet.lang
        facts = part(part(result, "explanation"), "slices")
        axes = sheet.panels(18 + STEP * len(every))[0]
        axes.set(
            xlim=spread([float(one[key]) for one in every for key in ("score", "low", "high", "elsewhere")], 0.05),
            ylim=(len(every) - 0.4, -0.6),
        )
        for place, one in enumerate(every):
            elsewhere = float(one["elsewhere"])
            axes.plot([elsewhere, float(one["low"])], [place, place], color=INK, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
            axes.plot([elsewhere, elsewhere], [place - 0.3, place + 0.3], color=INK, linewidth=0.8, zorder=2)
            axes.plot([float(one["low"]), float(one["high"])], [place, place], color=BLUE, linewidth=1.4, solid_capstyle="butt", zorder=2)
            axes.plot([float(one["score"])], [place], marker="o", markersize=4.5, color=BLUE, zorder=3)
            axes.text(1.02, place, count(one.get("rows"), lang), transform=axes.get_yaxis_transform(), fontsize=SMALL, va="center_baseline")
        axes.text(1.02, -0.75, say("axis.rows", lang), transform=axes.get_yaxis_transform(), fontsize=SMALL, va="bottom")
        axes.set_yticks(range(len(every)), [sheet.wrap(pick(one.get("where"), lang), 0.46 * sheet.width) for one in every])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        sheet.ticks(axes, "x", lambda v: short(v, lang), sheet.width * 0.35)
        metric = capital(known("metric", facts.get("metric") or "?", lang))
        axis = say("paper.axis.greater" if facts.get("greater_is_better") else "paper.axis.less", lang, metric=metric)
        axes.set_xlabel(sheet.wrap(axis, 0.5 * sheet.width, TEXT))

    def caption(self, result: Result, lang: str) -> str:
        """How many were looked at, and what the intervals count."""
        facts, every = part(part(result, "explanation"), "slices"), found(result)
        return say(
            "paper.slices",
            lang,
            n=len(every),
            count=count(len(every), lang),
            metric=known("metric", facts.get("metric") or "?", lang),
            looked=count(facts.get("looked"), lang),
            rows=count(facts.get("rows"), lang),
        )
