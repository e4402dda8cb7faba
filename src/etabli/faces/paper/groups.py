"""How the model fares by group (`--by COL`): score and coverage of each level, beside all rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result, rows, short
from etabli.faces.paper.style import BLUE, INK, PALE, RED, TEXT, Sheet, capital
from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import real, share

STEP, MEASURES = 4.6, ("score", "coverage")


def columns(result: Result) -> list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """The columns asked for, each with its levels that have a score or a coverage."""
    every = [
        (one, [level for level in items(one, "levels") if any(_value(level, name) is not None for name in MEASURES)])
        for one in items(result, "by")
    ]
    return [(one, levels) for one, levels in every if levels]


def _value(level: Mapping[str, Any], name: str, end: str = "value") -> float | None:
    return real(part(part(level, "measures"), name).get(end))


@final
class Groups(Drawing):
    """A row of panels a column: the score at the left, the coverage at the right."""

    name = "groups"
    order = 80

    def there(self, result: Result) -> bool:
        """Whether a column was asked for."""
        return bool(columns(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Levels down; a diamond where chance does not explain the difference."""
        every, lang = columns(result), sheet.lang
        heights = [STEP * len(levels) + 14 for _, levels in every]
        panels = sheet.panels(sum(heights) + 2, len(every), 2, height_ratios=heights)
        for place, (one, levels) in enumerate(every):
            left, right = panels[2 * place], panels[2 * place + 1]
            for axes, name in ((left, "score"), (right, "coverage")):
                self._panel(sheet, axes, one, levels, name)
            room = 0.22 * sheet.width
            left.set_yticks(range(len(levels)), [sheet.cut(pick(level.get("level"), lang), room) for level in levels])
            right.set_yticks([])
            left.set_title(sheet.cut(one.get("column"), 0.4 * sheet.width, TEXT), loc="left", fontweight="bold")
            metric = capital(known("metric", result.get("metric") or "?", lang))
            left.set_xlabel(sheet.wrap(metric, 0.36 * sheet.width, TEXT))
            right.set_xlabel(
                sheet.wrap(say("paper.axis.covered.at", lang, level=share(one.get("level"), lang, 0)), 0.36 * sheet.width, TEXT)
            )

    def _panel(self, sheet: Sheet, axes: Any, one: Mapping[str, Any], levels: list[Mapping[str, Any]], name: str) -> None:
        overall = real(part(one, "overall").get(name)) if name == "score" else real(one.get("level"))
        bands = [level.get("band") if name == "coverage" else None for level in levels]
        values = [_value(level, name, end) for level in levels for end in ("value", "low", "high")]
        ends = spread([v for v in (*values, overall, *(v for band in bands if band for v in band)) if v is not None], 0.05)
        axes.set(xlim=ends if name == "score" else (ends[0], min(ends[1], 1.01)), ylim=(len(levels) - 0.4, -0.6))
        if overall is not None:
            axes.axvline(overall, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
        for place, (level, band) in enumerate(zip(levels, bands, strict=True)):
            value, low, high = (_value(level, name, end) for end in ("value", "low", "high"))
            if band and len(band) == 2:
                axes.barh([place], [band[1] - band[0]], 0.6, left=[band[0]], color=PALE, zorder=0)
            apart = bool(part(part(level, "measures"), name).get("apart")) or bool(band and value is not None and value < band[0])
            colour = RED if apart else BLUE
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
            if value is not None:
                axes.plot([value], [place], marker="D" if apart else "o", markersize=4.2, color=colour, zorder=3)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        lang = sheet.lang
        sheet.ticks(axes, "x", (lambda v: share(v, lang, 0)) if name == "coverage" else (lambda v: short(v, lang)), 0.3 * sheet.width, 4)

    def caption(self, result: Result, lang: str) -> str:
        """What is compared with what, and what counts as a difference."""
        every = columns(result)
        names = ", ".join(
            f"“{plain(one.get('column'), 40)}”" if lang == "en" else f"«\u00a0{plain(one.get('column'), 40)}\u00a0»" for one, _ in every
        )
        metric = known("metric", result.get("metric") or "?", lang)
        level = share(every[0][0].get("level"), lang, 0)
        sizes = "; ".join(
            f"{pick(entry.get('level'), lang)} n = {int(real(entry.get('rows')) or 0)}" for _, levels in every for entry in levels
        )
        return say(
            "paper.groups", lang, n=len(every), columns=names, metric=capital(metric), level=level, rows=rows(result, lang), sizes=sizes
        )
