"""Columns that no grouping should rest on, with the reason: bookkeeping says when and in which order rows were written down, not what they are like.

Left out and told: identifiers and constants (as everywhere), dates (and years), categories with nearly a level for each row, running numbers, and free text of
few rows or whose words say nothing together (`topics.py`). `--kind COLUMN=category` (or number, ...) takes any of them back.
"""

from __future__ import annotations

import re
import shlex

import numpy as np

from etabli.errors import DataError
from etabli.records import Array, Column, Finding, Table
from etabli.structure.asked import Question
from etabli.structure.topics import LEAST, Topics, topics

LEVEL = 5  # rows that a level of a category has, in the mean, if it tells groups
RUNNING = 0.9  # share of neighbouring rows between which a running number rises by one
REASONS = {
    "date": ("a date: when a row was recorded is not what it is like", "une date : quand une ligne a été notée n'est pas ce qu'elle est"),
    "few": (f"free text, filled on fewer than {LEAST} rows", f"texte libre, rempli sur moins de {LEAST} lignes"),
    "text": (
        "free text whose words go together no more than words dealt by chance",
        "texte libre dont les mots ne vont pas plus ensemble que des mots tirés au hasard",
    ),
    "identifier": ("an identifier", "un identifiant"),
    "constant": ("one value only", "une seule valeur"),
    "levels": ("nearly a level for each row", "presque une modalité par ligne"),
    "running": ("a running number: it counts the rows", "un numéro d'ordre : il compte les lignes"),
}


def columns(question: Question, table: Table, rows: Array) -> tuple[list[str], list[Topics], list[Finding]]:
    """(the columns to look at, what those of free text say, a finding for each reason that left some out). rows: those learned from. DataError when
    no column is left."""
    kept, texts, out = list[str](), list[Topics](), dict[str, list[str]]()
    for column in table.columns:
        if column.name in (question.label, *question.ignore):
            continue
        reason = _reason(column, table.values[column.name], column.name in question.kinds)
        if column.kind == "text" and not reason:
            said = topics(table, column.name, rows, question.seed)
            texts += [said] if said is not None else []
            reason = "" if said is not None else "text"
        if reason:
            out.setdefault(reason, []).append(column.name)
        else:
            kept.append(column.name)
    if not kept:
        aside = {question.label, *question.ignore}
        told = ", ".join(f"{column.name} ({'told to ignore' if column.name in aside else column.kind})" for column in table.columns[:10])
        back = any(column.kind != "constant" and column.name not in aside for column in table.columns)
        hint = "--kind COLUMN=number (or category) takes one back" if back else "rows that are all alike, or a single one, tell no groups"
        raise DataError("at least one column must be left to look at", told, hint)
    return kept, texts, [_finding(reason, names, table) for reason, names in out.items()]


def _reason(column: Column, values: Array, declared: bool) -> str:
    if column.kind in ("identifier", "constant"):
        return column.kind
    if column.kind == "text":
        return "few" if int((values >= 0).sum()) < LEAST else ""
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


def _finding(reason: str, names: list[str], table: Table) -> Finding:
    en, fr = REASONS[reason]
    dated = reason == "date" and table.column(names[0]).kind == "date"  # a year is a number; a date read as one would be missing
    kind = "date" if dated else "category" if reason in ("levels", "few", "text") else "number"
    back = f"--kind {shlex.quote(f'{names[0]}={kind}')}"
    cure = {} if reason == "constant" else {"en": f"{back} takes it back.", "fr": f"{back} le reprend."}
    return Finding(
        "left_out",
        tuple(names),
        {"en": f"Left out: {', '.join(names)} ({en}).", "fr": f"Laissé de côté : {', '.join(names)} ({fr})."},
        cure,
        "note",
        {"reason": reason},
    )
