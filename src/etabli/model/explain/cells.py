"""Cells and numbers as people read them, in English and French, with nothing but the standard library."""

from __future__ import annotations

import datetime
import math
import unicodedata
from typing import Any

from etabli.model.raw import Raw

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def cell(raw: Raw, value: Any, lang: str = "en", limit: int = 40) -> str:
    """A cell of a raw column: a text on one line, a date, a flag's own word, a number, or that it is missing."""
    missing = "manquant" if lang == "fr" else "missing"
    if isinstance(value, str):
        return plain(value, limit) or missing
    number = float(value)
    if math.isnan(number):
        return missing
    words = raw.reading.get("words") or ()
    if raw.kind == "flag" and len(words) == 2 and number in (0.0, 1.0):
        return plain(str(words[int(number)]), limit)
    if raw.kind == "date":
        try:
            when = _EPOCH + datetime.timedelta(seconds=number)
        except OverflowError:
            return figure(number, lang)
        return when.strftime("%Y-%m-%d" if when.time() == datetime.time() else "%Y-%m-%d %H:%M")
    return figure(number, lang)


def figure(value: float, lang: str = "en", places: int | None = None, sign: bool = False) -> str:
    """A number with so many digits after the point, or as few as say it (at most twelve)."""
    if not math.isfinite(value):
        return {"inf": "∞", "-inf": "−∞"}.get(str(value), "–")
    if places is None:
        text = f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.12g}"
        if abs(value) < 10_000 and "e" not in text:  # a year is not written 2,024
            text = text.replace(",", "")
    else:
        text = f"{round(value, places) + 0.0:,.{max(0, places)}f}"
    if sign and value > 0 and any(c in "123456789" for c in text):
        text = "+" + text
    text = text.replace("-", "−")
    return text.replace(",", "\u202f").replace(".", ",") if lang == "fr" else text


def places(*values: float) -> int:
    """Digits after the point that show three digits of the largest of these."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return max(0, min(12, 2 - math.floor(math.log10(largest)))) if largest else 3


def plain(text: str, limit: int) -> str:
    """A text on one line that does no harm to a terminal, its middle left out where it is long."""
    text = " ".join(text.split())
    text = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)
    return text if len(text) <= limit else text[: limit * 2 // 3] + "…" + text[len(text) - (limit - 1 - limit * 2 // 3) :]
