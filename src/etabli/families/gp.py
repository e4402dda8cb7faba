"""Gaussian process regression: a smooth function, learned together with how smooth it is in each column.

The target is a draw from a normal process: rows that are near have correlated values (Matern 3/2 or Gaussian kernel, one length a
column), plus noise. Lengths, signal and noise maximise the marginal likelihood of at most 500 random rows, with priors
(`marginal.py`). With up to 1 000 rows the prediction is exact, k(x) (K + noise)^-1 y. With more, 1 000 inducing points (centres of a few
rounds of k-means; 500 beyond 10 000 rows) stand for the rows: FITC, the fully independent training conditional (Snelson & Ghahramani
2006; Quinonero-Candela & Rasmussen 2005), whose noise at a row includes what the points do not know of it. Rows of weight w have the
noise's variance divided by w.

A prediction is a long sum of large terms of both signs. It is computed in whole numbers (`fixed.py`), so that the file equals the model
bit for bit.

The process knows its own uncertainty: `deviation` and `write_deviation` give the standard deviation of a new row's target, one more product
with a triangle, within 1e-9. Classes are not offered: a normal likelihood on 0 and 1 is none, and Laplace's approximation costs
ten fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.families import fixed
from etabli.families.distances import grid, squared, table, whole
from etabli.families.family import Family, Stop
from etabli.families.marginal import SHAPES, search
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

LEARN, EXACT, LARGE, BLOCK = 500, 1_000, 10_000, 2_000
FAR = 64.0  # lengths
ROUNDS, CLUSTERED = 3, 20_000
JITTER = 1e-6
SHAPE = {"matern": fixed.MATERN, "rbf": fixed.RBF}


def predict(x: Array, kept: Any) -> Array:
    """[rows, 1], as `Gp.write` does it."""
    parts = [np.zeros((0, 1))]
    for start in range(0, len(x), BLOCK):
        kernel = fixed.kernels(whole(x[start : start + BLOCK], kept), kept)
        parts.append(fixed.combine(kernel, kept["digits"], float(kept["digit"])) * float(kept["scale"]) + float(kept["centre"]))
    return np.concatenate(parts)


def deviation(kept: Any, x: Array) -> Array:
    """[rows, 1] the standard deviation of a new target at each row, noise included, in the target's units."""
    parts = [np.zeros((0, 1))]
    for start in range(0, len(x), BLOCK):
        known = ((fixed.kernels(whole(x[start : start + BLOCK], kept), kept) @ kept["root"]) ** 2).sum(axis=1, keepdims=True)
        parts.append(np.sqrt(np.maximum(1.0 - known, 0.0) * float(kept["signal"]) + float(kept["noise"])))
    return np.concatenate(parts)


def write_deviation(graph: Graph, x: str, kept: Any) -> str:
    """Adds the nodes of `deviation`; the kernels are shared with the prediction's. [rows, 1]."""
    known = graph.op("MatMul", fixed.write_kernels(graph, x, kept), graph.const(kept["root"]))
    known = graph.op("ReduceSum", graph.op("Mul", known, known), graph.const([1], np.int64), keepdims=1)
    unknown = graph.op("Max", graph.op("Sub", graph.const(1.0, np.float64), known), graph.const(0.0, np.float64))
    latent = graph.op("Mul", unknown, graph.const(kept["signal"], np.float64))
    return graph.op("Sqrt", graph.op("Add", latent, graph.const(kept["noise"], np.float64)))


