"""Columns now against columns then: missing cells, levels nobody saw, values out of range, and the shape.

With the training rows at hand (model/training.py) shapes are compared by their cells. Without, only what the file carries is used: the
card's ranges, missing counts and (where there) `edges` and `shares`, and the levels that the graph's own look-ups know.
Each column is asked several questions and there are many columns: p-values are corrected for both, and a column has changed when chance
does not explain it and it is large enough to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import erfc, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.judge import samples
from etabli.model.batch import doubles

if TYPE_CHECKING:
    from etabli.model.load import Model
    from etabli.model.training import Training
    from etabli.records import Array

RARE = 0.01  # unseen or out of range cells below this share are no news
PSI = 0.2  # the customary alarm of the population stability index
FAR = 0.1  # a distance of shapes that matters, whatever the index
SURE = 0.05  # chance of an honest file to have one changed column, all columns together


@dataclass(frozen=True)
class Drift:
    """One column. missing, missing_before: shares. outside, unseen: shares of the new rows, None where they do not apply.
    psi: population stability index, distance: largest gap of cumulative shares (numbers) or total variation (levels), None where no
    shape is known. p: that chance does this, corrected for the number of columns; None where scipy is not installed. changed: more than chance
    explains, and enough to matter."""

    column: str
    kind: str
    missing: float
    missing_before: float | None
    outside: float | None
    unseen: float | None
    psi: float | None
    changed: bool
    distance: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class _Shape:
    """psi with its alarm, and the distance with its p."""

    psi: float
    alarm: float
    distance: float
    p: float | None


def drift(model: Model, feeds: Mapping[str, Array], known: Mapping[str, frozenset[str]], old: Training | None = None) -> tuple[Drift, ...]:
    """Every column the model reads, on the rows of `feeds`; changed ones first, the largest distance first. old: the training rows,
    where they are at hand."""
    entries = {str(entry["name"]): entry for entry in model.card["columns"]}
    trained = int(model.card.get("rows") or 0)
    before = {} if old is None else {raw.name: values for raw, values in doubles(model, old.feeds)}
    made = []
    for raw, values in doubles(model, feeds):
        empty = np.isnan(values)
        off = (values < raw.low) | (values > raw.high) if raw.low is not None and raw.high is not None else None
        outside = None if off is None else float(off.mean())
        shape = _numbers(entries[raw.name], values[~empty], trained, before.get(raw.name))
        made.append(_drift(entries[raw.name], empty, outside, None, shape, trained))
    for entry in model.card["inputs"]:
        if entry["type"] == "string":
            cells = feeds[str(entry["input"])][:, 0]
            empty = cells == ""
            levels = known.get(str(entry["input"]))
            unseen = None if levels is None else float(np.mean([cell not in levels and cell != "" for cell in cells.tolist()]))
            column = entries[str(entry["columns"][0])]
            then = None if old is None else old.feeds[str(entry["input"])][:, 0]
            shape = _levels(column, cells[~empty], trained, None if str(column["kind"]) == "text" else then)
            made.append(_drift(column, empty, None, unseen, shape, trained))
    ps = [one.p for one in made if one.p is not None]
    corrected = iter(samples.holm(ps))
    made = [one if one.p is None else replace(one, p=(p := next(corrected)), changed=one.changed and p < SURE) for one in made]
    order = {name: place for place, name in enumerate(entries)}
    return tuple(sorted(made, key=lambda one: (not one.changed, -(one.distance or 0.0) - (one.unseen or 0.0), order[one.column])))


def _drift(
    entry: Mapping[str, Any], empty: Array, outside: float | None, unseen: float | None, shape: _Shape | None, trained: int
) -> Drift:
    rows, missing = len(empty), float(empty.mean())
    before = int(entry.get("missing_count") or 0) / trained if trained else None
    chances: list[float | None] = []
    changed = False
    for part in (outside, unseen):
        if part is not None:
            changed |= bool(part > RARE + 3 * np.sqrt(RARE / rows))
            chances.append(_chance(samples.more_than, round(part * rows), rows, RARE))
    if before is not None:
        # add-one shares: a column that was never missing has a small chance to be, not none
        both = (missing * rows + before * trained + 1) / (rows + trained + 2)
        error = float(np.sqrt(both * (1 - both) * (1 / rows + 1 / trained)))
        changed |= bool(abs(missing - before) > RARE + 3 * error)
        chances.append(erfc(abs(missing - before) / error / sqrt(2)))
    if shape is not None:
        changed |= shape.psi > shape.alarm or shape.distance > FAR
        chances.append(shape.p)
    known = [p for p in chances if p is not None]
    whole = bool(chances) and len(known) == len(chances)
    if not whole and shape is not None:  # without scipy the index alone tells
        changed &= shape.psi > shape.alarm or shape.distance <= FAR
    return Drift(
        str(entry["name"]),
        str(entry["kind"]),
        missing,
        before,
        outside,
        unseen,
        None if shape is None else shape.psi,
        bool(changed),
        None if shape is None else shape.distance,
        min(1.0, len(known) * min(known)) if whole else None,
    )


def _chance(test: Callable[..., Any], *given: Any) -> Any:
    """A test's answer, or None where scipy is not installed."""
    try:
        return test(*given)
    except ImportError:
        return None


