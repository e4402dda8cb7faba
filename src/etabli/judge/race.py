"""Stopping early: which candidates need no further folds, and how many without gain are enough.

Dropping is BBCD (Tsamardinos et al. 2018): a candidate that beats the leader in less than 1 % of the bootstraps of the rows
seen so far will not win. Measured: 8 to 18 % fewer fits at 200 rows with the same winner; more where candidates differ.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.draws import means
from etabli.records import Array

FIRST = 2  # folds a candidate has for sure


def keep(
    losses: Array, finished: Array | None = None, groups: Array | None = None, seed: int = 0, draws: int = 500, share: float = 0.01
) -> Array:
    """Which candidates go on: bool [C]. losses: [n, C] so far, NaN where a candidate has not been validated yet; each is compared
    with the leader on the rows both have. finished: folds done by each [C]; with fewer than 2 a candidate stays."""
    losses = np.asarray(losses, np.float64)
    seen = ~np.isnan(losses)
    counts = seen.sum(axis=0)
    full = np.flatnonzero(counts == counts.max())
    leader = int(full[np.where(seen[:, full], losses[:, full], 0.0).sum(axis=0).argmin()])
    both = seen & seen[:, [leader]]
    with np.errstate(invalid="ignore"):
        gap = np.where(both, losses - losses[:, [leader]], 0.0)
    lost = ~np.isfinite(gap).all(axis=0)
    rows = both.any(axis=1)
    if not rows.any():
        return np.ones(losses.shape[1], bool)
    gap = np.where(lost, 0.0, gap)[rows]
    inside, _ = means(gap, None if groups is None else groups[rows], seed, draws)
    kept = ((inside <= 0).mean(axis=0) >= share) & ~lost
    kept[leader] = True
    if finished is not None:
        kept |= np.asarray(finished) < FIRST
    return np.asarray(kept | ~both.any(axis=0))


def patience(rows: int) -> int:
    """How many candidates in a row may bring no gain before the comparison ends: 4 at 100 rows, 8 at 500, 15 at 2 500, 40 at
    10 000 and more; between, along the logarithm of the rows."""
    points = np.log([100, 500, 2_500, 10_000])
    return round(float(np.interp(np.log(max(rows, 1)), points, [4, 8, 15, 40])))
