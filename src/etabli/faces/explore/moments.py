"""Where the ticks of a time axis stand and how they are written: on the beginnings of years, months, days or hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000)
SECONDS = (60.0, 300.0, 900.0, 3600.0, 10800.0, 21600.0, 43200.0, 86400.0, 172800.0, 604800.0)
MONTH = 30.44 * 86400.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a moment without zone; what the calendar does not hold becomes its first or last."""
    try:
        return EPOCH + timedelta(seconds=float(seconds))
    except OverflowError:
        return datetime.min if seconds < 0 else datetime.max


def form(low: float, high: float) -> str:
    """How a moment between two others is written."""
    days = (high - low) / 86400
    return "%Y" if days > 4400 else "%Y-%m" if days > 200 else "%Y-%m-%d" if days > 5 else "%m-%d %H:%M"


def time_ticks(low: float, high: float, about: int) -> list[tuple[float, str]]:
    """(seconds, words) of at most `about` ticks in [low, high]."""
    step = next((s for s in SECONDS if (high - low) / s <= about), 0.0)
    if step:
        first = -(-low // step)
        written = "%m-%d" if step >= 86400 else "%H:%M" if high - low < 86400 else "%m-%d %H:%M"
        return [(k * step, moment(k * step).strftime(written)) for k in range(int(first), int(high // step) + 1)]
    months = next((m for m in MONTHS if (high - low) / (m * MONTH) <= about), MONTHS[-1])
    return [(at, moment(at).strftime("%Y" if months >= 12 else "%Y-%m")) for at in _beginnings(low, high, months)]


def _beginnings(low: float, high: float, months: int) -> Iterator[float]:
    start = moment(low)
    month = -(-(start.year * 12 + start.month - 1) // months) * months
    while month // 12 <= 9999:
        at = (datetime(max(1, month // 12), month % 12 + 1, 1) - EPOCH).total_seconds()
        if at > high:
            return
        if at >= low:
            yield at
        month += months
