"""Dates as people write them, to seconds since 1970 UTC: ISO, day or month first, month names in French and English.

Numpy and the standard library only, because `cells.py` (which imports this) runs where nothing else is installed. Whether
"03/04/2021" is 3 April or March 4 is never decided cell by cell: `evidence` looks at a whole column, `seconds` is told.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

Doubles = np.ndarray[Any, np.dtype[np.float64]]
ORDERS = ("dmy", "mdy")
_EPOCH = datetime.date(1970, 1, 1).toordinal()

_TIME = (
    r"(?:(?:\s*[Tt]\s*|\s+|\s*,\s*|\s+à\s+|\s+at\s+)(?P<hour>[0-9]{1,2})\s?[:h]\s?(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})([-/.])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})" + _TIME)
_YEAR_LAST = re.compile(r"(?P<first>[0-9]{1,2})([-/.])(?P<other>[0-9]{1,2})\2(?P<year>[0-9]{4}|[0-9]{2})" + _TIME)
_YEAR_MONTH = re.compile(r"(?P<year>[0-9]{4})[-/](?P<month>[0-9]{2})")
_QUARTER = re.compile(r"(?:(?P<year>[0-9]{4})[ -]?[QT](?P<quarter>[1-4])|[QT](?P<quarter2>[1-4])[ -](?P<year2>[0-9]{4}))")
_NAMED = re.compile(r"(?P<words>[^:]*?[0-9]{4}|[^:]*?[^0-9:]\s?[0-9]{2}|[^:]*?)" + _TIME)
_ORDINAL = re.compile(r"([0-9]+)(?:st|nd|rd|th|er|ere|e)?")

_NAMES = (
    "january jan janvier janv,february feb fevrier fevr fev,march mar mars,april apr avril avr,may mai,june jun juin,july jul juillet juil,"
    "august aug aout,september sep sept septembre,october oct octobre,november nov novembre,december dec decembre"
)
MONTHS = {name: number for number, names in enumerate(_NAMES.split(","), 1) for name in names.split()}
_FILLERS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim de of le the du".split()
)


def _plain(text: str) -> str:
    """Lower case, no accents: 'Février' and 'fevrier' are one month."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _year(text: str) -> int:
    """Two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068 (the POSIX rule)."""
    return int(text) if len(text) == 4 else int(text) + (1900 if int(text) >= 69 else 2000)


def _named(words: str) -> tuple[int, int, int] | None:
    """(year, month, day) of '6 avril 2021', 'April 6th, 2021', 'mar. 1er juin 21', 'Apr 2021'."""
    tokens = [token for token in re.split(r"[\s,./-]+", _plain(words)) if token]
    months = [i for i, token in enumerate(tokens) if token in MONTHS and not (token in ("mar", "mer") and len(tokens) > 3 and i == 0)]
    if len(months) != 1:
        return None
    numbers = []
    for token in tokens[: months[0]] + tokens[months[0] + 1 :]:
        match = _ORDINAL.fullmatch(token)
        if match:
            numbers.append(match[1])
        elif token not in _FILLERS and token not in ("mar", "mer"):
            return None
    month = MONTHS[tokens[months[0]]]
    if len(numbers) == 1 and len(numbers[0]) == 4:
        return int(numbers[0]), month, 1
    if len(numbers) != 2:
        return None
    day, year = (numbers[1], numbers[0]) if len(numbers[0]) == 4 else (numbers[0], numbers[1])
    return (_year(year), month, int(day)) if len(year) in (2, 4) and len(day) <= 2 else None


def _clock(match: re.Match[str]) -> float | None:
    """Seconds after midnight UTC of a match's time part (0 when it has none); None when there is no such time."""
    if match["hour"] is None:
        return 0.0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    away, zone = 0, match["zone"] or ""
    if zone[:1] in ("+", "-"):
        digits = zone[1:].replace(":", "")
        away = (int(digits[:2]) * 60 + int(digits[2:] or 0)) * (60 if zone[0] == "+" else -60)
    return hour * 3600 + minute * 60 + second + float("0." + (match["fraction"] or "0")) - away


@lru_cache(maxsize=100_000)
def one(text: str, order: str = "dmy") -> float | None:
    """Seconds since 1970 UTC, None when the text is no date. A time without a zone is taken as UTC; '1998 Q1' and '1949-01'
    are their first day."""
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        parts: tuple[int, int, int] | None = int(match["year"]), int(match["month"]), int(match["day"])
    elif match := _YEAR_LAST.fullmatch(text):
        day, month = (match["first"], match["other"]) if order == "dmy" else (match["other"], match["first"])
        parts = _year(match["year"]), int(month), int(day)
    elif short := _YEAR_MONTH.fullmatch(text):
        parts = int(short["year"]), int(short["month"]), 1
    elif short := _QUARTER.fullmatch(text):
        parts = int(short["year"] or short["year2"]), 3 * int(short["quarter"] or short["quarter2"]) - 2, 1
    elif len(text) <= 60 and any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and (match := _NAMED.fullmatch(text)):
        parts = _named(match["words"])
    else:
        return None
    if parts is None:
        return None
    clock = 0.0 if match is None else _clock(match)
    try:
        return None if clock is None else (datetime.date(*parts).toordinal() - _EPOCH) * 86400.0 + clock
    except ValueError:
        return None


def evidence(texts: Iterable[str]) -> dict[str, int]:
    """What settles a column's order: {"dmy": texts only day-first reads, "mdy": only month-first, "either": both}."""
    found = {"dmy": 0, "mdy": 0, "either": 0}
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match:
            first, other = int(match["first"]), int(match["other"])
            if first <= 31 and other <= 31 and min(first, other) <= 12:
                found["dmy" if first > 12 else "mdy" if other > 12 else "either"] += 1
    return found


def uniform(texts: Sequence[str], order: str = "dmy") -> Doubles | None:
    """All texts at once when they share one layout of fixed width ('2021-04-03', '03/04/2021 10:20'); None when they do not.
    Same answers as `one`."""
    if not len(texts):
        return None
    first = texts[0]
    match = _YEAR_FIRST.fullmatch(first) or _YEAR_LAST.fullmatch(first)
    if not match or match["half"] or (match["zone"] or "Z")[0] in "+-" or not first.isascii():
        return None
    array = np.array(texts)
    width = len(first)
    if array.dtype.kind != "U" or array.dtype.itemsize != 4 * width:
        return None
    codes = array.view(np.uint32).reshape(len(texts), width).astype(np.int64) - 48
    shape = np.array([c.isdigit() for c in first])
    if ((codes[:, shape] < 0) | (codes[:, shape] > 9)).any() or (codes[:, ~shape] != codes[0, ~shape]).any():
        return None

    def number(group: str) -> Any:
        start, end = match.span(group)
        return codes[:, start:end] @ 10 ** np.arange(end - start - 1, -1, -1) if start >= 0 else 0

    names = match.groupdict()
    if "day" in names:
        year, month, day = number("year"), number("month"), number("day")
    else:
        year = number("year")
        if len(match["year"]) == 2:
            year = year + np.where(year >= 69, 1900, 2000)
        day, month = (number("first"), number("other")) if order == "dmy" else (number("other"), number("first"))
    hour, minute, second = number("hour"), number("minute"), number("second")
    if np.any((year < 1) | (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) | (second > 59)):
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    if (days.astype("datetime64[M]") != months).any():  # 31 April
        return None
    fraction = number("fraction") / 10.0 ** len(match["fraction"]) if match["fraction"] else 0.0
    return np.asarray(days.astype(np.int64) * 86400.0 + (hour * 3600 + minute * 60 + second + fraction), np.float64)
