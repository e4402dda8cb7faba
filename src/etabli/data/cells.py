"""Cell texts to values: the one reading of numbers, flags, dates and missing texts, at fitting and at prediction alike.

Imports numpy, the standard library and its like-minded neighbour `dates.py` only: `model/load.py` reads a new CSV with it where
nothing else is installed. All judgement was made at fitting time and is in `Column.reading` (JSON-able):

    {"parse": "number", "decimal": ".", "group": "", "affixes": ["$"]}   group: "," or "." where it parts thousands
    {"parse": "flag", "words": ["FALSE", "TRUE"]}                        the texts of 0 and 1
    {"parse": "date", "order": "dmy"}
    {"parse": "text", "keep": ["NA"]}                                    texts that are levels here though they look missing

Spaces of any width and apostrophes always part thousands, as they can mean nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from etabli.data import dates

Doubles = np.ndarray[Any, np.dtype[np.float64]]

STANDARD = frozenset({"NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "<NA>", "#N/A", "NaT", "\\N"})
"""Texts that mean missing in any column. "None" is not here: in a column of words it is a level ("there is none")."""
HIDDEN = frozenset({"?", "-", "--", "."})
"""Marks people type for missing: read as missing in any column, and said."""
WORDLY = frozenset(
    "none nil na null unknown unk inconnu inconnue missing manquant manquante absent empty vide undefined nd n.d. nc n.c. n.a. ??".split()
) | {
    "not available", "not applicable", "non disponible", "non renseigné", "non renseigne", "sans objet", "(null)", "#div/0!", "#value!", "#valeur!", "#ref!", "#num!", "#nombre!", "#name?", "#nom?",
}  # fmt: skip
"""Words (casefolded) that mean missing among numbers and dates only; elsewhere they are levels."""
CURRENCIES = ("€", "$", "£", "¥", "₹", "₽", "₩", "₺", "EUR", "USD", "GBP", "CHF", "CAD", "AUD", "JPY", "CNY", "US$")
PERCENT = ("%", "‰")
TRUE, FALSE = frozenset({"true", "vrai", "t", "1", "1.0"}), frozenset({"false", "faux", "f", "0", "0.0"})
SPACES = " \u00a0\u202f\u2009"
APOSTROPHES = "'\u2019"
_INFINITE = frozenset({"inf", "infinity", "infini", "∞"})


def values(texts: Sequence[str | None], reading: Mapping[str, Any], missing: Sequence[str] = ()) -> tuple[Doubles, list[str]]:
    """Cells as float64 [rows] and the distinct texts that could not be read, in order of appearance (they are NaN).

    NaN stands for blanks, STANDARD, HIDDEN, WORDLY and this column's `missing` texts; infinities (also "1e400") are unread.
    Flags are 0 and 1, dates seconds since 1970 UTC.
    """
    parse = str(reading.get("parse", "number"))
    if parse == "number":
        quick = _plain(texts, str(reading.get("decimal", ".")))
        if quick is not None:
            return quick, []
    if parse == "date":
        filled = [text for text in texts if text]
        quick = dates.uniform(filled, str(reading.get("order", "dmy")))
        if quick is not None:
            out = np.full(len(texts), np.nan)
            out[[i for i, text in enumerate(texts) if text]] = quick
            return out, []
    read = {"number": _number, "flag": _flag, "date": _date}[parse](reading)
    skip, unread = frozenset(missing), []
    known: dict[str | None, float] = {}
    for text in dict.fromkeys(texts):
        cell = (text or "").strip()
        if not cell or cell in STANDARD or cell in HIDDEN or cell in skip or cell.casefold() in WORDLY:
            known[text] = math.nan
            continue
        value = read(cell)
        if value is None or math.isinf(value):
            unread.append(cell)
            value = math.nan
        known[text] = value
    return np.fromiter((known[text] for text in texts), np.float64, len(texts)), list(dict.fromkeys(unread))


def texts(cells: Sequence[str | None], reading: Mapping[str, Any] | None = None, missing: Sequence[str] = ()) -> list[str]:
    """Cells of a string column as the model file takes them: surrounding white space removed, "" for missing."""
    keep = frozenset((reading or {}).get("keep", ()))
    gone = (STANDARD | HIDDEN | frozenset(missing)) - keep
    known = {cell: (cell or "").strip() for cell in dict.fromkeys(cells)}
    known = {cell: "" if text in gone else text for cell, text in known.items()}
    return [known[cell] for cell in cells]


def is_missing(text: str, reading: Mapping[str, Any] | None = None, missing: Sequence[str] = ()) -> bool:
    """Whether a string column's cell counts as missing."""
    return texts([text], reading, missing) == [""]


