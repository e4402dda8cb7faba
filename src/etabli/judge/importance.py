"""What the model uses: how much worse its answers become when a column's cells are exchanged among rows it did not see.

Permutation importance (Breiman 2001; Fisher, Rudin & Dominici 2019) on out-of-fold rows, so that what a model only learned by heart counts
for nothing. No row keeps its own cell: rows stand in a circle of chance, and each takes the cell of the row r places on. So the
mean is that of Fisher's U-statistic over pairs (who receives, who gives), without bias.

The interval must count both ends of a pair. A row's influence is what happens where it receives, plus what happens where its cell
is given, less the mean (the projection of a U-statistic, Hoeffding 1948); the bootstrap draws rows, or whole groups, by these. With few
exchanges it is a little too wide, never too narrow: the columns that do nothing keep 0 inside.

A column whose twin stays in place loses little when it is exchanged alone. So columns that say the same (relations.py) are also
exchanged together, all cells of the group from one row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge import draws
from etabli.judge.metrics import Metric
from etabli.records import Array

REPEATS = 5


@dataclass(frozen=True)
class Importance:
    """How much worse the metric becomes, in its own unit (above 0: worse), with its 95 % interval."""

    value: float
    low: float
    high: float


def givers(fold: Array, repeats: int = REPEATS, seed: int = 0) -> Array:
    """int [repeats, n]: the row whose cell each row takes, of the same fold, never itself (but in a fold of one row)."""
    rng, made = np.random.default_rng(seed), np.empty((repeats, len(fold)), np.int64)
    for k in np.unique(fold):
        circle = rng.permutation(np.flatnonzero(fold == k))
        steps = rng.permutation(np.arange(1, max(2, len(circle))))
        for r in range(repeats):
            made[r, circle] = np.roll(circle, -int(steps[r % len(steps)]))
    return made


def importances(
    metric: Metric, before: Array, after: Array, given: Array, groups: Array | None = None, seed: int = 0, count: int = 1000
) -> list[Importance]:
    """before: losses [n] (`Metric.rows`) of the answers as they are. after: [C, repeats, n], with the cells of each of C columns (or
    groups of columns) exchanged. given: `givers`. groups: [n], drawn whole."""
    difference = after - before
    change = difference.mean(axis=(1, 2))
    received = difference.mean(axis=1)
    passed = np.zeros_like(received)
    for r, row in enumerate(given):
        passed[:, row] += difference[:, r] / len(given)
    influence = (received + passed - change[:, None]).T
    groups = groups if groups is not None and len(np.unique(groups)) > 1 else None
    if groups is not None and draws.few(groups):
        half = np.array([draws.left_out(column, groups) for column in influence.T])
        low, high = change - half, change + half
    else:
        low, high = np.quantile(draws.means(influence, groups, seed, count)[0], [0.025, 0.975], axis=0)
    base = float(before.mean())
    return [Importance(*(worse(metric, base, float(end)) for end in ends)) for ends in zip(change, low, high, strict=True)]


def worse(metric: Metric, loss: float, change: float) -> float:
    """A change of the mean loss as the change of the metric in its own unit, above 0 where it is for the worse."""
    gap = metric.report(loss + change) - metric.report(loss)
    return -gap if metric.greater_is_better else gap
