"""What the coordinates of a map keep of a row: its own values beside those given back, for a row kept well, a usual one and a lost one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces import figures
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, number, real

STEP, HEAD, FOOT = 20, 26, 24

Result = Mapping[str, Any]


def picture(result: Result, lang: str, width: float) -> str:
    """Three panels, side by side or one below the other: a full dot is the row's own value, a hollow one what is given back."""
    every = [one for one in items(part(result, "map"), "rebuilt") if items(one, "features")]
    values = [v for one in every for e in items(one, "features") for key in ("own", "again") if (v := real(e.get(key))) is not None]
    if not values:
        return ""
    across = 1 if width < 500 else len(every)
    high = [HEAD + STEP * len(items(one, "features")) + FOOT for one in every]
    size = (width, float(sum(high) if across == 1 else max(high)))
    plot = figures.Plot(say("plot.rebuilt", lang, n=len(every)), size, edge=(0, 0, 0, 0))
    low, top = figures.spread([0.0, *values], 0.06)
    room = width / across - (18 if across > 1 else 0)
    for place, one in enumerate(every):
        left, up = (width / across * place, 0.0) if across > 1 else (0.0, float(sum(high[:place])))
        names = room * 0.45
        start, end = left + names, left + room - 8
        features = items(one, "features")

        def at(value: float, start: float = start, end: float = end) -> float:
            return start + (value - low) / (top - low) * (end - start)

        which = say(f"rebuilt.{one['which']}", lang, row=count(int(one["row"]) + 1, lang))
        plot.text(left, up + 14, plain(which, int(room / figures.LETTER)), "bold")
        plot.line(at(0.0), up + HEAD, at(0.0), up + HEAD + STEP * len(features), "axis")
        for i, entry in enumerate(features):
            y, feature = up + HEAD + STEP * i + STEP / 2, plain(entry.get("feature"), 60)
            own, again = float(entry["own"]), float(entry["again"])
            tip = say("rebuilt.tip", lang, name=feature, own=number(own, lang, 2), again=number(again, lang, 2))
            plot.text(left, y + 4, plain(feature, int((names - 8) / figures.LETTER)), "small", tip)
            plot.line(at(own), y, at(again), y, "grid")
            plot.add("circle", "honest hollow", tip, cx=at(again), cy=y, r=4)
            plot.add("circle", "data", tip, cx=at(own), cy=y, r=4)
        for value in figures.ticks(low, top, 3):
            plot.text(
                at(value), up + HEAD + STEP * len(features) + 15, number(value, lang, 0 if value == round(value) else 1), "soft small mid"
            )
    return plot.svg()
