"""Naive Bayes on mixed columns: each column gives its evidence for each class, and the evidence is added up.

The margin of class k is log(share of k) + the sum over columns of log p(cell | k), as if columns were independent within a class. What a
column gives depends on what it is:

* a category: the share of its level among the class's rows, smoothed by `laplace` rows a level (Laplace 1812);
* a number, way "bins": the same of its bin; knots are quantiles of the training rows (Dougherty, Kohavi & Sahami 1995 found that
  cutting beats the normal curve on most tables; Hsu, Huang & Wong 2003 say why);
* a number, way "gaussian": the logarithm of a normal density with the class's mean and variance. A class's variance is learned with one
  further row of the column's overall variance and is at least `floor` of it. Cells beyond the range seen count as the nearest one seen,
  since a parabola far outside decides everything alone. It is offered on normal scores (ranks), which are nearer to its assumption.

A missing number, a level that no training row had, and anything that is no level number give no evidence: they are left out of the sum, and
nothing need be filled in. (A missing category is a level of its own where training rows have it.) A class that no training row has gets
what all rows together say, and the share of one row in n + 1. Columns that repeat each other count twice, so the probabilities are too
sure; the calibration that follows every model cures that, and the order of the rows was never harmed by it (Domingos & Pazzani 1997).

Levels and bins become rows of one table of logarithms, picked by one Gather; densities are a difference, a square and a sum, in this form
and not multiplied out, which would lose digits. With no floor and no further row the tests hold the answers to scikit-learn's
GaussianNB and CategoricalNB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.lda import log_shares
from etabli.graph.graph import Graph
from etabli.graph.steps import searchsorted
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

CELLS = 5_000  # classes x numbers whose densities are computed by one node
WAYS: tuple[tuple[dict[str, Any], Literal["raw", "rank"]], ...] = (
    ({"numbers": "bins", "bins": 30, "laplace": 0.3}, "raw"),
    ({"numbers": "bins", "bins": 10, "laplace": 1.0}, "raw"),
    ({"numbers": "gaussian", "floor": 0.01, "laplace": 1.0}, "rank"),
)


def densities(z: Array, y: Array, classes: int, weight: Array, floor: float, prior: float = 1.0) -> tuple[Array, Array, Array]:
    """(means, h, c), each [classes, columns]: the log density of a cell is c - h (z - mean)^2.

    z: float64 [rows, columns], NaN missing. weight: [rows]. floor: least variance. prior: further rows of the column's own variance.
    """
    known = ~np.isnan(z)
    cells = np.where(known, z, 0.0)
    member = np.zeros((classes, len(y)))
    member[y, np.arange(len(y))] = weight
    counts = member @ known
    whole = weight @ known
    mean = weight @ cells / np.where(whole > 0, whole, 1)
    variance = weight @ np.where(known, cells - mean, 0.0) ** 2 / np.where(whole > 0, whole, 1)
    means = np.where(counts > 0, member @ cells / np.where(counts > 0, counts, 1), mean)
    squares = np.zeros_like(means)
    for k in range(classes):
        mine = np.flatnonzero(y == k)
        squares[k] = weight[mine] @ (np.where(known[mine], cells[mine] - means[k], 0.0) ** 2)
    spread = (squares + prior * variance) / np.where(counts + prior > 0, counts + prior, 1)
    spread = np.maximum(np.where(counts > 0, spread, variance), 0) + floor
    return means, 0.5 / spread, -0.5 * np.log(2 * np.pi * spread)


def shares(codes: Array, y: Array, classes: int, weight: Array, levels: int, laplace: float) -> Array:
    """[levels, classes] log shares of the levels; 0 (no evidence) for a level without rows. codes: int64, -1 for none."""
    known = codes >= 0
    counts = np.bincount(codes[known] * classes + y[known], weight[known], levels * classes).reshape(levels, classes)
    seen = counts.sum(axis=1) > 0
    if not seen.any():
        return np.zeros_like(counts)
    absent = counts.sum(axis=0) == 0
    counts[:, absent] = counts.sum(axis=1, keepdims=True)  # a class without rows: as all rows together
    made = np.log((counts[seen] + laplace) / (counts.sum(axis=0) + laplace * seen.sum()))
    whole = np.zeros_like(counts)
    whole[seen] = made
    return whole


def margins(x: Array, kept: Any) -> Array:
    """[rows, classes] as `NaiveBayes.write` does it ([rows, 1] for two classes: of the second less of the first)."""
    made = np.zeros((len(x), len(kept["prior"]))) + kept["prior"]
    if len(kept["numbers"]):
        cells = x[:, kept["numbers"]]
        with np.errstate(over="ignore"):
            z = np.minimum(np.maximum((cells - kept["centre"]) / kept["scale"], kept["low"]), kept["high"])
        known = ~np.isnan(z)
        z = np.where(known, z, 0.0)
        for start, end in _spans(kept["means"].shape):
            away = z[:, None, :] - kept["means"][start:end]
            made[:, start:end] += ((kept["level"][start:end] - kept["sharpness"][start:end] * (away * away)) * known[:, None, :]).sum(
                axis=2
            )
    if len(kept["table"]) > 1:
        codes = x[:, kept["categories"]]
        with np.errstate(invalid="ignore"):
            fine = (codes >= 0) & (codes < kept["widths"]) & (np.floor(codes) == codes)
        at = [np.where(fine, codes + kept["offsets"], len(kept["table"]) - 1)]
        for j, column in enumerate(kept["binned"]):
            knots = kept["knots"][kept["bounds"][j] : kept["bounds"][j + 1]]
            start = kept["starts"][j]
            bins = np.searchsorted(knots, x[:, column]) + start
            at.append(np.where(np.isnan(x[:, column]), len(kept["table"]) - 1, bins)[:, None])
        made += kept["table"][np.hstack(at).astype(np.int64)].sum(axis=1)
    return np.asarray(made[:, 1:] - made[:, :1] if kept["binary"] else made)


def _spans(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Classes whose densities go through one node."""
    step = max(1, CELLS // max(1, shape[1]))
    return [(start, min(start + step, shape[0])) for start in range(0, shape[0], step)]


@final
class NaiveBayes(Family):
    """Evidence of the columns, added up as if they were independent within a class."""

    name: ClassVar[str] = "naivebayes"
    title: ClassVar[str] = "Naive Bayes"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    citation: ClassVar[str] = "Domingos & Pazzani 1997; Dougherty et al. 1995"
    rank: ClassVar[int] = 1
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Each column speaks for itself and their evidence is added up. Use it when rows are very few or columns very many; it takes "
        "categories and missing values as they are, and is hard to beat for speed."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Numbers in thirty bins, in ten, as normal scores."""
        ways = WAYS if facts.columns > facts.categories else WAYS[:1]
        return [
            Setting(self.name, values, Wants(numbers=numbers, categories="codes"), origin="defaults of the field")
            for values, numbers in ways
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """A count or a moment a column and class."""
        cells = facts.rows * facts.columns
        each = 8e-8 if setting.values["numbers"] == "bins" else 6e-8 + 3e-9 * facts.classes
        held = min(facts.rows, 20_000) * min(facts.columns * facts.classes, CELLS + facts.columns)
        return Cost(work=0.005 + each * cells + 2e-4 * facts.columns, memory=8.0 * (4 * cells + facts.rows * facts.classes + 3 * held))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """Counts and moments."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # the same bits on any number of cores
            arrays = _learn(setting.values, data)
        return Fitted(setting, arrays, "sigmoid" if data.task == "binary" else "softmax", lambda x: margins(x, arrays))

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Densities of the numbers, a look-up of the levels and bins, a sum."""
        kept = fitted.arrays
        made = graph.const(kept["prior"][None, :])
        if len(kept["numbers"]):
            made = graph.op("Add", _write_densities(graph, x, kept), made)
        if len(kept["table"]) > 1:
            made = graph.op("Add", made, _write_table(graph, x, kept))
        if not kept["binary"]:
            return made
        first, second = graph.ops("Split", made, graph.const([1, 1], np.int64), count=2, axis=1)
        return graph.op("Sub", second, first)


def _write_densities(graph: Graph, x: str, kept: Any) -> str:
    """[rows, classes]: the sum over number columns of their log densities."""
    cells = graph.op("Gather", x, graph.const(kept["numbers"]), axis=1)
    z = graph.op("Div", graph.op("Sub", cells, graph.const(kept["centre"][None])), graph.const(kept["scale"][None]))
    z = graph.op("Min", graph.op("Max", z, graph.const(kept["low"][None])), graph.const(kept["high"][None]))
    empty = graph.op("IsNaN", z)
    known = graph.op("Unsqueeze", graph.op("Cast", graph.op("Not", empty), to=11), graph.const([1], np.int64))
    z = graph.op("Unsqueeze", graph.op("Where", empty, graph.const(0.0, np.float64), z), graph.const([1], np.int64))
    parts = []
    for start, end in _spans(kept["means"].shape):
        away = graph.op("Sub", z, graph.const(kept["means"][None, start:end]))
        less = graph.op("Mul", graph.const(kept["sharpness"][None, start:end]), graph.op("Mul", away, away))
        each = graph.op("Mul", graph.op("Sub", graph.const(kept["level"][None, start:end]), less), known)
        parts.append(graph.op("ReduceSum", each, graph.const([2], np.int64), keepdims=0))
    return graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


def _write_table(graph: Graph, x: str, kept: Any) -> str:
    """[rows, classes]: the sum over categories and binned numbers of their table rows; the last row is no evidence."""
    none = graph.const(float(len(kept["table"]) - 1), np.float64)
    at = []
    if len(kept["categories"]):
        codes = graph.op("Gather", x, graph.const(kept["categories"]), axis=1)
        inside = graph.op(
            "And",
            graph.op("GreaterOrEqual", codes, graph.const(0.0, np.float64)),
            graph.op("Less", codes, graph.const(kept["widths"][None], np.float64)),
        )
        fine = graph.op("And", inside, graph.op("Equal", graph.op("Floor", codes), codes))
        at.append(graph.op("Where", fine, graph.op("Add", codes, graph.const(kept["offsets"][None], np.float64)), none))
    if len(kept["binned"]):
        cells = graph.op("Gather", x, graph.const(kept["binned"]), axis=1)
        knots = np.split(kept["knots"], kept["bounds"][1:-1])
        bins = searchsorted(graph, cells, knots, kept["starts"].tolist())
        at.append(graph.op("Where", graph.op("IsNaN", cells), none, bins))
    place = graph.op("Cast", graph.op("Concat", *at, axis=1) if len(at) > 1 else at[0], to=7)
    return graph.op("ReduceSum", graph.op("Gather", graph.const(kept["table"]), place, axis=0), graph.const([1], np.int64), keepdims=0)


def _learn(values: Any, data: Data) -> dict[str, Array]:
    """The arrays that `margins` and `write` read. numbers: columns with densities. categories, binned: columns of the table."""
    x, y, classes = data.x, data.y, max(data.classes, 2)
    weight = np.ones(len(y)) if data.weight is None else data.weight * (len(y) / data.weight.sum())
    levels = np.array([feature.levels for feature in data.features], np.int64)
    category, number = np.flatnonzero(levels > 0), np.flatnonzero(levels == 0)
    gaussian = number if values["numbers"] == "gaussian" else number[:0]
    binned = number if values["numbers"] == "bins" else number[:0]
    tables: list[Array] = []
    for j in category:
        with np.errstate(invalid="ignore"):
            fine = (x[:, j] >= 0) & (x[:, j] < levels[j]) & (np.floor(x[:, j]) == x[:, j])
        codes = np.where(fine, x[:, j], -1).astype(np.int64)
        tables.append(shares(codes, y, classes, weight, int(levels[j]), float(values["laplace"])))
    knots = [_knots(x[:, j], int(values["bins"])) for j in binned]
    for j, at in zip(binned, knots, strict=True):
        codes = np.where(np.isnan(x[:, j]), -1, np.searchsorted(at, x[:, j]))
        tables.append(shares(codes, y, classes, weight, len(at) + 1, float(values["laplace"])))
    starts = np.cumsum([0, *map(len, tables)])
    counts = np.bincount(y, weight, classes) / len(y)
    kept = {
        "prior": log_shares(counts, len(y)),
        "binary": np.array(data.task == "binary"),
        "numbers": gaussian,
        "categories": category,
        "widths": levels[category].astype(np.float64),
        "offsets": starts[: len(category)].astype(np.float64),
        "binned": binned,
        "starts": starts[len(category) : -1].astype(np.float64),
        "knots": np.concatenate([*knots, np.zeros(0)]),
        "bounds": np.cumsum([0, *map(len, knots)]),
        "table": np.vstack([*tables, np.zeros((1, classes))]),
    }
    return kept | (_densities(x[:, gaussian], y, classes, weight, float(values["floor"])) if len(gaussian) else {})


def _densities(x: Array, y: Array, classes: int, weight: Array, floor: float) -> dict[str, Array]:
    known = ~np.isnan(x)
    some = known.any(axis=0)
    low, high = (np.where(some, f(np.where(known, x, g), axis=0), 0.0) for f, g in ((np.min, np.inf), (np.max, -np.inf)))
    unit = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1e-300)  # cells of 1e300 do not overflow when they are squared
    small = np.where(known, x / unit, 0.0)
    rows = np.maximum(known.sum(axis=0), 1)
    centre = small.sum(axis=0) / rows
    spread = np.sqrt((np.where(known, small - centre, 0.0) ** 2).sum(axis=0) / rows)
    scale = np.where(spread > 1e-15, spread, 1.0) * unit
    centre = centre * unit
    means, sharpness, level = densities((x - centre) / scale, y, classes, weight, floor)
    return {
        "centre": centre,
        "scale": scale,
        "low": (low - centre) / scale,
        "high": (high - centre) / scale,
        "means": means,
        "sharpness": sharpness,
        "level": level,
    }


def _knots(cells: Array, bins: int) -> Array:
    """At most bins - 1 distinct cells at even ranks, the largest cell never: every bin has training rows."""
    known = cells[~np.isnan(cells)]
    if not len(known):
        return np.zeros(0)
    made = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.asarray(made[made < known.max()])
