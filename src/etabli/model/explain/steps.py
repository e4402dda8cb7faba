"""The values that a column may be changed to: what training rows had, and nothing else.

Numbers and dates: the card's edges, the values of the rows that the file carries, points between, all within the range seen. Flags and
categories: the levels seen. A text and an identifier have no neighbours: they are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.raw import Raw

Array = np.ndarray[Any, np.dtype[Any]]
MANY = 40  # values of a number that are tried at first


@dataclass(frozen=True)
class Steps:
    """values: to try. deviation: what a move of a number is measured in, 0 for what has levels. low, high: the range seen. whole: integers only."""

    values: tuple[Any, ...]
    deviation: float
    low: float = -np.inf
    high: float = np.inf
    whole: bool = False

    def distance(self, old: Any, new: Any) -> float:
        """Of a change: in deviations for a number, 1 for a level."""
        if not self.deviation or old != old:
            return float(old != new)
        return abs(float(new) - float(old)) / self.deviation


def steps(raw: Raw, entry: Mapping[str, Any], carried: Array | None) -> Steps:
    """entry: the card's column. carried: its cells in the rows that the file carries."""
    if raw.kind not in ("number", "date", "flag", "category"):
        return Steps((), 0.0)
    if not raw.double:
        return Steps(tuple(level for level in raw.known if level), 0.0)
    own = carried[np.isfinite(carried)] if carried is not None else np.zeros(0)
    if raw.kind == "flag":
        return Steps((0.0, 1.0), 0.0)
    edges = np.array(entry.get("edges") or [], np.float64)
    ends = np.array([value for value in (raw.low, raw.high) if value is not None], np.float64)
    values = np.unique(np.concatenate([own, edges, ends]))
    if len(values) < 2:
        return Steps((), 0.0)
    whole = bool((own == np.round(own)).all() and (ends == np.round(ends)).all() and (edges == np.round(edges)).all())
    low, high = (float(ends[0]), float(ends[-1])) if len(ends) == 2 else (float(values[0]), float(values[-1]))
    if len(values) < MANY / 2:
        between = (values[1:] + values[:-1]) / 2
        values = np.unique(np.concatenate([values, np.round(between) if whole else between]))
    if len(values) > MANY:
        values = values[np.unique(np.linspace(0, len(values) - 1, MANY).astype(int))]
    # between the first and the last tenth lie 2.56 deviations of a normal column
    deviation = (edges[-1] - edges[0]) / 2.56 if len(edges) > 5 else float(np.std(own)) if len(own) > 5 else (high - low) / 4
    deviation = float(deviation) or (high - low) / 4
    return Steps(tuple(values[(values >= low) & (values <= high)].tolist()), deviation, low, high, whole)
