"""The comparison: the best setting of each family, with paired differences to the winner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from etabli.faces.figures import Dot, focus, spread
from etabli.faces.paper.drawing import Drawing, Result, reached, rows
from etabli.faces.paper.style import BLUE, GREY, INK, RED, SMALL, TEXT, Sheet, capital
from etabli.faces.report.found import without_target
from etabli.faces.report.pictures import best_of, dot, honest_dot, is_baseline, items, others, part, places, tick
from etabli.faces.words import known, say
from etabli.faces.words.candidates import titled
from etabli.faces.words.numbers import count, number, real, signed

MOST, STEP = 24, 4.4  # families drawn; millimetres a line
MARKS = {
    "honest": ("D", RED, True),
    "tied": ("o", BLUE, True),
    "apart": ("o", GREY, False),
    "dropped": ("x", GREY, True),
    "base": ("s", INK, False),
}


def best(result: Result) -> list[Mapping[str, Any]]:
    """The first line of each family; always the constant, last if it is none of the first."""
    kept: dict[str, Mapping[str, Any]] = {}
    for entry in items(result, "leaderboard"):
        kept.setdefault(str(entry.get("family")), entry)
    every = list(kept.values())
    base = [entry for entry in every[MOST - 1 :] if is_baseline(entry, result)]
    return [*every[: MOST - len(base)], *base]


@final
class Leaderboard(Drawing):
    """Dots at their scores, bars for the paired intervals around the winner's; the diamond is the honest score."""

    name = "leaderboard"
    order = 10

    def there(self, result: Result) -> bool:
        """Whether anything was compared."""
        return not without_target(result) and bool(items(result, "leaderboard")) and best_of(result) is not None

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Below the score, above the difference to the winner: one scale."""
        lang, base, winner = sheet.lang, real(part(result, "baseline").get("value")), best_of(result) or 0.0
        dots = [*honest_dot(result, lang), *(dot(entry, result, lang) for entry in best(result))]
        axes = sheet.panels(21 + STEP * len(dots))[0]
        low, high = focus(dots)
        near = base is not None and low - (high - low) <= base <= high + (high - low)
        low, high = spread((low, high, base), 0.03) if near else (low, high)
        axes.set(xlim=(low, high), ylim=(len(dots) - 0.4, -0.6))
        axes.axvline(winner, color=BLUE, linewidth=0.6)
        if near:
            axes.axvline(base, color=INK, linewidth=0.6, linestyle=(0, (4, 3)))
        for place, one in enumerate(dots):
            self._line(axes, one, place, (low, high))
        entries = [None] * (len(dots) - len(best(result))) + best(result)
        names = [one.label if entry is None else _titled(entry, sheet) for one, entry in zip(dots, entries, strict=True)]
        axes.set_yticks(range(len(dots)), [sheet.cut(capital(name), 0.36 * sheet.width) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        for label, one in zip(axes.get_yticklabels(), dots, strict=True):
            label.set_fontweight("bold" if one.look in ("honest", "tied") else "normal")
        metric = capital(known("metric", result.get("metric") or "?", lang))
        room = sheet.width * 0.45
        sheet.ticks(axes, "x", tick(result, lang), room)
        axis = say("paper.axis.greater" if result.get("greater_is_better") else "paper.axis.less", lang, metric=metric)
        axes.set_xlabel(sheet.wrap(axis, 0.6 * sheet.width, TEXT))
        above = axes.secondary_xaxis("top", functions=(lambda v: v - winner, lambda v: v + winner))
        above.set_xlim(low - winner, high - winner)
        sheet.ticks(above, "x", lambda v: signed(v, lang, _needed(v)) if v else "0", room, 5)
        above.set_xlabel(say("paper.axis.difference", lang))
        above.spines["top"].set_visible(True)

    def _line(self, axes: Any, one: Dot, place: int, ends: tuple[float, float]) -> None:
        mark, colour, full = MARKS[one.look]
        low, high = ends
        value, lower, upper = real(one.value), real(one.low), real(one.high)
        if lower is not None and upper is not None and upper >= low and lower <= high:
            axes.plot([max(lower, low), min(upper, high)], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
        if value is not None and low <= value <= high:
            axes.plot(
                [value],
                [place],
                marker=mark,
                markersize=4.5,
                color=colour,
                markerfacecolor=colour if full else "white",
                markeredgewidth=1.0,
                zorder=3,
            )
        elif value is not None:
            end, shape = (high, ">") if value > high else (low, "<")
            axes.plot([end], [place], marker=shape, markersize=4, color=colour, clip_on=False, zorder=3)
        axes.annotate(one.text, (1.0, place), (6, 0), axes.get_yaxis_transform(), "offset points", fontsize=SMALL, va="center_baseline")

    def caption(self, result: Result, lang: str) -> str:
        """Whose scores, which intervals, what the diamond is."""
        honest, digits = part(result, "honest"), places(result) + 1
        repeats = part(result, "repeats")
        times = int(real(repeats.get("times")) or 1)
        parts = [
            say(
                "paper.leaderboard",
                lang,
                n=len(items(result, "leaderboard")),
                count=count(len(items(result, "leaderboard")), lang),
                metric=known("metric", result.get("metric") or "?", lang),
                better=say("greater" if result.get("greater_is_better") else "less", lang),
                target=result.get("target"),
                rows=rows(result, lang),
            ),
            say("paper.leaderboard.bars", lang, n=others(result), tied=count(others(result), lang)),
        ]
        if times > 1:
            parts.append(say("paper.leaderboard.repeats", lang, times=times, candidates=count(repeats.get("candidates"), lang)))
        if real(honest.get("value")) is not None:
            nested = part(result, "nested")
            key = "paper.leaderboard.nested" if nested and not nested.get("agrees") else "paper.leaderboard.honest"
            parts.append(say(key, lang, value=reached(honest["value"], honest.get("low"), honest.get("high"), lang)))
        if (base := real(part(result, "baseline").get("value"))) is not None:
            parts.append(say("paper.leaderboard.base", lang, value=number(base, lang, digits)))
        return " ".join(parts)


def _titled(entry: Mapping[str, Any], sheet: Sheet) -> str:
    """The family, and where there is room its setting."""
    title, rest = titled(entry.get("name"), sheet.lang)
    return f"{title} {sheet.cut(rest, 0.2 * sheet.width)}" if sheet.wide and rest else title


def _needed(value: float) -> int:
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])
