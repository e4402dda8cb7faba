"""How the model uses its most important columns: accumulated local effects, a panel a column."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from etabli.faces.figures import spread
from etabli.faces.paper.drawing import Drawing, Result, numbers, short
from etabli.faces.paper.style import BLUE, GREY, INK, PALE, SMALL, TEXT, Sheet, capital
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, number

MOST, LEVELS, HEIGHT = 8, 8, 42.0


@dataclass(frozen=True)
class Effect:
    """A column's effect at its points or levels. low, high, dependence: empty where the curve is exact (an additive winner)."""

    column: str
    kind: str
    label: str | None
    x: Sequence[Any]
    effect: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    dependence: Sequence[float]
    rows: Sequence[float]


def effects(result: Result) -> list[Effect]:
    """The accumulated effects, or the exact ones of an additive winner."""
    asked = [_effect(one) for one in items(part(part(result, "explanation"), "effects"), "columns")]
    exact = [_effect(one) for one in items(part(result, "inside"), "effects")]
    found = [one for one in asked if one is not None] or [one for one in exact if one is not None]
    return found[:MOST]


def _effect(one: Mapping[str, Any]) -> Effect | None:
    x, effect = list(one.get("x") or ()), numbers(one.get("effect"))
    if len(x) != len(effect) or len(x) < 2 or (one.get("kind") in ("number", "date") and len(numbers(x)) != len(x)):
        return None
    low, high, dependence = (
        [] if len(series) != len(x) else series for series in (numbers(one.get(key)) for key in ("low", "high", "dependence"))
    )
    label = one.get("class")
    return Effect(
        plain(one.get("column")),
        str(one.get("kind")),
        None if label is None else plain(label, 40),
        x,
        effect,
        low,
        high,
        dependence,
        numbers(one.get("rows")),
    )


@final
class Effects(Drawing):
    """Curves in their bands for numbers and dates, dots for levels; dashed what partial dependence says."""

    name = "effects"
    order = 60

    def there(self, result: Result) -> bool:
        """Whether there are curves."""
        return bool(effects(result))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Two panels a row in one column of a page, four in two."""
        found = effects(result)
        across = min(len(found), 4 if sheet.wide else 2)
        down = -(-len(found) // across)
        panels = sheet.panels(HEIGHT * down, down, across)
        wide = sheet.width / across
        for axes, one in zip(panels, found, strict=False):
            if one.kind in ("number", "date"):
                self._curve(sheet, axes, one, wide)
            else:
                self._levels(sheet, axes, one, wide)
        for axes in panels[len(found) :]:
            axes.remove()
        sheet.letters(panels[: len(found)])
        label = found[0].label
        exact = not found[0].low
        what = (
            say("paper.axis.added", sheet.lang) if exact else say("paper.axis.effect", sheet.lang, target=plain(result.get("target"), 40))
        )
        if label is not None:
            one_class = len({one.label for one in found}) == 1
            what = say("paper.axis.effect.class", sheet.lang, name=label) if one_class else say("paper.axis.effect.classes", sheet.lang)
            for axes, one in zip(panels, () if one_class else found, strict=False):
                axes.set_title(sheet.cut(f"P({one.label})", 0.34 * wide), loc="right", fontsize=SMALL)
        sheet.figure.supylabel(sheet.cut(what, HEIGHT * down - 6, TEXT), fontsize=TEXT)

    def _curve(self, sheet: Sheet, axes: Any, one: Effect, wide: float) -> None:
        x, lang = numbers(one.x), sheet.lang
        axes.set(xlim=spread(x, 0.0), ylim=spread([*one.effect, *one.low, *one.high, *one.dependence]))
        if not one.low:
            axes.axhline(0, color=GREY, linewidth=0.5)
        else:
            axes.fill_between(x, one.low, one.high, color=PALE, linewidth=0)
        if one.dependence:
            axes.plot(x, one.dependence, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.plot(x, one.effect, color=BLUE, linewidth=1.3)
        show = _day(x) if one.kind == "date" else (lambda v: short(v, lang))
        sheet.ticks(axes, "x", show, wide - 16, 4)
        sheet.ticks(axes, "y", lambda v: short(v, lang), 22.0, 4)
        axes.set_xlabel(sheet.cut(one.column, wide * 0.72), fontsize=SMALL)

    def _levels(self, sheet: Sheet, axes: Any, one: Effect, wide: float) -> None:
        lang = sheet.lang
        names = [say("yes" if x else "no", lang) for x in one.x] if one.kind == "flag" else [plain(x) for x in one.x]
        most = max(one.rows, default=0)
        kept = sorted(range(len(names)), key=lambda k: -(one.rows[k] if len(one.rows) == len(names) else most))[:LEVELS]
        order = sorted(kept, key=lambda k: one.effect[k])
        axes.set(
            xlim=spread([v for k in kept for series in (one.effect, one.low, one.high, one.dependence) if series for v in (series[k],)])
        )
        axes.set_ylim(-0.6, max(2.4, len(order) - 0.4))
        if not one.low:
            axes.axvline(0, color=GREY, linewidth=0.5)
        for place, k in enumerate(order):
            if one.dependence:
                axes.plot([one.dependence[k]] * 2, [place - 0.3, place + 0.3], color=INK, linewidth=0.8)
            if one.low:
                axes.plot([one.low[k], one.high[k]], [place, place], color=BLUE, linewidth=1.4, solid_capstyle="butt")
            axes.plot([one.effect[k]], [place], marker="o", markersize=3.6, color=BLUE)
        axes.set_yticks(range(len(order)), [sheet.cut(names[k], wide * 0.4) for k in order])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        sheet.ticks(axes, "x", lambda v: short(v, lang), wide * 0.58, 3)
        axes.set_xlabel(sheet.cut(one.column, wide * 0.72), fontsize=SMALL)

    def caption(self, result: Result, lang: str) -> str:
        """What the line is, what its band counts, what is dashed."""
        found = effects(result)
        of = say("paper.effects.class", lang, name=found[0].label) if found[0].label is not None else say("paper.effects.number", lang)
        if len({one.label for one in found}) > 1:
            of = say("paper.effects.classes", lang, names="; ".join(f"{one.column}: {one.label}" for one in found))
        exact = not found[0].low
        parts = [say("paper.effects.exact" if exact else "paper.effects", lang, n=len(found), count=count(len(found), lang), of=of)]
        hidden = [len(one.x) - LEVELS for one in found if one.kind not in ("number", "date") and len(one.x) > LEVELS]
        if hidden:
            parts.append(say("paper.effects.levels", lang, most=number(LEVELS, lang, 0)))
        return capital(" ".join(parts))


def _day(values: Sequence[float]) -> Callable[[float], str]:
    """How a date is written on an axis, by how far it reaches."""
    span = max(values) - min(values)
    form = "%Y" if span > 5 * 365 * 86400 else "%Y-%m" if span > 150 * 86400 else "%Y-%m-%d"
    return lambda v: (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=v)).strftime(form)
