"""Where a row lies among the others: its leading coordinates (`fit --with-map N`), its distances to centres (`--with-clusters K`).

Both look at all numbers and flags at once, scaled, and learn from the training rows alone: principal axes (Pearson 1901) and the centres of
k-means (Lloyd 1982; Coates & Ng 2012 use such distances as features). They know nothing of the target.

Scaled cells, axes and centres are rounded to whole steps of a grid so fine that every product and partial sum is a whole number below
2^53. So the sums are exact: one row or many, whatever the machine, a tree sees the same bits. With 30 columns a step is 2^-18 of a deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from etabli.data.preparation import scaling
from etabli.data.preparation.step import Learned, Step, View
from etabli.graph.steps import finite
from etabli.records import Array, Feature, Wants

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

CELLS, ROWS, FEWEST = 4_000_000, 10_000, 500  # axes and centres are learned from so many cells, within so many rows
FAR = 32.0  # deviations: what is farther counts as that far
SCALED = Wants(numbers="scaled", filled=True)


@dataclass(frozen=True)
class Places:
    """names: columns [p]. block: their filling and scaling. limit: the steps of FAR. axes: [p, components] of whole numbers, or no columns.
    centres: [p, clusters] of whole numbers, or no columns."""

    names: tuple[str, ...]
    block: scaling.Scaling
    limit: float
    axes: Array
    centres: Array


@final
class Coordinates(Step):
    """`view.wants.map` principal coordinates and `view.wants.clusters` distances, of the numbers and flags."""

    order: ClassVar[int] = 60

    def fit(self, view: View) -> Learned | None:
        """Axes and centres of the training rows (of some by seed, where they are many); nothing of fewer than two columns."""
        known = together(view) if view.wants.map or view.wants.clusters else None
        if known is None:
            return None
        names, block = known
        limit = float(2 ** int((51 - np.log2(len(names))) // 2))
        rows = view.sample(max(FEWEST, min(ROWS, CELLS // len(names))))
        q = np.concatenate(list(view.run(lambda graph: _steps(graph, names, block, limit), len(names), rows=rows)))
        places = Places(names, block, limit, _axes(q / limit, view.wants.map, limit), _centres(q, view.wants.clusters, view.seed))
        titles = [f"map {i + 1}" for i in range(places.axes.shape[1])]
        titles += [f"distance to cluster {i + 1}" for i in range(places.centres.shape[1])]
        return beside(view, names, titles, places, lambda graph: _write(graph, places))

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """One product for the coordinates, one for the distances."""
        places, scaled = learned.facts
        return as_wanted(scaled, graph, _write(graph, places))


def together(view: View) -> tuple[tuple[str, ...], scaling.Scaling] | None:
    """(the numbers and flags, their filling and scaling) that are looked at together; None of fewer than two."""
    names = tuple(view.names("number", "flag"))
    return (names, scaling.learn(lambda j: view.doubles(names[j]), len(names), SCALED, indicators=False)) if len(names) > 1 else None


def beside(view: View, names: tuple[str, ...], titles: Sequence[str], facts: Any, write: Callable[[Graph], str]) -> Learned:
    """Columns made of all of `names`, with the scaling that the setting wants of numbers: facts are (facts, scaling or None). write: adds their nodes."""
    scaled = None
    if view.wants.numbers != "raw":
        made = np.concatenate(list(view.run(write, len(titles)))).T.copy()
        scaled = scaling.learn(lambda j: made[j], len(titles), view.wants, indicators=False)
    return Learned(tuple(Feature(title, names) for title in titles), (facts, scaled))


def as_wanted(scaled: scaling.Scaling | None, graph: Graph, made: str) -> Sequence[str]:
    """The columns with that scaling."""
    return [made] if scaled is None else scaling.write(scaled, graph, made)


def _steps(graph: Graph, names: Sequence[str], block: scaling.Scaling, limit: float) -> str:
    """[rows, p]: the scaled cells in whole steps."""
    x = scaling.write(block, graph, finite(graph, graph.numbers(list(names))))[0]
    x = graph.op("Mul", x, graph.const(limit / FAR, np.float64))
    return graph.op("Round", graph.op("Clip", x, graph.const(-limit, np.float64), graph.const(limit, np.float64)))


def _write(graph: Graph, places: Places) -> str:
    """[rows, components + clusters]: coordinates and distances, in deviations."""
    q = _steps(graph, places.names, places.block, places.limit)
    made = []
    if places.axes.shape[1]:
        whole = graph.op("MatMul", q, graph.const(places.axes))
        made.append(graph.op("Mul", whole, graph.const(FAR / places.limit**2, np.float64)))
    if places.centres.shape[1]:
        norm = graph.op("ReduceSum", graph.op("Mul", q, q), graph.const([1], np.int64), keepdims=1)
        cross = graph.op("MatMul", q, graph.const(-2.0 * places.centres))
        squared = graph.op("Add", graph.op("Add", cross, norm), graph.const((places.centres**2).sum(axis=0)[None]))
        made.append(graph.op("Mul", graph.op("Sqrt", squared), graph.const(FAR / places.limit, np.float64)))
    return graph.op("Concat", *made, axis=1) if len(made) > 1 else made[0]


def _axes(x: Array, components: int, limit: float) -> Array:
    """[p, components] of whole numbers: orthonormal axes of largest variance times limit, the largest entry of each positive."""
    from threadpoolctl import threadpool_limits

    if not components:
        return np.empty((x.shape[1], 0))
    x = x - x.mean(axis=0)
    with threadpool_limits(1):  # the same bits on any number of cores
        axes = np.linalg.eigh(x.T @ x)[1][:, ::-1] if x.shape[1] <= len(x) else np.linalg.svd(x, full_matrices=False)[2].T
    axes = axes[:, :components]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return np.ascontiguousarray(np.rint(axes * np.where(largest < 0, -1.0, 1.0) * limit) + 0.0)


def _centres(q: Array, clusters: int, seed: int) -> Array:
    """[p, clusters] of whole numbers: the best of three runs of k-means; no more centres than distinct rows."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    if not clusters:
        return np.empty((q.shape[1], 0))
    known = np.unique(q, axis=0)
    if len(known) <= clusters:
        return np.ascontiguousarray(known.T)
    with threadpool_limits(1):
        found = KMeans(clusters, n_init=3, random_state=seed % 2**32).fit(q).cluster_centers_
    found = found[np.lexsort(found.T[::-1])]
    return np.ascontiguousarray(np.rint(found).T + 0.0)
