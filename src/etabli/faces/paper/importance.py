"""What the model leans on: how much worse the metric becomes when a column's cells are exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result, short
from etabli.faces.paper.style import BLUE, GREY, INK, TEXT, Sheet, capital
from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, plain, say
from etabli.faces.words.numbers import NONE, count, real

MOST, STEP = 20, 4.4

Line = tuple[str, float, float, float, bool]  # name, value, low, high, whether a group


def lines(result: Result) -> list[Line]:
    """Columns and groups of columns, the most important first."""
    facts = part(part(result, "explanation"), "importance")

    def line(one: Mapping[str, Any], name: str, group: bool) -> list[Line]:
        value, low, high = (real(one.get(key)) for key in ("value", "low", "high"))
        return [] if value is None or low is None or high is None else [(name, value, low, high, group)]

    made = [found for one in items(facts, "columns") for found in line(one, plain(one.get("column")), False)]
    made += [found for one in items(facts, "groups") for found in line(one, " + ".join(map(plain, one.get("columns") or ())), True)]
    return sorted(made, key=lambda one: -one[1])


@final
class Importance(Drawing):
    """Dots with intervals; squares for columns that say the same, exchanged together."""

    name = "importance"
    order = 50

    def there(self, result: Result) -> bool:
        """Whether the columns were asked about."""
        return bool(lines(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """A line a column, hollow and grey where its interval reaches 0."""
        found, lang = lines(result)[:MOST], sheet.lang
        names = [sheet.wrap(name, 0.42 * sheet.width) for name, *_ in found]
        axes = sheet.panels(14 + (1.4 if any("\n" in name for name in names) else 1.0) * STEP * len(found))[0]
        ends = spread([0.0, *(v for _, *values, _ in found for v in values)], 0.04)
        axes.set(xlim=ends, ylim=(len(found) - 0.4, -0.6))
        axes.axvline(0, color=INK, linewidth=0.6)
        for place, (_, value, low, high, group) in enumerate(found):
            colour = BLUE if low > 0 else GREY
            axes.plot([low, high], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt")
            axes.plot(
                [value],
                [place],
                marker="s" if group else "o",
                markersize=4.2,
                color=colour,
                markerfacecolor=colour if low > 0 else "white",
                markeredgewidth=1.0,
            )
        axes.set_yticks(range(len(found)), names)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        sheet.ticks(axes, "x", lambda v: short(v, lang), sheet.width * 0.5)
        axis = say("axis.worse", lang, metric=capital(known("metric", result.get("metric") or "?", lang)))
        axes.set_xlabel(sheet.wrap(axis, 0.5 * sheet.width, TEXT))

    def caption(self, result: Result, lang: str) -> str:
        """Whose cells were exchanged, how often, and what the bar counts."""
        facts, every = part(part(result, "explanation"), "importance"), lines(result)
        parts = [
            say(
                "paper.importance",
                lang,
                metric=known("metric", result.get("metric") or "?", lang),
                score=NONE if real(facts.get("score")) is None else short(facts["score"], lang),
                rows=count(facts.get("rows"), lang),
                n=int(real(facts.get("repeats")) or 0),
                repeats=count(facts.get("repeats"), lang),
            )
        ]
        if any(group for *_, group in every[:MOST]):
            parts.append(say("paper.importance.groups", lang))
        hidden = max(0, len(every) - MOST) + int(real(part(result, "explanation").get("columns_left_out")) or 0)
        if hidden:
            parts.append(say("paper.importance.more", lang, n=hidden, count=count(hidden, lang)))
        return " ".join(parts)
