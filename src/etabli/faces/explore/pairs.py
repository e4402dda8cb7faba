"""Two columns looked at together: what is counted, averaged and said, before anything is drawn.

Numbers are counted on a grid, with a local linear trend over it (Cleveland 1979) and the band that its rows allow; a number by levels
has their quantiles; two categories have the shares of one in the other and how far each count lies from what independence would give.
A flag is a category of two levels here: people read "yes" and "no", not 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.faces.explore.opened import Opened
from etabli.judge.cells import Cells
from etabli.records import Array

LEVELS = 12  # of a category that are shown
OUTER = 0.005  # share of the rows at either end that may lie outside the picture
FAR = 2.0  # when they lie this many ranges of the rest away
ACROSS, UP = 32, 20  # cells of a grid
SPAN = 0.3  # share of the rows that a point of the trend looks at
FEW = 1_500  # rows that are drawn themselves
POINTS = 4_000  # rows that the trend is fitted to
SURE = 1.96
STEPS = 96  # of time, at most


@dataclass(frozen=True)
class Trend:
    """x, y, low, high: float64 [points]; the band holds the mean with 95 % confidence at each point. name: of its level, or "".
    ends: the points between which nine rows in ten lie."""

    x: Array
    y: Array
    low: Array
    high: Array
    name: str = ""
    ends: tuple[int, int] = (0, -1)


@dataclass(frozen=True)
class Grid:
    """edges: of the cells, across and up. counts: int64 [across, up]. outside: rows that lie beyond. points: [n, 3], the rows themselves
    where they are few, else empty, with the number of their trend. against: every level goes against the whole (Simpson's paradox)."""

    across: Array
    up: Array
    counts: Array
    outside: int
    points: Array
    trends: tuple[Trend, ...]
    against: bool = False


@dataclass(frozen=True)
class Boxes:
    """names: of the levels shown. quantiles: float64 [levels, 5]: 5, 25, 50, 75 and 95 %. counts: rows of each. shapes: [levels, steps],
    how dense the values are over `edges`, the highest 1. left: levels not shown."""

    names: tuple[str, ...]
    quantiles: Array
    counts: Array
    shapes: Array
    edges: Array
    left: int


@dataclass(frozen=True)
class Shares:
    """counts: int64 [rows, columns] of levels. shares: of a row. residuals: adjusted standardised (Haberman 1973): beyond about ±3 hardly
    by chance. expected: counts that independence would give."""

    down: tuple[str, ...]
    across: tuple[str, ...]
    counts: Array
    shares: Array
    residuals: Array
    expected: Array
    left: int


def as_levels(opened: Opened, cells: Cells) -> Cells:
    """A flag as a category with its words; everything else as it is."""
    if cells.kind != "flag" or cells.levels is not None:
        return cells
    words = tuple(str(word) for word in opened.by_name[cells.name].reading.get("words", ("0", "1")))
    return Cells(cells.name, "category", np.where(cells.missing, -1, np.nan_to_num(cells.values)).astype(np.int64), words)


def grid(x: Cells, y: Cells, by: Cells | None = None) -> Grid:
    """Two numbers. by: a category with a trend for each of its commonest levels."""
    known = ~(x.missing | y.missing)
    a, b = x.values[known], y.values[known]
    across, up = _edges(a, ACROSS * 3 // 2 if x.kind == "date" else ACROSS), _edges(b, UP)
    inside = (a >= across[0]) & (a <= across[-1]) & (b >= up[0]) & (b <= up[-1])
    counts = np.histogram2d(a[inside], b[inside], (across, up))[0].astype(np.int64)
    line = over_time if x.kind == "date" else trend
    trends, place, inner = [line(a, b, across)] if by is None else [], np.zeros(len(a), np.int64), []
    if by is not None and by.levels is not None:
        level = by.values[known]
        place[:] = -1
        for k in common(level, 5):
            own = level == k
            made = line(a[own], b[own], across, by.levels[k])
            if len(made.x):
                place[own] = len(trends)
                trends.append(made)
                inner.append(_way(a[own], b[own]))
    few = inside.sum() <= FEW
    points = np.stack([a[inside], b[inside], place[inside]], 1) if few else np.empty((0, 3))
    whole = _way(a, b)
    against = len(inner) > 1 and whole != 0 and all(way == -whole for way in inner)
    return Grid(across, up, counts, int((~inside).sum()), points, tuple(one for one in trends if len(one.x)), against)


def _way(x: Array, y: Array) -> int:
    """+1 or -1 where two numbers clearly rise together or against each other, else 0."""
    from etabli.judge.associations import associations

    found = associations([Cells("x", "number", x), Cells("y", "number", y)])
    return int(found.sign[0, 1]) if found.clear[0, 1] else 0


def trend(x: Array, y: Array, edges: Array, name: str = "") -> Trend:
    """A local linear trend at 40 points between the edges; empty for fewer than 20 rows or fewer than 4 values."""
    nothing = Trend(np.empty(0), np.empty(0), np.empty(0), np.empty(0), name)
    if len(x) > POINTS:
        some = np.sort(np.random.default_rng(0).choice(len(x), POINTS, replace=False))
        x, y = x[some], y[some]
    if len(x) < 20 or len(np.unique(x)) < 4:
        return nothing
    wide, tall = float(np.abs(edges).max()), float(np.abs(y).max()) or 1.0  # so that no square overflows
    x, y, edges = x / wide, y / tall, edges / wide
    at = np.linspace(max(edges[0], x.min()), min(edges[-1], x.max()), 40)
    apart = x - at[:, None]
    distance = np.abs(apart)
    reach = np.partition(distance, int(SPAN * (len(x) - 1)), axis=1)[:, int(SPAN * (len(x) - 1))]
    reach = np.maximum(reach, (edges[-1] - edges[0]) * 0.04)[:, None]
    weight = np.clip(1 - (distance / reach) ** 3, 0, None) ** 3
    s0, s1, s2 = weight.sum(1), (weight * apart).sum(1), (weight * apart**2).sum(1)
    room = s0 * s2 - s1**2
    flat = room <= 1e-9 * s0 * s2 + 1e-300
    pull = np.where(
        flat[:, None],
        weight / np.maximum(s0, 1e-300)[:, None],
        weight * (s2[:, None] - s1[:, None] * apart) / np.where(flat, 1, room)[:, None],
    )
    fitted = pull @ y
    rest = y - np.interp(x, at, fitted)
    half = SURE * np.sqrt((pull**2) @ (rest**2))
    sound = (weight > 0).sum(1) >= 8
    ends = [int(np.abs(at[sound] - q).argmin()) if sound.any() else 0 for q in np.quantile(x, (0.05, 0.95))]
    at, middle, low, high = at * wide, fitted * tall, (fitted - half) * tall, (fitted + half) * tall
    return Trend(at[sound], middle[sound], low[sound], high[sound], name, (ends[0], ends[1]))


def over_time(x: Array, y: Array, edges: Array, name: str = "") -> Trend:
    """The mean in equal steps of time, with 95 % confidence where a step has several rows: no smoothing, so that seasons stay."""
    steps = int(np.clip(len(x) // 8, 4, STEPS))
    bounds = np.linspace(edges[0], edges[-1], steps + 1)
    step = np.clip(np.searchsorted(bounds, x, side="right") - 1, 0, steps - 1)
    rows = np.bincount(step, minlength=steps)
    there = rows > 0
    tall = float(np.abs(y).max(initial=0)) or 1.0
    mean = np.bincount(step, y / tall, steps)[there] / rows[there]
    square = np.bincount(step, (y / tall) ** 2, steps)[there] / rows[there]
    half = SURE * np.sqrt(np.maximum(square - mean**2, 0) / np.maximum(rows[there] - 1, 1))
    at = ((bounds[:-1] + bounds[1:]) / 2)[there]
    return Trend(at, mean * tall, (mean - half) * tall, (mean + half) * tall, name)


def boxes(category: Cells, value: Cells) -> Boxes:
    """A number in the levels of a category: the commonest, by their medians."""
    assert category.levels is not None
    known = ~(category.missing | value.missing)
    level, x = category.values[known], value.values[known]
    kept = common(level, LEVELS)
    parts = [x[level == k] for k in kept]
    order = sorted(range(len(kept)), key=lambda i: (float(np.median(parts[i])), i))
    edges = _edges(x, 48)
    shapes = [_shape(parts[i], edges) for i in order]
    quantiles = np.array([np.quantile(parts[i], (0.05, 0.25, 0.5, 0.75, 0.95)) for i in order]).reshape(-1, 5)
    names = tuple(category.levels[kept[i]] for i in order)
    return Boxes(names, quantiles, np.array([len(parts[i]) for i in order]), np.array(shapes), edges, len(np.unique(level)) - len(kept))


def shares(down: Cells, across: Cells) -> Shares:
    """Two categories; rows where either is missing are left out."""
    assert down.levels is not None and across.levels is not None
    known = ~(down.missing | across.missing)
    a, b = down.values[known], across.values[known]
    rows, columns = common(a, LEVELS), common(b, LEVELS)
    counts = np.array([[int(((a == i) & (b == j)).sum()) for j in columns] for i in rows]).reshape(len(rows), len(columns))
    n, own, other = max(1, len(a)), np.array([(a == i).sum() for i in rows]), np.array([(b == j).sum() for j in columns])
    expected = np.outer(own, other) / n
    spread = np.sqrt(expected * np.outer(1 - own / n, 1 - other / n))
    residuals = np.divide(counts - expected, spread, out=np.zeros_like(expected), where=spread > 0)
    left = len(np.unique(a)) - len(rows) + len(np.unique(b)) - len(columns)
    names = tuple(down.levels[i] for i in rows), tuple(across.levels[j] for j in columns)
    return Shares(*names, counts, counts / np.maximum(own, 1)[:, None], residuals, expected, left)


def bends(x: Cells, y: Cells) -> float:
    """How much better tenths of x tell the ranks of y than the rank correlation does: high where a relation turns back on itself."""
    from etabli.judge.associations import associations

    known = ~(x.missing | y.missing)
    if known.sum() < 100:
        return 0.0
    a, b = x.values[known], y.values[known]
    tenth = np.searchsorted(np.unique(np.quantile(a, np.arange(1, 10) / 10)), a, side="right")
    found = associations([Cells("x", "number", a), Cells("y", "number", b), Cells("t", "category", tenth, tuple(map(str, range(10))))])
    return float(found.strength[1, 2] - found.strength[0, 1])


def common(codes: Array, most: int) -> list[int]:
    """The commonest levels that occur, the commonest first."""
    counts = np.bincount(codes[codes >= 0])
    return [int(k) for k in np.argsort(-counts, kind="stable")[:most] if counts[k]]


def _edges(x: Array, cells: int) -> Array:
    """Equal steps over the values, or over all but the outermost where these lie far away."""
    if not x.size:
        return np.linspace(0.0, 1.0, cells + 1)
    low, high = (float(v) for v in np.quantile(x, (OUTER, 1 - OUTER)))
    ends = float(x.min()), float(x.max())
    if high <= low or ends[1] - ends[0] <= (1 + FAR) * (high - low):
        low, high = ends
    if high <= low:
        low, high = low - max(0.5, abs(low) * 0.1), high + max(0.5, abs(high) * 0.1)
    whole = np.unique(x[:5_000])
    if len(whole) <= cells and (whole == np.round(whole)).all() and high - low < cells:  # few whole numbers: each has a cell of its own
        return np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
    return np.linspace(low, high, cells + 1)


def _shape(x: Array, edges: Array) -> Array:
    """How dense values are over the steps, smoothed over three of them; the highest is 1."""
    counts = np.histogram(x, edges)[0].astype(np.float64)
    smooth = np.convolve(counts, (0.25, 0.5, 0.25), "same") if len(counts) > 20 else counts
    return np.asarray(smooth / max(smooth.max(), 1e-300))


def level_names(names: Sequence[str], empty: str) -> list[str]:
    """Names that can be seen: an empty text has a word."""
    return [name or empty for name in names]
