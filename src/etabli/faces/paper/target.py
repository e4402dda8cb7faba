"""How the target lies: a histogram, or how many rows each class has."""

from __future__ import annotations

from typing import final

from etabli.faces.paper.drawing import Drawing, Result, numbers, short
from etabli.faces.paper.style import BLUE, PALE, SMALL, Sheet, capital
from etabli.faces.report.pictures import part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, real, share

STEP, MOST = 4.6, 30


@final
class Target(Drawing):
    """Bars on the rows that judged."""

    name = "target"
    order = 5

    def there(self, result: Result) -> bool:
        """Whether the result counts it (runs of earlier releases do not)."""
        return len(numbers(part(result, "outcome").get("counts"))) > 1

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Classes lie down, so that their names can be read."""
        facts, lang = part(result, "outcome"), sheet.lang
        counts, edges = numbers(facts.get("counts")), numbers(facts.get("edges"))
        if len(edges) == len(counts) + 1:
            axes = sheet.panels(48)[0]
            axes.stairs(counts, edges, fill=True, facecolor=PALE, edgecolor=BLUE, linewidth=0.8)
            axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.06 * max(counts)))
            sheet.ticks(axes, "x", lambda v: short(v, lang), sheet.width * 0.75)
            sheet.ticks(axes, "y", lambda v: count(v, lang), 34.0, 4)
            axes.set(xlabel=sheet.cut(result.get("target"), 0.7 * sheet.width, 8.0), ylabel=capital(say("axis.rows", lang)))
            return
        names = [plain(one) for one in result.get("classes") or ()]
        order = sorted(range(len(counts)), key=lambda k: -counts[k])[:MOST]
        axes = sheet.panels(14 + STEP * len(order))[0]
        axes.barh(range(len(order)), [counts[k] for k in order], 0.62, color=PALE, edgecolor=BLUE, linewidth=0.8)
        total = sum(counts)
        for place, k in enumerate(order):
            axes.text(
                1.01,
                place,
                f"{count(counts[k], lang)} ({share(counts[k] / total, lang)})",
                transform=axes.get_yaxis_transform(),
                fontsize=SMALL,
                va="center_baseline",
            )
        axes.set(xlim=(0, 1.02 * max(counts)), ylim=(len(order) - 0.4, -0.6))
        axes.set_yticks(range(len(order)), [sheet.cut(names[k], 0.35 * sheet.width) for k in order])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        sheet.ticks(axes, "x", lambda v: count(v, lang), sheet.width * 0.4, 4)
        axes.set_xlabel(capital(say("axis.rows", lang)))

    def caption(self, result: Result, lang: str) -> str:
        """Which rows."""
        facts = part(result, "outcome")
        outside = int(real(facts.get("outside")) or 0)
        text = say("paper.target", lang, target=plain(result.get("target"), 60), rows=count(facts.get("rows"), lang))
        return text + (" " + say("paper.target.outside", lang, n=outside, count=count(outside, lang)) if outside else "")
