"""The picture of all relations: a triangle of squares, one a pair, with the columns' names along its slope.

A name serves its row (leftwards) and its column (downwards), so that nothing is written twice or turned. Depth of colour is the strength;
colour is the direction (together, against each other, none), which the number in a square or the stroke across it says too. Squares within
chance are points.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from etabli.faces.figures import LETTER, Plot
from etabli.faces.words import plain
from etabli.judge.associations import Associations

LOOKS = {1: "rise", -1: "fall", 0: "tie"}


def triangle(
    found: Associations,
    title: str,
    width: float,
    show: Callable[[float], str],
    say: Callable[[int, int], str],
    link: Callable[[int, int], str],
) -> str:
    """say, link: the words and the address of a pair (row, column)."""
    size = len(found.names)
    room = min(150.0 if width > 500 else 104.0, max(len(plain(name)) for name in found.names) * LETTER + 10)
    side = min(46.0, (width - room) / size)
    small = "small" if side < 18 else ""
    plot = Plot(title, (min(width, side * size + room), side * size + 6), edge=(4, room, 2, 0))
    written = side >= 36
    for i in range(size):
        y = plot.top + side * i
        name = plain(found.names[i], max(3, int((plot.width - side * i - 8) / LETTER)))
        plot.text(side * i + 5, y + side / 2 + 4, name, small, plain(found.names[i]))
        for j in range(i):
            _square(plot, found, i, j, (side * j, y, side), written and show(float(found.strength[i, j])), say(i, j), link(i, j))
    return plot.svg().replace('role="img"', 'role="group"', 1)  # an image holds no links


def _square(
    plot: Plot, found: Associations, i: int, j: int, place: tuple[float, float, float], text: str | bool, tip: str, link: str
) -> None:
    x, y, side = place
    strength, clear, look = float(found.strength[i, j]), bool(found.clear[i, j]), LOOKS[int(found.sign[i, j])]
    gap = 1.0 if side > 14 else 0.5
    box: dict[str, Any] = {"x": x + gap, "y": y + gap, "width": side - 2 * gap, "height": side - 2 * gap}
    plot.marks.append(f'<a href="{escape(link)}" tabindex="-1"><title>{escape(tip)}</title>')
    plot.add("rect", "cell", **box)
    if clear:
        plot.add("rect", look, **box, opacity=f"{0.08 + 0.92 * strength:.2f}")
        deep = strength > 0.62
        if text:
            plot.text(
                x + side / 2, y + side / 2 + 4, f"−{text}" if look == "fall" else str(text), "mid small deep bold" if deep else "mid small"
            )
        elif look == "fall":
            half = side * 0.22
            plot.line(x + side / 2 - half, y + side / 2, x + side / 2 + half, y + side / 2, "stroke deep" if deep else "stroke")
    else:
        plot.add("circle", "apart", cx=x + side / 2, cy=y + side / 2, r=1.2)
    plot.marks.append("</a>")


def shown_width(size: int, width: float) -> int:
    """How many columns have room in a picture of that width: a square is not lower than a name."""
    return int(np.clip((width - (150 if width > 500 else 104)) // 13.5, 2, size))
