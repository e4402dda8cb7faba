"""One style for every figure of a paper, and the sheet that is drawn on.

A journal's column is 85 mm wide, its page 170 mm; text is 8 pt and small text 7 pt there, and nothing is scaled afterwards, so a sheet has its
final size in millimetres. Colours are those of Okabe and Ito (2008), a shape or a line style always says the same. Text from the data is
drawn as it is: `$` begins no formula. Fonts are embedded as TrueType (Type 3 is refused by many journals), letters stay letters in SVG.

The settings live in a `rc_context`: those of the user are as before afterwards. No window system is asked for: figures are made
without pyplot and drawn by Agg. matplotlib is imported inside functions, by this folder alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, final

from etabli.faces.figures import Show, ticks
from etabli.faces.words import plain

BLUE, RED, GREEN, ORANGE, SKY, INK, GREY, PALE = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#1d2126", "#868d95", "#dbe8f1"
TEXT, SMALL = 8.0, 7.0  # points
INCH, POINT = 25.4, 25.4 / 72  # in millimetres
FONTS = ("Arial", "Liberation Sans", "DejaVu Sans")  # the first that is there; letters it lacks come from the next
OTHERS = (
    "Noto Sans CJK JP",
    "Source Han Sans",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "WenQuanYi Zen Hei",
    "Noto Sans Arabic",
)
KEPT = {
    "backend",
    "backend_fallback",
    "interactive",
    "toolbar",
    "webagg",
    "tk",
    "timezone",
    "datapath",
    "docstring",
    "date",
}  # not a matter of looks
SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "axes.labelpad": 3.0,
    "axes.titlepad": 4.0,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.5,
    "ytick.major.pad": 2.5,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "savefig.bbox": None,
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "path.simplify": True,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "pdf.compression": 6,
    "svg.fonttype": "none",
    "svg.hashsalt": "etabli",
}


@cache
def _fonts() -> tuple[str, ...]:
    """The families of FONTS and OTHERS that this machine has (the last of FONTS comes with matplotlib)."""
    from matplotlib import font_manager

    there = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in (*FONTS, *OTHERS) if name in there)


@contextmanager
def styled() -> Iterator[None]:
    """The style over matplotlib's own defaults (not the user's), for as long as it lasts. A letter that no font has is drawn as a box, in silence."""
    import matplotlib

    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key.partition(".")[0] not in KEPT}
    fonts = {"font.family": list(_fonts()), "font.sans-serif": list(_fonts())}
    with matplotlib.rc_context({**defaults, **SETTINGS, **fonts}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


@final
class Sheet:
    """One figure in the making. width: millimetres; lang: of its words. `panels` begins it, once; `figure` is what came of it."""

    def __init__(self, width: float, lang: str) -> None:
        self.width, self.lang = width, lang
        self.figure: Any = None

    @property
    def wide(self) -> bool:
        """Whether it goes over both columns of a page."""
        return self.width > 120

    def panels(self, height: float, rows: int = 1, columns: int = 1, **grid: Any) -> list[Any]:
        """Empty axes, row by row, on a sheet so many millimetres high. grid: words of `Figure.subplots`."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(self.width / INCH, height / INCH), layout="constrained")
        self.figure.get_layout_engine().set(w_pad=1.0 / INCH, h_pad=1.0 / INCH, wspace=0.04, hspace=0.05)
        FigureCanvasAgg(self.figure)
        return list(self.figure.subplots(rows, columns, squeeze=False, **grid).flat)

    def long(self, text: str, size: float = SMALL) -> float:
        """Millimetres that a text takes."""
        return _length(text, size) * POINT

    def cut(self, text: Any, room: float, size: float = SMALL) -> str:
        """The text on one line without control characters, its middle left out where it is longer than so many millimetres."""
        shown = plain(text)
        limit = len(shown)
        while limit > 4 and self.long(shown, size) > room:
            limit = min(limit - 1, int(limit * room / self.long(shown, size)) + 1)
            shown = plain(text, limit)
        return shown

    def wrap(self, text: Any, room: float, size: float = SMALL) -> str:
        """The text on at most two lines of so many millimetres, broken between words; what is longer than that is cut."""
        shown = plain(text)
        if self.long(shown, size) <= room:
            return shown
        words = shown.split(" ")
        breaks = [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words))]
        if not breaks:
            return self.cut(shown, room, size)
        first, second = min(breaks, key=lambda pair: max(self.long(part, size) for part in pair))
        return f"{self.cut(first, room, size)}\n{self.cut(second, room, size)}"

    def ticks(self, axes: Any, which: str, show: Show, room: float, about: int = 6) -> None:
        """Round ticks on the axis "x" or "y" inside its limits; as many as have room (millimetres) for their labels."""
        low, high = sorted(axes.get_xlim() if which == "x" else axes.get_ylim())
        places: list[float] = []
        for every, count in ((every, count) for every in (1, 2, 3) for count in range(2 * about, 0, -1)):
            found = [v for v in ticks(low, high, count) if low <= v <= high][::every]
            taken = (max(map(self.long, map(show, found)), default=0.0) + 1.2) if which == "x" else 4.0
            gap = room * (found[1] - found[0]) / (high - low) if len(found) > 1 else room
            if gap >= taken and len(found) <= about + 1 and (len(found) > 1 or not places):
                places = found
                if len(found) > 1:
                    break
        labels = [show(v) for v in places]
        (axes.set_xticks if which == "x" else axes.set_yticks)(places, labels)

    def letters(self, panels: Sequence[Any]) -> None:
        """a, b, c ... in bold above the panels' left edge, as journals want it; nothing for one panel."""
        for place, axes in enumerate(panels if len(panels) > 1 else ()):
            axes.set_title(f"{chr(97 + place)}", loc="left", fontweight="bold", fontsize=TEXT)


@cache
def _measure() -> tuple[Any, dict[float, Any]]:
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    return RendererAgg(16, 16, 72), {size: FontProperties(family=list(_fonts()), size=size) for size in (SMALL, TEXT)}


def _length(text: str, size: float) -> float:
    """Points that a text takes."""
    renderer, fonts = _measure()
    return float(renderer.get_text_width_height_descent(text, fonts[size], False)[0])


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]
