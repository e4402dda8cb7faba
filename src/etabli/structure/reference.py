"""A file of usual rows beside the file that is asked about: then what is promised of flagged rows is a theorem.

Detectors are chosen, learned and scaled on one half of the usual rows; the other half gives the p-values (split conformal). For a usual row of the asked
file, drawn as these were, p is uniform or larger, and Benjamini & Hochberg's procedure keeps the expected share of usual rows among the flagged at the rate (Bates, Candès,
Lei, Romano & Sesia 2023, whose condition PRDS holds for the p-values of one calibration set).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from etabli.data.cells import values as read_cells
from etabli.data.sources import read as read_source
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.records import Array, Column, Table
from etabli.structure import run
from etabli.structure.asked import Question

LEAST, KEPT = 50, 100_000  # usual rows at least; rows kept for p-values at most


def read(one: run.Run) -> tuple[Table | None, Table]:
    """(the usual rows, None without --usual; the rows asked about), with the same kinds and levels of the columns that both have."""
    question = one.question
    if question.usual is None:
        return None, run.read(one)
    if question.label is not None:
        raise UsageError("--usual and --label exclude each other", "both were given", "with --usual the odd rows need no label")
    clean = read_source(question.usual, one.journal.folder / "usual", dict(question.kinds), one.watch)
    if clean.rows < LEAST:
        raise DataError(f"--usual takes a file of at least {LEAST} rows", f"{question.usual} has {clean.rows}", "or leave --usual out")
    table = run.read(one)
    names = {column.name for column in table.columns}
    wanted = [column for column in clean.columns if column.name not in question.ignore]
    if lacking := [column.name for column in wanted if column.name not in names]:
        raise UsageError(
            "the file asked about has the columns of --usual",
            f"{question.file} lacks " + ", ".join(f'"{name}"' for name in lacking[:8]),
            did_you_mean(lacking[0], sorted(names)) or f"--ignore {lacking[0]}",
        )
    return _alike(clean, table, {column.name for column in wanted})


def parts(rows: int, seed: int) -> tuple[Array, Array]:
    """(rows to learn from, rows to take p-values from): halves, drawn by chance."""
    order = np.random.default_rng([seed, 21]).permutation(rows)
    return np.sort(order[: rows // 2]), np.sort(order[rows // 2 :][:KEPT])


def _alike(clean: Table, table: Table, names: set[str]) -> tuple[Table, Table]:
    """Both with the kinds and levels of the usual rows; a level that only the asked file has comes after them, and was never seen there."""
    levels, values, own = dict(clean.levels), dict(table.values), []
    for column in table.columns:
        if column.name not in names:
            own.append(column)
            continue
        usual, cells = clean.column(column.name), np.asarray(table.values[column.name])
        own.append(replace(usual, low=column.low, high=column.high, missing_count=column.missing_count, distinct=column.distinct))
        if usual.is_double and column.is_double and usual.kind != "flag" and column.kind != "flag":
            continue
        texts, codes = _written(column, cells, table.levels.get(column.name, ()))
        if usual.is_double:
            values[column.name] = np.append(read_cells(texts, usual.reading, usual.missing)[0], np.nan)[codes]
            if (codes >= 0).any() and np.isnan(
                values[column.name]
            ).all():  # else a column of other things would pass for one that is missing
                raise DataError(
                    "the columns of the file asked about are of the kinds of --usual",
                    f'no cell of "{column.name}" is a {usual.kind}, such as "{texts[0][:40]}"',
                    f"--ignore {column.name}",
                )
            continue
        place = {text: code for code, text in enumerate(clean.levels[column.name])}
        for text in texts:
            place.setdefault(text, len(place))
        levels[column.name] = tuple(place)
        values[column.name] = np.array([*(place[text] for text in texts), -1], np.int32)[codes]
    rest = {name: table.levels[name] for name in table.levels if name not in names}
    return replace(clean, levels=levels), replace(table, columns=tuple(own), values=values, levels=levels | rest)


def _written(column: Column, cells: Array, levels: Sequence[str]) -> tuple[list[str], Array]:
    """(the different texts, of each cell its place among them; -1 missing)."""
    if not column.is_double:
        return list(levels), cells
    known = np.unique(cells[~np.isnan(cells)])
    words = column.reading.get("words") if column.kind == "flag" else None
    texts = [str(words[int(value)]) if words else f"{value:.15g}" for value in known]
    return texts, np.where(np.isnan(cells), -1, np.searchsorted(known, cells))


def added(result: Mapping[str, Any], question: Question, clean: Table, learned: int, kept: int) -> dict[str, Any]:
    """The result with what the reference is."""
    about = {"file": str(question.usual), "rows": clean.rows, "learned": learned, "calibrated": kept, "fingerprint": clean.fingerprint}
    made, least = dict(result), int(np.ceil(result["rows"] / question.rate / (kept + 1)))
    if least > 1:
        text = {
            "en": f"The smallest p-value that {kept} usual rows can give is 1 in {kept + 1}: of {result['rows']} rows, fewer than {least} odd ones cannot be flagged.",
            "fr": f"La plus petite valeur p que {kept} lignes habituelles peuvent donner est 1 sur {kept + 1} : sur {result['rows']} lignes, moins de {least} lignes étranges ne peuvent être signalées.",
        }
        cure = {"en": "more usual rows, or a larger --rate", "fr": "plus de lignes habituelles, ou un --rate plus grand"}
        level = "note" if made["anomalies"]["flagged"] else "warn"  # the likeliest reason why nothing was flagged
        made["warnings"] = [*made["warnings"], {"code": "few_usual", "level": level, "columns": [], "text": text, "cure": cure}]
    return made | {"anomalies": made["anomalies"] | {"reference": about}}
