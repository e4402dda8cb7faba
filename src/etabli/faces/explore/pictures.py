"""The two pictures of a column: a histogram, or its levels as bars; the target's mean or rate with its interval drawn over, or beside.

Bars are pale and the target is red, so that the eye takes the shape first and the relation second. Bars stand at equal steps whatever the scale
(their ends are written under them); what is no part of the scale - a spike, the missing - stands aside. A part of few rows has a hollow dot, and
its interval does not stretch the scale of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from etabli.faces.explore.aim import Aim
from etabli.faces.explore.labels import cell, compact, figure, named, reach, tiny, what
from etabli.faces.explore.parts import Part, Parts
from etabli.faces.figures import LETTER, Plot, spread, ticks
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, share
from etabli.records import Column

FEW = 10  # rows with a target below which a dot is hollow and sets no scale
ROW = 22.0  # pixels a level takes

Link = Callable[[Part], str]


@dataclass(frozen=True)
class Drawing:
    """What a picture is drawn of. link: where a bar leads ("": nowhere)."""

    column: Column
    parts: Parts
    aim: Aim | None
    lang: str = "en"
    link: Link | None = None

    @property
    def over(self) -> Aim | None:
        """The aim, but for its own column."""
        return None if self.aim is None or self.aim.name == self.column.name else self.aim


def picture(drawing: Drawing, width: float, height: float = 150.0) -> str:
    """The fitting one of the two; "" for a column without a cell."""
    if not drawing.parts.rows:
        return ""
    return _bars(drawing, width) if drawing.parts.bins is None else _histogram(drawing, width, height)


def described(drawing: Drawing) -> str:
    """The picture in words: where most rows are, and where the target is lowest and highest."""
    column, parts, lang = drawing.column, drawing.parts, drawing.lang
    if not parts.every:
        return plain(column.name, 60)
    top = max(parts.every, key=lambda part: part.rows)
    said = [
        say(
            "col.picture", lang, column=plain(column.name, 60), count=count(parts.rows, lang),
            part=named(top, column, parts, lang), share=share(top.rows / max(1, parts.rows), lang),
        )
    ]  # fmt: skip
    known = [part for part in parts.every if part.value is not None and part.known >= FEW]
    if drawing.over and len(known) > 1:
        low, high = (pick(known, key=lambda part: part.value or 0.0) for pick in (min, max))
        facts = {
            "what": what(drawing.over, lang),
            "low": figure(drawing.over, low.value, lang, low.low, low.high),
            "high": figure(drawing.over, high.value, lang, high.low, high.high),
            "at": named(low, column, parts, lang),
            "to": named(high, column, parts, lang),
            "over": figure(drawing.over, drawing.over.value, lang, drawing.over.low, drawing.over.high),
        }
        said.append(say("col.picture.target", lang, **facts))
    return " ".join(said)


def tip(drawing: Drawing, part: Part) -> str:
    """A bar in words, for its tooltip."""
    rows = say(
        "col.rows.share",
        drawing.lang,
        n=part.rows,
        count=count(part.rows, drawing.lang),
        share=share(part.rows / max(1, drawing.parts.rows), drawing.lang),
    )
    text = f"{named(part, drawing.column, drawing.parts, drawing.lang)}: {rows}"
    if drawing.over and part.value is not None:
        text += f"; {what(drawing.over, drawing.lang)}: {figure(drawing.over, part.value, drawing.lang, part.low, part.high)}"
        between = reach(drawing.over, part, drawing.lang)
        text += f" ({between})" if between else ""
    return text


def scale(aim: Aim, parts: Sequence[Part]) -> tuple[float, float]:
    """The target's scale: all figures of enough rows with their intervals, and the value of all rows; a rate stays within 0 and 1."""
    least = max(FEW, 0.002 * sum(part.known for part in parts))
    sure = [part for part in parts if part.known >= least] or [part for part in parts if part.known]
    values = [aim.value, *(v for part in sure for v in (part.value, part.low, part.high) if v is not None)]
    values += [part.value for part in parts if part.value is not None and part.known >= FEW]
    low, high = spread(values, 0.06)
    return (max(0.0, low), min(1.0, high)) if aim.share and high > 0 and low < 1 else (low, high)


