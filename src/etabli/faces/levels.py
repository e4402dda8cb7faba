"""A panel of the levels of a column: a dot with its interval each, on one scale, the value of all rows as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etabli.faces.figures import LETTER, Plot, Show, spread, ticks
from etabli.faces.words import plain
from etabli.faces.words.numbers import real

STEP, NAMES = 24.0, 0.34  # pixels a level takes; share of the width for names


@dataclass(frozen=True)
class Mark:
    """One level. apart: chance does not explain its difference. band: where it may lie by chance, or None. tip: all of it in words."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    apart: bool = False
    band: tuple[float, float] | None = None
    text: str = ""
    tip: str = ""


def panel(marks: Sequence[Mark], title: str, width: float, show: Show, line: float | None = None) -> str:
    """The picture; "" without a value to draw."""
    values = [v for m in marks for v in (m.value, m.low, m.high, *(m.band or ())) if real(v) is not None]
    if not values:
        return ""
    names = width * NAMES
    room = max((len(m.text) for m in marks), default=0) * LETTER + 6
    ends = spread([*values, *([] if line is None else [line])])
    plot = Plot(title, (width, STEP * len(marks) + 30), ends, (0, 1), (4, room, 24, names))
    shown = [value for value in ticks(*ends, about=4) if ends[0] <= value <= ends[1]]
    last = -1e9
    for value in shown:
        plot.line(plot.x(value), plot.top, plot.x(value), plot.bottom, "grid")
        half = len(show(value)) * LETTER / 2
        if plot.x(value) - half > last:
            plot.text(plot.x(value), plot.bottom + 16, show(value), "soft small mid")
            last = plot.x(value) + half + 4
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    for place, one in enumerate(marks):
        y = plot.top + STEP * (place + 0.5)
        if one.band is not None:
            left, right = (plot.x(end) for end in one.band)
            plot.add("rect", "pale", one.tip, x=left, y=y - 8, width=max(1.0, right - left), height=16, rx=2)
    if line is not None:
        plot.line(plot.x(line), plot.top, plot.x(line), plot.bottom, "dash")
    for place, one in enumerate(marks):
        y = plot.top + STEP * (place + 0.5)
        look = "honest" if one.apart else "data"
        plot.text(0, y + 4, plain(one.name, max(6, int((names - 8) / LETTER))), "bold" if one.apart else "", one.tip)
        low, high, at = real(one.low), real(one.high), real(one.value)
        if low is not None and high is not None:
            plot.line(plot.x(max(low, ends[0])), y, plot.x(min(high, ends[1])), y, f"{look} bar", one.tip)
        if at is not None:
            if one.apart:
                plot.add("path", look, one.tip, d=f"M{plot.x(at):.1f} {y:.1f}m-6 0l6 -6l6 6l-6 6z")
            else:
                plot.add("circle", look, one.tip, cx=plot.x(at), cy=y, r=4.5)
        plot.text(width - 1, y + 4, one.text, "small end")
    return plot.svg()
