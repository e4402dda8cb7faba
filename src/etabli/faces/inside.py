"""Pictures of what can be read in a simple model: the questions of a decision tree, the curves of an additive one.

The tree is drawn as an indented list with elbows, a line a node, so that it fits a phone and any depth; a leaf's bar is its share of
the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces import figures
from etabli.faces.figures import LETTER, Plot, Show
from etabli.faces.words import plain

STEP, INDENT, BAR = 26, 22, 90


def tree(root: Mapping[str, Any], title: str, width: float, words: Mapping[str, str], show: Show, leaf: Any) -> str:
    """root: see `work/inside.py`. words: "yes", "no", "missing", "there". show: a threshold as text. leaf: a leaf's value -> text."""
    lines: list[tuple[int, str, Mapping[str, Any]]] = []

    def walk(node: Mapping[str, Any], depth: int, way: str) -> None:
        lines.append((depth, way, node))
        if "feature" in node:
            walk(node["yes"], depth + 1, "yes")
            walk(node["no"], depth + 1, "no")

    walk(root, 0, "")
    plot = Plot(title, (width, STEP * len(lines) + 12), edge=(6, 6, 6, 6))
    rows = max(1, int(root["rows"]))
    narrow = width < 500
    bar = BAR * (0.5 if narrow else 1.0)
    above: dict[int, float] = {}
    indent = min(INDENT, (width * 0.4) / max(1, max(depth for depth, _, _ in lines)))
    for place, (depth, way, node) in enumerate(lines):
        x, y = plot.left + depth * indent, plot.top + STEP * place + 14
        if depth:
            start = above[depth - 1]
            plot.line(x - indent + 5, start + 6, x - indent + 5, y - 4, "grid")
            plot.line(x - indent + 5, y - 4, x - 3, y - 4, "grid")
        above[depth] = y
        mark = {"yes": "✓ ", "no": "✗ "}.get(way, "")
        room = int((width - x - bar - 16) / LETTER)
        if "feature" in node:
            asked = words["there"] if node["split"] is None else f"≤ {show(float(node['split']))}"
            text = f"{mark}{plain(node['feature'])} {asked}"
            gap = f" ({words['missing']}: {words[str(node['missing'])]})"
            plot.text(x, y, _cut(text, room), "bold" if not depth else "", text + gap)
        else:
            text = f"{mark}{leaf(node['value'])}"
            plot.text(x, y, _cut(text, room), "", text)
            share = node["rows"] / rows
            plot.add("rect", "pale", x=plot.right - bar, y=y - 11, width=bar, height=14, rx=2)
            plot.add(
                "rect", "fill", f"{node['rows']} ({share:.0%})", x=plot.right - bar, y=y - 11, width=max(1.0, bar * share), height=14, rx=2
            )
    return plot.svg()


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(1, room - 1)] + "…"


def curve(x: Sequence[float], effect: Sequence[float], ends: tuple[float, float], title: str, width: float, show: Show, label: str) -> str:
    """One column's effect over its values; ends: the range of all effects, so that curves can be compared."""
    plot = Plot(title, (width, 210), figures.spread(x, 0.0), figures.spread(ends), (24, 24, 42, 52))
    plot.axes(show, show, label, "", count=(4 if width < 500 else 5, 4))
    plot.line(plot.left, plot.y(0.0), plot.right, plot.y(0.0), "dash")
    points = [f"{plot.x(a):.1f} {plot.y(b):.1f}" for a, b in zip(x, effect, strict=True)]
    plot.add("path", "trace", title, d="M" + "L".join(points))
    return plot.svg()


def bars(names: Sequence[str], effect: Sequence[float], ends: tuple[float, float], title: str, width: float, show: Show) -> str:
    """One category's effects: a bar a level, from zero."""
    room = min(0.4 * width, max(map(len, names), default=1) * LETTER + 12)
    plot = Plot(title, (width, 22 * len(names) + 34), figures.spread(ends), edge=(6, 12, 28, room))
    for value in figures.ticks(*plot.ranges[0], about=4):
        plot.line(plot.x(value), plot.top, plot.x(value), plot.bottom, "grid")
        plot.text(plot.x(value), plot.bottom + 16, show(value), "soft small mid")
    for place, (name, value) in enumerate(zip(names, effect, strict=True)):
        y = plot.top + 22 * place + 4
        plot.text(room - 8, y + 11, _cut(plain(name), round((room - 12) / LETTER)), "small end", plain(name))
        left, right = sorted((plot.x(0.0), plot.x(value)))
        plot.add("rect", "fill", f"{plain(name)}: {show(value)}", x=left, y=y, width=max(1.0, right - left), height=14, rx=2)
    return plot.svg()
