"""One column over all rows: its parts with the target, its quantiles, ends and commonest values, and whether its gaps tell.

Counts are exact (one grouping of all rows); quantiles come from the sample, because those of ten million rows cost seconds, and say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.faces.explore.bins import bins
from etabli.faces.explore.look import Look
from etabli.faces.explore.opened import ROW
from etabli.faces.explore.parts import Part, Parts, difference, grouped, is_scaled, levels, opened_to, presence
from etabli.records import Column

TOP = 200  # levels of their own on a column's page
DRAWN = 24  # of them in the picture
COMMON, ENDS = 12, 5
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Profile:
    """parts: of all rows. common: (value, rows), the commonest first. lowest, highest: (row, value). quantiles: (share, value), of the sample. mean, deviation: of
    the sample. present, absent: rows with and without a value, with the target; gap: (difference, low, high) between them."""

    column: Column
    parts: Parts
    common: tuple[tuple[Any, int], ...] = ()
    lowest: tuple[tuple[int, Any], ...] = ()
    highest: tuple[tuple[int, Any], ...] = ()
    quantiles: tuple[tuple[float, float], ...] = ()
    mean: float | None = None
    deviation: float | None = None
    present: Part | None = None
    absent: Part | None = None
    gap: tuple[float, float, float] | None = None


def profile(look: Look, column: Column, scale: str = "") -> Profile:
    """scale: "log" or "linear" as asked, "" as fits."""
    opened, aim, sql = look.opened, look.aim, look.opened.sql(column.name)
    date = column.reading.get("parse", column.kind) == "date"
    present = absent = gap = None
    with opened.connect() as connection:
        if is_scaled(column):
            made = opened_to(bins(np.asarray(look.table.values[column.name]), date, scale), column.low, column.high)
            parts = grouped(connection, sql, made, aim, date)
            common = _common(connection, sql, opened.whole) if parts.bins is not None and not parts.bins.values and not date else ()
            ends = [
                tuple(
                    connection.execute(
                        f"SELECT {ROW}, {sql} FROM numbered WHERE {sql} IS NOT NULL ORDER BY {sql} {way}, {ROW} LIMIT {ENDS}"
                    ).fetchall()
                )
                for way in ("ASC", "DESC")
            ]
        else:
            parts, common, ends = levels(connection, sql, aim, TOP), (), [(), ()]
        if aim is not None and aim.name != column.name and parts.missing is not None:
            present, absent = presence(connection, sql, aim)
            gap = difference(present, absent)
    values = np.asarray(look.table.values[column.name])
    known = values[~np.isnan(values)] if is_scaled(column) else np.zeros(0)
    return Profile(
        column,
        parts,
        common,
        ends[0],
        ends[1],
        tuple(zip(QUANTILES, np.quantile(known, QUANTILES).tolist(), strict=True)) if known.size else (),
        float(known.mean()) if known.size and not date else None,
        float(known.std(ddof=1)) if known.size > 1 and not date else None,
        present,
        absent,
        gap,
    )


def _common(connection: Any, sql: str, whole: bool) -> tuple[tuple[Any, int], ...]:
    """The commonest values, if any is there more than once, with their rows in the file. Of a file that was sampled the sample names them: ten
    million different numbers take seconds to count."""

    def query(view: str, more: str = "") -> str:
        return f"SELECT {sql}, count(*) FROM {view} WHERE {sql} IS NOT NULL{more} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {COMMON}"

    found = connection.execute(query("data" if whole else "sample")).fetchall()
    found = [(value, rows) for value, rows in found if rows > 1]
    if found and not whole:
        marks = ", ".join("?" * len(found))
        found = connection.execute(query("data", f" AND {sql} IN ({marks})"), [value for value, _ in found]).fetchall()
    return tuple((value, int(rows)) for value, rows in found)
