"""Columns now against columns then: missing cells, levels nobody saw, values out of range, and the shape where the card tells it.

Only what the file carries is used: the card's ranges, missing counts and (where there) `edges` and `shares`, and the levels that
the graph's own look-ups know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.model.batch import doubles

if TYPE_CHECKING:
    from etabli.model.load import Model
    from etabli.records import Array

RARE = 0.01  # unseen or out of range cells below this share are no news
PSI = 0.2  # the customary alarm of the population stability index


@dataclass(frozen=True)
class Drift:
    """One column. missing, missing_before: shares. outside, unseen: shares of the new rows, None where they do not apply.
    psi: population stability index, None where the card has no shape. changed: more than chance explains."""

    column: str
    kind: str
    missing: float
    missing_before: float | None
    outside: float | None
    unseen: float | None
    psi: float | None
    changed: bool


def drift(model: Model, feeds: Mapping[str, Array], known: Mapping[str, frozenset[str]]) -> tuple[Drift, ...]:
    """Every column the model reads, on the rows of `feeds`."""
    entries = {str(entry["name"]): entry for entry in model.card["columns"]}
    trained = int(model.card.get("rows") or 0)
    made = []
    for raw, values in doubles(model, feeds):
        empty = np.isnan(values)
        off = (values < raw.low) | (values > raw.high) if raw.low is not None and raw.high is not None else None
        outside = None if off is None else float(off.mean())
        made.append(_drift(entries[raw.name], empty, outside, None, _psi_numbers(entries[raw.name], values[~empty], trained), trained))
    for entry in model.card["inputs"]:
        if entry["type"] == "string":
            cells = feeds[str(entry["input"])][:, 0]
            empty = cells == ""
            levels = known.get(str(entry["input"]))
            unseen = None if levels is None else float(np.mean([cell not in levels and cell != "" for cell in cells.tolist()]))
            column = entries[str(entry["columns"][0])]
            made.append(_drift(column, empty, None, unseen, _psi_levels(column, cells[~empty], trained), trained))
    order = {name: place for place, name in enumerate(entries)}
    return tuple(sorted(made, key=lambda one: order[one.column]))


def _drift(
    entry: Mapping[str, Any], empty: Array, outside: float | None, unseen: float | None, psi: tuple[float, float] | None, trained: int
) -> Drift:
    rows, missing = len(empty), float(empty.mean())
    before = int(entry.get("missing_count") or 0) / trained if trained else None
    changed = any(part is not None and part > RARE + 3 * np.sqrt(RARE / rows) for part in (outside, unseen))
    if before is not None:
        # add-one shares: a column that was never missing has a small chance to be, not none
        both = (missing * rows + before * trained + 1) / (rows + trained + 2)
        changed |= bool(abs(missing - before) > RARE + 3 * np.sqrt(both * (1 - both) * (1 / rows + 1 / trained)))
    if psi is not None:
        changed |= psi[0] > psi[1]
    return Drift(str(entry["name"]), str(entry["kind"]), missing, before, outside, unseen, None if psi is None else psi[0], bool(changed))


def _psi_numbers(entry: Mapping[str, Any], values: Array, trained: int) -> tuple[float, float] | None:
    edges, shares = entry.get("edges") or (), entry.get("shares") or ()
    if not edges or len(shares) != len(edges) + 1 or not len(values):
        return None
    now = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(shares)) / len(values)
    return _psi(np.asarray(shares, np.float64), now, len(values), trained)


def _psi_levels(entry: Mapping[str, Any], cells: Array, trained: int) -> tuple[float, float] | None:
    shares, levels = entry.get("shares"), list(entry.get("levels") or ())
    if not shares or len(shares) != len(levels) or not len(cells):
        return None
    number = {level: place for place, level in enumerate(levels)}
    now = np.bincount([number.get(cell, len(levels)) for cell in cells.tolist()], minlength=len(levels) + 1) / len(cells)
    before = np.append(np.asarray(shares, np.float64), max(0.0, 1 - float(np.sum(shares))))
    return _psi(before, now, len(cells), trained)


def _psi(before: Array, now: Array, rows: int, trained: int) -> tuple[float, float]:
    """The index and its alarm: the customary 0.2, or what chance alone would give with so few rows (about a chi-square: bins * (1/n + 1/N))."""
    floor = 0.5 / max(rows, 1)
    a, b = np.maximum(before, floor), np.maximum(now, floor)
    chance = (len(a) - 1 + 3 * np.sqrt(2 * len(a))) * (1 / max(rows, 1) + 1 / max(trained, 1))
    return float(np.sum((b - a) * np.log(b / a))), max(PSI, float(chance))
