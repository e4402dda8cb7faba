"""The pictures of a pair: a density with its trend, boxes on ridges, a heat map of shares. Every cell leads to the rows behind it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np

from etabli.faces.explore.moments import time_ticks
from etabli.faces.explore.pairs import Boxes, Grid, Shares
from etabli.faces.figures import LETTER, Plot, _path, spread, ticks
from etabli.faces.words import plain

Show = Callable[[float], str]
Link = Callable[[int, int], str]
LOOKS = ("trend-a", "trend-b", "trend-c", "trend-d", "trend-e")  # colours and dashes, as the style has them


def density(
    seen: Grid,
    title: str,
    width: float,
    shows: tuple[Show, Show],
    labels: tuple[str, str],
    tip: Callable[[int, int], str],
    link: Link,
    dated: bool = False,
) -> str:
    """Two numbers: depth of colour is how many rows a cell holds (by its square root); few rows are drawn as points."""
    narrow = width < 500
    height = min(440.0, max(280.0, width * 0.56))
    room = max((len(trend.name) for trend in seen.trends), default=0) * LETTER
    plot = Plot(
        title,
        (width, height),
        spread(seen.across.tolist(), 0.015),
        spread(seen.up.tolist(), 0.02),
        (26, max(14, min(130.0, room + 12)), 42, 62),
    )
    _up(plot, shows[1], plain(labels[1], 34 if narrow else 60))
    _across(plot, shows[0], plain(labels[0], 34 if narrow else 60), (4 if narrow else 8), dated)
    most = max(int(seen.counts.max(initial=0)), 1)
    few = len(seen.points) > 0
    for i, j in zip(*np.nonzero(seen.counts), strict=True):
        left, right = round(plot.x(seen.across[i])), round(plot.x(seen.across[i + 1]))  # whole pixels: no seams
        top, bottom = round(plot.y(seen.up[j + 1])), round(plot.y(seen.up[j]))
        plot.marks.append(f'<a href="{escape(link(int(i), int(j)))}" tabindex="-1"><title>{escape(tip(int(i), int(j)))}</title>')
        deep = "0" if few else f"{0.12 + 0.88 * (seen.counts[i, j] / most) ** 0.5:.2f}"
        plot.add("rect", "fill square", x=left, y=top, width=right - left, height=bottom - top, **{"fill-opacity": deep})
        plot.marks.append("</a>")
    if few:
        for k in np.unique(seen.points[:, 2]).astype(int):
            look = "cloud under" if k < 0 or not seen.trends or not seen.trends[k].name else f"{LOOKS[k]} cloud under own"
            plot.add("path", look, d="".join(f"M{plot.x(x):.1f} {plot.y(y):.1f}h0" for x, y, own in seen.points if own == k))
    low, high = seen.up[0], seen.up[-1]
    last = -1e9
    for k, one in sorted(enumerate(seen.trends), key=lambda pair: -pair[1].y[-1]):
        look = LOOKS[k % len(LOOKS)] if one.name else "trend"
        ends = [np.clip(side, low, high) for side in (one.low, one.high)]
        there = [(plot.x(x), plot.y(y)) for x, y in zip(one.x, ends[1], strict=True)]
        back = [(plot.x(x), plot.y(y)) for x, y in zip(one.x, ends[0], strict=True)]
        plot.add("path", f"{look} band", d=_path(there + back[::-1]) + "z")
        line = _path([(plot.x(x), plot.y(y)) for x, y in zip(one.x, np.clip(one.y, low, high), strict=True)])
        plot.add("path", "trend back", d=line)
        plot.add("path", f"{look} line", d=line)
        if one.name:
            last = max(plot.y(np.clip(one.y[-1], low, high)) + 4, last + 13)
            plot.text(min(plot.x(one.x[-1]) + 6, plot.right + 6), last, plain(one.name, 18), f"{look} name")
    return _linked(plot)


def ridges(
    seen: Boxes,
    title: str,
    width: float,
    show: Show,
    labels: tuple[str, str],
    names: list[str],
    tips: list[str],
    links: list[str],
    dated: bool = False,
) -> str:
    """A number in levels: how dense it is (the ridge), its middle half (the bar), median (the point) and 5 to 95 % (the line)."""
    narrow = width < 500
    step = 52.0 if narrow else 40.0
    room = 8.0 if narrow else min(220.0, max(len(name) for name in names) * LETTER + 16)
    plot = Plot(title, (width, step * len(names) + 62), (seen.edges[0], seen.edges[-1]), (0, 1), (18, 16, 44, room))
    for k, name in enumerate(names):
        base = plot.top + step * (k + 1) - 8
        shape = [
            (plot.x((a + b) / 2), base - (step - (24 if narrow else 12)) * v)
            for a, b, v in zip(seen.edges, seen.edges[1:], seen.shapes[k], strict=False)
        ]
        plot.marks.append(f'<a href="{escape(links[k])}" tabindex="-1"><title>{escape(tips[k])}</title>')
        plot.add("rect", "see-through", x=0, y=base - step + 8, width=width, height=step)
        plot.add("path", "pale", d=_path([(shape[0][0], base), *shape, (shape[-1][0], base)]) + "z")
        low, left, middle, right, high = (float(np.clip(q, seen.edges[0], seen.edges[-1])) for q in seen.quantiles[k])
        plot.line(plot.x(low), base, plot.x(high), base, "data thin")
        plot.line(plot.x(left), base, plot.x(right), base, "data wide-bar")
        plot.add("circle", "data hollow", cx=plot.x(middle), cy=base, r=4)
        letters = int(((width - 12) if narrow else room - 12) / LETTER)
        plot.text(2 if narrow else room - 10, base - (step - 22 if narrow else -4), plain(name, letters), "halo" if narrow else "end")
        plot.marks.append("</a>")
    _across(plot, show, plain(labels[0], 60), 4 if narrow else 8, dated)
    return _linked(plot)


def mosaic(
    seen: Shares,
    title: str,
    width: float,
    texts: list[list[str]],
    names: tuple[list[str], list[str]],
    labels: tuple[str, str],
    tip: Callable[[int, int], str],
    link: Link,
) -> str:
    """Shares of one category in each level of another: depth of colour is the share; + and − mark what independence would hardly give."""
    narrow = width < 500
    room = min(84.0 if narrow else 170.0, max(len(plain(name)) for name in names[0]) * LETTER + 14)
    side = min(96.0, (width - room - 4) / max(1, len(names[1])))
    tall = min(side, 44.0)
    letters = max(1, int((side - 4) / LETTER))
    turned = max(len(plain(name)) for name in names[1]) > letters + 2  # names that do not fit stand upright
    head = 24 + min(100.0, max(len(plain(name)) for name in names[1]) * LETTER + 6) if turned else 48.0
    plot = Plot(title, (room + side * len(names[1]) + 4, tall * len(names[0]) + head + 6), edge=(head, 4, 6, room))
    plot.text(plot.left, 14, plain(labels[1], 40) + " →", "soft small")
    plot.text(0, plot.top - 10, plain(labels[0], max(4, int((room - 14) / (LETTER * 0.92)) - 2)) + " ↓", "soft small")
    for j, name in enumerate(names[1]):
        x = room + side * (j + 0.5)
        if turned:
            short = plain(name, int((head - 24) / LETTER))
            plot.add("text", "small", plain(name), short, x=x + 4, y=plot.top - 6, transform=f"rotate(-90 {x + 4:.1f} {plot.top - 6:.1f})")
        else:
            plot.text(x, plot.top - 10, plain(name, letters), "small mid", plain(name))
    for i, name in enumerate(names[0]):
        plot.text(room - 8, plot.top + tall * (i + 0.5) + 4, plain(name, max(2, int((room - 12) / LETTER))), "small end", plain(name))
        for j in range(len(names[1])):
            x, y, share, odd = room + side * j, plot.top + tall * i, float(seen.shares[i, j]), float(seen.residuals[i, j])
            box = {"x": x + 1, "y": y + 1, "width": side - 2, "height": tall - 2}
            plot.marks.append(f'<a href="{escape(link(i, j))}" tabindex="-1"><title>{escape(tip(i, j))}</title>')
            plot.marks.append(f'<rect class="cell" {_attributes(box)}/><rect class="fill" {_attributes(box)} fill-opacity="{share:.2f}"/>')
            mark = "+" if odd > 3 else "−" if odd < -3 else ""
            text = f"{texts[i][j]} {mark}".strip() if len(texts[i][j]) + 2 * bool(mark) <= letters else mark
            if text:
                plot.text(x + side / 2, y + tall / 2 + 4, text, "mid small deep bold" if share > 0.62 else "mid small")
            plot.marks.append("</a>")
    return _linked(plot)


def _up(plot: Plot, show: Show, label: str) -> None:
    for value in ticks(*plot.ranges[1], about=6):
        plot.line(plot.left, plot.y(value), plot.right, plot.y(value), "grid")
        plot.text(plot.left - 6, plot.y(value) + 4, show(value), "soft small end")
    plot.text(0, plot.top - 14, label, "soft")


def _across(plot: Plot, show: Show, label: str, about: int, dated: bool) -> None:
    """The horizontal axis, of numbers or of time."""
    marks = time_ticks(*plot.ranges[0], about) if dated else [(value, show(value)) for value in ticks(*plot.ranges[0], about=about)]
    for value, text in marks:
        plot.line(plot.x(value), plot.bottom, plot.x(value), plot.bottom + 4, "axis")
        plot.text(plot.x(value), plot.bottom + 17, text, "soft small mid")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 34, label, "soft mid")


def _attributes(box: dict[str, float]) -> str:
    return " ".join(f'{name}="{value:.1f}"' for name, value in box.items())


def _linked(plot: Plot) -> str:
    """The picture as a group: an image holds no links."""
    return plot.svg().replace('role="img"', 'role="group"', 1)
