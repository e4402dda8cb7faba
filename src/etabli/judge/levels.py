"""The levels of a column, as groups of rows: its own levels, fifths of a number, the rows without a value, and the rare ones together.

Nothing is left out: each row is in one level, so that the levels' figures add up to those of all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etabli.records import Array

FEWEST = 30  # rows of a level of its own; rarer ones are one level together
MOST = 20  # levels of their own, the largest
PARTS = 5  # of a number with more values than that

Kind = Literal["level", "range", "missing", "other"]


@dataclass(frozen=True)
class Level:
    """name: the level as the file has it, "" for missing and other. low, high: of a range (or a number that is a level), as seen."""

    kind: Kind
    name: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Levels:
    """entries: the levels, those of their own first. of: int64 [n], the number of each row's level."""

    entries: tuple[Level, ...]
    of: Array


def levels(
    values: Array, texts: Sequence[str] | None = None, fewest: int = FEWEST, most: int = MOST, cuts: Sequence[float] | Array | None = None
) -> Levels:
    """values: float64 [n] (NaN missing), or int codes [n] into `texts` (-1 missing). cuts: where ranges of numbers end (so that new
    rows may be put into the ranges of old ones); None: fifths of these values, or each value by itself where there are at most five."""
    values = np.asarray(values)
    if texts is not None:
        seen, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        made = [Level("missing") if code < 0 else Level("level", str(texts[int(code)])) for code in seen]
        own = np.flatnonzero(seen >= 0)
        kept = own[np.argsort(-counts[own], kind="stable")][:most]
        kept = kept[counts[kept] >= fewest]
        if own.size - kept.size == 1 and own.size <= most:  # one rare level is itself, not "other"
            kept = np.append(kept, np.setdiff1d(own, kept))
        rest = np.setdiff1d(own, kept)
        gaps = np.flatnonzero(seen < 0)
        order = [*kept, *gaps]
        number = np.empty(seen.size, np.int64)
        number[order] = np.arange(len(order))
        number[rest] = len(order)
        entries = tuple(made[i] for i in order) + ((Level("other"),) if rest.size else ())
        return Levels(entries, number[place])
    missing = np.isnan(values)
    known = values[~missing]
    seen = np.unique(known)
    edges = ends(known) if cuts is None else np.asarray(cuts, float)
    if edges is None:
        of = np.searchsorted(seen, np.where(missing, 0.0, values)) if seen.size else np.zeros(values.size, np.int64)
        entries = tuple(Level("level", f"{value:g}", float(value), float(value)) for value in seen)
    else:
        of = np.searchsorted(edges, np.where(missing, -np.inf, values), side="left")
        inside = [known[np.searchsorted(edges, known, side="left") == k] for k in range(edges.size + 1)]
        filled = [k for k, cell in enumerate(inside) if cell.size]
        number = np.zeros(edges.size + 1, np.int64)
        number[filled] = np.arange(len(filled))
        of = number[of]
        entries = tuple(Level("range", "", float(inside[k].min()), float(inside[k].max())) for k in filled)
    of = np.asarray(of, np.int64).copy()
    if missing.any():
        of[missing] = len(entries)
        entries = (*entries, Level("missing"))
    return Levels(entries, of)


def ends(values: Array) -> Array | None:
    """Where the fifths of these numbers [n] end, each end within its fifth; None where there are so few values that each is by itself."""
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if np.unique(known).size <= PARTS:
        return None
    edges = np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS, method="lower"))
    return np.asarray(edges[edges < known.max()])