def clipped(text: str, letters: int) -> str:
    """As much of a text's beginning as there is room for."""
    return text if len(text) <= letters else text[: max(1, letters - 1)].rstrip() + "…"


def _opened(plot: Plot, drawing: Drawing, part: Part) -> bool:
    """Begins a link around the marks of a bar."""
    address = drawing.link(part) if drawing.link else ""
    if address:
        from html import escape

        plot.marks.append(f'<a href="{escape(address)}" aria-label="{escape(tip(drawing, part))}">')
    return bool(address)


# histogram ---------------------------------------------------------------------------------------------------------------


def _histogram(drawing: Drawing, width: float, height: float) -> str:
    parts, lang, aim = drawing.parts, drawing.lang, drawing.over
    large = height > 200
    most = _tallest(parts)
    ends = scale(aim, parts.every) if aim else (0.0, 1.0)
    right = (52.0 if large else 46.0) if aim else 4.0
    plot = Plot(
        described(drawing), (width, height), (0, 1), (0, most), (22 if large else 8, right, 38 if large else 24, 52 if large else 2)
    )
    if large:
        for value in ticks(0, most, 4):
            plot.line(plot.left, plot.y(value), plot.right, plot.y(value), "grid")
            plot.text(plot.left - 6, plot.y(value) + 4, compact(value, lang), "soft small end")
        plot.text(0, 12, say("col.axis.rows", lang), "soft")
    slots = _slots(parts, plot)

    def up(value: float) -> float:
        return plot.bottom - (value - ends[0]) / (ends[1] - ends[0]) * (plot.bottom - plot.top)

    for part, left, right_end in slots:
        linked = _opened(plot, drawing, part)
        top = max(plot.top, min(plot.y(part.rows), plot.bottom - (1.5 if part.rows else 0)))
        gap = min(1.0, (right_end - left) * 0.1)
        if linked:  # the whole height can be pressed, however low the bar
            plot.add("rect", "press", tip(drawing, part), x=left, y=plot.top, width=right_end - left, height=plot.bottom - plot.top)
        plot.add(
            "rect", "aside" if part.kind == "missing" else "bars", "" if linked else tip(drawing, part),
            x=left + gap / 2, y=top, width=right_end - left - gap, height=plot.bottom - top,
        )  # fmt: skip
        if part.rows > most:
            _broken(plot, left, right_end, share(part.rows / parts.rows, lang, 0))
        if linked:
            plot.marks.append("</a>")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    _under(plot, drawing, slots)
    if aim:
        _over(plot, drawing, aim, slots, up, ends)
    return plot.svg() if drawing.link is None else _pressed(plot)


def _tallest(parts: Parts) -> float:
    """Rows at the top of the frame: a bar that dwarfs all others (no cell but nought, say) is cut, and says so."""
    rows = sorted((part.rows for part in parts.every), reverse=True)
    inner = max((part.rows for part in parts.bars), default=0)
    aside = [part.rows for part in (parts.spike, parts.missing) if part]
    if aside and inner and max(aside) > 3 * inner:
        return 1.25 * inner
    return float(max(1, rows[0])) if len(rows) < 3 or not rows[1] or rows[0] <= 6 * rows[1] else 1.6 * rows[1]


def _broken(plot: Plot, left: float, right: float, text: str) -> None:
    """A bar that goes on beyond the frame: a gap across it, and its share."""
    y = plot.top + 17
    plot.add("path", "gap", d=f"M{left - 2:.1f} {y + 3:.1f}L{right + 2:.1f} {y - 3:.1f}")
    plot.text(left + 2 if left < 20 else (left + right) / 2, plot.top + 10, text, "small halo" if left < 20 else "small mid halo")


