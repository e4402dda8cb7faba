"""A column of dates as time: rows a period, a number along it, how regular its steps are, and what the hour, the weekday and the month tell.

All of it is counted over all rows, but the median and quartiles of a number come from the sample (of ten million rows they cost seconds). Spacing is
read off the different times; where these are too many they are taken by the minute, the hour or the day, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.faces.explore.aim import Aim
from etabli.faces.explore.bins import Bins
from etabli.faces.explore.calendar import DAY, LENGTHS, begins
from etabli.faces.explore.calendar import period as fitting
from etabli.faces.explore.parts import Part, Parts, aggregates, binned, measured
from etabli.records import Array

PERIODS = ("hour", "day", "week", "month", "quarter", "year")
ABOUT = 36  # periods in a picture, at most twice as many when they are chosen for the reader
MOST = 400  # when the reader chose them
DISTINCT = 300_000  # different times that are looked at one by one
REGULAR = 0.9  # share of steps that are the usual one
SHOWN = 6  # gaps that are named
# how many levels, the range it takes, and the widest step (three quarters of the steps) that tells them apart
SEASONS = {"hour": (24, 4 * DAY, DAY / 4), "weekday": (7, 28 * DAY, 3 * DAY), "month": (12, 729 * DAY, 92 * DAY)}


@dataclass(frozen=True)
class Gap:
    """No row between two times. steps: how many usual steps are missing."""

    begin: float
    end: float
    steps: int


@dataclass(frozen=True)
class Spacing:
    """times: different ones. step: the usual one in seconds (0: none). name: of a step of the calendar ("month", "workday", "day", …), or "". regular: share of the
    steps that are the usual one. low, high: the middle half of the steps. gaps: the longest first; missing: steps that are missing in all. rows: at a time, the
    median. unit: what times were cut to, where they were too many."""

    times: int
    step: float
    name: str
    regular: float
    low: float
    high: float
    gaps: tuple[Gap, ...]
    missing: int
    rows: float
    unit: str = ""

    @property
    def is_regular(self) -> bool:
        """Whether nearly all steps are alike."""
        return self.regular >= REGULAR


def periods(low: float, high: float) -> list[str]:
    """The periods that a reader may choose over a range: from two of them to four hundred."""
    return [name for name in PERIODS if 1.0 <= (high - low) / LENGTHS[name] <= MOST]


def cut(low: float, high: float, name: str = "") -> Bins:
    """The periods from the first to the last time, each a bin. name: as chosen, or "" for what suits the range."""
    chosen = name if name in periods(low, high) else fitting(low, high, ABOUT)
    if (high - low) / LENGTHS[chosen] > MOST:  # thousands of years: decades would be too many
        return Bins(np.linspace(low, high + 1.0, ABOUT + 1))
    return Bins(begins(low, high, chosen), period=chosen)


def band(connection: Any, time: str, number: str, made: Bins) -> list[tuple[float, float, float, float, int]]:
    """(beginning, lower quartile, median, upper quartile, rows) of each period with rows of the sample. time, number: columns as SQL writes them."""
    found = connection.execute(
        f"SELECT {made.sql('t')} AS p, quantile_cont(x, 0.25), median(x), quantile_cont(x, 0.75), count(*)"
        f" FROM (SELECT epoch({time}) AS t, CAST({number} AS DOUBLE) AS x FROM sample) WHERE t IS NOT NULL AND x IS NOT NULL GROUP BY p ORDER BY p"
    ).fetchall()
    return [(float(made.edges[int(p)]), float(a), float(b), float(c), int(n)) for p, a, b, c, n in found]


@dataclass(frozen=True)
class Beats:
    """The different times of a column, from which all else is added up. times: float64 [n], rising. sums: [4, n], rows, rows with a target, its sum, its sum of
    squares. unit: what times were cut to, "" where they are as they are."""

    times: Array
    sums: Array
    unit: str = ""


def beats(connection: Any, time: str, aim: Aim | None, low: float, high: float, rows: int) -> Beats:
    """One grouping of all rows. time: the column as SQL writes it. low, high: its range in seconds."""
    units = [unit for unit in ("second", "minute", "hour", "day") if (high - low) / LENGTHS[unit] <= DISTINCT]
    unit = "" if rows <= DISTINCT else next(iter(units), "day")
    cell = f"epoch(date_trunc('{unit}', {time}))" if unit else f"epoch({time})"
    pairs = f"(SELECT {cell} AS x, {aim.sql if aim else 'NULL::DOUBLE'} AS y FROM data WHERE {time} IS NOT NULL)"
    found = connection.execute(f"SELECT x, {aggregates(aim)} FROM {pairs} GROUP BY x ORDER BY x").fetchnumpy()
    return Beats(np.asarray(found["x"], np.float64), np.stack([np.asarray(found[k], np.float64) for k in "nksq"]), unit)


def along(found: Beats, made: Bins, aim: Aim | None, missing: int = 0) -> Parts:
    """Rows and target by period. missing: rows without a time."""
    of = made.of(found.times)
    sums = np.stack([np.bincount(of, row, made.count + 2) for row in found.sums])
    sums[0, -1] = missing
    return binned(made, sums, aim)


def spacing(found: Beats) -> Spacing | None:
    """How regular the times are; None below three different ones."""
    return None if found.times.size < 3 else steps(found.times, float(np.median(found.sums[0])), found.unit)


def steps(times: Array, rows: float = 1.0, unit: str = "") -> Spacing:
    """The spacing of different times, rising (at least three)."""
    place, name, length = _places(times)
    ahead = np.diff(place)
    values, counts = np.unique(ahead, return_counts=True)
    usual = float(values[counts.argmax()])
    regular = float(counts.max() / ahead.size)
    low, high = (float(v) for v in np.quantile(np.diff(times), [0.25, 0.75]))
    if regular >= 0.5:
        wide = np.flatnonzero(ahead > 1.5 * usual)
        missing = np.round(ahead[wide] / usual - 1).astype(np.int64)
    else:  # silences: far longer than all but one step in a hundred
        wide = np.flatnonzero(ahead > 5 * np.quantile(ahead, 0.99))
        missing = np.zeros(wide.size, np.int64)
    order = wide[np.argsort(-ahead[wide], kind="stable")][:SHOWN]
    told = dict(zip(wide.tolist(), missing.tolist(), strict=True))
    gaps = tuple(Gap(float(times[k]), float(times[k + 1]), int(told[int(k)])) for k in order)
    return Spacing(times.size, usual * length, name if usual == 1 else "", regular, low, high, gaps, int(missing.sum()), rows, unit)


def _places(times: Array) -> tuple[Array, str, float]:
    """Times as numbers whose steps are alike where the calendar's are: (places, the name of a step of one, its seconds). Months are counted where all times are
    on one day of the month, working days where none is at a weekend; else seconds."""
    whole = bool((times % DAY == times[0] % DAY).all())
    if whole:
        days = np.floor(times / DAY).astype(np.int64)
        months = (days.astype("datetime64[D]")).astype("datetime64[M]")
        of_month = (days.astype("datetime64[D]") - months).astype(np.int64)
        if (of_month == of_month[0]).all():
            place = months.astype(np.int64).astype(np.float64)
            usual = int(np.round(np.median(np.diff(place))))
            for length, name in ((12, "year"), (3, "quarter")):
                if usual == length:
                    return place / length, name, LENGTHS[name]
            return place, "month", LENGTHS["month"]
        weekday = (days + 3) % 7  # 0 is Monday
        if (weekday < 5).all() and times.size >= 10 and np.median(np.diff(days)) == 1:
            return (days + 3) // 7 * 5.0 + weekday, "workday", DAY
    for name in ("week", "day", "hour", "minute", "second"):
        if np.median(np.diff(times)) == LENGTHS[name]:
            return times / LENGTHS[name], name, LENGTHS[name]
    return times, "", 1.0


def season(found: Beats, name: str, aim: Aim | None, names: Sequence[str]) -> Parts:
    """Rows and target by hour, weekday or month. names: of the levels, in order."""
    days = np.floor(found.times / DAY).astype(np.int64)
    if name == "hour":
        of = np.floor(found.times / 3600).astype(np.int64) % 24
    else:
        of = (days + 3) % 7 if name == "weekday" else days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    sums = np.stack([np.bincount(of, row, len(names)) for row in found.sums])
    facts = measured(sums, aim)
    bars = (Part("level", int(sums[0, k]), one, **facts[k]) for k, one in enumerate(names))
    return Parts(tuple(bar for bar in bars if bar.rows), int(sums[0].sum()))


def explained(parts: Parts, aim: Aim, squares: float) -> float | None:
    """Share of the target's variance that a season explains, corrected for its number of levels (epsilon squared, Kelley 1935). squares: the target's variance
    over all rows; None where there is too little."""
    known = [part for part in parts.bars if part.known and part.value is not None]
    n, k = sum(part.known for part in known), len(known)
    if n <= k or k < 2 or not squares > 0:
        return None
    mean = sum(part.known * (part.value or 0.0) for part in known) / n
    between = sum(part.known * ((part.value or 0.0) - mean) ** 2 for part in known)
    return max(0.0, 1 - (squares * n - between) / (n - k) / (squares * n / (n - 1)))


def seasons(low: float, high: float, found: Spacing | None) -> list[str]:
    """The seasons that a range allows, at steps fine enough to tell them apart."""
    return [name for name, (_, reach, step) in SEASONS.items() if found is not None and high - low >= reach and found.high <= step]
