"""The attention of one row as small multiples: a line of places that look, a column of places that are looked at, the darker the more; one map a head, and their mean.

SVG by hand, as `grid.py`: shades are few and each is one path, its cells joined along a line. A map is drawn once and placed twice, in a wide and in a narrow arrangement, which
the file's own style chooses by the width it has; its colours follow light and dark. A reader that knows no style sees the wide one on white.
"""

from __future__ import annotations

import zlib
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import UsageError
from etabli.model.explain.cells import figure

if TYPE_CHECKING:
    from etabli.model.explain.attended import Attended

Array = np.ndarray[Any, np.dtype[Any]]
SIDE, GAP, EDGE = 148.0, 16.0, 14.0  # pixels of a map, between two, around all
HEAD, LINE, TICK = 26.0, 19.0, 16.0  # of a layer's title, of a line of text, of the numbers below a map
WIDE, NARROW = (4, 5), 2  # maps side by side: of the two the one that leaves fewer places empty
SHADES, MOST = 12, 60_000  # cells that are drawn, all maps together; beyond, the means alone
LISTED = 16  # places whose columns are listed
STYLE = (
    "svg.a{color-scheme:light dark;max-width:100%}.a .b{fill:#fff}.a .t{fill:#1d2126}.a .s{fill:#5b636d}.a .m{fill:#0072b2}.a .f{fill:none;stroke:#868d95}"
    "@media(prefers-color-scheme:dark){.a .b{fill:#15181c}.a .t{fill:#e8eaed}.a .s{fill:#a2abb5}.a .m{fill:#56b4e9}.a .f{stroke:#8a929b}}"
)


def picture(seen: Attended, lang: str = "en") -> str:
    """SVG text. UsageError where even the means of the layers are more cells than a picture holds."""
    groups, largest, short = _groups(seen, lang)
    mark = f"a{zlib.crc32(b''.join(maps.tobytes() for _, found in groups for _, maps in found)):08x}"
    symbols, placed = [], []
    for number, (title, maps) in enumerate(groups):
        placed.append((title, [(f"{mark}-{number}-{at}", name) for at, (name, _) in enumerate(maps)], maps[0][1].shape))
        symbols += [f'<g id="{mark}-{number}-{at}">{_map(shares, largest)}</g>' for at, (_, shares) in enumerate(maps)]
    most = max(len(maps) for _, maps in groups)
    words = _words(seen, largest, short, lang)
    both = [_arranged(seen.title(lang), placed, words, across) for across in (min(WIDE, key=lambda count: (-most % count, count)), NARROW)]
    (_, wide, tall), (_, slim, taller) = both
    turn = f".a .n{{display:none}}@media(max-width:{wide - 1:.0f}px){{svg.a{{width:{slim:.0f}px;height:{taller:.0f}px}}.a .w{{display:none}}.a .n{{display:inline}}}}"
    said = escape(f"{seen.title(lang)}. {' '.join(title for title, _ in groups)}")
    font = 'font-family="system-ui,sans-serif" font-size="13"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="a" role="img" width="{wide:.0f}" height="{tall:.0f}" {font}>'
    drawn = "".join(
        f'<g class="{name}"{hidden}>{body}</g>' for (body, _, _), name, hidden in zip(both, "wn", ("", ' display="none"'), strict=True)
    )
    back = '<rect class="b" width="100%" height="100%" fill="#fff"/>'
    return f"{head}<title>{said}</title><style>{STYLE}{turn}</style><defs>{''.join(symbols)}</defs>{back}{drawn}</svg>"


def _groups(seen: Attended, lang: str) -> tuple[list[tuple[str, list[tuple[str, Array]]]], float, bool]:
    """([(title, [(name, [from, to])])], the largest weight, whether only the means are there)."""
    french = lang == "fr"
    whole = sum(one.weights.size for one in seen.layers)
    means = sum(one.weights[0].size for one in seen.layers)
    if means > MOST:
        raise UsageError(
            f"a picture of attention holds {MOST} cells", f"{means} for the means of the layers alone", "--json gives the arrays"
        )
    short = whole > MOST
    made: list[tuple[str, list[tuple[str, Array]]]] = []
    for number, one in enumerate(seen.layers, 1):
        heads = len(one.weights)
        mean = ("moyenne" if french else "mean", one.mean)
        maps = [] if short else [(f"{'tête' if french else 'head'} {at + 1}", one.weights[at]) for at in range(heads)]
        made.append((f"{'Couche' if french else 'Layer'} {number}", maps if heads == 1 and maps else [*maps, mean]))
    if seen.rollout is not None:
        made.append(("Toutes les couches" if french else "All layers", [("rollout", seen.rollout)]))
    return made, max(float(shares.max()) for _, maps in made for _, shares in maps) or 1.0, short


