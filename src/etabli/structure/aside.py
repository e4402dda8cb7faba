"""Columns that no grouping should rest on, with the reason: bookkeeping says when and in which order rows were written down, not what they are like.

Left out and told: identifiers, constants and free text (as everywhere), dates (and years), categories with nearly a level for each row, and running numbers. `--kind COLUMN=category` (or number, ...)
takes any of them back.
"""

from __future__ import annotations

import re

import numpy as np

from etabli.errors import DataError
from etabli.records import Array, Column, Finding, Table
from etabli.structure.asked import Question

LEVEL = 5  # rows that a level of a category has, in the mean, if it tells groups
RUNNING = 0.9  # share of neighbouring rows between which a running number rises by one
REASONS = {
    "date": ("a date: when a row was recorded is not what it is like", "une date : quand une ligne a été notée n'est pas ce qu'elle est"),
    "text": ("free text", "texte libre"),
    "identifier": ("an identifier", "un identifiant"),
    "constant": ("one value only", "une seule valeur"),
    "levels": ("nearly a level for each row", "presque une modalité par ligne"),
    "running": ("a running number: it counts the rows", "un numéro d'ordre : il compte les lignes"),
}


def columns(question: Question, table: Table) -> tuple[list[str], list[Finding]]:
    """(the columns to look at, a finding for each reason that left some out). DataError when none is left."""
    kept, out = list[str](), dict[str, list[str]]()
    for column in table.columns:
        if column.name in (question.label, *question.ignore):
            continue
        if reason := _reason(column, table.values[column.name], column.name in question.kinds):
            out.setdefault(reason, []).append(column.name)
        else:
            kept.append(column.name)
    if not kept:
        told = ", ".join(f"{column.name} ({column.kind})" for column in table.columns[:10])
        raise DataError("at least one column must be left to look at", told, "--kind COLUMN=number (or category) takes one back")
    return kept, [_finding(reason, names) for reason, names in out.items()]


def _reason(column: Column, values: Array, declared: bool) -> str:
    if column.kind in ("text", "identifier", "constant"):
        return column.kind
    if declared:
        return ""
    if column.kind == "date" or year(column, values):
        return "date"
    if column.kind == "category" and LEVEL * column.distinct > int((values >= 0 if not column.is_double else values == values).sum()):
        return "levels"
    return "running" if column.kind == "number" and running(values) else ""


def running(values: Array) -> bool:
    """Whether numbers [rows] rise by one from nearly every row to the next, as a count of the rows does; it may start again."""
    known = values[~np.isnan(values)]
    return len(known) > 10 and bool((np.diff(known) == 1).mean() >= RUNNING)


def year(column: Column, values: Array) -> bool:
    """Whether a column is called a year and holds years: a date, coarsely."""
    if (
        column.kind not in ("number", "category")
        or not column.is_double
        or not re.search(r"(^|[\W_])(year|yr|ann[ée]e|an)$", column.name.casefold())
    ):
        return False
    known = values[~np.isnan(values)]
    return bool(len(known) and ((known == np.round(known)) & (known >= 1900) & (known <= 2100)).all())


def _finding(reason: str, names: list[str]) -> Finding:
    en, fr = REASONS[reason]
    back = f"--kind {names[0]}=" + ("category" if reason == "levels" else "number")
    return Finding(
        "left_out",
        tuple(names),
        {"en": f"Left out: {', '.join(names)} ({en}).", "fr": f"Laissé de côté : {', '.join(names)} ({fr})."},
        {"en": f"{back} takes it back.", "fr": f"{back} le reprend."},
        "note",
        {"reason": reason},
    )
