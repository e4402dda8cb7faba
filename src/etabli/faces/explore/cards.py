"""A card per column: what it is, what is missing and what hides as missing, its picture with the target, how strong the relation is, and what was warned.

Counts of missing cells are of all rows (the reader counted them); pictures and strengths are of the sample, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from etabli.faces.explore.aim import Aim
from etabli.faces.explore.labels import cell
from etabli.faces.explore.parts import Parts, sampled
from etabli.faces.explore.strength import Strength, strength
from etabli.faces.words import plain
from etabli.records import Column, Finding, Table

READ = ("hidden-missing", "missing-texts", "words-as-missing")  # what the reader found hidden, and read as missing
TOLD = 0.5  # share of the rows from which one value is said in words
ORDERS = ("file", "strength", "missing", "name")


@dataclass(frozen=True)
class Hidden:
    """A text or number that stands for "missing". rows: that hold it. counted: whether it was read as missing, or is still taken for a value."""

    text: str
    rows: int
    counted: bool


@dataclass(frozen=True)
class Card:
    """empty: cells with nothing in them; hidden: apart. distinct: different values (at least so many, where they were seen in a sample).
    findings: numbers of the findings that name the column. common: (value, share) of a number that half of the rows share, or None."""

    column: Column
    parts: Parts
    strength: Strength | None
    empty: int
    hidden: tuple[Hidden, ...]
    distinct: int
    examples: tuple[str, ...]
    findings: tuple[int, ...]
    common: tuple[str, float] | None = None


def hidden(column: Column, findings: Sequence[Finding], rows: int) -> tuple[Hidden, ...]:
    """What hides as missing in a column: the reader's counts, then what the audit suspects. rows: of the file."""
    found = []
    for finding in findings:
        if column.name not in finding.columns:
            continue
        if finding.code in READ:
            details = finding.evidence.get("columns", {}).get(column.name, {})
            counts = details.items() if isinstance(details, Mapping) else ()
            found += [Hidden(plain(text, 24), int(n), True) for text, n in counts if isinstance(n, int)]
        elif finding.code == "hidden_missing" and isinstance(finding.evidence.get("value"), float):
            found.append(Hidden(f"{finding.evidence['value']:g}", int(finding.evidence.get("rows", 0)), False))
        elif finding.code == "missing_level" and column.name in finding.evidence.get("levels", {}):
            share = float(finding.evidence["shares"][column.name])
            found.append(Hidden(plain(finding.evidence["levels"][column.name], 24), round(share * rows), False))
    return tuple(found)


def examples(table: Table, column: Column, lang: str = "en", count: int = 3) -> tuple[str, ...]:
    """The first different values of the sample, as people read them."""
    values = np.asarray(table.values[column.name])[:2_000]
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values[values >= 0]
    first = [there[k] for k in sorted(np.unique(there, return_index=True)[1])[:count]] if there.size else []
    return tuple(cell(column, float(v), lang) if column.is_double else plain(table.levels[column.name][int(v)], 60) for v in first)


def card(
    table: Table,
    column: Column,
    aim: Aim | None,
    findings: Sequence[Finding],
    rows: int,
    lang: str = "en",
    found: Strength | None = None,
    columns: int = 1,
) -> Card:
    """The card of one column. table: the sample. rows: of the file. found: its strength, where it is known already. columns: of the file."""
    parts = sampled(table, column, aim)
    hides = hidden(column, findings, rows)
    measured = found
    if measured is None and aim is not None and aim.name != column.name:
        measured = strength(table, column, aim, columns)
    return Card(
        column,
        parts,
        measured,
        max(0, column.missing_count - sum(one.rows for one in hides if one.counted)),
        hides,
        column.distinct,
        examples(table, column, lang),
        tuple(k for k, finding in enumerate(findings) if column.name in finding.columns),
        _common(parts, column, lang),
    )


def _common(parts: Parts, column: Column, lang: str) -> tuple[str, float] | None:
    """The number that most rows share, where it stands aside or is a bar of its own."""
    alone = [part for part in parts.every if part.kind == "value"]
    top = max(alone, key=lambda part: part.rows, default=None)
    if top is None or column.kind == "constant" or (top is not parts.spike and top.rows < TOLD * parts.rows) or len(alone) == 2:
        return None
    return cell(column, top.begin, lang), top.rows / parts.rows


def strengths(table: Table, columns: Sequence[Column], aim: Aim) -> dict[str, Strength]:
    """The strength of every column but the target."""
    return {column.name: strength(table, column, aim, len(columns)) for column in columns if column.name != aim.name}


def ordered(columns: Sequence[Column], order: str, found: Mapping[str, Strength]) -> list[Column]:
    """Columns as asked: "file", "strength" (the strongest first, the target before all), "missing" (the most first), "name"."""
    if order == "strength" and found:
        return sorted(columns, key=lambda column: -found[column.name].size if column.name in found else -2.0)
    if order == "missing":
        return sorted(columns, key=lambda column: -column.missing_count)
    return sorted(columns, key=lambda column: column.name.casefold()) if order == "name" else list(columns)


def searched(columns: Sequence[Column], text: str) -> list[Column]:
    """Columns whose name holds the text, in any case; those that begin with it first."""
    asked = text.strip().casefold()
    held = [column for column in columns if asked in column.name.casefold()]
    return sorted(held, key=lambda column: not column.name.casefold().startswith(asked)) if asked else held
