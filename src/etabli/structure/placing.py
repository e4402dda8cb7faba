"""How clusterings place rows: by centres, or by stored points of every cluster; and in what order they see the rows.

Libraries start from rows drawn by their number, and DBSCAN gives a row between two groups to the one met first. So every method sees
the rows in an order of their own content (`drawn`): the same rows in another order give the same clusters. The same draw bounds a fit
whose memory grows with the square of the rows.

Distances to stored points are made by differences, column by column, here as in the file (`recipes.square_distances`): the same steps
in the same order, so that a row on the brink of "none" falls on the same side in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from etabli.estimators.recipes import SMALL, affine, number, repeated, square_distances
from etabli.graph.graph import Graph
from etabli.records import Array
from etabli.structure.method import Found, Values

POINTS = 1000  # stored points of a file, all clusters together
MOST = 12  # clusters that are tried
FOUND = 50  # clusters kept of those that find their own number
CELLS = 2_000_000  # distances made at once


def counts(rows: int) -> range:
    """The numbers of clusters to try."""
    return range(2, min(MOST, rows - 1) + 1)


def drawn(x: Array, most: int, seed: int) -> Array:
    """Numbers of at most `most` rows, in an order that rests on their content alone."""
    keys = (x * np.random.default_rng(0).normal(size=x.shape[1])).sum(axis=1)
    order = np.argsort(keys, kind="stable")
    if len(order) <= most:
        return order
    return np.asarray(order[np.sort(np.random.default_rng(seed).choice(len(order), most, replace=False))])


def distinct(x: Array, clusters: int) -> int:
    """That number of clusters, or as many as there are rows that differ."""
    if len(x) > clusters and len(np.unique(x[: 100 * clusters], axis=0)) >= clusters:
        return clusters
    return min(clusters, len(np.unique(x, axis=0)))


def finished(
    name: str,
    values: Values,
    arrays: Mapping[str, Array],
    x: Array,
    own: tuple[Array, Array],
    apply: Callable[[Found, Array], Array],
    alike: Array | None = None,
) -> Found:
    """What was found, with a label for every row. own: (row numbers, the labels the method gave them); other rows are placed as new
    rows are. arrays gain `agreement`: the share of the method's own rows that placing gives their own label. alike: what placing says of
    them where it is known better, as when a row must not be its own neighbour."""
    rows, labels = own
    placed = answers(apply(Found(name, values, arrays), x), int(labels.max(initial=-1)) + 1)
    agreement = np.array(np.mean((placed[rows] if alike is None else alike) == labels))
    placed[rows] = labels
    return Found(name, values, {**arrays, "agreement": agreement}, placed)


def answers(scores: Array, clusters: int) -> Array:
    """int64 [rows]: the cluster of the largest score, -1 where that is the column after the clusters."""
    best = scores.argmax(axis=1).astype(np.int64)
    return np.where(best < clusters, best, -1)


def largest(labels: Array) -> Array:
    """The same clusters, numbered from the largest on; beyond fifty, the smaller ones are none (-1)."""
    sizes = np.bincount(labels[labels >= 0], minlength=labels.max(initial=-1) + 1)
    place = np.full(len(sizes) + 1, -1)  # the last is that of none
    kept = np.argsort(-sizes, kind="stable")[:FOUND]
    place[kept] = np.arange(len(kept))
    return np.asarray(place[labels])


def rough(x: Array) -> float:
    """A distance that is as good as none: a millionth of the spread of the rows, above 0."""
    return 1e-6 * (float(np.sqrt(x.var(axis=0).sum())) or 1.0)


# centres -----------------------------------------------------------------------------------------------------------------


def near(x: Array, centres: Array) -> Array:
    """Minus the squared distance to each centre, up to what is the same for all: [rows, centres]."""
    return np.asarray(x @ (2 * centres.T) - (centres**2).sum(axis=1))


def write_near(graph: Graph, x: str, centres: Array) -> str:
    """The same as nodes: one product with all centres."""
    return affine(graph, x, np.ascontiguousarray(2 * centres.T), -(centres**2).sum(axis=1)[None])


# stored points ---------------------------------------------------------------------------------------------------------------


def squares(x: Array, points: Array) -> Array:
    """[rows, points]: squared distances by differences, added up in the order of the columns."""
    made = np.zeros((len(x), len(points)))
    for j in range(x.shape[1]):
        step = x[:, j : j + 1] - points[None, :, j]
        step *= step
        made += step
    return made


def in_parts(x: Array, points: int, make: Callable[[Array], Array]) -> Array:
    """make(rows of x), a part at a time, so that memory stays bounded."""
    step = max(1, CELLS // max(points, 1))
    return np.concatenate([make(x[start : start + step]) for start in range(0, len(x), step)])


def write_squares(graph: Graph, x: str, points: Array) -> str:
    """The same as nodes."""
    return square_distances(graph, x, points, exact=points.size > SMALL)


def outlined(x: Array, labels: Array, most: int = POINTS) -> Array:
    """Numbers of about `most` labelled rows, cluster by cluster, each keeping its share and at least ten; -1 is left out. Those of a cluster
    lie as far apart as they can, so that its shape and its rim stay: each next one is the farthest from those kept (Gonzalez 1985)."""
    kept = []
    whole = max(int((labels >= 0).sum()), 1)
    for cluster in range(int(labels.max(initial=-1)) + 1):
        mine = np.flatnonzero(labels == cluster)
        share = max(10, int(most * len(mine) / whole))
        if len(mine) > share:
            near, chosen = np.full(len(mine), np.inf), [0]
            while len(chosen) < share:
                near = np.minimum(near, ((x[mine] - x[mine[chosen[-1]]]) ** 2).sum(axis=1))
                chosen.append(int(near.argmax()))
            mine = mine[np.sort(chosen)]
        kept.append(mine)
    return np.concatenate(kept) if kept else np.zeros(0, np.int64)


def alone(x: Array, kept: Array, floor: Array, owner: Array) -> Array:
    """[rows, clusters]: as `closest` to the stored rows x[kept], but no row counts as its own neighbour; infinite where none is left."""
    place = np.full(len(x), -1)
    place[kept] = np.arange(len(kept))
    starts = np.searchsorted(owner, np.arange(owner.max(initial=-1) + 1))

    def part(rows: Array) -> Array:
        far = squares(x[rows], x[kept])
        stored = np.flatnonzero(place[rows] >= 0)
        far[stored, place[rows[stored]]] = np.inf
        return np.asarray(np.minimum.reduceat(np.maximum(far, floor), starts, axis=1))

    return in_parts(np.arange(len(x)), len(kept), part) if len(kept) else np.zeros((len(x), 0))


def reaches(near: Array, labels: Array, least: float) -> Array:
    """[clusters]: how near a row must be to the nearest stored row of each, so that as many as possible of the cluster's own rows and as few as
    possible of the rows of none are within. near: of `alone`."""
    bounds = []
    for cluster in range(near.shape[1]):
        far = near[:, cluster]
        rows = np.flatnonzero(((labels == cluster) | (labels < 0)) & np.isfinite(far))
        rows = rows[np.argsort(far[rows], kind="stable")]
        if not len(rows):
            bounds.append(least)
            continue
        gain = np.cumsum(np.where(labels[rows] == cluster, 1, -1))
        ends = np.append(np.flatnonzero(np.diff(far[rows])), len(rows) - 1)  # equal distances are within together
        best = ends[len(ends) - 1 - np.argmax(gain[ends][::-1])]
        bounds.append(max(float(np.sqrt(far[rows[best]])) * (1 + 1e-9), least))
    return np.array(bounds)


def closest(x: Array, points: Array, floor: Array, owner: Array) -> Array:
    """[rows, clusters]: the squared distance to the nearest stored point of each cluster. A point is never nearer than its floor, squared.
    owner: the cluster of each point, sorted."""
    starts = np.searchsorted(owner, np.arange(owner.max() + 1))
    return in_parts(x, len(points), lambda part: np.minimum.reduceat(np.maximum(squares(part, points), floor), starts, axis=1))


def write_closest(graph: Graph, x: str, points: Array, floor: Array, owner: Array) -> str:
    """The same as nodes."""
    far = graph.op("Max", write_squares(graph, x, points), number(graph, floor[None]))
    sizes = np.bincount(owner)
    parts = graph.ops("Split", far, graph.const(sizes, np.int64), count=len(sizes), axis=1) if len(sizes) > 1 else [far]
    near = [graph.op("ReduceMin", part, graph.const([1], np.int64), keepdims=1) for part in parts]
    return graph.op("Concat", *near, axis=1) if len(near) > 1 else near[0]


def reached(x: Array, points: Array, floor: Array, owner: Array, reach: Array) -> Array:
    """Scores [rows, clusters + 1]: -(distance / reach)^2 / 2 for each cluster, by `closest`, and -1/2 for none of them. reach: of each cluster."""
    none = np.full((len(x), 1), -0.5)
    return np.concatenate([closest(x, points, floor, owner) * (-0.5 / reach**2), none], axis=1) if len(reach) else none


def write_reached(graph: Graph, x: str, points: Array, floor: Array, owner: Array, reach: Array) -> str:
    """The same as nodes."""
    none = repeated(graph, x, [-0.5])
    if not len(reach):
        return none
    near = write_closest(graph, x, points, floor, owner)
    return graph.op("Concat", graph.op("Mul", near, number(graph, (-0.5 / reach**2)[None])), none, axis=1)