# numbers -----------------------------------------------------------------------------------------------------------------


def _plain(cells: Sequence[str | None], decimal: str) -> Doubles | None:
    """All plain decimals (blanks are NaN) at the speed of float(); None as soon as one cell needs more thought."""
    try:
        text = "".join(cells)  # type: ignore[arg-type]
        if not text.isascii() or "_" in text or (decimal == "," and "." in text):  # float() would take 1_000 and other scripts' digits
            return None
        if decimal == ",":
            cells = [cell.replace(",", ".") for cell in cells]  # type: ignore[union-attr]
        out = np.fromiter((float(cell) if cell else math.nan for cell in cells), np.float64, len(cells))
    except (ValueError, TypeError):
        return None
    return None if np.isinf(out).any() else out


@lru_cache(maxsize=1000)
def pattern(decimal: str, group: str, affixes: tuple[str, ...]) -> re.Pattern[str]:
    """What a number looks like under a reading; groups open, sign, sign2, whole, fraction, power."""
    marks = re.escape(SPACES + APOSTROPHES + group)
    affix = "(?:" + "|".join(re.escape(a) for a in sorted(affixes, key=len, reverse=True)) + ")?" if affixes else ""
    gap = f"[{SPACES}]*"
    whole = rf"[1-9][0-9]{{0,2}}(?:(?P<mark>[{marks}])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*)|[0-9]+"
    return re.compile(
        rf"(?P<open>\()?(?P<sign>[-+−])?{gap}{affix}{gap}(?P<sign2>[-+−])?{gap}(?P<whole>{whole})?(?:{re.escape(decimal)}(?P<fraction>[0-9]*))?"
        rf"(?:[eE](?P<power>[-+]?[0-9]+))?{gap}{affix}(?P<close>\))?"
    )


def number(text: str, decimal: str = ".", group: str = "", affixes: tuple[str, ...] = ()) -> float | None:
    """One stripped cell as a number; None when it is none. '(12)' is minus 12, as accountants write."""
    match = pattern(decimal, group, affixes).fullmatch(text)
    if (
        not match
        or not (match["whole"] or match["fraction"])
        or bool(match["open"]) != bool(match["close"])
        or (match["sign"] and match["sign2"])
    ):
        return math.inf if text.casefold().lstrip("+-−") in _INFINITE else None
    digits = "".join(c for c in match["whole"] or "0" if c.isdigit())
    negative = bool(match["open"]) != ((match["sign"] or match["sign2"] or "+") in "-−")
    return (-1.0 if negative else 1.0) * float(f"{digits}.{match['fraction'] or '0'}e{match['power'] or '0'}")


def _number(reading: Mapping[str, Any]) -> Callable[[str], float | None]:
    decimal, group, affixes = str(reading.get("decimal", ".")), str(reading.get("group", "")), tuple(reading.get("affixes", ()))
    return lambda cell: number(cell, decimal, group, affixes)


def _flag(reading: Mapping[str, Any]) -> Callable[[str], float | None]:
    low, high = (str(word).casefold() for word in reading.get("words", ("0", "1")))
    known = {**dict.fromkeys(FALSE, 0.0), **dict.fromkeys(TRUE, 1.0), low: 0.0, high: 1.0}
    return lambda cell: known.get(cell.casefold())


def _date(reading: Mapping[str, Any]) -> Callable[[str], float | None]:
    order = str(reading.get("order", "dmy"))
    return lambda cell: dates.one(cell, order)
