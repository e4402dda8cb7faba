"""Are the probabilities true? Observed share against predicted probability."""

from __future__ import annotations

from typing import Any, final

from etabli.faces.paper.drawing import Drawing, Result, rows
from etabli.faces.paper.style import BLUE, GREY, Sheet
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, number, real, share


def bins(result: Result) -> list[tuple[float, float, float, float]]:
    """(predicted, observed, low, high) of each bin."""
    found = [[real(one.get(key)) for key in ("predicted", "observed", "low", "high")] for one in items(part(result, "calibration"), "bins")]
    return [(p, o, low, high) for p, o, low, high in found if p is not None and o is not None and low is not None and high is not None]


@final
class Calibration(Drawing):
    """Bins with their intervals about the diagonal."""

    name = "calibration"
    order = 20

    def there(self, result: Result) -> bool:
        """Whether it answers probabilities."""
        return bool(bins(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """A square; it begins where the probabilities do."""
        found, lang = bins(result), sheet.lang
        side = min(sheet.width, 85.0)
        axes = sheet.panels(side * 0.94)[0]
        low = max(0.0, int(10 * min(min(p, low) for p, _, low, _ in found)) / 10)
        high = min(1.0, (int(10 * max(max(p, high) for p, _, _, high in found) - 1e-9) + 1) / 10)
        low = 0.0 if low <= 0.2 else low
        high = 1.0 if high >= 0.8 else high
        pad = 0.02 * (high - low)
        axes.set(xlim=(low - pad, high + pad), ylim=(low - pad, high + pad), aspect="equal")
        axes.plot([low, high], [low, high], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.plot([p for p, *_ in found], [o for _, o, *_ in found], color=BLUE, linewidth=0.8, zorder=2)
        for p, observed, lower, upper in found:
            axes.plot([p, p], [lower, upper], color=BLUE, linewidth=1.4, solid_capstyle="butt", zorder=3)
            axes.plot([p], [observed], marker="o", markersize=4, color=BLUE, markerfacecolor="white", markeredgewidth=1.0, zorder=4)
        for which in "xy":
            sheet.ticks(axes, which, lambda v: number(v, lang, 1 if high - low > 0.35 else 2), side * 0.7)
        axes.set(xlabel=_asked(result, lang), ylabel=say("paper.axis.observed", lang))

    def caption(self, result: Result, lang: str) -> str:
        """Rows, bins, Wilson's intervals, the calibration error."""
        facts, every = part(result, "calibration"), items(part(result, "calibration"), "bins")
        each = {count(one.get("rows"), lang) for one in every}
        parts = [
            say("paper.calibration", lang, what=_what(result, lang), rows=rows(result, lang)),
            say(
                "paper.calibration.bins",
                lang,
                n=len(every),
                bins=count(len(every), lang),
                rows=say("paper.or", lang).join(sorted(each, key=len)[:2]),
            ),
        ]
        if real(facts.get("ece")) is not None:
            parts.append(say("paper.calibration.ece", lang, ece=share(facts["ece"], lang, 2), null=share(facts.get("ece_null"), lang, 2)))
        if facts.get("method"):
            parts.append(say("paper.calibration.method", lang, method=plain(facts["method"], 60)))
        return " ".join(parts)


def _classes(result: Result) -> list[str]:
    return [plain(one, 40) for one in result.get("classes") or ()]


def _what(result: Result, lang: str) -> str:
    names = _classes(result)
    return say("paper.calibration.of", lang, name=names[1]) if len(names) == 2 else say("paper.calibration.top", lang)


def _asked(result: Result, lang: str) -> Any:
    return say("paper.axis.predicted" if len(_classes(result)) == 2 else "paper.axis.predicted.top", lang)
