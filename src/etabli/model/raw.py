"""A raw column as the file wants it: cells of any Python or numpy kind to float64 (NaN missing) or to text ("" missing).

A cell that is text is read by `data/cells.py`, by the very code and facts that read the training file: "1 234,5" means here
what it meant there. A cell that already is a number, a flag or a date is taken for what it is. A cell that cannot be read is missing, and counted.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.data import cells

Array = np.ndarray[Any, np.dtype[Any]]
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Raw:
    """A column the model reads, from the card. nth: which of the columns with this header, counted from 0.
    may_miss: it had missing cells in training, so that it may be left out. known: the card's levels (the most frequent)."""

    name: str
    header: str
    nth: int
    kind: str
    double: bool
    reading: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    may_miss: bool = False
    low: float | None = None
    high: float | None = None
    known: tuple[str, ...] = ()

    @property
    def pointed(self) -> bool:
        """Levels are written like "1.0": the column was text made from floats."""
        return any(level.endswith(".0") for level in self.known)

    @property
    def worded(self) -> bool:
        """A flag whose two texts are numbers other than 0 and 1 ("1" and "2"): a number given for it is such a text."""
        words = {str(word).casefold() for word in self.reading.get("words", ())}
        return self.reading.get("parse") == "flag" and not words <= cells.TRUE | cells.FALSE and any(word[:1].isdigit() for word in words)


def numbers(values: Any, raw: Raw) -> tuple[Array, list[str]]:
    """float64 [rows] and the cells that could not be read, each as often as it came (they are NaN). values: a sequence or 1-d array of cells."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return _seconds(values), []
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        if raw.worded and values.dtype.kind != "b":
            return _read([text(value) for value in values.tolist()], raw)
        return values.astype(np.float64), []
    if isinstance(values, np.ndarray):
        values = values.tolist() if values.dtype.kind == "U" else list(values)
    if {*map(type, values)} <= {str}:
        return _read(values, raw)
    made = np.full(len(values), np.nan)
    cut: list[str] = []
    places: list[int] = []
    for place, value in enumerate(values):
        number = _number(value)
        if number is None or (raw.worded and not isinstance(value, (bool, np.bool_)) and number == number):
            cut.append(text(value))
            places.append(place)
        else:
            made[place] = number
    if not cut:
        return made, []
    made[places], unread = _read(cut, raw)
    return made, unread


def _read(cut: Sequence[str], raw: Raw) -> tuple[Array, list[str]]:
    made, kinds = cells.values(cut, raw.reading, raw.missing)
    if not kinds:
        return made, []
    bad = frozenset(kinds)
    return made, [cell for cell in map(str.strip, cut) if cell in bad]


def _seconds(values: Array) -> Array:
    late = np.isnat(values)
    # whole seconds and the rest apart: nanoseconds since 1970 do not fit a double exactly
    whole = values.astype("datetime64[s]")
    seconds = whole.astype(np.int64).astype(np.float64) + (values - whole) / np.timedelta64(1, "s")
    return np.where(late, np.nan, seconds)


def _number(value: Any) -> float | None:
    """The number a cell is; NaN when it is missing; None when it is a text that must be read."""
    kind = type(value)
    if kind is float or kind is bool:
        return float(value)
    if value is None:
        return math.nan
    if isinstance(value, str):
        return None
    if isinstance(value, datetime.datetime):  # pandas' Timestamp and NaT too
        if value != value:
            return math.nan
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return (aware - _EPOCH).total_seconds()
    if isinstance(value, datetime.date):
        return float((value - _EPOCH.date()).days * 86400)
    if isinstance(value, np.datetime64):
        return float(_seconds(np.array([value]))[0])
    try:
        return float(value)  # numpy's scalars, Decimal, Fraction
    except OverflowError:  # an integer beyond every double: infinite, which the file reads as missing
        return math.inf
    except (TypeError, ValueError):
        return math.nan if _is_missing(value) else None


def texts(values: Any, raw: Raw) -> Array:
    """object [rows] of str, "" where the cell is missing."""
    if isinstance(values, np.ndarray):
        values = values.tolist() if values.dtype.kind != "M" else values.astype(str)
    pointed = raw.pointed
    made = cells.texts([value if type(value) is str else text(value, pointed) for value in values], raw.reading, raw.missing)
    array = np.empty(len(made), object)
    array[:] = made
    return array


def text(value: Any, pointed: bool = False) -> str:
    """The text of a cell of a string column. A whole number is written without a point, unless the column's levels have it."""
    if value is None:
        return ""
    if isinstance(value, (str, np.str_)):
        return str(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if math.isnan(number):
            return ""
        return str(int(number)) if number.is_integer() and abs(number) < 1e16 and not pointed else repr(number)
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return f"{int(value)}.0" if pointed else str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if _is_missing(value) else str(value)


def encodable(values: Array) -> Array:
    """The same texts with lone surrogates (undecodable bytes of a file) replaced, so that they are UTF-8."""
    made = np.empty(values.shape, object)
    made.ravel()[:] = [str(value).encode("utf-8", "replace").decode() for value in values.ravel()]
    return made


def _is_missing(value: Any) -> bool:
    try:
        return bool(value != value)
    except (TypeError, ValueError, ArithmeticError):  # pandas' NA is neither true nor false; Decimal's signalling NaN refuses
        return True
