"""One row as an image of its columns (pixels, sensors on a plate): its values in grey, and beside them what each adds to the answer, in blue (more) and red (less).

SVG by hand: shades are few, and each is one path, so that 28 x 28 cells take 20 kB.
Its colours follow light and dark, where the reader of the file knows them; the values are then bright where they are high, as ink is dark.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import UsageError
from etabli.model.explain.cells import figure
from etabli.model.explain.told import subject

if TYPE_CHECKING:
    from etabli.model.explain.explained import Explained

Array = np.ndarray[Any, np.dtype[Any]]
SIDE, EDGE, SHADES, MOST = 240.0, 10.0, 12, 20_000  # pixels of a picture and around it; shades; cells
MORE, LESS, GREY = "#0072b2", "#d55e00", "#1d2126"  # Okabe & Ito 2008
NAMES = {MORE: "m", LESS: "l", GREY: "t"}
DARK = (
    "<style>svg.g{color-scheme:light dark;max-width:100%}@media(prefers-color-scheme:dark)"
    "{.g .b{fill:#15181c}.g .m{fill:#56b4e9}.g .l{fill:#e9863c}.g .t{fill:#e8eaed}.g .f{stroke:#8a929b}}</style>"
)


def size(text: str) -> tuple[int, int]:
    """ "28x28" as numbers. UsageError for another form."""
    found = re.fullmatch(r"(\d{1,4})[xX×](\d{1,4})", text.strip())
    if not found or not (0 < int(found[1]) * int(found[2]) <= MOST):
        raise UsageError("a grid is LINESxCOLUMNS", f'"{text}"', "for instance: --grid 28x28")
    return int(found[1]), int(found[2])


def picture(seen: Explained, grid: tuple[int, int], row: int = 0, lang: str = "en") -> str:
    """SVG text. UsageError where the columns are not as many as the cells."""
    lines, across = grid
    values = seen.values[row]
    if len(values) != lines * across:
        raise UsageError("a grid has a cell a column", f"{lines} x {across} for {len(values)} columns", "in the order of the columns")
    cells = np.array([_number(seen.cells[name][row]) for name in seen.columns])
    shown = cells[np.isfinite(cells)]
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    grey = np.nan_to_num((cells - low) / ((high - low) or 1.0))
    longest = float(np.abs(values).max(initial=0.0)) or 1.0
    step = SIDE / max(lines, across)
    wide, tall = 2 * across * step + 3 * EDGE, lines * step + 2 * EDGE + 22
    title = f"{subject(seen, row, lang)}: {figure(float(seen.output[row]), lang, 4)}"
    right = 2 * EDGE + across * step
    parts = [
        _cells(grey.reshape(grid), step, (EDGE, EDGE), GREY),
        _cells(np.maximum(values, 0).reshape(grid) / longest, step, (right, EDGE), MORE),
        _cells(np.maximum(-values, 0).reshape(grid) / longest, step, (right, EDGE), LESS),
    ]
    frames = "".join(
        f'<rect class="f" x="{x:.1f}" y="{EDGE}" width="{across * step:.1f}" height="{lines * step:.1f}" fill="none" stroke="#868d95"/>'
        for x in (EDGE, right)
    )
    text = f'<text class="t" x="{EDGE}" y="{tall - 8:.1f}" font-family="system-ui,sans-serif" font-size="12" fill="{GREY}">{escape(title)}</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="g" role="img" viewBox="0 0 {wide:.1f} {tall:.1f}" width="{wide:.0f}" height="{tall:.0f}">'
    return f'{head}<title>{escape(title)}</title>{DARK}<rect class="b" width="100%" height="100%" fill="#fff"/>{"".join(parts)}{frames}{text}</svg>'


def _number(cell: Any) -> float:
    return float(cell) if isinstance(cell, int | float | np.number) else float("nan")


def _cells(shares: Array, step: float, corner: tuple[float, float], colour: str) -> str:
    """A path for each shade. shares: 0 to 1."""
    made = []
    levels = np.round(shares * SHADES).astype(int)
    for level in range(1, SHADES + 1):
        places = np.argwhere(levels == level)
        if len(places):
            d = "".join(f"M{corner[0] + j * step:.1f} {corner[1] + i * step:.1f}h{step:.1f}v{step:.1f}h-{step:.1f}z" for i, j in places)
            made.append(f'<path class="{NAMES[colour]}" fill="{colour}" fill-opacity="{level / SHADES:.2f}" d="{d}"/>')
    return "".join(made)