def _words(seen: Attended, largest: float, short: bool, lang: str) -> list[str]:
    """The lines below the maps."""
    french = lang == "fr"
    top = figure(largest, lang, 2)
    lines = [
        "De haut en bas : la place qui regarde ;" if french else "Top to bottom: the place that looks;",
        "de gauche à droite : celle qui est regardée." if french else "left to right: the one looked at.",
        f"Sans teinte : 0 ; la plus forte : {top}." if french else f"No shade: 0; the strongest: {top}.",
    ]
    if short:
        lines.append("Moyennes des têtes : elles sont trop nombreuses." if french else "Means over heads, of which there are too many.")
    if seen.rollout is not None:
        lines.append("Rollout : Abnar et Zuidema 2020." if french else "Rollout: Abnar & Zuidema 2020.")
    first = seen.layers[0]
    if first.columns and len(first.columns) <= LISTED:
        lines += ["", *(first.place(at, lang) for at in range(len(first.columns)))]
    return lines


def _arranged(
    title: str, groups: list[tuple[str, list[tuple[str, str]], tuple[int, ...]]], words: list[str], across: int
) -> tuple[str, float, float]:
    """(the maps and the words, the width, the height)."""
    step = SIDE + GAP
    width = 2 * EDGE + across * SIDE + (across - 1) * GAP
    room = int((width - 2 * EDGE) / 7.2)
    parts, y = [], EDGE + 13
    parts.append(_text(EDGE, y, title if len(title) <= room else title[: room - 1] + "…", "t", 'font-weight="600"'))
    y += 8
    for name, maps, (lines, columns) in groups:
        parts.append(_text(EDGE, y + 18, name, "t"))
        y += HEAD
        for at, (mark, head) in enumerate(maps):
            if at and at % across == 0:
                y += SIDE + LINE + TICK + 4
            x = EDGE + (at % across) * step
            parts.append(_text(x, y + 13, head, "s", 'font-size="12"'))
            top = y + LINE
            high = SIDE * lines / max(lines, columns)
            wide = SIDE * columns / max(lines, columns)
            parts.append(f'<use class="m" href="#{mark}" x="{x:.1f}" y="{top:.1f}" fill="#0072b2"/>')
            frame = f'x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            parts.append(f'<rect class="f" {frame} fill="none" stroke="#868d95"/>')
            parts.append(_text(x, top + high + 13, "1", "s", 'font-size="11"'))
            if columns > 1:
                parts.append(_text(x + wide, top + high + 13, str(columns), "s", 'font-size="11" text-anchor="end"'))
        y += LINE + SIDE * lines / max(lines, columns) + TICK + 6
    for line in words:
        y += LINE
        parts.append(_text(EDGE, y, line, "s", 'font-size="12"') if line else "")
    return "".join(parts), width, y + EDGE


def _text(x: float, y: float, text: str, css: str, more: str = "") -> str:
    fill = {"t": "#1d2126", "s": "#5b636d"}[css]
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" fill="{fill}" {more}>{escape(text)}</text>'


def _map(shares: Array, largest: float) -> str:
    """One map at the origin, a path for each shade; its colour is that of who places it."""
    step = SIDE / max(shares.shape)
    levels = np.round(shares / largest * SHADES).astype(int)
    made = []
    for level in range(1, SHADES + 1):
        d = []
        for i, line in enumerate(levels == level):
            ends = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
            d += [f"M{a * step:.1f} {i * step:.1f}h{(b - a) * step:.1f}v{step:.1f}h-{(b - a) * step:.1f}z" for a, b in ends.reshape(-1, 2)]
        if d:
            made.append(f'<path fill-opacity="{level / SHADES:.2f}" d="{"".join(d)}"/>')
    return "".join(made)
