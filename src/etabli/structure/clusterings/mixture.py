"""Gaussian mixture: every cluster a normal distribution with a shape of its own.

Likelihood has no upper bound where a component shrinks onto equal rows (a level of a category, a rounded number), so every variance is
raised by a hundredth of the mean variance of the columns, which keeps components wider than the steps of the data (the role of the prior in
Fraley & Raftery 2007).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.estimators.recipes import affine, number, square, total
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Clustering, Found, Stop, Values
from etabli.structure.placing import CELLS, counts, distinct, drawn, finished, in_parts

SHAPES = ("full", "tied", "diag")
SAMPLE, STARTS, ROUNDS = 10_000, 3, 200
RAISED = 1e-2


class Mixture(Clustering):
    """Gaussian mixtures by scikit-learn; covariance full, tied or diag. Scores are log(weight) + log(density)."""

    name, title, needs, citation, rank = (
        "mixture",
        "Gaussian mixture",
        ("scikit-learn",),
        "Dempster, Laird & Rubin 1977; Fraley & Raftery 2002",
        3,
    )
    doc = (
        "Each group a cloud with a width and a tilt of its own (full), one tilt for all (tied), or widths along the columns (diag). "
        "For groups of unequal size and stretched groups; memberships are probabilities, and BIC tells the shapes apart."
    )

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two to twelve clusters of each shape, as far as a cluster of mean size has more rows than twice the columns (full)."""
        allowed = {
            "full": lambda k: rows >= 2 * k * (columns + 1),
            "tied": lambda k: rows >= 2 * (columns + k),
            "diag": lambda k: rows >= 4 * k,
        }
        return [{"clusters": k, "covariance": shape} for k in counts(rows) for shape in SHAPES if allowed[shape](k)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Three starts of some forty rounds on at most ten thousand rows."""
        per = columns + 10 + (columns**2 / 10 if values["covariance"] != "diag" else 0)
        seen = min(rows, SAMPLE)
        work = 1e-9 * (STARTS * 40 * seen + rows) * values["clusters"] * per + 0.01
        return Cost(work=work, memory=8.0 * (4 * rows * columns + 4 * seen * values["clusters"] * columns) + 32.0 * CELLS)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The best of three starts from k-means. arrays: `bic` of all rows, the lower the better."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        order = drawn(x, SAMPLE, seed)
        seen, shape = x[order], str(values["covariance"])
        clusters = distinct(seen, int(values["clusters"]))
        raised = RAISED * float(seen.var(axis=0).mean()) or 1.0
        tried: list[Any] = []
        while len(tried) < STARTS and not (tried and stop()):
            made = GaussianMixture(clusters, covariance_type=shape, reg_covar=raised, max_iter=ROUNDS, random_state=seed + len(tried))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the best of what two hundred rounds give
                tried.append(made.fit(np.repeat(seen, 2, axis=0) if len(seen) == 1 else seen))  # the library asks for two rows
        best = max(tried, key=lambda one: float(one.lower_bound_))
        roots = np.asarray(best.precisions_cholesky_)
        whole = np.broadcast_to(roots, (clusters, *roots.shape)) if shape == "tied" else roots
        diagonal = whole if shape == "diag" else np.diagonal(whole, axis1=1, axis2=2)
        constant = np.log(best.weights_) + np.log(diagonal).sum(axis=1) - 0.5 * x.shape[1] * np.log(2 * np.pi)
        arrays = {"means": best.means_, "roots": np.array(whole), "constant": constant}
        found = finished(self.name, values, arrays, x, (order, best.predict(seen).astype(np.int64)), self.apply)
        joint = self.apply(found, x)
        most = joint.max(axis=1, keepdims=True)
        likelihood = float((most[:, 0] + np.log(np.exp(joint - most).sum(axis=1))).sum())
        bic = np.array(best._n_parameters() * np.log(len(x)) - 2 * likelihood)
        return Found(self.name, values, {**found.arrays, "bic": bic}, found.labels)

    def apply(self, found: Found, x: Array) -> Array:
        """log(weight) + log(density) of each component."""
        means, roots = found.arrays["means"], found.arrays["roots"]
        turned, shift = _turns(means, roots) if roots.ndim == 3 else (means, means)

        def part(rows: Array) -> Array:
            apart = (rows[:, None] - means) * roots if roots.ndim == 2 else (rows @ turned - shift).reshape(-1, *means.shape)
            return np.asarray((apart**2).sum(axis=2) * -0.5 + found.arrays["constant"])

        return in_parts(x, means.size, part)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One product with the roots of all precisions."""
        means, roots = found.arrays["means"], found.arrays["roots"]
        if roots.ndim == 2:
            apart = graph.op("Sub", graph.op("Unsqueeze", x, graph.const([1], np.int64)), number(graph, means[None]))
            apart = graph.op("Mul", apart, number(graph, roots[None]))
        else:
            turned, shift = _turns(means, roots)
            apart = graph.op("Reshape", affine(graph, x, turned, -shift[None]), graph.const([-1, *means.shape], np.int64))
        far = graph.op("Mul", total(graph, square(graph, apart), axis=2, keep=False), number(graph, -0.5))
        return graph.op("Add", far, number(graph, found.arrays["constant"][None]))


def _turns(means: Array, roots: Array) -> tuple[Array, Array]:
    """([columns, components * columns] all roots side by side, [components * columns] what the means become)."""
    return np.concatenate(list(roots), axis=1), np.concatenate([m @ r for m, r in zip(means, roots, strict=True)])
