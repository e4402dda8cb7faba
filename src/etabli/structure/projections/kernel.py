"""Kernel principal components: principal components of what a row resembles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.estimators.kernels import pairwise
from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.linear import counts, signed
from etabli.structure.method import Found, Projection, Stop, Values

LANDMARKS = 300
WIDTHS = (1.0, 0.25)  # of the kernel, in median squared distances
LEAST = 1e-8  # an eigenvalue below this share of the first is rounding


@final
class Kernel(Projection):
    """A Gaussian kernel between a row and landmarks (rows drawn by chance), centred among them, on the eigenvectors of the landmarks' own kernel matrix:
    the Nystrom approximation, which is the whole kernel where there are no more rows than landmarks."""

    name, title, citation, rank = "kpca", "kernel principal components", "Scholkopf, Smola & Muller 1998; Williams & Seeger 2001", 4
    doc = "Principal components of likeness: bent shapes and rings come apart; a row unlike all others falls in the middle."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten components; a wide and a narrow kernel."""
        return [{**values, "width": width} for width in WIDTHS for values in counts(min(rows, LANDMARKS), columns)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """The landmarks' eigenvectors."""
        marks = min(rows, LANDMARKS)
        return Cost(work=1e-9 * marks**2 * (columns + 10 * marks) + 1e-4, memory=8.0 * marks * (4 * marks + columns))

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """marks: [landmarks, columns]; gamma; centre [landmarks]: the mean kernel; axes [landmarks, components]."""
        picked = np.sort(np.random.default_rng(seed).permutation(len(x))[:LANDMARKS])
        marks = x[picked]
        squares = _squares(marks, marks)
        apart = squares[np.triu_indices(len(marks), 1)]
        median = float(np.median(apart[apart > 1e-12])) if (apart > 1e-12).any() else 1.0
        gamma = 1 / (float(values["width"]) * median)
        near = np.exp(-gamma * squares)
        centre = near.mean(axis=0)
        centred = near - centre - centre[:, None] + centre.mean()
        sizes, vectors = np.linalg.eigh(centred)
        sizes, vectors = sizes[::-1], vectors[:, ::-1]
        count = max(1, min(int(values["components"]), x.shape[1], int((sizes > LEAST * max(sizes[0], 1e-9)).sum())))
        sizes, vectors = sizes[:count], vectors[:, :count]
        axes = np.where(sizes > 1e-12, vectors * signed(vectors) / np.sqrt(np.maximum(sizes, 1e-12)), 0.0)
        axes = axes - axes.mean(axis=0)  # the mean of a row's own kernel falls out
        return Found(self.name, values, {"marks": marks, "gamma": np.array(gamma), "centre": centre, "axes": np.ascontiguousarray(axes)})

    def apply(self, found: Found, x: Array) -> Array:
        """(k(x, marks) - mean kernel) axes."""
        near = np.exp(-float(found.arrays["gamma"]) * _squares(x, found.arrays["marks"]))
        return np.asarray((near - found.arrays["centre"]) @ found.arrays["axes"])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """A kernel, a difference, a product."""
        near = pairwise(self, graph, x, found.arrays["marks"], "rbf", float(found.arrays["gamma"]))
        centred = graph.op("Sub", near, graph.const(found.arrays["centre"][None]))
        return graph.op("MatMul", centred, graph.const(found.arrays["axes"]))


def _squares(x: Array, marks: Array) -> Array:
    """[rows, marks]: squared distances, the marks' middle taken off first."""
    middle = marks.mean(axis=0)
    x, marks = x - middle, marks - middle
    return np.asarray(np.maximum((marks**2).sum(axis=1) - 2 * x @ marks.T + (x**2).sum(axis=1, keepdims=True), 0.0))
