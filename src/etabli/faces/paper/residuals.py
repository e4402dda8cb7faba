"""How far off are the predictions? Residual against prediction, and how residuals are distributed."""

from __future__ import annotations

from typing import final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result, numbers, rows, short
from etabli.faces.paper.style import BLUE, INK, RED, SKY, SMALL, Sheet
from etabli.faces.report.pictures import items, part, percent
from etabli.faces.words import say
from etabli.faces.words.numbers import count, real

LEVELS = ("0.05", "0.5", "0.95")


def points(result: Result) -> list[tuple[float, float]]:
    """(prediction, residual)."""
    found = part(result, "residuals").get("points") or ()
    return [(x, y) for pair in found if len(pair) == 2 and (x := real(pair[0])) is not None and (y := real(pair[1])) is not None]


def _along(result: Result) -> list[tuple[float, dict[str, float]]]:
    """(mean prediction, quantiles by level) of parts of equal count; empty for runs of earlier releases."""
    made = []
    for one in items(part(result, "residuals"), "along"):
        x, *ends = (real(one.get(key)) for key in ("prediction", "low", "middle", "high"))
        known = [v for v in ends if v is not None]
        if x is not None and len(known) == len(LEVELS):
            made.append((x, dict(zip(LEVELS, known, strict=True))))
    return made if len(made) > 1 else []


@final
class Residuals(Drawing):
    """A cloud with three quantiles, its histogram at the side."""

    name = "residuals"
    order = 30

    def there(self, result: Result) -> bool:
        """Whether it answers numbers."""
        return len(points(result)) > 1

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Both panels share the vertical axis."""
        found, lang = points(result), sheet.lang
        left, right = sheet.panels(58, 1, 2, sharey=True, width_ratios=(4, 1))
        xs, ys = [x for x, _ in found], [y for _, y in found]
        quantiles = {level: v for level in LEVELS if (v := real(part(part(result, "residuals"), "quantiles").get(level))) is not None}
        ends = spread([0.0, *ys, *quantiles.values()])
        left.set(xlim=spread(xs), ylim=ends)
        left.axhline(0, color=INK, linewidth=0.6)
        left.plot(xs, ys, linestyle="none", marker="o", markersize=2.4, markeredgewidth=0, color=BLUE, alpha=0.55)
        along = _along(result)
        for level, value in quantiles.items():
            dashes = "-" if level == "0.5" else (0, (4, 2))
            right.axhline(value, color=RED, linewidth=0.9, linestyle=dashes)
            if along:
                left.plot([x for x, _ in along], [at[level] for _, at in along], color=RED, linewidth=0.9, linestyle=dashes)
            else:
                left.axhline(value, color=RED, linewidth=0.9, linestyle=dashes)
        counts, edges = (numbers(part(part(result, "residuals"), "spread").get(key)) for key in ("counts", "edges"))
        if len(edges) == len(counts) + 1 > 1:
            right.stairs(counts, edges, orientation="horizontal", fill=True, color=SKY)
        else:
            step = (ends[1] - ends[0]) / 30
            right.hist(ys, bins=[ends[0] + step * k for k in range(31)], orientation="horizontal", color=SKY)
        right.set_ylim(ends)
        last = -1e300
        for level, value in sorted(quantiles.items(), key=lambda pair: pair[1]):
            if value - last > 0.06 * (ends[1] - ends[0]):  # labels do not lie on one another
                right.text(1.04, value, percent(level, lang), transform=right.get_yaxis_transform(), fontsize=SMALL, va="center", color=RED)
                last = value
        sheet.ticks(left, "x", lambda v: short(v, lang), sheet.width * 0.5)
        sheet.ticks(left, "y", lambda v: short(v, lang), 42.0)
        right.set_xticks([])
        right.tick_params(axis="y", length=0)
        for side in ("left", "bottom"):
            right.spines[side].set_visible(False)
        left.set(
            xlabel=say("paper.axis.prediction", lang, target=sheet.cut(result.get("target"), 0.4 * sheet.width)),
            ylabel=say("paper.axis.residual", lang),
        )

    def caption(self, result: Result, lang: str) -> str:
        """Which rows, what the lines are."""
        shown = len(points(result))
        return say(
            "paper.residuals" if _along(result) else "paper.residuals.flat",
            lang,
            n=shown,
            shown=count(shown, lang),
            rows=rows(result, lang),
        )
