"""Mahalanobis distance from a robust middle: odd rows may not bend the shape they are judged by.

The minimum regularised covariance determinant: steps of concentration on three rows in four (Rousseeuw & Van Driessen 1999) with the covariance
shrunk (Ledoit & Wolf 2004) as Boudt, Rousseeuw, Vanduffel & Verdonck 2020 do, so that columns of one category and tables with more columns
than rows leave it invertible. Above two hundred columns: the columns one by one.

Levels of categories, and numbers that are mostly one value (no gain, no loss), do not tell which rows lie close: the closest three in four would be those that all have the same, and
whoever has another, one row in eight say, would be infinitely odd. Their variance is that of all rows, or of the close ones where it is more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.estimators.recipes import affine, centred, number, square, total
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.placing import drawn

WIDE, STEPS = 200, 30


@final
class Mahalanobis(Detector):
    """centre [columns]; root [columns, columns], or [1, columns] of a wide table: the score is the sum of squares of (x - centre) root."""

    name, title, needs, citation, rank = (
        "mahalanobis",
        "robust Mahalanobis distance",
        ("scikit-learn",),
        "Rousseeuw & Van Driessen 1999; Boudt et al. 2020",
        0,
    )
    doc = "One cloud with a width and a tilt, learned from the three rows in four that lie closest together. Sees broken relations between numbers."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Three rows in four."""
        return [{"kept": 0.75}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """At most thirty covariances."""
        side = columns if columns <= WIDE else 1
        return Cost(work=3e-9 * STEPS * rows * columns * side + 1e-4, memory=24.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Which rows lie close is told by numbers alone, and of those only by columns that mostly vary."""
        x = x[drawn(x, len(x), seed)]
        middle = np.median(x, axis=0)
        width = 1.4826 * np.median(np.abs(x - middle), axis=0)
        varied = (width > 1e-9) & np.array([len(np.unique(column)) > 2 for column in x.T])
        floor = max(1e-6 * float(x.var(axis=0).mean()), 1e-12)
        chosen = np.arange(len(x))
        if varied.any():
            kept = max(1, int(np.ceil(float(values["kept"]) * len(x))))
            chosen = _close(x[:, varied], (x - middle)[:, varied] / width[varied], kept, floor)
        usual = np.clip(x, *np.quantile(x, (0.01, 0.99), axis=0)).var(axis=0)
        centre, root = _shape(x[chosen], floor, np.where(varied, 0.0, usual))
        return Found(self.name, values, {"centre": centre, "root": root})

    def apply(self, found: Found, x: Array) -> Array:
        """The root of the sum of squares."""
        return np.sqrt(_far(x, found.arrays["centre"], found.arrays["root"]))[:, None]

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One product."""
        root, moved = found.arrays["root"], centred(graph, x, found.arrays["centre"][None])
        turned = graph.op("Mul", moved, number(graph, root)) if len(root) == 1 else affine(graph, moved, root)
        return graph.op("Sqrt", total(graph, square(graph, turned)))


def _far(x: Array, centre: Array, root: Array) -> Array:
    turned = (x - centre) * root if len(root) == 1 else (x - centre) @ root
    return np.asarray((turned**2).sum(axis=1))


def _close(x: Array, scaled: Array, kept: int, floor: float) -> Array:
    """The rows [kept] of the most narrow cloud, from those nearest to the medians on. x, scaled: [rows, columns], scaled in deviations from the medians."""
    chosen = np.sort(np.argsort((scaled**2).sum(axis=1), kind="stable")[:kept])
    for _ in range(STEPS):
        again = np.sort(np.argsort(_far(x, *_shape(x[chosen], floor)), kind="stable")[:kept])
        if np.array_equal(again, chosen):
            break
        chosen = again
    return chosen


def _shape(x: Array, floor: float, least: Array | None = None) -> tuple[Array, Array]:
    """(centre, root) of those rows. least: [columns], no column's variance is less."""
    centre = x.mean(axis=0)
    lack = np.maximum(0.0 if least is None else least - x.var(axis=0), 0.0)
    if x.shape[1] > WIDE or len(x) < 3 or x.shape[1] == 1:
        return centre, 1 / np.sqrt(np.maximum(x.var(axis=0) + lack, floor))[None]
    from sklearn.covariance import ledoit_wolf

    shape = np.atleast_2d(ledoit_wolf(x - centre, assume_centered=True)[0]) + np.diag(np.broadcast_to(lack, x.shape[1]))
    values, vectors = np.linalg.eigh(shape)
    return centre, np.ascontiguousarray(vectors / np.sqrt(np.maximum(values, floor)))
