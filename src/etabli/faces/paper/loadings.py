"""Which columns make the first two coordinates of a map: loadings of a linear method, or else correlations."""

from __future__ import annotations

from typing import final

from etabli.faces.paper.drawing import Drawing, Result
from etabli.faces.paper.style import BLUE, INK, RED, TEXT, Sheet, capital
from etabli.faces.report.found import method
from etabli.faces.report.loaded import bars
from etabli.faces.report.pictures import part
from etabli.faces.words import say
from etabli.faces.words.numbers import number

STEP = 4.4  # millimetres a bar takes


@final
class Loadings(Drawing):
    """A panel a coordinate: side by side over two columns of a page, else one below the other."""

    name = "loadings"
    order = 20

    def there(self, result: Result) -> bool:
        """Whether coordinates were told."""
        return bool(bars(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """The largest first, on one scale; red and to the left: falls as the coordinate rises."""
        every = bars(result)
        heights = [STEP * len(own) + 12 for _, own in every]
        if sheet.wide:
            panels = sheet.panels(max(heights), 1, len(every))
        else:
            panels = sheet.panels(sum(heights), len(every), 1, height_ratios=heights)
        most = max(abs(value) for _, own in every for _, value in own)
        linear = part(result, "map").get("linear", True)
        room = (0.5 if sheet.wide else 1.0) * sheet.width
        for axes, (name, own) in zip(panels, every, strict=True):
            values = [value for _, value in own]
            axes.barh(range(len(own)), values, 0.62, color=[BLUE if value > 0 else RED for value in values])
            axes.axvline(0, color=INK, linewidth=0.6)
            axes.set(xlim=(-1.12 * most, 1.12 * most), ylim=(len(own) - 0.4, -0.6))
            axes.set_yticks(range(len(own)), [sheet.cut(feature, 0.45 * room) for feature, _ in own])
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.set_title(name, loc="left", fontweight="bold", fontsize=TEXT)
            sheet.ticks(axes, "x", lambda v: number(v, sheet.lang, 1), 0.45 * room, 4)
        panels[-1].set_xlabel(capital(say("loadings.loading" if linear else "loadings.correlation", sheet.lang)))
        if sheet.wide:
            panels[0].set_xlabel(panels[-1].get_xlabel())

    def caption(self, result: Result, lang: str) -> str:
        """What a bar is."""
        linear = part(result, "map").get("linear", True)
        named = method({**part(result, "winner"), "values": {}}, lang)
        return say(f"paper.loadings.{'linear' if linear else 'bent'}", lang, method=named)
