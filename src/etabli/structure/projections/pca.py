"""Principal components: the directions in which rows differ most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.records import Array, Cost
from etabli.structure.linear import Linear, counts, signed
from etabli.structure.method import Found, Stop, Values


@final
class Principal(Linear):
    """By the eigenvectors of the columns' products, or of the rows' where the table is wide."""

    name, title, citation, rank = "pca", "principal components", "Pearson 1901; Hotelling 1933", 0
    doc = "Straight axes along which the rows differ most; the first to try, and the easiest to read: each coordinate is a weighted sum."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten."""
        return counts(rows, columns)

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """One product and the eigenvectors of its smaller side."""
        side = min(rows, columns)
        return Cost(work=1e-9 * rows * columns * side + 1e-8 * side**3 + 1e-6, memory=16.0 * rows * columns + 24.0 * side**2)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The same for every seed."""
        centre = x.mean(axis=0)
        axes = principal(x - centre, int(values["components"]))
        return Found(self.name, values, {"centre": centre, "axes": axes, "back": np.ascontiguousarray(axes.T)})


def principal(x: Array, components: int) -> Array:
    """[columns, components]: orthonormal axes of largest sums of squares, the largest first; fewer where x has no more."""
    components = min(components, *x.shape)
    if x.shape[1] <= x.shape[0]:
        axes = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :components]
    else:
        axes = np.linalg.svd(x, full_matrices=False)[2][:components].T
    return np.ascontiguousarray(axes * signed(axes))
