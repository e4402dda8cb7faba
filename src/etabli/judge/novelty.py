"""How unlike the training rows a row is: a conformal p-value of a Mahalanobis distance, small for the strange.

The distance is that of a shrunk covariance (Ledoit & Wolf 2004) of the prepared matrix up to 200 columns, of the columns one by
one above. Correlated and constant columns do no harm: shrinkage keeps the smallest directions away from zero, and a column
that never varied gets the deviation it could have without showing in n rows, so a first "missing" there is strange. The
p-value is the share of held-out rows (fold by fold, never rows the distance was learned on) at least as far: about uniform for
rows like these. Through at most 500 knots, rounded up between them. NaN cannot come out: the answer is read from a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.lookup import below, write_below
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

WIDE = 200
ROWS = 20_000  # rows looked at; more are thinned by chance
KNOTS = 500
FAR = 1e6  # cells are brought within this, so that squares stay finite


@dataclass(frozen=True)
class Novelty:
    """centre [d]. map: [d, d] (whitening, column by column of the answer) or [d] (one over the deviation). The score is the sum of the
    squares of (z - centre) map. knots: rising scores of held-out rows. p [knots + 1]: of a score above i knots."""

    centre: Array
    map: Array
    knots: Array
    p: Array

    def score(self, Z: Array) -> Array:
        """[n, 1], the larger the stranger."""
        centred = np.clip(Z, -FAR, FAR) - self.centre
        turned = centred @ self.map if self.map.ndim == 2 else centred * self.map
        return np.asarray((turned * turned).sum(axis=1, keepdims=True))

    def apply(self, Z: Array) -> Array:
        """p-values [n, 1] of prepared rows Z [n, d]."""
        return np.asarray(self.p[below(self.score(Z), self.knots)])

    def write(self, graph: Graph, z: str) -> str:
        """The same in the graph: [rows, d] double -> [rows, 1] double. Eight nodes."""
        z = graph.op("Clip", z, graph.const(-FAR, np.float64), graph.const(FAR, np.float64))
        z = graph.op("Sub", z, graph.const(self.centre[None, :], np.float64))
        z = graph.op("MatMul", z, graph.const(self.map)) if self.map.ndim == 2 else graph.op("Mul", z, graph.const(self.map[None, :]))
        score = graph.op("ReduceSum", graph.op("Mul", z, z), graph.const([1], np.int64), keepdims=1)
        return graph.op("Gather", graph.const(self.p, np.float64), write_below(graph, score, self.knots))


def fit(Z: Array, fold: Array, seed: int = 0) -> Novelty:
    """Learns from the prepared training rows Z [n, d] (scaled numbers, filled; indicators; minus log frequencies of categories) and
    their folds [n]. Rows of one fold only: the distance is judged on its own rows."""
    if len(Z) > ROWS:
        taken = np.sort(np.random.default_rng(seed).choice(len(Z), ROWS, replace=False))
        Z, fold = Z[taken], fold[taken]
    Z = np.clip(np.where(np.isnan(Z), 0.0, Z), -FAR, FAR)
    scores = np.empty(len(Z))
    parts = np.unique(fold)
    for k in parts:
        here = fold == k
        scores[here] = _shape(Z[~here] if len(parts) > 1 else Z).score(Z[here])[:, 0]
    knots, p = table(scores)
    shape = _shape(Z)
    return Novelty(shape.centre, shape.map, knots, p)


def _shape(Z: Array) -> Novelty:
    """The distance, without its p-values."""
    n, d = Z.shape
    centre = Z.mean(axis=0)
    deviation = np.maximum(Z.std(axis=0), 1 / np.sqrt(n + 2))
    none = np.empty(0)
    if d > WIDE or n < 3:
        return Novelty(centre, 1 / deviation, none, none)
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf((Z - centre) / deviation, assume_centered=True)
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    values = np.maximum(values, max(1e-6, 1 / n) * max(values[-1], 1e-300))
    return Novelty(centre, np.ascontiguousarray(vectors / np.sqrt(values) / deviation[:, None]), none, none)


def table(scores: Array) -> tuple[Array, Array]:
    """Knots and p-values. Each of the largest scores is a knot, then ever wider apart: small p-values are the ones people act on."""
    ordered = np.sort(scores)
    n = len(ordered)
    rank = np.unique(np.minimum(np.floor(np.geomspace(1, n + 1, KNOTS) - 0.5).astype(np.int64), n - 1))  # 0 is the largest score
    knots = np.unique(ordered[n - 1 - rank])
    at_least = n - np.searchsorted(ordered, knots, side="right")  # held-out rows above each knot
    return knots, (1 + np.concatenate([[n], at_least])) / (n + 1)
