"""The map as a drawing: at most two thousand of its rows, a shape and a colour for each group, the two axes on one scale.

It stands where no script runs (a file, a printed page) and until the script has drawn all rows on a canvas.
"""

from __future__ import annotations

import numpy as np

from etabli.faces.figures import Plot
from etabli.records import Array

SHOWN = 2_000
SHAPES = (  # as the script draws them: disc, square, triangle, diamond, plus, cross, triangle down, ring
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    "m-2.7-2.7h5.4v5.4h-5.4z",
    "m0-3.6l3.3 6h-6.6z",
    "m0-3.8l3.8 3.8l-3.8 3.8l-3.8-3.8z",
    "m-1.1-3.4h2.2v2.3h2.3v2.2h-2.3v2.3h-2.2v-2.3h-2.3v-2.2h2.3z",
    "m-3.3-1.7l1.6-1.6l1.7 1.7l1.7-1.7l1.6 1.6l-1.7 1.7l1.7 1.7l-1.6 1.6l-1.7-1.7l-1.7 1.7l-1.6-1.6l1.7-1.7z",
    "m0 3.6l3.3-6h-6.6z",
    "m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0m1.6 0a1.8 1.8 0 1 1 3.6 0a1.8 1.8 0 1 1-3.6 0",
)
DOT = "m-1.6 0a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0"


def shape(group: int, ordered: bool) -> str:
    """The path of a group's mark around its place: steps of a number are discs that grow, no value is a dot."""
    if group < 0:
        return DOT
    if ordered:
        r = 1.8 + 0.45 * group
        return f"m-{r:.2f} 0a{r:.2f} {r:.2f} 0 1 0 {2 * r:.2f} 0a{r:.2f} {r:.2f} 0 1 0-{2 * r:.2f} 0"
    return SHAPES[group % len(SHAPES)]


def look(group: int, ordered: bool) -> str:
    """The class of a group's colour."""
    return "g-none" if group < 0 else f"{'s' if ordered else 'g'}{group}"


def scatter(where: Array, group: Array, ordered: bool, title: str, width: float, height: float, chosen: Array | None = None) -> str:
    """chosen: bool [n], the rows that stand out; the others are faint."""
    some = np.arange(len(where))
    if len(some) > SHOWN:
        some = np.sort(np.random.default_rng(0).choice(len(some), SHOWN, replace=False))
    x, y = frame(where, width / height)
    plot = Plot(title, (width, height), x, y, (2, 2, 2, 2))
    faint = np.zeros(len(where), bool) if chosen is None else ~chosen
    for far in (True, False):
        for one in np.unique(group[some]):
            own = some[(group[some] == one) & (faint[some] == far)]
            if len(own):
                mark = shape(int(one), ordered)
                path = "".join(f"M{plot.x(float(where[i, 0])):.1f} {plot.y(float(where[i, 1])):.1f}{mark}" for i in own)
                plot.add("path", f"point {look(int(one), ordered)}{' faint' if far else ''}", d=path)
    return plot.svg()


def frame(where: Array, aspect: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ranges across and up that hold all points with a margin, one unit being as long on both axes."""
    low, high = where.min(0), where.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9) * 1.05
    tall = float(max(half[1], half[0] / aspect))
    return (float(middle[0] - tall * aspect), float(middle[0] + tall * aspect)), (float(middle[1] - tall), float(middle[1] + tall))
