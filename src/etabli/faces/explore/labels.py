"""How values, bars and the target's figures are written: short, in the reader's language, and the same in a picture, its table and its description."""

from __future__ import annotations

import math

from etabli.faces.explore.aim import Aim
from etabli.faces.explore.calendar import shown
from etabli.faces.explore.parts import Part, Parts
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import NONE, count, decimals, number, real, share
from etabli.records import Column


def compact(value: float | None, lang: str = "en", digits: int = 4) -> str:
    """A number for a tick: 12k, 1.5M, 0.025, 1987; a dash for none."""
    amount = real(value)
    if amount is None:
        return NONE
    size = abs(amount)
    for power, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if power <= size < 1e15:
            scale = 1e3 if unit == "k" else power
            return _trimmed(amount / scale, lang, 3 if unit != "k" else digits) + unit
    if size >= 1e15 or 0 < size < 1e-4:
        return number(amount, lang)
    return _trimmed(amount, lang, digits)


def _trimmed(amount: float, lang: str, digits: int) -> str:
    """With that many digits that mean something, and no zeros at the end."""
    places = max(0, digits - 1 - math.floor(math.log10(abs(amount)))) if amount else 0
    text = number(amount, lang, min(places, 6), tiny=False)
    mark = "," if lang == "fr" else "."
    return text.rstrip("0").rstrip(mark) if mark in text else text


def cell(column: Column, value: float | None, lang: str = "en", period: str = "") -> str:
    """One value of a column of doubles, in full."""
    if value is None or not math.isfinite(value):
        return NONE
    if column.reading.get("parse", column.kind) == "date":
        return shown(value, period or "second", lang)
    words = column.reading.get("words")
    if column.kind == "flag" and words and value in (0.0, 1.0):
        return plain(words[int(value)], 40)
    if float(value).is_integer() and abs(value) < 1e9:
        return plain(f"{value:.0f}") if 1000 <= abs(value) < 3000 else count(value, lang)  # years, and what looks like them, as they are
    return _trimmed(value, lang, 6) if 1e-4 <= abs(value) < 1e9 else number(value, lang)


def named(part: Part, column: Column, parts: Parts, lang: str = "en") -> str:
    """A bar in words: "20 to 25", "95 and more", "Private", "36 other levels", "missing"."""
    if part.kind == "missing":
        return say("col.missing", lang)
    if part.kind == "others":
        return say("col.others", lang, n=part.levels, count=count(part.levels, lang))
    if part.kind == "level":
        return plain(part.name, 60) or say("col.blank", lang)
    period = parts.bins.period if parts.bins else ""
    begin, end = cell(column, part.begin, lang, period), cell(column, part.end, lang, period)
    if part.kind == "value":
        return begin
    if part.begin is None:
        return say("col.below", lang, end=end) if part.end is not None else say("col.all", lang)
    if part.end is None:
        return say("col.above", lang, begin=begin)
    return begin if period else say("col.range", lang, begin=begin, end=end)


def figure(aim: Aim, value: float | None, lang: str = "en", low: float | None = None, high: float | None = None) -> str:
    """The target's mean or rate, with as many digits as its interval supports."""
    if value is None or not math.isfinite(value):
        return NONE
    if aim.share:
        wide = (high - low) if low is not None and high is not None else 0.1
        return share(value, lang, 0 if wide > 0.1 else 1)
    places = decimals(aim.low, aim.high, aim.value)
    return number(value, lang, min(places, 6), tiny=False) if abs(value) < 1e5 else compact(value, lang)


def reach(aim: Aim, part: Part, lang: str = "en") -> str:
    """The interval of a bar's figure in words, "" where there is none."""
    if part.low is None or part.high is None:
        return ""
    low, high = (figure(aim, v, lang, part.low, part.high) for v in (part.low, part.high))
    return say("to", lang, low=low, high=high)


def what(aim: Aim, lang: str = "en") -> str:
    """What is drawn over: "mean of price", "rate of income = >50K"."""
    name = plain(aim.name, 40)
    return say("col.rate", lang, target=name, label=plain(aim.label, 30)) if aim.share else say("col.mean", lang, target=name)


def tiny(value: float, lang: str) -> str:
    """A share that is never shown as nought when it is not."""
    return share(value, lang, 0 if value > 0.0995 else 1) if value >= 0.001 or not value else "<\u00a0" + share(0.001, lang)
