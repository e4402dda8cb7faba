"""Coverage as time goes on: in splits forward in time, each stretch with quantiles of earlier folds only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result
from etabli.faces.paper.style import BLUE, INK, PALE, Sheet
from etabli.faces.report.pictures import items
from etabli.faces.words import say
from etabli.faces.words.numbers import count, real, share


def windows(result: Result) -> tuple[float, list[Mapping[str, Any]]]:
    """The level nearest to 90 % that has stretches, and these."""
    levels = [one for one in items(result, "coverage") if real(one.get("level")) is not None and items(one, "windows")]
    if not levels:
        return 0.0, []
    one = min(levels, key=lambda one: abs((real(one["level"]) or 0.0) - 0.9))
    return real(one["level"]) or 0.0, [
        w for w in items(one, "windows") if None not in (real(w.get("got")), real(w.get("low")), real(w.get("high")))
    ]


@final
class Stretches(Drawing):
    """A dot a stretch of time, on the band of chance."""

    name = "stretches"
    order = 75

    def there(self, result: Result) -> bool:
        """Whether the split goes forward in time."""
        return bool(windows(result)[1])

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Time runs to the right."""
        level, found = windows(result)
        lang = sheet.lang
        axes = sheet.panels(48)[0]
        ends = spread([level, *(float(w[key]) for w in found for key in ("got", "low", "high"))], 0.08)
        axes.set(xlim=(-0.6, len(found) - 0.4), ylim=(ends[0], min(ends[1], 1.02)))
        for place, one in enumerate(found):
            axes.bar([place], [float(one["high"]) - float(one["low"])], 0.3, bottom=[float(one["low"])], color=PALE, zorder=1)
        axes.axhline(level, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
        axes.plot(range(len(found)), [float(w["got"]) for w in found], color=BLUE, marker="o", markersize=4.5, linewidth=0.8, zorder=3)
        axes.set_xticks(range(len(found)), [count(int(real(w.get("place")) or k) + 1, lang) for k, w in enumerate(found)])
        sheet.ticks(axes, "y", lambda v: share(v, lang, 0), 34.0)
        axes.set(xlabel=say("paper.axis.stretch", lang), ylabel=say("paper.axis.covered", lang))

    def caption(self, result: Result, lang: str) -> str:
        """What a stretch is, which rows its quantiles come from."""
        level, found = windows(result)
        each = sorted({int(real(w.get("rows")) or 0) for w in found})
        reach = count(each[0], lang) if len(each) == 1 else say("to", lang, low=count(each[0], lang), high=count(each[-1], lang))
        return say("paper.stretches", lang, n=len(found), count=count(len(found), lang), rows=reach, level=share(level, lang, 0))
