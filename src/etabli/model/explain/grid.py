"""One row as an image of its columns (pixels, sensors on a plate): its values in grey, and beside them what each adds to the answer, in blue (more) and red (less).

SVG by hand: shades are few, and each is one path, so that 28 x 28 cells take 20 kB.
Its colours follow light and dark, where the reader of the file knows them; the values are then bright where they are high, as ink is dark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def picture(seen: Explained, grid: tuple[int, int], row: int = 0, lang: str = "en", given: Mapping[str, Any] | None = None) -> str:
    """SVG text. given: the row as the table has it, where the file may read only some of its columns (a pixel that is always black is not read, and still has its
    place). UsageError where the columns are not as many as the cells."""
    lines, across = grid
    cells, values = _placed(seen, grid, row, given or {})
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


def _placed(seen: Explained, grid: tuple[int, int], row: int, given: Mapping[str, Any]) -> tuple[Array, Array]:
    """(the number in each cell, what it adds): of the columns that the file reads, or of all that the table has beside the target."""
    wanted, read = grid[0] * grid[1], [str(name) for name in seen.columns]
    if len(read) == wanted:
        return np.array([_number(seen.cells[name][row]) for name in read]), seen.values[row]
    names = [name for name in given if name != seen.target]
    if len(names) != wanted or not set(read) <= set(names):
        tables = f", and {len(names)} of the table beside the target" if names else ""
        raise UsageError(
            "a grid has a cell a column",
            f"{grid[0]} x {grid[1]} for {len(read)} columns that the file reads{tables}",
            "in the order of the columns",
        )
    added = dict(zip(read, seen.values[row], strict=True))
    return np.array([_number(seen.cells[name][row] if name in added else given[name]) for name in names]), np.array(
        [added.get(name, 0.0) for name in names]
    )


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


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
