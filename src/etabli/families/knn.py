"""Nearest neighbours: the weighted mean of the training rows that are most alike.

With D the squared distance of the (k+1)-th nearest point, a point at squared distance d counts (1 - d / D), and 0 beyond: the weights fall
smoothly to nothing at the edge (Epanechnikov's kernel on the distances that Hechenbichler & Schliep 2004 scale so), so that no row's answer
jumps when two neighbours change places. All points as far as the (k+1)-th count alike: ties need no rule. Rows that are equal are
one point with their mean and their number. Shares of classes get one further row of the overall shares, so that none is 0.

Distances are whole numbers and exact (`distances.py`), so rows that coincide and ties are the same in numpy and in the file.

One-hot columns of one category are scaled by sqrt(1/2): a mismatch counts like one standard deviation. Columns count alike ("equal") or by
the root of the share of the target's variance that ten quantile bins of the column explain ("relevant"), since columns that say nothing
drown those that do.

What is kept is the training rows: at most 5 000, and fewer where columns are more than 300 (1.5 million cells, at least 500 rows). Of
larger data a random subset is kept (the same for the same seed), its size is among the setting's values, and nothing is learned from
the other rows. While it predicts, 2 000 rows take 80 MB. All k share one matrix product in a file, and a fit is but that subset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families.distances import grid, squared, table, weighed, whole, write_squared, write_weighed
from etabli.families.family import Family, Stop
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Feature, Fitted, Setting, TaskKind, Wants

ROWS, CELLS = 5_000, 1_500_000
NEIGHBOURS = (15, 5, 40, 100)
FAR = 32.0  # deviations
BINS = 10
BLOCK = 2_000_000  # distances held at once by `answer`


def explained(x: Array, y: Array, weight: Array) -> Array:
    """[columns]: the share of the variance of y ([rows, outputs]) that up to ten quantile bins of each column explain, less what
    chance would."""
    rows = weight.sum()
    rest = y - weight @ y / rows
    total = float((weight @ rest**2).sum())
    made = np.zeros(x.shape[1])
    if total <= 0:
        return made
    for j in range(x.shape[1]):
        knots = np.unique(np.quantile(x[:, j], np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
        bins = np.searchsorted(knots, x[:, j])
        mass = np.bincount(bins, weight, len(knots) + 1)
        filled = mass > 0
        for output in range(y.shape[1]):
            sums = np.bincount(bins, weight * rest[:, output], len(knots) + 1)
            made[j] += (sums[filled] ** 2 / mass[filled]).sum()
        made[j] = made[j] / total - (filled.sum() - 1) / max(rows, 1.0)
    return np.maximum(made, 0.0)


def factors(x: Array, y: Array, weight: Array, features: Sequence[Feature], relevant: bool) -> Array:
    """[columns]: what each column is multiplied by."""
    flags = [j for j in range(x.shape[1]) if ((x[:, j] == 0) | (x[:, j] == 1)).all()]
    made = np.ones(x.shape[1])
    sources = [features[j].source for j in flags] if features else []
    for j, source in zip(flags, sources, strict=False):
        if sources.count(source) > 1:
            made[j] = np.sqrt(0.5)
    if relevant:
        share = np.sqrt(explained(x, y, weight))
        if share.max(initial=0.0) > 0:
            made *= np.maximum(share / share.max(), 0.02)
    return made


def answer(x: Array, kept: Any) -> Array:
    """[rows, outputs], as `Knn.write` does it."""
    parts = [np.zeros((0, kept["values"].shape[1] - 1))]
    step = max(1, BLOCK // kept["points"].shape[1])
    for start in range(0, len(x), step):
        distance = squared(whole(x[start : start + step], kept), kept["points"])
        weights, edge = weighed(distance, int(kept["neighbours"]))
        sums = weights @ kept["values"] / edge + kept["prior"]
        parts.append(sums[:, :-1] / sums[:, -1:])
    return np.concatenate(parts)


@final
class Knn(Family):
    """Weighted nearest neighbours."""

    name: ClassVar[str] = "knn"
    title: ClassVar[str] = "Nearest neighbours"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "Fix & Hodges 1951; Hechenbichler & Schliep 2004"
    rank: ClassVar[int] = 3
    doc: ClassVar[str] = (
        "The weighted mean of the training rows that are most alike. Use it when columns are few and all matter, and alike rows have alike "
        "answers; the file holds up to 5 000 training rows."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Four numbers of neighbours for each of three ways to measure distance."""
        many = facts.largest_category > 30
        stored = {"rows": ROWS} if facts.rows > ROWS else {}
        scaled = Wants(numbers="scaled", filled=True, categories="one-hot")
        ranks = Wants(numbers="rank", filled=True, categories="target" if many else "one-hot")
        return [
            Setting(
                self.name,
                {"neighbours": neighbours, "columns": columns, **stored},
                wants,
                path=f"neighbours, {columns}",
                origin="a ladder; AutoGluon's KNN has 5",
            )
            for wants, columns in ((ranks, "relevant"), (scaled, "equal"), (scaled, "relevant"))
            for neighbours in NEIGHBOURS
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """What predicting a fifth of the rows costs, for all numbers of neighbours, by the graph and natively."""
        stored = most(facts.rows, facts.columns)
        asked = facts.rows / 4
        work = 0.02 + 1.2e-7 * facts.rows * facts.columns + len(NEIGHBOURS) * asked * stored * (1.4e-8 + 1.2e-10 * facts.columns)
        return Cost(work=work, memory=8.0 * (2 * facts.rows * facts.columns + 2 * min(asked, 20_000.0) * stored))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One number of neighbours."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """Nothing but the points, the same for all."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # the same bits on any number of cores
            kept = _points(data, settings[0].values)
        made = []
        for setting in settings:
            edge = min(int(setting.values["neighbours"]) + 1, kept["points"].shape[1])
            mine = kept | {"neighbours": np.array(edge)}
            link = "identity" if data.task == "regression" else "probability"
            made.append(Fitted(setting, mine, link, lambda x, mine=mine: answer(x, mine)))  # type: ignore[arg-type, misc]
        return made

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Whole numbers, one product, the k-th distance, weights, one product."""
        kept = fitted.arrays
        weights, edge = write_weighed(graph, write_squared(graph, x, kept), int(kept["neighbours"]))
        sums = graph.op("Div", graph.op("MatMul", weights, graph.const(kept["values"])), edge)
        sums = graph.op("Add", sums, graph.const(kept["prior"]))
        outputs = kept["values"].shape[1] - 1
        above, below = graph.ops("Split", sums, graph.const([outputs, 1], np.int64), count=2, axis=1)
        return graph.op("Div", above, below)


def most(rows: int, columns: int) -> int:
    """How many of so many training rows are kept."""
    return min(rows, ROWS, max(500, CELLS // max(columns, 1)))


def _points(data: Data, values: Any) -> dict[str, Array]:
    """The grid and points of `distances.py`. values: [points, outputs + 1] weight x answer, and the weight. prior: [outputs + 1] added to
    the sums."""
    random = np.random.default_rng(data.seed)
    weight = np.ones(len(data.y)) if data.weight is None else data.weight * (len(data.y) / data.weight.sum())
    classes = 0 if data.task == "regression" else max(data.classes, 2)
    outcome = (data.y[:, None] == np.arange(classes)).astype(np.float64) if classes else data.y[:, None].astype(np.float64)
    order = random.permutation(len(data.y))
    order = order[weight[order] > 0]
    chosen = np.sort(order[: min(most(*data.x.shape), int(values.get("rows", ROWS)))])
    kept = grid(factors(data.x, outcome, weight, data.features, values["columns"] == "relevant"), FAR)
    points, place = np.unique(whole(data.x[chosen], kept), axis=0, return_inverse=True)
    # in random order: onnxruntime's search for the k nearest is slow when each point is nearer than the one before
    shuffled = random.permutation(len(points))
    member, mine = np.argsort(shuffled)[place.reshape(-1)], weight[chosen]
    columns = [mine * outcome[chosen, k] for k in range(outcome.shape[1])] + [mine]
    sums = np.column_stack([np.bincount(member, column, len(points)) for column in columns])
    prior = np.zeros(outcome.shape[1] + 1)
    if classes:
        shares = np.maximum(weight @ outcome / len(data.y), 1.0 / (len(data.y) + 1.0))
        prior = np.append(shares / shares.sum(), 1.0)
        if data.task == "binary":
            sums, prior = sums[:, 1:], prior[1:]
    return kept | {"points": table(points[shuffled]), "values": sums, "prior": prior}
