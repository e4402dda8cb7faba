"""Coverage as it was measured, beside the band that chance allows.

For the rows of a fold the quantiles come from the other folds, never from the same rows (that coverage is right by construction).
The worst group is the least of several noisy numbers, so its band is Bonferroni's, and groups below 50 rows are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import Array

LEVELS = (0.8, 0.9, 0.95)
ENOUGH = 50


@dataclass(frozen=True)
class Window:
    """What was covered in one stretch of time: its place in their order, rows, coverage, and where 95 % of honest ones fall."""

    place: int
    rows: int
    got: float
    low: float
    high: float


@dataclass(frozen=True)
class Coverage:
    """level: promised. got: measured. low, high: where 95 % of honest measurements fall. worst: the lowest coverage among the groups
    of at least 50 rows, worst_group its label, worst_low the least that chance allows it (None: no such group). size: mean width of
    the intervals, or mean number of labels; infinite where the rows cannot carry the level. windows: the same by stretch of time, in forward splits."""

    level: float
    got: float
    low: float
    high: float
    worst: float | None = None
    worst_group: str | None = None
    worst_low: float | None = None
    size: float = 0.0
    windows: tuple[Window, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the promise is kept as far as chance lets one see, also in the worst group."""
        return self.got >= self.low and (self.worst is None or self.worst_low is None or self.worst >= self.worst_low)


def measured(hit: Array, level: float, size: float, labels: Array, groups: Array | None = None, weight: Array | None = None) -> Coverage:
    """hit: bool [n], truth inside. labels: [n], the groups among which the worst is sought. groups: [n], rows that belong together:
    they widen the band by the design effect. weight: [n] or None; shares are weighed, and the band is that of as many rows as the weights
    are worth."""
    w = np.ones(len(hit)) if weight is None else np.asarray(weight, np.float64)
    low, high = band(level, _worth(w) / _design(hit, groups))
    got = float(w @ hit / w.sum())
    cells = [(labels == g, str(g)) for g in np.unique(labels)]
    known = [(float(w[here] @ hit[here] / w[here].sum()), int(_worth(w[here])), name) for here, name in cells if w[here].sum() > 0]
    known = [one for one in known if one[1] >= ENOUGH]
    if len(known) < 2:
        return Coverage(level, got, low, high, size=size)
    lows = [band(level, rows, 0.05 / len(known))[0] for _, rows, _ in known]
    at = int(np.argmin([share - least for (share, _, _), least in zip(known, lows, strict=True)]))
    worst, _, label = min(known)
    if known[at][0] < lows[at]:  # a group below its own band is worse than a smaller one that is merely lower
        worst, _, label = known[at]
    least = lows[[one[2] for one in known].index(label)]
    return Coverage(level, got, low, high, worst, label, least, size)


def windows(hit: Array, level: float, fold: Array) -> tuple[Window, ...]:
    """Coverage of each fold, in their order."""
    made = []
    for k in np.unique(fold):
        here = hit[fold == k]
        made.append(Window(int(k), len(here), float(here.mean()), *band(level, len(here))))
    return tuple(made)


def parts(fold: Array, forward: bool = False) -> list[tuple[Array, Array]]:
    """(rows of a fold, rows that its quantiles come from) as masks [n]: the other folds, or only the earlier ones; the first has none then
    and is left out."""
    pairs = [(fold == k, fold < k if forward else fold != k) for k in np.unique(fold)]
    return [(here, other) for here, other in pairs if other.any()]


def _worth(w: Array) -> float:
    """How many equal rows so weighed rows are worth (Kish 1965)."""
    return float(w.sum() ** 2 / (w @ w))


def band(level: float, rows: float, alpha: float = 0.05) -> tuple[float, float]:
    """Where 1 - alpha of coverages measured on so many independent rows fall (binomial)."""
    from scipy.stats import binom

    n = max(1, int(rows))
    return float(binom.ppf(alpha / 2, n, level) / n), float(binom.ppf(1 - alpha / 2, n, level) / n)


def _design(hit: Array, groups: Array | None) -> float:
    """How many times the variance of the mean grows because rows of a group hit and miss together; at least 1."""
    if groups is None:
        return 1.0
    _, group = np.unique(groups, return_inverse=True)
    e = hit - hit.mean()
    total = float(e @ e)
    return max(1.0, float((np.bincount(group, e) ** 2).sum()) / total) if total else 1.0
