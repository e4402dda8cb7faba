"""Periods of the calendar (hours to centuries): which suits a range, and where they begin, in seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from etabli.records import Array

DAY = 86_400.0
LENGTHS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": DAY, "week": 7 * DAY, "month": 30.44 * DAY, "quarter": 91.31 * DAY, "year": 365.24 * DAY, "decade": 3652.4 * DAY}  # fmt: skip
MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
EPOCH = datetime(1970, 1, 1)


def period(low: float, high: float, about: int) -> str:
    """The shortest period of which at most twice `about` cover the range."""
    return next((name for name, length in LENGTHS.items() if (high - low) / length <= 2 * about), "decade")


def begins(low: float, high: float, name: str) -> Array:
    """float64: the beginnings of the periods from that of `low` to the one after `high`."""
    if name not in MONTHS:
        length = LENGTHS[name]
        shift = 4 * DAY if name == "week" else 0.0  # 1970 began on a Thursday, weeks begin on Mondays
        return np.asarray(np.arange(np.floor((low - shift) / length), np.floor((high - shift) / length) + 2) * length + shift, np.float64)
    return np.array(list(_months(low, high, MONTHS[name])), np.float64)


def _months(low: float, high: float, step: int) -> Iterator[float]:
    """Beginnings of every `step` months; years run from 1 to 9999, as Python's calendar does."""
    first = moment(low)
    month = ((first.year * 12 + first.month - 1) // step) * step
    while True:
        year = month // 12
        if year > 9999:
            yield high + 1.0
            return
        at = (datetime(max(1, year), month % 12 + 1 if year >= 1 else 1, 1) - EPOCH).total_seconds()
        yield min(at, low) if year < 1 else at
        if at > high:
            return
        month += step


def steps(low: float, high: float, about: int) -> tuple[str, Array]:
    """(period, edges): the calendar's steps over a range; of a range too long for decades, equal parts and no period."""
    name = period(low, high, about)
    if (high - low) / LENGTHS[name] > 12 * about:
        return "", np.linspace(low, high + max(1.0, (high - low) * 1e-9), about + 1)
    edges = begins(low, high, name)
    return name, edges


def moment(seconds: float) -> datetime:
    """The moment in UTC, without zone; what the calendar does not hold becomes its first or last."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min if seconds < 0 else datetime.max.replace(microsecond=0)


def shown(seconds: float, name: str, lang: str = "en") -> str:
    """The beginning of a period as people write it: 2021, 2021 Q2 (T2), 2021-04, 2021-04-03, 2021-04-03 14:00."""
    at = moment(round(seconds))
    if name in ("year", "decade"):
        return f"{at.year}"
    if name == "quarter":
        return f"{at.year} {'T' if lang == 'fr' else 'Q'}{(at.month + 2) // 3}"
    if name == "month":
        return f"{at.year}-{at.month:02d}"
    if name in ("day", "week") or not (at.hour or at.minute or at.second):
        return at.date().isoformat()
    return at.isoformat(sep=" ", timespec="seconds" if at.second else "minutes")
