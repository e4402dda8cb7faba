"""Pictures of what the model uses, how, and where it fails: dots with intervals on a line of their own, curves over a histogram of the
column, and a map of two columns. The facts are in `work/explain.py`, the words in `faces/report/explained.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from etabli.faces import figures
from etabli.faces.figures import LETTER, Plot, Show
from etabli.faces.words import plain

STEP, STRIP = 38, 26


@dataclass(frozen=True)
class Mark:
    """A line of `dots`: its name above, the value with its interval below. look: "full", "hollow" or "square". other: a second value, drawn
    as a stroke. text: what stands at the right."""

    name: str
    value: float
    low: float
    high: float
    text: str
    look: str = "full"
    other: float | None = None


def dots(marks: Sequence[Mark], title: str, width: float, show: Show, note: str = "", zero: bool = True) -> str:
    """Dots with intervals, a line each. zero: the scale holds 0, and a line stands there. note: words under the axis."""
    ends = [v for mark in marks for v in (mark.low, mark.high, mark.value, *([] if mark.other is None else [mark.other]))]
    plot = Plot(title, (width, STEP * len(marks) + 56), figures.spread([*ends, *([0.0] if zero else [])]), edge=(6, 10, 44, 6))
    for value in figures.ticks(*plot.ranges[0], about=4 if width < 500 else 7):
        plot.line(plot.x(value), plot.top, plot.x(value), plot.bottom, "grid")
        half = len(show(value)) * LETTER / 2
        plot.text(min(max(plot.x(value), half), width - half), plot.bottom + 16, show(value), "soft small mid")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    if zero:
        plot.line(plot.x(0.0), plot.top, plot.x(0.0), plot.bottom, "axis")
    for place, mark in enumerate(marks):
        y = plot.top + STEP * place + 28
        tip = f"{mark.name}: {mark.text}"
        room = int((width - 24) / (LETTER * 1.12)) - len(mark.text)  # bold letters are wider
        plot.text(plot.left, y - 13, plain(mark.name, max(8, room)), "halo" + (" bold" if mark.look != "hollow" else ""), tip)
        plot.text(width - 2, y - 13, mark.text, "end halo")
        look = "apart" if mark.look == "hollow" else "data"
        if mark.other is not None:
            plot.line(plot.x(mark.other), y - 7, plot.x(mark.other), y + 7, "axis", tip)
            plot.line(plot.x(mark.other), y, plot.x(mark.low), y, "dash")
        plot.line(plot.x(mark.low), y, plot.x(mark.high), y, f"{look} bar", tip)
        if mark.look == "square":
            plot.add("rect", "data", tip, x=plot.x(mark.value) - 5, y=y - 5, width=10, height=10)
        else:
            plot.add("circle", look if mark.look == "full" else f"{look} hollow", tip, cx=plot.x(mark.value), cy=y, r=5)
    if note:
        plot.text((plot.left + plot.right) / 2, plot.bottom + 34, note, "soft small mid")
    return plot.svg()


@dataclass(frozen=True)
class Effect:
    """A column's effect at its points, with its interval, the partial dependence, and how the rows lie (equal parts of the range for
    numbers, one a level otherwise)."""

    effect: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    dependence: Sequence[float]
    rows: Sequence[float]

    @property
    def all(self) -> list[float]:
        """Everything that is drawn."""
        return [*self.effect, *self.low, *self.high, *self.dependence]


def curve(x: Sequence[float], one: Effect, title: str, width: float, show_x: Show, show: Show, label: str) -> str:
    """An effect of a number: the line in its band, partial dependence dashed, under them how the rows lie."""
    plot = Plot(title, (width, 236), figures.spread(x, 0.0), figures.spread(one.all), (24, 14, 42 + STRIP, 56))
    for value in figures.ticks(*plot.ranges[1], about=4):
        plot.line(plot.left, plot.y(value), plot.right, plot.y(value), "grid")
        plot.text(plot.left - 6, plot.y(value) + 4, show(value), "soft small end")
    foot = plot.bottom + STRIP
    most, parts = max(one.rows, default=0), len(one.rows)
    for place, count in enumerate(one.rows):
        tall = (STRIP - 6) * count / most if most else 0
        step = (plot.right - plot.left) / parts
        if tall:
            plot.add("rect", "pale", f"{count:g}", x=plot.left + step * place + 0.5, y=foot - tall, width=step - 1, height=tall)
    plot.line(plot.left, foot, plot.right, foot, "axis")
    for value in figures.ticks(*plot.ranges[0], about=3):
        plot.line(plot.x(value), foot, plot.x(value), foot + 4, "axis")
        plot.text(plot.x(value), foot + 17, show_x(value), "soft small mid")
    plot.text((plot.left + plot.right) / 2, foot + 33, plain(label, int((plot.right - plot.left) / LETTER)), "soft mid")
    there = [f"{plot.x(a):.1f} {plot.y(b):.1f}" for a, b in zip(x, one.high, strict=True)]
    back = [f"{plot.x(a):.1f} {plot.y(b):.1f}" for a, b in zip(x, one.low, strict=True)]
    plot.add("path", "pale", d="M" + "L".join(there + back[::-1]) + "z")
    for values, look in ((one.dependence, "dash"), (one.effect, "trace")):
        plot.add("path", look, d="M" + "L".join(f"{plot.x(a):.1f} {plot.y(b):.1f}" for a, b in zip(x, values, strict=True)))
    return plot.svg()


def levels(names: Sequence[str], one: Effect, title: str, width: float, show: Show) -> str:
    """An effect of a category: a dot in its interval for each level, a stroke for partial dependence; the pale bar is how many rows it has."""
    room = min(0.42 * width, max((len(plain(name)) for name in names), default=1) * LETTER * 1.15 + 14)
    plot = Plot(title, (width, 22 * len(names) + 34), figures.spread(one.all), edge=(6, 14, 28, room))
    for value in figures.ticks(*plot.ranges[0], about=3):
        plot.line(plot.x(value), plot.top, plot.x(value), plot.bottom, "grid")
        plot.text(plot.x(value), plot.bottom + 16, show(value), "soft small mid")
    most = max(one.rows, default=0) or 1
    for place, name in enumerate(names):
        y = plot.top + 22 * place + 11
        tip = f"{plain(name)}: {show(one.effect[place])} ({show(one.low[place])} – {show(one.high[place])})"
        long = (room - 4) * one.rows[place] / most
        plot.add("rect", "pale", f"{one.rows[place]:g}", x=room - 4 - long, y=y - 9, width=max(0.5, long), height=18, rx=2)
        plot.text(room - 8, y + 4, plain(name, max(3, int((room - 12) / LETTER / 1.15))), "small end", tip)
        at = plot.x(one.dependence[place])
        plot.line(at, y - 7, at, y + 7, "axis")
        plot.line(plot.x(one.low[place]), y, plot.x(one.high[place]), y, "data bar", tip)
        plot.add("circle", "data", tip, cx=plot.x(one.effect[place]), cy=y, r=4)
    return plot.svg()


def plane(
    x: Sequence[float],
    y: Sequence[float],
    value: Sequence[Sequence[float]],
    title: str,
    width: float,
    shows: tuple[Callable[[float], str], Callable[[float], str], Show],
    names: tuple[str, str],
) -> str:
    """What two columns do together: cells between the points, blue above and orange below zero, the deeper the further. Each cell has the
    mean of its four corners, and says it as a tooltip. x runs to the right, y up; bins have equal room, because they hold about equally many rows."""
    show_x, show_y, show = shows
    cells = [
        [(value[i][j] + value[i + 1][j] + value[i][j + 1] + value[i + 1][j + 1]) / 4 for j in range(len(y) - 1)] for i in range(len(x) - 1)
    ]
    most = max((abs(v) for row in cells for v in row), default=0) or 1.0
    plot = Plot(title, (width, 262), (0, len(x) - 1), (0, len(y) - 1), (24, 14, 44, 66))
    narrow = int((plot.right - plot.left) / (len(x) - 1))
    for i, row in enumerate(cells):
        for j, amount in enumerate(row):
            left, top = plot.x(i), plot.y(j + 1)
            tip = f"{names[0]} {show_x(x[i])} – {show_x(x[i + 1])}, {names[1]} {show_y(y[j])} – {show_y(y[j + 1])}: {show(amount)}"
            wide, tall = plot.x(i + 1) - left, plot.y(j) - top
            look = "fill" if amount >= 0 else "below"
            plot.add(
                "rect",
                look,
                tip,
                x=left + 0.5,
                y=top + 0.5,
                width=wide - 1,
                height=tall - 1,
                opacity=f"{0.06 + 0.94 * abs(amount) / most:.2f}",
            )
            if abs(amount) == max(abs(v) for r in cells for v in r):
                plot.text(left + wide / 2, top + tall / 2 + 4, show(amount) if len(show(amount)) * LETTER < wide else "", "mid small deep")
    for place, point in enumerate(x):
        if place % max(1, round(44 / max(1, narrow))) == 0:
            plot.text(plot.x(place), plot.bottom + 16, show_x(point), "soft small mid")
    for place, point in enumerate(y):
        plot.text(plot.left - 6, plot.y(place) + 4, show_y(point), "soft small end")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 34, plain(names[0], 34), "soft mid")
    plot.text(0, plot.top - 12, plain(names[1], 40), "soft")
    return plot.svg()