def _slots(parts: Parts, plot: Plot) -> list[tuple[Part, float, float]]:
    """Each part with its left and right pixel: the spike, a gap, the bars, a gap, the missing."""
    aside = [part for part in (parts.spike,) if part], [part for part in (parts.missing,) if part]
    room = plot.right - plot.left
    own = max(8.0, min(26.0, room / 14))
    inner_left = plot.left + (own + 7) * len(aside[0])
    inner_right = plot.right - (own + 9) * len(aside[1])
    step = (inner_right - inner_left) / max(1, len(parts.bars))
    made = [(part, plot.left, plot.left + own) for part in aside[0]]
    made += [(part, inner_left + k * step, inner_left + (k + 1) * step) for k, part in enumerate(parts.bars)]
    return made + [(part, plot.right - own, plot.right) for part in aside[1]]


def _under(plot: Plot, drawing: Drawing, slots: Sequence[tuple[Part, float, float]]) -> None:
    """Values under the bars: edges of ranges, values in the middle; as many as there is room for."""
    column, parts, lang = drawing.column, drawing.parts, drawing.lang
    period = parts.bins.period if parts.bins else ""
    date = column.reading.get("parse", column.kind) == "date"
    wanted: list[tuple[float, str, int]] = []  # pixel, text, rank: the ends first
    for part, left, right in slots:
        if part.kind == "missing":
            wanted.append(((left + right) / 2, "∅", 0))
        elif part is parts.spike or part.kind == "value":
            wanted.append(((left + right) / 2, cell(column, part.begin, lang, period), 0 if part is parts.spike else 1))
        elif part.begin is not None:
            text = cell(column, part.begin, lang, period) if date or abs(part.begin) < 1e4 else compact(part.begin, lang)
            if part.end is None:
                wanted.append(((left + right) / 2, "≥ " + text, 0))
            else:
                wanted.append(((left + right) / 2 if period else left, text, 1))
        elif part.end is not None:
            text = cell(column, part.end, lang, period) if date or abs(part.end) < 1e4 else compact(part.end, lang)
            wanted.append(((left + right) / 2, "< " + text, 0))
    taken: list[tuple[float, float]] = []
    inner = [one for one in wanted if one[2]]
    every = max(1, -(-len(inner) // (8 if plot.width > 500 else 4)))
    for x, text, _ in [one for one in wanted if not one[2]] + inner[::every]:
        half = len(text) * LETTER * 0.9 / 2
        x = min(max(x, half), plot.width - half)
        if all(x + half + 4 < a or x - half - 4 > b for a, b in taken):
            plot.text(x, plot.bottom + 15, text, "soft small mid")
            taken.append((x - half, x + half))


def _over(
    plot: Plot,
    drawing: Drawing,
    aim: Aim,
    slots: Sequence[tuple[Part, float, float]],
    up: Callable[[float], float],
    ends: tuple[float, float],
) -> None:
    """The target: a dashed line for all rows, a line through the bars, a dot and its interval for each."""
    plot.line(plot.left, up(aim.value), plot.right, up(aim.value), "aim dashed")
    shown = figure(aim, aim.value, drawing.lang, aim.low, aim.high)
    plot.text(plot.right + 5, up(aim.value) + 4, shown, "aim-text small bold")
    for value in ticks(*ends, about=3):
        if abs(up(value) - up(aim.value)) > 13 and plot.top - 4 <= up(value) <= plot.bottom + 4:
            plot.text(plot.right + 5, up(value) + 4, _tick(aim, value, drawing.lang), "aim-text small")
    line: list[str] = []
    for part, left, right in slots:
        x = (left + right) / 2
        if part.value is None or not ends[0] <= part.value <= ends[1]:
            continue
        if part.kind != "missing" and part is not drawing.parts.spike and part.known >= FEW:
            line.append(f"{x:.1f} {up(part.value):.1f}")
    if len(line) > 1:
        plot.add("path", "aim-line", d="M" + "L".join(line))
    for part, left, right in slots:
        x = (left + right) / 2
        if part.value is None:
            continue
        if part.low is not None and part.high is not None and part.high >= ends[0] and part.low <= ends[1]:
            faint = "" if part.known >= FEW else " vague"
            plot.line(x, up(max(part.low, ends[0])), x, up(min(part.high, ends[1])), "aim" + faint)
        if ends[0] <= part.value <= ends[1]:
            plot.add(
                "circle", "aim dot" if part.known >= FEW else "aim hollow", "", cx=x, cy=up(part.value), r=3 if plot.height > 200 else 2.4
            )


def _tick(aim: Aim, value: float, lang: str) -> str:
    return share(value, lang, 0 if abs(value * 100 - round(value * 100)) < 1e-6 else 1) if aim.share else compact(value, lang)


# levels ------------------------------------------------------------------------------------------------------------------


def _bars(drawing: Drawing, width: float) -> str:
    parts, aim, lang = drawing.parts, drawing.over, drawing.lang
    rows = parts.every
    foot = 20.0 if aim else 4.0
    names = width * (0.36 if width < 500 else 0.26)
    split = width * (0.66 if aim else 1.0)
    most = max(1, *(part.rows for part in rows))
    ends = scale(aim, rows) if aim else (0.0, 1.0)
    plot = Plot(described(drawing), (width, ROW * len(rows) + foot), (0, most), (0, 1), (0, width - split + 44, foot, names + 8))

    def across(value: float) -> float:
        return split + 12 + (value - ends[0]) / (ends[1] - ends[0]) * (width - split - 18)

    if aim:
        plot.line(across(aim.value), 0, across(aim.value), plot.bottom, "aim dashed")
    for place, part in enumerate(rows):
        y = ROW * (place + 0.5)
        linked = _opened(plot, drawing, part)
        words = tip(drawing, part)
        if linked:
            plot.add("rect", "press", words, x=0, y=y - ROW / 2, width=width, height=ROW)
        soft = "soft " if part.kind in ("others", "missing") else ""
        plot.text(names, y + 4, clipped(named(part, drawing.column, parts, lang), int((names - 2) / LETTER)), soft + "end", words)
        right = plot.x(part.rows)
        look = "aside" if part.kind == "missing" else "bars"
        plot.add("rect", look, words, x=plot.left, y=y - 7, width=max(1.5, right - plot.left), height=14)
        plot.text(
            max(right, plot.left + 1.5) + 5,
            y + 4,
            tiny(part.rows / parts.rows, lang),
            "soft small",
        )
        if aim and part.value is not None:
            few = part.known < FEW
            if part.low is not None and part.high is not None and part.high >= ends[0] and part.low <= ends[1]:
                plot.line(
                    across(max(part.low, ends[0])), y, across(min(part.high, ends[1])), y, "aim wide" + (" vague" if few else ""), words
                )
            if ends[0] <= part.value <= ends[1]:
                plot.add("circle", "aim hollow" if few else "aim dot", words, cx=across(part.value), cy=y, r=3.4)
        if linked:
            plot.marks.append("</a>")
    if aim:
        shown = figure(aim, aim.value, lang, aim.low, aim.high)
        half = len(shown) * LETTER / 2
        at = min(max(across(aim.value), split + half), width - half)
        plot.text(at, plot.bottom + 15, shown, "aim-text small mid bold")
        for value in (ends[0], ends[1]):
            text = share(value, lang, 0) if aim.share else compact(value, lang, 3)
            where = min(max(across(value), split + len(text) * LETTER / 2), width - len(text) * LETTER / 2)
            if abs(where - at) > half + len(text) * LETTER / 2 + 4:
                plot.text(where, plot.bottom + 15, text, "aim-text small mid")
    return plot.svg() if drawing.link is None else _pressed(plot)


def _pressed(plot: Plot) -> str:
    """A picture whose bars are links is a group, not an image: what is inside an image cannot be reached by keyboard."""
    return plot.svg().replace('role="img"', 'role="group"', 1)
