"""Columns that stop, or start, at some moment: a sensor that fails, a question added to the form, a code that is filled no more. From
there on the column is empty or the same in every row, and what a model learned from the other rows is not what new rows will look like.

Rows are taken in order of time (the first column that may be one, else the file). The run of equal cells at either end is compared with
what chance makes: it is said where a run so long has a chance of less than one in a million among cells that are equal as often as the
rest of the column's are, and where it is three times longer than every other run of equal cells, so that sorted files and slowly
changing columns are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.time_order import candidate_times
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.data.forward import times
from etabli.records import Array, Column, Finding

CHANCE, LONGER, SHARE, FEWEST = 1e-6, 3.0, 0.02, 20


def find(view: View) -> Iterable[Finding]:
    """One warning for the columns that stop (a note where no column is a time), one note for those that start."""
    if view.rows.size < 5 * FEWEST:
        return
    candidates = candidate_times(view.table, view.target, tuple(view.ignore))
    by = candidates[0] if candidates else ""
    order = np.argsort(times(view.table, by)[view.rows], kind="stable") if by else np.arange(view.rows.size)
    stop: list[tuple[Column, int]] = []
    start: list[tuple[Column, int]] = []
    for column in view.features:
        if column.name in candidates or column.kind == "date":
            continue
        values = view.values(column)[order]
        if run := _run(values[::-1]):
            stop.append((column, run))
        elif run := _run(values):
            start.append((column, run))
    where = (", in order of {b}", ", dans l'ordre de {b}") if by else (", in the order of the file", ", dans l'ordre du fichier")
    for found, code, level, en, fr in (
        (
            stop,
            "stopped",
            "warn" if by else "note",  # the order of a file may mean nothing
            "new rows may lack {c}: empty or the same in the last {n} rows, and not before",
            "les nouvelles lignes n'auront peut-être pas {c} : vide ou constante dans les {n} dernières lignes, et non avant",
        ),
        (
            start,
            "started",
            "note",
            "{c} may be recorded only from some moment on: empty or the same in the first {n} rows, and not after",
            "{c} n'est peut-être notée que depuis un certain moment : vide ou constante dans les {n} premières lignes, et non après",
        ),
    ):
        if found:
            names = [column.name for column, _ in found]
            yield Finding(
                code,
                tuple(names),
                words(en + where[0], fr + where[1], c=names, n=found[0][1], b=[by]),
                words("if it tells nothing of new rows: {f}", "si elle ne dit rien des nouvelles lignes : {f}", f=flag("--ignore", names)),
                level,  # type: ignore[arg-type]
                {"rows": {column.name: run for column, run in found}, "order": by},
            )


def _run(values: Array) -> int:
    """Length of the run of equal cells (missing ones are equal) at the start, where it is no chance and no habit; else 0."""
    missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
    same = (values == values[0]) & ~missing if not missing[0] else missing
    if same.all():
        return 0
    length = int(np.argmin(same))
    rest = same[length:]
    if length < max(FEWEST, SHARE * values.size) or rest.size < 2 * FEWEST:
        return 0
    often = (float(rest.sum()) + 1) / (rest.size + 2)
    if length * np.log(often) > np.log(CHANCE):
        return 0
    later = values[length:]
    equal = np.append(False, (later[1:] == later[:-1]) | (missing[length + 1 :] & missing[length:-1]))
    ends = np.flatnonzero(np.append(~equal, True))
    return length if length >= LONGER * int(np.diff(ends).max()) else 0
