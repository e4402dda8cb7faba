"""The cells by which a picture of rows may be coloured: those of the drawn rows alone, of the columns that the picture tells most of.

A page must be able to colour its rows by any column without the data, so their cells are kept in the result; identifiers and free text never
are (a picture says nothing of them, and they name people). How much a picture tells of a column is asked of neighbours: how well the ten
nearest drawn rows give a row's cell. That holds for straight and bent maps, numbers and levels alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.records import Array, Column, Table

MOST, CELLS = 60, 80_000  # columns kept; cells kept in all: 40 columns of 2,000 rows
LEVELS = 30  # names of levels that are kept; the rarer ones share the last place
NEAR, WIDEST = 10, 2_000  # neighbours asked; columns of a wide table that are asked of, the first ones
KINDS = ("number", "category", "flag", "date")
NOTHING = "none"  # --colour none: no cells are kept


def asked(table: Table, colour: str | None) -> None:
    """UsageError when a picture cannot be coloured by what was asked for."""
    if colour is None or colour == NOTHING:
        return
    able = [column.name for column in table.columns if column.kind in KINDS]
    if colour not in able:
        named = [column.kind for column in table.columns if column.name == colour]
        raise UsageError(
            "--colour takes a column of numbers, dates or levels, or none",
            f'"{colour}"' + (f" ({named[0]})" if named else ""),
            did_you_mean(colour, able) or "columns: " + ", ".join(able[:20]),
        )


def colours(table: Table, rows: Array, where: Array, used: Sequence[str], first: Sequence[str]) -> dict[str, Any]:
    """rows: int [n], those drawn; where: float64 [n, 2]; used: names of the columns that the picture was made of; first: names that come first
    whatever is told of them ("none" among them: nothing is kept).

    columns: `name`, `kind`, `used`, `told` (the share of its spread that neighbours give, 0 to 1), and `values` (numbers of four digits, seconds
    of dates; null missing) or `levels` with `codes` (-1 missing, the number of levels: a rarer one). left: how many more could be kept."""
    if NOTHING in first or len(rows) < 2:
        return {"columns": [], "left": 0}
    able = [column for column in table.columns if column.kind in KINDS]
    able = sorted(able, key=lambda column: column.name not in first)[:WIDEST]
    near = _nearest(where)
    told = {column.name: _told(_raw(table, column, rows), column.is_double, near) for column in able}
    rank = {name: place for place, name in enumerate(first)}
    order = sorted(able, key=lambda column: (rank.get(column.name, len(rank)), -told[column.name]))
    order = [column for column in order if column.name in rank or _varies(_raw(table, column, rows))]
    most = max(1, min(MOST, CELLS // len(rows)))
    leveled = [column for column in order if not column.is_double or column.kind == "flag"][
        : most // 2
    ]  # groups of rows are asked for first
    sure = [column.name for column in order if column.name in rank or column in leveled][:most]
    rest = [column.name for column in order if column.name not in sure][: most - len(sure)]
    kept = [column for column in order if column.name in sure or column.name in rest]
    return {
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "used": column.name in used,
                "told": round(told[column.name], 3),
                **_cells(table, column, rows),
            }
            for column in kept
        ],
        "left": len(order) - len(kept),
    }


def _raw(table: Table, column: Column, rows: Array) -> Array:
    return np.asarray(table.values[column.name][rows])


def _varies(raw: Array) -> bool:
    known = raw[~np.isnan(raw)] if raw.dtype.kind == "f" else raw[raw >= 0]
    return len(known) > 1 and bool(known.min() < known.max())


def _nearest(where: Array) -> Array:
    """int [n, near]: the nearest other rows on the picture."""
    from scipy.spatial import cKDTree

    count = min(NEAR, len(where) - 1)
    return np.asarray(cKDTree(where).query(where, count + 1)[1])[:, 1:].reshape(len(where), count)


def _told(raw: Array, number: bool, near: Array) -> float:
    """The share of a column's spread that the mean of the neighbours gives; numbers by their ranks, so that no long tail decides."""
    if number:
        known = np.isfinite(raw)
        x = np.zeros((len(raw), 1))
        x[known, 0] = np.unique(raw[known], return_inverse=True)[1]
    else:
        known = raw >= 0
        seen = np.argsort(-np.bincount(raw[known], minlength=1), kind="stable")[:LEVELS]
        x = (raw[:, None] == seen).astype(float)
    if known.sum() < 3:
        return 0.0
    weight = known.astype(float)
    count = weight[near].sum(axis=1)
    total = np.zeros_like(x)
    for j in range(near.shape[1]):
        total += x[near[:, j]] * weight[near[:, j], None]
    own = known & (count > 0)
    if not own.any():
        return 0.0
    spread = float(((x[own] - x[own].mean(axis=0)) ** 2).sum())
    missed = float(((x[own] - total[own] / count[own, None]) ** 2).sum())
    fair = near.shape[1] / (
        near.shape[1] + 1
    )  # the mean of k cells strays by itself: of cells dealt by chance it would miss 1 + 1/k of the spread
    return min(1.0, max(0.0, 1 - fair * missed / spread)) if spread > 0 else 0.0


def _cells(table: Table, column: Column, rows: Array) -> dict[str, Any]:
    raw = _raw(table, column, rows)
    if column.kind == "flag" and column.is_double:
        words = [str(word) for word in column.reading.get("words", ("0", "1"))]
        return {"levels": words, "codes": np.where(np.isnan(raw), -1, np.nan_to_num(raw)).astype(int).tolist()}
    if column.kind == "date":
        return {"values": [None if np.isnan(v) else round(float(v)) for v in raw]}
    if column.is_double:
        return {"values": [_short(float(v)) if np.isfinite(v) else None for v in raw]}
    counts = np.bincount(raw[raw >= 0], minlength=len(table.levels[column.name]))
    seen = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]][:LEVELS]
    place = np.full(len(counts) + 1, len(seen))
    place[seen] = np.arange(len(seen))
    place[-1] = -1
    return {"levels": [str(table.levels[column.name][k]) for k in seen], "codes": place[raw].tolist()}


def _short(value: float) -> float | int:
    """Four digits: more than a colour shows."""
    made = float(f"{value:.4g}")
    return int(made) if made == int(made) and abs(made) < 1e15 else made


def first(colour: str | None, label: str | None = None) -> list[str]:
    """What comes first: what was asked for, then the known grouping."""
    return [name for name in (colour, label) if name is not None]
