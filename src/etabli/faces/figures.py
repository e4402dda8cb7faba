"""Pictures as SVG text, written by hand: no dependency, no script, a few kilobytes each.

A `Plot` holds the frame (scales, axes) and collects marks; one function a picture draws on it. Every picture is
role="img" with a <title> that says the numbers, so it can be read aloud. Colours are CSS classes with light fallbacks (`STYLE`),
so that one drawing serves a page in two themes and, through `standalone`, a file of its own. Pictures are drawn for a
width: a page asks for a wide and a narrow drawing and shows one of them, because a scaled-down text cannot be read on a phone.
Data colours are those of Okabe and Ito (2008, Color Universal Design); a shape always says the same as a colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from etabli.faces.words import plain
from etabli.faces.words.numbers import real

Show = Callable[[float], str]
Pair = tuple[float, float]
NAMES = 318.0  # pixels for the names of candidates beside the dots
LETTER = 6.6  # pixels a letter takes at 12 px, on the safe side: there are no font metrics here

STYLE = """
.figure{display:block;max-width:100%;height:auto;font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}
.figure text{fill:var(--ink,#1d2126)}.figure .soft{fill:var(--soft,#5b636d)}.figure .bold{font-weight:600}
.figure .end{text-anchor:end}.figure .mid{text-anchor:middle}.figure .small{font-size:11px}.figure .deep{fill:#fff}.figure .middle{fill:#111}
.figure .grid{stroke:var(--line,#e1e4e8)}.figure .axis{stroke:var(--soft,#5b636d)}.figure .dash{stroke:var(--soft,#5b636d);stroke-dasharray:4 4;fill:none}
.figure .tied,.figure .data{stroke:var(--blue,#0072b2);fill:var(--blue,#0072b2)}
.figure .apart,.figure .dropped{stroke:var(--grey,#868d95);fill:var(--grey,#868d95)}
.figure .honest{stroke:var(--red,#d55e00);fill:var(--red,#d55e00)}.figure .base{stroke:var(--soft,#5b636d);fill:var(--soft,#5b636d)}
.figure .halo{stroke:var(--paper,#fff);stroke-width:4;paint-order:stroke;stroke-linejoin:round}
.figure .bar{stroke-width:2.5;stroke-linecap:round}.figure .hollow{fill:var(--paper,#fff);stroke-width:2}.figure .thin{stroke-width:1;fill:none}.figure .over{stroke-width:2.5;fill:none}
.figure .cloud{stroke:var(--blue,#0072b2);stroke-width:4;stroke-linecap:round;fill:none;opacity:.55}
.figure .below{fill:var(--red,#d55e00);stroke:none}
.figure .fill{fill:var(--blue,#0072b2);stroke:none}.figure .pale{fill:var(--band,#dbe8f1);stroke:none}.figure .trace{stroke:var(--blue,#0072b2);stroke-width:2;fill:none}
""".strip()


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (steps of 1, 2 or 5 times a power of ten) inside [low, high]."""
    if not high > low:
        return [low]
    rough = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * k for k in (1, 2, 5) if power * k >= rough), power * 10)
    return [round(k * step, 12) for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def spread(values: Sequence[Any], pad: float = 0.05) -> Pair:
    """The range of the finite values with a margin; never empty."""
    finite = [v for v in map(real, values) if v is not None]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    margin = (high - low) * pad if (high - low) * max(pad, 0.01) > abs(high) * 1e-12 else abs(high) * 0.1 or 1.0
    return low - margin, high + margin


class Plot:
    """A frame with two linear scales that collects marks and becomes SVG text.

    size: width, height in pixels. x, y: ranges of the data. edge: pixels left free at the top, right, bottom and left.
    """

    def __init__(
        self, title: str, size: Pair, x: Pair = (0, 1), y: Pair = (0, 1), edge: tuple[float, float, float, float] = (8, 10, 34, 44)
    ) -> None:
        self.title, self.width, self.height = title, size[0], size[1]
        self.left, self.right = edge[3], size[0] - edge[1]
        self.top, self.bottom = edge[0], size[1] - edge[2]
        self.ranges = x, y
        self.marks: list[str] = []

    def x(self, value: float) -> float:
        """Pixel of a value on the horizontal scale."""
        low, high = self.ranges[0]
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Pixel of a value on the vertical scale."""
        low, high = self.ranges[1]
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def add(self, tag: str, css: str = "", tip: str = "", text: str = "", **attributes: Any) -> None:
        """One element; text and tip (a native tooltip) are escaped."""
        shown = "".join(
            f' {name}="{_short(value) if isinstance(value, int | float) else escape(str(value))}"' for name, value in attributes.items()
        )
        inside = (f"<title>{escape(plain(tip))}</title>" if tip else "") + escape(plain(text))
        look = f' class="{css.strip()}"' if css.strip() else ""
        self.marks.append(f"<{tag}{look}{shown}" + (f">{inside}</{tag}>" if inside else "/>"))

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str, tip: str = "") -> None:
        """A straight line, in pixels."""
        self.add("line", css, tip, x1=x1, y1=y1, x2=x2, y2=y2)

    def text(self, x: float, y: float, text: str, css: str = "", tip: str = "") -> None:
        """A text with its baseline at y, in pixels."""
        self.add("text", css, tip, text, x=x, y=y)

    def axes(self, show_x: Show, show_y: Show, label_x: str = "", label_y: str = "", count: Pair = (5, 5)) -> None:
        """Grid, tick labels and the names of both axes (the vertical one is written above the frame, level)."""
        for value in ticks(*self.ranges[1], about=int(count[1])):
            self.line(self.left, self.y(value), self.right, self.y(value), "grid")
            self.text(self.left - 6, self.y(value) + 4, show_y(value), "soft small end")
        for value in ticks(*self.ranges[0], about=int(count[0])):
            self.line(self.x(value), self.bottom, self.x(value), self.bottom + 4, "axis")
            self.text(self.x(value), self.bottom + 17, show_x(value), "soft small mid")
        self.line(self.left, self.bottom, self.right, self.bottom, "axis")
        if label_x:
            self.text((self.left + self.right) / 2, self.bottom + 33, label_x, "soft mid")
        if label_y:
            self.text(0, self.top - 14, label_y, "soft")

    def svg(self) -> str:
        """The finished picture."""
        width, height = _short(self.width), _short(self.height)
        head = f'<svg class="figure" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">'
        return f"{head}<title>{escape(plain(self.title))}</title>{''.join(self.marks)}</svg>"


def standalone(svg: str) -> str:
    """The same picture as a file of its own (light colours)."""
    return svg.replace("</title>", f"</title><style>{STYLE}</style>", 1)


@dataclass(frozen=True)
class Dot:
    """One line of `intervals`. look: "honest" (diamond), "tied" (full dot), "apart" (hollow dot), "dropped" (cross), "base" (square).

    label: bold; detail: softer, after it; text: the number written at the right; tip: all of it, as tooltip.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    look: str = "apart"
    detail: str = ""
    text: str = ""
    tip: str = ""


def intervals(
    dots: Sequence[Dot], title: str, width: float, show: Show, line: float | None = None, dash: float | None = None, note: str = ""
) -> str:
    """Dots with intervals, one a row, on one horizontal scale.

    line: a thin vertical line (the winner). dash: a dashed one (the baseline); when it lies so far away that it would squeeze the
    rest, the axis is broken and it stands beyond the break. A dot out of range is an arrow at the edge. note: words under the axis.
    """
    narrow = width < 500
    low, high = focus(dots)
    far = 0
    if dash is not None and not low <= dash <= high:
        if low - (high - low) <= dash <= high + (high - low):
            low, high = spread((low, high, dash), 0.02)
        else:
            far = 1 if dash > high else -1
    names, numbers = (4.0, 12.0) if narrow else (NAMES, 78.0)
    step, first = (38, 26) if narrow else (26, 12)
    strip = (48.0 if narrow else 74.0) if far else 0.0
    top, height = 10.0, first + step * len(dots) + 48
    edge = (top, numbers + (strip if far > 0 else 0), 40.0, names + (strip if far < 0 else 0))
    plot = Plot(title, (width, height), (low, high), (0, 1), edge)
    beyond = plot.right + strip - 16 if far > 0 else plot.left - strip + 16
    for value in ticks(low, high, 3 if narrow else 6):
        plot.line(plot.x(value), plot.top, plot.x(value), plot.bottom, "grid")
        half = len(show(value)) * LETTER / 2
        taken = len(show(dash)) * LETTER / 2 if far and dash is not None else -math.inf  # the baseline's own number
        if abs(plot.x(value) - beyond) > half + taken:
            plot.text(min(max(plot.x(value), half), width - half), plot.bottom + 16, show(value), "soft small mid")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    if far and dash is not None:
        cut = (plot.right if far > 0 else plot.left) + far * 10
        for shift in (-3, 3):
            plot.line(cut + shift - 3, plot.bottom + 6, cut + shift + 3, plot.bottom - 6, "axis")
        plot.line(min(beyond + far * 12, cut + far * 6), plot.bottom, max(beyond + far * 12, cut + far * 6), plot.bottom, "axis")
        plot.text(beyond, plot.bottom + 16, show(dash), "soft small mid")
    if line is not None and low <= line <= high:
        plot.line(plot.x(line), plot.top, plot.x(line), plot.bottom, "tied thin")
    if dash is not None:
        at = beyond if far else plot.x(dash)
        plot.line(at, plot.top, at, plot.bottom, "dash")
    for number, dot in enumerate(dots):
        y = plot.top + first + step * number
        _label(plot, dot, y, width, narrow)
        _mark(plot, dot, y, beyond if far else None, far)
    if note:
        plot.text((plot.left + plot.right) / 2, plot.bottom + 34, note, "soft small mid")
    return plot.svg()


def focus(dots: Sequence[Dot]) -> Pair:
    """The range worth the room: the honest score and the tied, and what lies within three times their span."""
    inner = [v for dot in dots if dot.look in ("honest", "tied") for v in map(real, (dot.value, dot.low, dot.high)) if v is not None]
    every = [v for dot in dots if dot.look != "base" for v in map(real, (dot.value, dot.low, dot.high)) if v is not None]
    if not inner or max(inner) <= min(inner):
        inner = every or [v for dot in dots if (v := real(dot.value)) is not None]
    if not inner:
        return 0.0, 1.0
    span = max(inner) - min(inner)
    return spread([v for v in (*every, *inner) if min(inner) - 3 * span <= v <= max(inner) + 3 * span])


def _label(plot: Plot, dot: Dot, y: float, width: float, narrow: bool) -> None:
    room = width - 90 if narrow else NAMES - 12
    label = plain(dot.label, int(room / LETTER))
    rest = int((room - len(label) * LETTER - 6) / (LETTER * 0.92))
    base = y - 13 if narrow else y + 4
    halo = " halo" if narrow else ""  # names stand in the picture: lines pass behind them
    plot.text(4 if narrow else 0, base, label, ("bold" if dot.look in ("honest", "tied") else "") + halo, dot.tip)
    if dot.detail and rest > 6:
        shown = escape(_whole(plain(dot.detail), rest))
        plot.marks[-1] = plot.marks[-1].replace("</text>", f'<tspan class="soft small" dx="6" font-weight="400">{shown}</tspan></text>')
    if dot.text:
        plot.text(width - 2, base, dot.text, ("end bold" if dot.look in ("honest", "tied") else "end") + halo)


def _whole(text: str, room: int) -> str:
    """As many whole words of the text as there is room for."""
    if len(text) <= room:
        return text
    kept = text[: max(1, room - 1)]
    return (kept.rpartition(" ")[0] or kept) + " …"


def _mark(plot: Plot, dot: Dot, y: float, beyond: float | None, far: int) -> None:
    low, high = plot.ranges[0]
    value, lower, upper = real(dot.value), real(dot.low), real(dot.high)
    if lower is not None and upper is not None and upper >= low and lower <= high:
        plot.line(plot.x(max(lower, low)), y, plot.x(min(upper, high)), y, f"{dot.look} bar", dot.tip)
    if value is None:
        return
    if dot.look == "base" and beyond is not None:
        x = beyond
    elif low <= value <= high:
        x = plot.x(value)
    else:
        side = 1 if value > high else -1
        x = plot.right - 2 if side > 0 else plot.left + 2
        plot.add("path", dot.look, dot.tip, d=f"M{_short(x)} {_short(y)}l{-side * 9} -5v10z")
        return
    where = f"M{_short(x)} {_short(y)}"
    if dot.look == "honest":
        plot.add("path", "honest", dot.tip, d=f"{where}m-7 0l7 -7l7 7l-7 7z")
    elif dot.look == "dropped":
        plot.add("path", "dropped thin", dot.tip, d=f"{where}m-4 -4l8 8m0 -8l-8 8")
    elif dot.look == "base":
        plot.add("path", "base", dot.tip, d=f"{where}m-4 -4h8v8h-8z")
    else:
        plot.add("circle", dot.look if dot.look == "tied" else f"{dot.look} hollow", dot.tip, cx=x, cy=y, r=5 if dot.look == "tied" else 4)


def calibration(bins: Sequence[Mapping[str, Any]], title: str, width: float, show: Show, labels: tuple[str, str, str]) -> str:
    """Observed share against predicted probability with intervals, the diagonal, and under it how many rows each bin holds.

    bins: predicted, observed, low, high, rows. labels: of the horizontal axis, the vertical axis and the rows.
    """
    bins = [b for b in bins if real(b.get("predicted")) is not None and real(b.get("observed")) is not None]
    side = min(width, 440)
    plot = Plot(title, (side, side + 52), (0, 1), (0, 1), (26, 22, 106, 46))
    plot.axes(show, show, "", labels[1])
    plot.line(plot.x(0), plot.y(0), plot.x(1), plot.y(1), "dash")
    known = [(b, float(b["predicted"]), float(b["observed"])) for b in bins]
    if len(known) > 1:
        plot.add("path", "trace", d=_path([(plot.x(p), plot.y(o)) for _, p, o in known]))
    most = max((real(b.get("rows")) or 0 for b in bins), default=0)
    foot = plot.bottom + 66
    for b, predicted, observed in known:
        tip = f"{show(predicted)} → {show(observed)}"
        low, high = real(b.get("low")), real(b.get("high"))
        if low is not None and high is not None:
            plot.line(plot.x(predicted), plot.y(max(0, low)), plot.x(predicted), plot.y(min(1, high)), "data bar", tip)
        plot.add("circle", "data hollow", tip, cx=plot.x(predicted), cy=plot.y(observed), r=4)
        tall = 32 * (real(b.get("rows")) or 0) / most if most else 0
        plot.add("rect", "fill", tip, x=plot.x(predicted) - 4, y=foot - tall, width=8, height=max(tall, 0.5))
    plot.line(plot.left, foot, plot.right, foot, "axis")
    plot.text(plot.left - 6, foot, labels[2], "soft small end")
    plot.text((plot.left + plot.right) / 2, foot + 22, labels[0], "soft mid")
    return plot.svg()


def cloud(
    points: Sequence[Sequence[Any]],
    title: str,
    width: float,
    show: Show,
    labels: tuple[str, str],
    levels: Sequence[tuple[float, str]] = (),
    band: Sequence[Sequence[Any]] = (),
) -> str:
    """A scatter in one path, with a zero line and named levels. band: (x, low, middle, high), drawn behind, its middle over the points."""
    pairs = [(x, y) for p in points if len(p) == 2 and (x := real(p[0])) is not None and (y := real(p[1])) is not None]
    size = (width, min(360, max(260, width * 0.5)))
    plot = Plot(title, size, spread([x for x, _ in pairs]), spread([0, *(y for _, y in pairs), *(v for v, _ in levels)]), (24, 40, 42, 58))
    plot.axes(show, show, *labels, count=(4 if width < 500 else 7, 5))
    plot.line(plot.left, plot.y(0), plot.right, plot.y(0), "axis")
    low, high = plot.ranges[1]
    ends = [[(plot.x(b[0]), plot.y(min(high, max(low, b[k])))) for b in band] for k in (1, 2, 3)]
    if len(band) > 1:
        plot.add("path", "pale", d=_path(ends[0] + ends[2][::-1]) + "z")
    plot.add("path", "cloud", d="".join(f"M{_short(plot.x(x))} {_short(plot.y(y))}h0" for x, y in pairs))
    if len(band) > 1:
        plot.add("path", "honest over", d=_path(ends[1]))
    last = -1e9
    for value, label in sorted(levels):
        plot.line(plot.left, plot.y(value), plot.right, plot.y(value), "honest thin", f"{label}: {show(value)}")
        if abs(plot.y(value) - last) >= 11:  # labels do not lie on one another
            last = plot.y(value)
            plot.text(plot.right + 4, last + 4, label, "soft small")
    return plot.svg()


def histogram(values: Sequence[Any], title: str, width: float, show: Show, labels: tuple[str, str], bins: int = 24) -> str:
    """How often values fall into equal steps; the counts are on the vertical axis."""
    finite = [v for v in map(real, values) if v is not None]
    low, high = spread(finite, 0.0) if finite else (0.0, 1.0)
    counts = [0] * bins
    for value in finite:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    plot = Plot(title, (width, 200), (low, high), (0, max(counts) * 1.05 or 1), (24, 12, 42, 44))
    plot.axes(show, lambda v: f"{v:g}", *labels, count=(4 if width < 500 else 7, 3))
    step = (high - low) / bins
    for k, n in enumerate(counts):
        if n:
            left, right = plot.x(low + k * step), plot.x(low + (k + 1) * step)
            plot.add("rect", "fill", str(n), x=left + 0.5, y=plot.y(n), width=right - left - 1, height=plot.bottom - plot.y(n))
    return plot.svg()


@dataclass(frozen=True)
class Line:
    """One line of `lines`: y over x, with a band where low and high are given."""

    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    label: str = ""
    dashed: bool = False


def lines(series: Sequence[Line], title: str, width: float, show_x: Show, show_y: Show, labels: tuple[str, str]) -> str:
    """Lines with bands on common axes; each line's label stands at its right end."""
    every = [v for s in series for v in (*s.y, *s.low, *s.high)]
    room = max((len(s.label) for s in series), default=0) * LETTER + 10
    plot = Plot(title, (width, 280), spread([v for s in series for v in s.x], 0.0), spread(every), (24, max(12, min(120, room)), 42, 52))
    plot.axes(show_x, show_y, *labels, count=(4 if width < 500 else 7, 5))
    for s in series:
        if s.low and s.high:
            there = [(plot.x(x), plot.y(y)) for x, y in zip(s.x, s.high, strict=True)]
            back = [(plot.x(x), plot.y(y)) for x, y in zip(s.x, s.low, strict=True)]
            plot.add("path", "pale", d=_path(there + back[::-1]) + "z")
        plot.add("path", "dash" if s.dashed else "trace", s.label, d=_path([(plot.x(x), plot.y(y)) for x, y in zip(s.x, s.y, strict=True)]))
        if s.label and s.y:
            plot.text(plot.x(s.x[-1]) + 6, plot.y(s.y[-1]) + 4, plain(s.label, 16), "small")
    return plot.svg()


def heat(
    shares: Sequence[Sequence[float]],
    texts: Sequence[Sequence[str]],
    names: Sequence[str],
    title: str,
    width: float,
    labels: tuple[str, str],
) -> str:
    """A square heat map: shares (0 to 1) give the depth of colour, texts are written where they fit. Rows run down, columns across."""
    size = len(names)
    room = min(130 if width > 500 else 84, max((len(plain(n)) for n in names), default=1) * LETTER + 14)
    side = min(110.0 if size < 4 else 78.0, (width - room - 4) / max(1, size))
    plot = Plot(title, (room + side * size + 4, side * size + 52), edge=(44, 4, 8, room))
    plot.text(plot.left, 12, labels[1] + " →", "soft small")
    plot.text(0, 38, labels[0] + " ↓", "soft small")
    letters = max(1, int(side / LETTER))
    for i, name in enumerate(names):
        plot.text(room - 8, plot.top + side * (i + 0.5) + 4, plain(name, int((room - 12) / LETTER)), "small end", plain(name))
        plot.text(room + side * (i + 0.5), 38, plain(name, letters) if letters > 3 else "", "small mid", plain(name))
        for j in range(size):
            share, x, y = min(1.0, max(0.0, real(shares[i][j]) or 0.0)), room + side * j, plot.top + side * i
            tip = f"{plain(name)} → {plain(names[j])}: {texts[i][j]}"
            plot.add("rect", "pale", x=x + 1, y=y + 1, width=side - 2, height=side - 2, rx=3)
            plot.add("rect", "fill", tip, x=x + 1, y=y + 1, width=side - 2, height=side - 2, rx=3, opacity=f"{share:.2f}")
            if len(texts[i][j]) <= letters:
                plot.text(
                    x + side / 2, y + side / 2 + 4, texts[i][j], f"mid {'deep bold' if share > 0.9 else 'middle' if share > 0.5 else ''}"
                )
    return plot.svg()


def _path(points: Sequence[Pair]) -> str:
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def _short(value: float) -> str:
    """A pixel with one decimal, without a needless zero."""
    return f"{value:.1f}".removesuffix(".0").replace("-0", "0", 1) if abs(value) < 0.05 else f"{value:.1f}".removesuffix(".0")
