"""Identifiers that do not look like one: the row number shuffled, a number drawn for the row, a hash, a position in the file with a little
noise. A model cannot learn from them honestly; what it learns is the order in which the file was made.

Read off the values alone, each by what an identifier cannot help being and a measurement hardly is: whole numbers without a gap and
without a repeat; a rank correlation beyond 0.995 with the position in the file in a column that is never the same twice; large whole numbers, all
different, of one length, spread evenly from the first to the last (Kolmogorov and Smirnov's distance); words of one length, mostly
different, of digits and letters mixed at random.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from etabli.data.audit.measure import one_way
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Column, Finding

FEWEST = 50
ORDER = 0.995  # rank correlation with the position in the file
DIGITS = 5  # of a number that may have been drawn for the row
EVEN = 1.36  # 5 % point of the distance times the root of the rows
HASH = re.compile(r"(?=.*\d)[0-9a-f]{6,}|(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{6,}|\d{6,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
HOW = {
    "permuted": (
        "holds every whole number from {a} to {b} once, as row numbers do when the rows are shuffled",
        "contient chaque entier de {a} à {b} une fois, comme des numéros de ligne mélangés",
    ),
    "position": (
        "follows the position in the file (rank correlation {v})",
        "suit la position dans le fichier (corrélation de rangs {v})",
    ),
    "drawn": (
        "holds {n} different whole numbers of one length, spread evenly from {a} to {b}, as numbers given to rows are",
        "contient {n} entiers différents de même longueur, étalés de {a} à {b}, comme des numéros attribués aux lignes",
    ),
    "hash": (
        "holds {n} different words of one length that look like hashes or codes of rows",
        "contient {n} mots différents de même longueur qui ressemblent à des empreintes ou codes de lignes",
    ),
}


def find(view: View) -> Iterable[Finding]:
    """A warning for each number or word that is an identifier in disguise; those known by their name or kind are `identifier`'s."""
    if view.rows.size < FEWEST:
        return
    for column in view.features:
        hit = _number(view, column) if column.kind == "number" and view.is_number(column) else _word(view, column)
        if hit is None:
            continue
        how, facts = hit
        en, fr = HOW[how]
        yield Finding(
            "disguised",
            (column.name,),
            words("{c} " + en, "{c} " + fr, c=[column.name], **facts),
            words("if it names the row or its place: {f}", "si elle nomme la ligne ou sa place : {f}", f=flag("--ignore", [column.name])),
            "warn" if how in ("permuted", "position") else "note",
            {"how": how, **facts},
        )


def _number(view: View, column: Column) -> tuple[str, dict[str, object]] | None:
    if view.distinct(column) < 0.9 * view.rows.size:
        return None
    values = view.values(column)
    if np.isnan(values).any() or one_way(values):
        return None  # `time_order` names what goes one way
    distinct, low, high = int(np.unique(values).size), float(values.min()), float(values.max())
    if distinct < values.size:
        return None
    facts: dict[str, object] = {"a": low, "b": high, "n": distinct}
    if view.is_whole(column):
        if high - low == values.size - 1:
            return "permuted", facts
        if len(f"{abs(low):.0f}") == len(f"{abs(high):.0f}") >= DIGITS and low > 0 and _even(values, low, high):
            return "drawn", facts
    rank = _position(values)
    return ("position", {"v": round(rank, 4)}) if abs(rank) > ORDER else None


def _position(values: Array) -> float:
    """Rank correlation of the values with their place."""
    rank = np.argsort(np.argsort(values, kind="stable")).astype(float)
    return float(np.corrcoef(rank, np.arange(rank.size))[0, 1])


def _even(values: Array, low: float, high: float) -> bool:
    """Whether the values are spread as evenly between their ends as uniform numbers would be, over most of their length's range."""
    place = (np.sort(values) - low) / (high - low)
    distance = float(np.abs(place - (np.arange(values.size) + 0.5) / values.size).max())
    return distance * np.sqrt(values.size) < EVEN and high - low > 0.5 * 10.0 ** (len(f"{high:.0f}") - 1)


def _word(view: View, column: Column) -> tuple[str, dict[str, object]] | None:
    if column.kind not in ("category", "text") or column.name not in view.table.levels:
        return None
    distinct = view.distinct(column)
    if distinct < 0.5 * view.rows.size:
        return None
    levels = view.table.levels[column.name]
    looked = [levels[code] for code in np.unique(np.asarray(view.table.values[column.name])[view.sample[:1_000]]) if code >= 0]
    if len({len(level) for level in looked}) != 1 or not all(HASH.fullmatch(level) for level in looked):
        return None
    return "hash", {"n": distinct}
