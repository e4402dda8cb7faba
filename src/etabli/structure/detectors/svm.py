"""One-class support vectors: a smooth border around most rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from etabli.estimators.recipes import affine, number, square_distances
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.placing import drawn, in_parts

NONE = 1e-100  # the least sum, so that a row that no support vector reaches has a score
SEEN = 2000  # rows learned from: the exact kernel of so many; more are thinned by chance


@final
class OneClass(Detector):
    """libsvm's one-class machine with a Gaussian kernel of the width 1 / (columns * variance). The score is minus the log of the kernel's sum."""

    name, title, needs, citation, rank = "svm", "one-class support vectors", ("scikit-learn",), "Schölkopf et al. 2001", 5
    doc = "A smooth border around nine rows of ten; the score is how far outside a row lies."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """One row in ten outside."""
        return [{"nu": 0.1}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """The kernel of at most two thousand rows."""
        seen = min(rows, SEEN)
        return Cost(work=1e-9 * (seen * seen + 0.2 * rows * seen) * columns + 1e-3, memory=8.0 * seen * seen)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The support vectors and their weights."""
        from sklearn.svm import OneClassSVM

        seen = x[drawn(x, SEEN, seed)]
        width = 1 / (x.shape[1] * (float(seen.var()) or 1.0))
        library: Any = OneClassSVM(nu=float(values["nu"]), gamma=width).fit(seen)
        arrays = {
            "points": np.asarray(library.support_vectors_),
            "weights": np.asarray(library.dual_coef_).reshape(-1, 1) / float(np.asarray(library.dual_coef_).sum()),
            "width": np.array(width),
        }
        return Found(self.name, values, arrays)

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the log of the weighted mean of the kernel: it orders rows as libsvm does, and goes on growing far away."""
        points, weights, width = (found.arrays[name] for name in ("points", "weights", "width"))
        centre = points.mean(axis=0)
        moved = points - centre

        def score(part: Array) -> Array:
            part = part - centre
            far = np.maximum(part @ (-2.0 * moved.T) + (moved**2).sum(axis=1) + (part**2).sum(axis=1, keepdims=True), 0.0)
            return np.asarray(-np.log(np.maximum(np.exp(-width * far) @ weights, NONE)))

        return in_parts(x, len(points), score)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One product with the support vectors."""
        far = square_distances(graph, x, found.arrays["points"])
        kernel = graph.op("Exp", graph.op("Mul", far, number(graph, -float(found.arrays["width"]))))
        near = graph.op("Max", affine(graph, kernel, found.arrays["weights"]), number(graph, NONE))
        return graph.op("Neg", graph.op("Log", near))
