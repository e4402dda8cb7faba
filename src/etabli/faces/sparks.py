"""Small pictures of findings, the size of a sentence: a line, a few bars, or a histogram with the bar in question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces.figures import LETTER, Plot, spread
from etabli.faces.words import plain
from etabli.faces.words.numbers import real

WIDTH, HEIGHT, MOST = 300.0, 64.0, 24


def spark(picture: Mapping[str, Any], title: str, names: Mapping[str, str], show: Any) -> str:
    """The SVG; "" where there is nothing to draw. names: words for "filled" and "missing"; show: a value as text."""
    raw = picture.get("y")
    y = [real(v) for v in raw] if isinstance(raw, Sequence) and not isinstance(raw, str) else []
    values, labels = [v for v in y if v is not None], list(picture.get("x") or [])
    if len(values) < 2 or len(values) != len(y) or len(labels) != len(y):
        return ""
    values, labels, kind = values[:MOST], labels[:MOST], picture.get("kind")
    if kind == "line":
        plot = Plot(title, (WIDTH, HEIGHT), (0, len(values) - 1), spread(values), (6, 62, 6, 2))
        points = [(plot.x(k), plot.y(v)) for k, v in enumerate(values)]
        plot.add("path", "trace", d="M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points))
        top, bottom = max(values), min(values)
        plot.text(plot.right + 6, plot.top + 8, show(top), "soft small")
        plot.text(plot.right + 6, plot.bottom + 2, show(bottom), "soft small")
    elif kind == "spike":
        plot = Plot(title, (WIDTH, HEIGHT), (0, len(values)), (0, max(values) or 1), (6, 62, 6, 2))
        at = picture.get("at")
        for k, v in enumerate(values):
            high = max(2.0 if v else 0.0, plot.bottom - plot.y(v))
            look = "honest" if k == at else "fill"
            plot.add("rect", look, show(v), x=plot.x(k) + 0.5, y=plot.bottom - high, width=plot.x(k + 1) - plot.x(k) - 1, height=high)
        plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    else:
        rows = list(zip(labels, values, strict=True))
        plot = Plot(title, (WIDTH, 16.0 * len(rows) + 4), (min(0.0, *values), max(0.0, *values) or 1.0), (0, 1), (2, 62, 2, 110))
        for k, (name, v) in enumerate(rows):
            top = 2 + 16.0 * k
            text = plain(names.get(str(name), name), int(104 / LETTER))
            plot.text(plot.left - 6, top + 12, text, "small end", plain(name))
            left, right = sorted((plot.x(0.0), plot.x(v)))
            plot.add("rect", "fill", show(v), x=left, y=top + 2, width=max(1.0, right - left), height=11)
            plot.text(plot.right + 6, top + 12, show(v), "soft small")
    return plot.svg()
