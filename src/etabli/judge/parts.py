"""Is the promise kept in every part of every column? Coverage and calibration of each level (fifth) of each column, all looked at together.

A promise of 90 % is for all rows together (conformal prediction cannot promise more, without more assumptions: Foygel Barber, Candès, Ramdas
& Tibshirani 2021), so a part that is covered less breaks no theorem; but whoever uses the model on that part must know. Each part's
coverage has the band that chance allows the worst of all parts (Bonferroni); each part's calibration, the distance of what happened
from what was predicted (multicalibration: Hébert-Johnson, Kim, Reingold & Rothblum 2018), an interval of the same kind. Parts of fewer than 50 rows
are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from etabli.judge.coverage import ENOUGH, band
from etabli.judge.levels import Level, Levels
from etabli.judge.shares import Units
from etabli.records import Array

ALPHA = 0.05


@dataclass(frozen=True)
class Part:
    """A level of a column. got: its coverage, or observed minus predicted. low, high: of coverage where chance allows it to be (high is 1:
    more is no fault), of calibration the interval of the gap, all parts together. output: which column of the predictions. observed,
    predicted: means. beyond: more than chance explains."""

    column: str
    level: Level
    rows: int
    got: float
    low: float
    high: float
    beyond: bool
    output: int = 0
    observed: float = 0.0
    predicted: float = 0.0


@dataclass(frozen=True)
class Parts:
    """cells: parts looked at, in so many columns. worst: of each column the worst part, those beyond chance first."""

    cells: int
    columns: int
    worst: tuple[Part, ...]

    @property
    def beyond(self) -> tuple[Part, ...]:
        """Those that chance does not explain."""
        return tuple(part for part in self.worst if part.beyond)


def coverage(columns: Mapping[str, Levels], hit: Array, level: float, groups: Array | None = None, weight: Array | None = None) -> Parts:
    """hit: bool [n], truth inside. groups: [n], rows that are drawn together. weight: [n] or None."""
    w = np.ones(len(hit)) if weight is None else np.asarray(weight, np.float64)
    units, found = Units(groups, len(hit)), list[tuple[str, Level, int, float, float]]()
    for name, levels in columns.items():
        count = len(levels.entries)
        rows, total = np.bincount(levels.of, minlength=count), np.bincount(levels.of, w, count)
        share = np.bincount(levels.of, w * hit, count) / np.maximum(total, 1e-300)
        square = _squares(levels.of, w * (hit - share[levels.of]), units, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = np.where(
                square > 0, share * (1 - share) * total**2 / square, total**2 / np.maximum(np.bincount(levels.of, w**2, count), 1e-300)
            )
        worth = np.minimum(worth, rows)
        found += [
            (name, levels.entries[k], int(rows[k]), float(share[k]), float(worth[k]))
            for k in range(count)
            if rows[k] >= ENOUGH and total[k] > 0
        ]
    made = []
    for name, entry, rows_here, got, worth_here in found:
        least = band(level, worth_here, 2 * ALPHA / len(found))[0]
        made.append(Part(name, entry, rows_here, got, least, 1.0, got < least))
    return _worst(made, len(found), lambda part: part.got - part.low)


def calibration(
    columns: Mapping[str, Levels], y: Array, predicted: Array, groups: Array | None = None, weight: Array | None = None, shares: bool = True
) -> Parts:
    """y, predicted: [n, outputs]: what happened (0 or 1 of each class, or the number) and its prediction. shares: predictions are
    probabilities, so that chance is known from them too (the larger of the two errors counts)."""
    from scipy.special import stdtrit

    w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    units, found = Units(groups, len(y)), list[tuple[str, Level, int, int, float, float, float, float]]()
    for name, levels in columns.items():
        count, of = len(levels.entries), levels.of
        rows, total = np.bincount(of, minlength=count), np.bincount(of, w, count)
        for output in range(y.shape[1]):
            error = w * (y[:, output] - predicted[:, output])
            gap = np.bincount(of, error, count) / np.maximum(total, 1e-300)
            square = _squares(of, error - w * gap[of], units, count)
            if shares:
                p = predicted[:, output]
                square = np.maximum(square, np.bincount(of, w**2 * p * (1 - p), count))
            wide = np.sqrt(square) / np.maximum(total, 1e-300)
            mean = np.bincount(of, w * predicted[:, output], count) / np.maximum(total, 1e-300)
            found += [
                (name, levels.entries[k], int(rows[k]), output, float(gap[k]), float(wide[k]), float(mean[k]), float(_inside(of, k, units)))
                for k in range(count)
                if rows[k] >= ENOUGH and wide[k] > 0
            ]
    made = []
    for name, entry, rows_here, output, gap_here, wide_here, mean_here, draws in found:
        half = float(stdtrit(max(1.0, draws - 1), 1 - ALPHA / 2 / len(found))) * wide_here
        low, high = gap_here - half, gap_here + half
        made.append(Part(name, entry, rows_here, gap_here, low, high, low > 0 or high < 0, output, mean_here + gap_here, mean_here))
    return _worst(made, len(found), lambda part: -max(part.low, -part.high))


def _inside(of: Array, k: int, units: Units) -> int:
    return int((of == k).sum()) if units.rows else units.inside(of == k)


def _squares(of: Array, error: Array, units: Units, count: int) -> Array:
    """Sums over units of the squared sums of errors, by level [count]."""
    if units.rows:
        return np.bincount(of, error**2, count)
    sums = np.bincount(of * units.count + units.of, error, count * units.count).reshape(count, units.count)
    return np.asarray((sums**2).sum(axis=1))


def _worst(made: list[Part], cells: int, key: Callable[[Part], float]) -> Parts:
    order = sorted(made, key=key)
    first: dict[str, Part] = {}
    for part in order:
        first.setdefault(part.column, part)
    return Parts(cells, len(first), tuple(sorted(first.values(), key=lambda part: (not part.beyond, key(part)))))
