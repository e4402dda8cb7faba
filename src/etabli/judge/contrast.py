"""What sets some rows apart from the rest: the columns that differ most, and by how much.

A number is compared by its means, in standard deviations of all rows; a category by the share of the level that differs most, in the same
unit (the standard deviation of "is it this level"). What chance alone would show among so many columns and levels is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge.cells import Cells
from etabli.records import Array

ONCE = 0.01  # how often chance may name anything at all
LEAST = 0.25  # standard deviations that are worth a word


@dataclass(frozen=True)
class Difference:
    """column, with level for a category. inside, outside: the means, or the shares of the level ("" is missing). size: in standard deviations, with
    its sign."""

    column: str
    level: str | None
    inside: float
    outside: float
    size: float


def contrast(columns: Sequence[Cells], chosen: Array, most: int = 6) -> list[Difference]:
    """chosen: bool [rows]. The differences above chance, largest first, one a column; empty when one side has fewer than two rows."""
    n, rest = int(chosen.sum()), int((~chosen).sum())
    if min(n, rest) < 2:
        return []
    from scipy.special import ndtri

    looks = sum(1 if column.levels is None else min(len(column.levels), 50) for column in columns)
    limit = float(-ndtri(ONCE / max(1, looks) / 2))
    found = [one for column in columns if (one := _differs(column, chosen, limit)) is not None]
    return sorted(found, key=lambda one: -abs(one.size))[:most]


def _differs(column: Cells, chosen: Array, limit: float) -> Difference | None:
    if column.levels is None:
        there = ~column.missing
        x, own = column.values[there], chosen[there]
        n, rest = int(own.sum()), int((~own).sum())
        if min(n, rest) < 2 or not (spread := float(x.std())) > 0:
            return None
        inside, outside = float(x[own].mean()), float(x[~own].mean())
        size = (inside - outside) / spread
        return Difference(column.name, None, inside, outside, size) if _clear(size, n, rest, limit) else None
    width = len(column.levels) + 1
    own, other = (np.bincount(column.values[part] + 1, minlength=width) for part in (chosen, ~chosen))
    n, rest = int(own.sum()), int(other.sum())
    share = (own + other) / (n + rest)
    spread_by = np.sqrt(share * (1 - share))
    size_by = np.divide(own / n - other / rest, spread_by, out=np.zeros(width), where=spread_by > 0)
    k = int(np.abs(size_by).argmax())
    if not _clear(float(size_by[k]), n, rest, limit):
        return None
    return Difference(column.name, column.levels[k - 1] if k else "", own[k] / n, other[k] / rest, float(size_by[k]))


def _clear(size: float, n: int, rest: int, limit: float) -> bool:
    return abs(size) >= LEAST and abs(size) * float(np.sqrt(n * rest / (n + rest))) > limit
