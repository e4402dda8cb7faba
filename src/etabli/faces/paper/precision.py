"""Of the rows taken for a class, how many are of it: precision against found."""

from __future__ import annotations

from typing import final

from etabli.faces.paper.drawing import Drawing, Result, rows
from etabli.faces.paper.roc import LOOKS, areas, chance, curves, draw, square
from etabli.faces.paper.style import RED, Sheet
from etabli.faces.report.pictures import part
from etabli.faces.words import say
from etabli.faces.words.numbers import real

KEYS = ("recall", "precision", "precision_low", "precision_high")


@final
class Precision(Drawing):
    """Each class against the rest; thin lines are chance, a diamond the answers as they are given (two classes)."""

    name = "precision"
    order = 17

    def there(self, result: Result) -> bool:
        """Whether it answers classes, and the run counted the curves."""
        return bool(curves(result, *KEYS))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Found to the right, precision upwards."""
        every = curves(result, *KEYS)
        axes = square(sheet, (say("paper.axis.recall", sheet.lang), say("paper.axis.precision", sheet.lang)))
        for one, (colour, _) in zip(every, LOOKS, strict=False):
            axes.axhline(real(one.get("share")) or 0.0, color=colour, linewidth=0.5, linestyle=(0, (4, 3)))
        draw(sheet, axes, every, ("recall", "precision"), ("ap", "AP"), "lower left")
        counts = part(result, "confusion").get("counts")
        if counts and len(counts) == 2 and counts[0][1] + counts[1][1] > 0 and sum(counts[1]) > 0:
            axes.plot(
                [counts[1][1] / sum(counts[1])], [counts[1][1] / (counts[0][1] + counts[1][1])], marker="D", markersize=4.5, color=RED
            )

    def caption(self, result: Result, lang: str) -> str:
        """Average precisions with intervals; chance."""
        every = curves(result, *KEYS)
        key = "paper.precision" if len(every) == 1 else "paper.precision.several"
        return say(key, lang, rows=rows(result, lang), areas=areas(every, "ap", "AP", lang), chance=chance(every, lang))