def _numbers(entry: Mapping[str, Any], values: Array, trained: int, old: Array | None) -> _Shape | None:
    edges, shares = list(entry.get("edges") or ()), list(entry.get("shares") or ())
    then = None if old is None else old[~np.isnan(old)]
    if not len(values) or (then is not None and not len(then)):
        return None
    if then is not None and len(edges) + 1 != len(shares):
        from etabli.model.card import shape

        edges, shares = (list(shape(then).get(key, ())) for key in ("edges", "shares"))
    if not edges or len(shares) != len(edges) + 1:
        return None
    now = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(shares))
    psi, alarm = _psi(np.asarray(shares, np.float64), now / len(values), len(values), trained)
    cells = then is not None
    found = _chance(samples.numbers, then, values) if cells else _chance(samples.counts, np.asarray(shares) * trained, now)
    gap = float(np.abs(np.cumsum(now / len(values)) - np.cumsum(shares)).max())
    return _Shape(psi, alarm, found[0] if cells and found is not None else gap, None if found is None else found[1])


def _levels(entry: Mapping[str, Any], cells: Array, trained: int, old: Array | None) -> _Shape | None:
    levels, shares = list(entry.get("levels") or ()), entry.get("shares")
    if not len(cells):
        return None
    if old is not None:
        levels = sorted({*old.tolist()} - {""})
        before = _counted(old[old != ""], levels)
    elif shares and len(shares) == len(levels):
        before = np.append(np.asarray(shares, np.float64), max(0.0, 1 - float(np.sum(shares)))) * trained
    else:
        return None
    if not before.sum():
        return None
    now = _counted(cells, levels)
    psi, alarm = _psi(before / before.sum(), now / len(cells), len(cells), trained)
    found = _chance(samples.counts, before, now)
    gap = float(np.abs(before / before.sum() - now / now.sum()).sum() / 2)
    return _Shape(psi, alarm, gap, None if found is None else found[1])


def _counted(cells: Array, levels: list[str]) -> Array:
    """How many cells of each level, and of any other."""
    number = {level: place for place, level in enumerate(levels)}
    return np.bincount([number.get(cell, len(levels)) for cell in cells.tolist()], minlength=len(levels) + 1).astype(np.float64)


def _psi(before: Array, now: Array, rows: int, trained: int) -> tuple[float, float]:
    """The index and its alarm: the customary 0.2, or what chance alone would give with so few rows (about a chi-square: bins * (1/n + 1/N))."""
    floor = 0.5 / max(rows, 1)
    a, b = np.maximum(before, floor), np.maximum(now, floor)
    chance = (len(a) - 1 + 3 * np.sqrt(2 * len(a))) * (1 / max(rows, 1) + 1 / max(trained, 1))
    return float(np.sum((b - a) * np.log(b / a))), max(PSI, float(chance))
