"""Whether rows fall into groups, and into how many: k-means with a stated rule, and "no clear clusters" as an answer.

The rule. For 2 to 8 groups k-means is run on a fixed draw of at most `DRAWN` rows and the mean silhouette taken (Rousseeuw 1987). K-means
cuts anything into pieces, so the silhouette is compared with what it gives where there are no groups: on a Gaussian cloud with the same
spread along each axis (as SigClust does, Liu and others 2008), and on the table whose columns are each shuffled for themselves, which keeps
every lump of a single column and breaks what binds columns. The number of groups is the one that gains most over the better of the two;
it must gain `GAIN` and reach `CLEAR`, below which Kaufman and Rousseeuw (1990) see no substantial structure; otherwise there are no clear
clusters. Then all rows go to the nearest centre. It is simple, and sees round groups only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge.cells import Cells
from etabli.judge.mixed import Placed, placed
from etabli.records import Array

DRAWN = 700
MOST = 8
GAIN, CLEAR = 0.1, 0.25
STARTS, STEPS, TIMES = 3, 30, 2


@dataclass(frozen=True)
class Clusters:
    """cluster: int64 [rows], 0 is the largest; all 0 when there are no clear ones. count: 1 then. gain: what the best number gains over the
    comparison. silhouette: of that number."""

    cluster: Array
    count: int
    gain: float
    silhouette: float


def clusters(columns: Sequence[Cells], where: Placed) -> Clusters:
    """columns: the cells that `where` was made of."""
    rows = len(where.scores)
    axes = _axes(where)
    if rows < 30 or axes == 0:
        return Clusters(np.zeros(rows, np.int64), 1, 0.0, 0.0)
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(rows, min(rows, DRAWN), replace=False))
    points = where.scores[some, :axes]
    best = _silhouettes(points)
    spread = points.std(0)
    clouds = [_silhouettes(rng.normal(size=points.shape) * spread) for _ in range(TIMES)]
    drawn = [column.taken(some) for column in columns]
    shuffled = [_silhouettes(placed([c.taken(rng.permutation(len(some))) for c in drawn]).scores[:, :axes]) for _ in range(TIMES)]
    gains = best - np.maximum(np.mean(clouds, 0), np.mean(shuffled, 0))
    k = int(gains.argmax())
    gain, silhouette = float(gains[k]), float(best[k])
    if gain < GAIN or silhouette < CLEAR:
        return Clusters(np.zeros(rows, np.int64), 1, gain, silhouette)
    centres = kmeans(points, k + 2)[1]
    near = _distances(where.scores[:, :axes], centres).argmin(1)
    order = np.argsort(-np.bincount(near, minlength=k + 2), kind="stable")
    place = np.empty(k + 2, np.int64)
    place[order] = np.arange(k + 2)
    return Clusters(place[near], k + 2, gain, silhouette)


def kmeans(points: Array, count: int) -> tuple[Array, Array]:
    """(cluster of each point, centres) of the best of a few starts (k-means++, Arthur and Vassilvitskii 2007), always the same."""
    rng = np.random.default_rng(count)
    best: tuple[float, Array, Array] | None = None
    for _ in range(STARTS):
        centres = points[_seeds(points, count, rng)]
        label = np.full(len(points), -1)
        for _ in range(STEPS):
            distance = _distances(points, centres)
            new = distance.argmin(1)
            if (new == label).all():
                break
            label = new
            sizes = np.bincount(label, minlength=count)
            sums = np.stack([np.bincount(label, points[:, d], count) for d in range(points.shape[1])], 1)
            centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        inside = float(distance.min(1).sum())
        if best is None or inside < best[0] * (1 - 1e-12):
            best = (inside, label, centres)
    assert best is not None
    return best[1], best[2]


def _seeds(points: Array, count: int, rng: np.random.Generator) -> list[int]:
    chosen = [int(rng.integers(len(points)))]
    near = ((points - points[chosen[0]]) ** 2).sum(1)
    while len(chosen) < count:
        mass = near.cumsum()
        chosen.append(int(np.searchsorted(mass, rng.random() * mass[-1])) if mass[-1] > 0 else chosen[0])
        near = np.minimum(near, ((points - points[chosen[-1]]) ** 2).sum(1))
    return chosen


def _distances(a: Array, b: Array) -> Array:
    """Squared distances [a, b]."""
    apart: Array = np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * (a @ b.T), 0)
    return apart


def _silhouettes(points: Array) -> Array:
    """The mean silhouette of 2 to MOST groups; 0 where a number of groups cannot be made."""
    apart = np.sqrt(_distances(points, points))
    found = []
    for count in range(2, MOST + 1):
        label = kmeans(points, count)[0]
        sizes = np.bincount(label, minlength=count)
        if (sizes == 0).any():
            found.append(0.0)
            continue
        sums = apart @ np.eye(count)[label]
        own = np.arange(len(points))
        inner = sums[own, label] / np.maximum(sizes[label] - 1, 1)
        sums[own, label] = np.inf
        outer = (sums / sizes).min(1)
        score = np.where(sizes[label] > 1, (outer - inner) / np.maximum(np.maximum(outer, inner), 1e-300), 0)
        found.append(float(score.mean()))
    return np.array(found)


def _axes(where: Placed) -> int:
    """Axes that groups are looked for on: up to four fifths of the variance that was kept, at least two if there are."""
    if not where.shares:
        return 0
    sums = np.cumsum(where.shares)
    return int(min(len(sums), max(2, np.searchsorted(sums, 0.8 * sums[-1]) + 1)))
