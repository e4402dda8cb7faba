"""Which columns make the two axes of a map: signed bars, loadings of a linear method or else correlations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces import figures
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import number, real

SHOWN, STEP = 8, 22

Result = Mapping[str, Any]


def bars(result: Result) -> list[tuple[str, list[tuple[str, float]]]]:
    """(coordinate, [(feature, loading or correlation)], the largest first) of the first two; none for other runs than maps."""
    made = []
    for one in items(part(result, "map"), "loadings")[:2]:
        key, name = ("loadings", "loading") if one.get("loadings") else ("columns", "correlation")
        own = [(plain(e.get("feature"), 60), value) for e in items(one, key) if (value := real(e.get(name))) is not None]
        made.append((plain(one.get("coordinate"), 20), [e for e in own if abs(e[1]) >= 0.005][:SHOWN]))
    return [one for one in made if one[1]]


def picture(result: Result, lang: str, width: float) -> str:
    """Both beside one another, or one below the other on a narrow page."""
    every = bars(result)
    if not every:
        return ""
    narrow = width < 500
    across = 1 if narrow else len(every)
    high = [STEP * len(own) + 34 for _, own in every]
    size = (width, float(sum(high) if across == 1 else max(high)))
    plot = figures.Plot(say("head.loadings", lang), size, edge=(0, 0, 0, 0))
    most = max(abs(value) for _, own in every for _, value in own)
    room = width / across - (24 if across > 1 else 0)
    for place, (name, own) in enumerate(every):
        left, top = (width / across * place, 0.0) if across > 1 else (0.0, float(sum(high[:place])))
        names = room * 0.52
        middle, half = left + names + (room - names) / 2, (room - names) / 2 - 32
        plot.text(left, top + 14, name, "bold")
        plot.line(middle, top + 22, middle, top + 22 + STEP * len(own), "axis")
        for i, (feature, value) in enumerate(own):
            y, long = top + 24 + STEP * i, half * abs(value) / most
            shown = number(value, lang, 2)
            plot.text(left, y + 13, plain(feature, int(names / figures.LETTER)), "small", feature)
            plot.add(
                "rect",
                "fill" if value > 0 else "below",
                f"{feature}: {shown}",
                x=middle if value > 0 else middle - long,
                y=y + 2,
                width=long,
                height=STEP - 8,
            )
            plot.text(middle + (long + 4 if value > 0 else -long - 4), y + 13, shown, "small soft" + ("" if value > 0 else " end"))
    return plot.svg()
