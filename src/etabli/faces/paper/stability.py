"""How well groups are found again by their number, over what the same method gives on rows without groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.paper.drawing import Drawing, Result
from etabli.faces.paper.style import BLUE, GREY, RED, Sheet
from etabli.faces.report.found import method
from etabli.faces.report.pictures import items, part
from etabli.faces.words import say
from etabli.faces.words.numbers import number, real


def lines(result: Result) -> dict[int, Mapping[str, Any]]:
    """The entry of each number of groups of the winner's method; none for other runs than groups."""
    made: dict[int, Mapping[str, Any]] = {}
    if result.get("task") != "cluster":
        return made
    for e in items(result, "leaderboard"):
        k = real(e.get("clusters"))
        if k is not None and e.get("name") == items(result, "leaderboard")[0].get("name") and real(e.get("stability")) is not None:
            made.setdefault(int(k), e)
    return dict(sorted(made.items()))


@final
class Stability(Drawing):
    """Two lines; a diamond is the number that was chosen."""

    name = "stability"
    order = 30

    def there(self, result: Result) -> bool:
        """Whether at least three numbers of groups were tried."""
        return len(lines(result)) >= 3

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Mean and standard error over pairs of halves; dashed: without groups."""
        every = lines(result)
        (axes,) = sheet.panels(52)
        ks, chosen = list(every), part(result, "winner").get("clusters")
        values = [float(one["stability"]) for one in every.values()]
        null = [v if (v := real(one.get("null"))) is not None else float("nan") for one in every.values()]
        errors = [_error(one) for one in every.values()]
        axes.errorbar(
            ks, values, yerr=errors, color=BLUE, marker="o", markersize=3.4, capsize=0, label=say("found.measure.stability", sheet.lang)
        )
        axes.plot(ks, null, color=GREY, linestyle=(0, (4, 3)), label=say("found.key.null", sheet.lang))
        if chosen in every:
            axes.plot(
                [chosen],
                [float(every[chosen]["stability"])],
                color=RED,
                marker="D",
                markersize=5.5,
                linestyle="",
                label=say("found.key.chosen", sheet.lang),
            )
        axes.set(xlim=(ks[0] - 0.4, ks[-1] + 0.4), ylim=(min(0.0, *values, *(v for v in null if v == v)), 1.04), xticks=ks)
        axes.set_xlabel(say("found.axis.clusters", sheet.lang))
        axes.set_ylabel(say("paper.stability.axis", sheet.lang))
        sheet.ticks(axes, "y", lambda v: number(v, sheet.lang, 1), 40, 5)
        sheet.figure.legend(loc="outside lower center", ncols=3, handletextpad=0.4, columnspacing=1.2)

    def caption(self, result: Result, lang: str) -> str:
        """What is measured, and on what."""
        named = method({**items(result, "leaderboard")[0], "values": {}}, lang)
        return say("paper.stability", lang, method=named)


def _error(entry: Mapping[str, Any]) -> float:
    each = [v for value in entry.get("each") or () if (v := real(value)) is not None]
    if len(each) < 2:
        return 0.0
    middle = sum(each) / len(each)
    return float((sum((v - middle) ** 2 for v in each) / (len(each) - 1) / len(each)) ** 0.5)