@final
class Gp(Family):
    """Gaussian process regression."""

    name: ClassVar[str] = "gp"
    title: ClassVar[str] = "Gaussian process"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    needs: ClassVar[tuple[str, ...]] = ("scipy",)
    citation: ClassVar[str] = "Rasmussen & Williams 2006; Snelson & Ghahramani 2006"
    rank: ClassVar[int] = 4
    kin: ClassVar[str] = "kernel"
    counterpart: ClassVar[str] = "svm"
    doc: ClassVar[str] = (
        "A smooth function of all columns, which learns from the data how far each column reaches. Use it on tens to a few thousand rows of "
        "measurements or simulations; it knows how sure it is."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Matern 3/2 on scaled columns, the same on ranks, the Gaussian kernel."""
        many = facts.largest_category > 30
        scaled = Wants(numbers="scaled", filled=True, categories="target" if many else "one-hot")
        ranks = Wants(numbers="rank", filled=True, categories="target" if many else "one-hot")
        return [
            Setting(
                self.name,
                {"kernel": kernel, "points": EXACT if facts.rows <= LARGE else EXACT // 2},
                wants,
                origin="Rasmussen & Williams 2006",
            )
            for kernel, wants in (("matern", scaled), ("matern", ranks), ("rbf", scaled))
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Some hundred factorisations of the search, then one pass over the rows."""
        learn, points = min(facts.rows, LEARN), min(facts.rows, int(setting.values["points"]))
        each = 1.5e-3 + 2e-8 * learn**2 + 5e-11 * learn**3 + 1e-10 * learn**2 * facts.columns
        work = 0.05 + 90 * each + 4e-10 * points**3 + facts.rows * points * (1.2e-8 + 1e-10 * facts.columns)
        if facts.rows > EXACT:
            work += facts.rows * points * (6e-11 * points + 1e-10 * facts.columns * ROUNDS)
        held = min(facts.rows / 4, 20_000.0) * points
        return Cost(work=work, memory=8.0 * (2 * facts.rows * facts.columns + 6 * points**2 + 4 * BLOCK * points + 2 * held))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """Lengths and noise from some rows, the prediction from all. A stop leaves what the rows so far say."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # a search repeats the last bit of a product a hundredfold: the same on any number of cores
            kept = _learn(str(setting.values["kernel"]), int(setting.values["points"]), data, stop)
        return Fitted(setting, kept, "identity", lambda x: predict(x, kept), exact=True)

    def deviation(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The posterior's own."""
        return write_deviation(graph, x, fitted.arrays)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Whole numbers, kernels, one product."""
        kept = fitted.arrays
        made = fixed.write_combine(graph, fixed.write_kernels(graph, x, kept), kept["digits"], float(kept["digit"]))
        made = graph.op("Mul", made, graph.const(kept["scale"], np.float64))
        return graph.op("Add", made, graph.const(kept["centre"], np.float64))


# learning --------------------------------------------------------------------------------------------------------------


def _learn(kernel: str, most: int, data: Data, stop: Stop) -> dict[str, Array]:
    """The grid and points of `distances.py`, the table and shape of `fixed.py`. digits, digit, scale, centre: the mean is
    sum of kernels x weights x scale + centre. root, signal, noise: the variance is signal (1 - |kernels root|^2) + noise."""
    random = np.random.default_rng(data.seed)
    order = random.permutation(len(data.y))
    weight = np.ones(len(data.y)) if data.weight is None else data.weight * (len(data.y) / data.weight.sum())
    order = order[weight[order] > 0]
    centre = float(np.average(data.y, weights=weight))
    scale = float(np.sqrt(np.average((data.y - centre) ** 2, weights=weight))) or 1.0
    x, y, unsure = np.clip(data.x[order], -FAR, FAR), (data.y[order] - centre) / scale, 1 / weight[order]
    lengths, signal, noise = search(x[:LEARN], y[:LEARN], unsure[:LEARN], SHAPES[kernel], stop)
    kept = grid(1 / lengths, FAR)
    kept |= {"shape": np.array(SHAPE[kernel]), "powers": fixed.powers(), "centre": np.array(centre), "scale": np.array(scale)}
    q = whole(x, kept)
    points = q if len(q) <= EXACT else _centres(q, most)
    kept["points"] = table(points)
    weights, lower, inner = _posterior(kept, points, q, y, noise / signal * unsure, stop)
    number, unit = fixed.digits(weights)
    return kept | {
        "digits": number,
        "digit": np.array(unit),
        "root": _root(lower, inner) / fixed.ONE,
        "signal": np.array(signal * scale**2),
        "noise": np.array(noise * scale**2),
    }


def _centres(q: Array, count: int) -> Array:
    """[count, features] whole numbers: centres of the rows (in random order; the first are the first centres) by a few rounds of k-means."""
    q = q[:CLUSTERED]
    made = q[:count].copy()
    for _ in range(ROUNDS):
        centres = table(made)
        nearest = np.concatenate([squared(q[i : i + BLOCK], centres).argmin(axis=1) for i in range(0, len(q), BLOCK)])
        order = np.argsort(nearest, kind="stable")
        filled, start = np.unique(nearest[order], return_index=True)
        made[filled] = np.rint(np.add.reduceat(q[order], start) / np.diff(np.append(start, len(q)))[:, None])
    return made


def _posterior(kept: Any, points: Array, q: Array, y: Array, unsure: Array, stop: Stop) -> tuple[Array, Array, Array | None]:
    """(weights [points], lower triangle of the points' covariance, what the rows add to it or None when the points are the rows).

    Everything by the signal's variance. unsure: [rows] noise variances. Rows come in random order: a stop leaves a random part.
    """
    from scipy.linalg import cho_solve, cholesky, solve_triangular

    exact = points is q
    own = fixed.kernels(points, kept) / fixed.ONE
    lower = cholesky(own + np.diag(unsure) if exact else own + JITTER * np.eye(len(own)), lower=True, check_finite=False)
    if exact:
        return cho_solve((lower, True), y, check_finite=False), lower, None
    inner, pull = np.eye(len(own)), np.zeros(len(own))
    for start in range(0, len(q), BLOCK):
        part = slice(start, start + BLOCK)
        v = solve_triangular(lower, fixed.kernels(q[part], kept).T / fixed.ONE, lower=True, check_finite=False)
        noise = np.maximum(1.0 - (v * v).sum(axis=0), 0.0) + unsure[part]
        inner += (v / noise) @ v.T
        pull += v @ (y[part] / noise)
        if stop():
            break
    solved = np.linalg.solve(inner, pull)
    return solve_triangular(lower, solved, lower=True, trans=1, check_finite=False), lower, inner


def _root(lower: Array, inner: Array | None) -> Array:
    """[points, rank] with |k root|^2 the share of the signal's variance that is known. Exact: the triangle's inverse; with inducing
    points K^-1 - (K + what the rows add)^-1 = L^-T (I - inner^-1) L^-1, by the eigenvectors of inner."""
    from scipy.linalg import solve_triangular

    right = np.eye(len(lower))
    if inner is not None:
        values, vectors = np.linalg.eigh(inner)
        right = vectors * np.sqrt(np.maximum(1.0 - 1.0 / np.maximum(values, 1.0), 0.0))
    return np.ascontiguousarray(solve_triangular(lower, right, lower=True, trans=1, check_finite=False))
