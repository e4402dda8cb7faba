"""Where the bars of a column of numbers or dates begin and end: on round numbers, that a reader can say and a link can hold.

Chosen from the sample, and told: whole numbers of few values are bars of their own; one value that a tenth of the rows or more share (nearly always
zero) stands aside, for it would flatten all the rest; a long right tail is shown on a logarithmic scale (the steps of Renard's series); a few far
values end in an open bar. The bins always hold every value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from etabli.faces.explore.calendar import steps
from etabli.records import Array

FEW = 12  # different values that are bars of their own
WHOLE = 40  # whole numbers between the lowest and the highest that are bars of their own
SPIKE, TIMES = 0.1, 3  # share of the rows from which one value stands aside, if it is nought or so many times as common as the next
ABOUT, FEWEST = 24, 6  # bars of a range: twice the cube root of the rows (Rice), within these
TAIL = 0.005  # share of the rows that an open bar at an end may hold
FAR = 1.0  # an end is open where it lies this many times farther out than all but the tails are wide
RENARD = ((2.0, 10), (4.0, 5), (99.0, 3))  # decades up to which, steps a decade


@dataclass(frozen=True)
class Bins:
    """edges: float64 [bins + 1], rising; bin k holds edges[k] <= v < edges[k + 1], an end at minus or plus infinity is open.

    values: the bars are single values (edges lie between them). spike: a value counted apart. log: the scale. period: of dates.
    """

    edges: Array
    values: tuple[float, ...] = ()
    spike: float | None = None
    log: bool = False
    period: str = ""

    @property
    def count(self) -> int:
        """How many bins, the spike not counted."""
        return len(self.edges) - 1

    def of(self, values: Array) -> Array:
        """int64 [n]: the bin of each value, `count` for the spike, -1 for NaN."""
        found = np.searchsorted(self.edges, values, side="right") - 1
        found = np.clip(found, 0, self.count - 1)
        if self.spike is not None:
            found = np.where(values == self.spike, self.count, found)
        return np.asarray(np.where(np.isnan(values), -1, found), np.int64)

    def sql(self, cell: str) -> str:
        """The same as SQL over a DOUBLE `cell`: a tree of comparisons, five deep for twenty-four bins."""

        def tree(low: int, high: int) -> str:
            if high - low == 1:
                return str(low)
            middle = (low + high) // 2
            return f"CASE WHEN {cell} < {float(self.edges[middle])!r} THEN {tree(low, middle)} ELSE {tree(middle, high)} END"

        inner = tree(0, self.count)
        spike = f"WHEN {cell} = {self.spike!r} THEN {self.count} " if self.spike is not None else ""
        return f"CASE WHEN {cell} IS NULL THEN -1 {spike}ELSE {inner} END"


def bins(values: Array, date: bool = False, scale: str = "") -> Bins:
    """The bins of these values (float64 [n], NaN missing; dates: seconds since 1970). scale: "log" or "linear" as asked, "" as fits.

    "log" is taken only where all values but the spike are above zero.
    """
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return Bins(np.array([0.0, 1.0]))
    if date:
        period, edges = steps(float(known.min()), float(known.max()), ABOUT)
        return Bins(edges, period=period)
    seen, counts = np.unique(known, return_counts=True)
    if seen.size <= FEW:
        return Bins(_between(seen), tuple(seen.tolist()))
    whole = bool((seen == np.floor(seen)).all())
    if whole and seen[-1] - seen[0] < WHOLE and seen.size * 2 > seen[-1] - seen[0]:
        every = np.arange(seen[0], seen[-1] + 1)
        return Bins(_between(every), tuple(every.tolist()))
    spike = _spike(seen, counts)
    rest = known if spike is None else known[known != spike]
    log = bool(rest.min() > 0) and (scale == "log" or (scale != "linear" and _long(rest)))
    if log:
        return Bins(_renard(float(rest.min()), float(rest.max())), spike=spike, log=True)
    about = int(np.clip(np.ceil(2 * np.cbrt(rest.size)), FEWEST, ABOUT))
    return _linear(rest, spike, whole, about)


def _spike(seen: Array, counts: Array) -> float | None:
    """The value that stands aside, if one does."""
    first, second = np.argsort(-counts, kind="stable")[:2]
    alone = seen[first] == 0 or counts[first] >= TIMES * counts[second]
    return float(seen[first]) if alone and counts[first] >= SPIKE * counts.sum() else None


def _between(values: Array) -> Array:
    """Edges half-way between values, open at both ends."""
    return np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])


def _long(values: Array) -> bool:
    """Whether the upper half reaches much farther than the lower half, over at least a decade and a half."""
    low, half, high = np.quantile(values, [0.05, 0.5, 0.95])
    return bool(values.max() >= 30 * values.min() and half > low and high - half > 4 * (half - low) and values.max() > 5 * half)


def _renard(low: float, high: float) -> Array:
    """Edges in steps of 1, 2, 5 or finer, from below the lowest to above the highest."""
    decades = math.log10(high) - math.log10(low)
    count = next(steps for reach, steps in RENARD if decades <= reach)
    first, last = math.floor(math.log10(low)) * count, (math.floor(math.log10(high)) + 1) * count
    edges = [float(f"{10 ** (k / count):.{1 if count > 3 else 0}e}") for k in range(first, last + 1)]
    begin = max(k for k, edge in enumerate(edges) if edge <= low)
    end = min(k for k, edge in enumerate(edges) if edge > high)
    return np.array(edges[begin : end + 1])


def _linear(values: Array, spike: float | None, whole: bool, about: int) -> Bins:
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(v) for v in np.quantile(values, [TAIL, 1 - TAIL]))
    span = inner_high - inner_low
    cut_low = span > 0 and inner_low - low > FAR * span
    cut_high = span > 0 and high - inner_high > FAR * span
    begin, end = inner_low if cut_low else low, inner_high if cut_high else high
    if not end > begin:
        begin, end = low, high
        cut_low = cut_high = False
    if not end > begin:  # all but the spike are one value
        return Bins(np.array([-np.inf, np.inf]), (low,), spike)
    step = _round((end - begin) / about, whole)
    first, last = math.floor(begin / step), math.floor(end / step) + 1
    edges = np.array([float(f"{k * step:.12g}") for k in range(first, last + 1)])
    if not (np.diff(edges) > 0).all():  # values that differ in their last digits only
        edges = np.array([-np.inf, (begin + end) / 2, np.inf])
    if cut_low or edges[0] > low:
        edges[0] = -np.inf
    if cut_high or edges[-1] <= high:
        edges[-1] = np.inf
    return Bins(edges, spike=spike)


def _round(rough: float, whole: bool) -> float:
    """The step 1, 2, 2.5 or 5 times a power of ten next above; at least 1 for whole numbers, and whole."""
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * k for k in (1, 2, 2.5, 5) if power * k >= rough * 0.999), power * 10)
    return float(max(1.0, math.ceil(step))) if whole else step
