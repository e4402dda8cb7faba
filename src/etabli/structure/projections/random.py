"""Random projections: axes drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.records import Array, Cost
from etabli.structure.linear import Linear, counts
from etabli.structure.method import Found, Stop, Values


@final
class Random(Linear):
    """A Gaussian matrix with orthonormal columns."""

    name, title, citation, rank = "random", "random projection", "Johnson & Lindenstrauss 1984; Dasgupta & Gupta 2003", 9
    doc = "Axes drawn by chance, which look at no row: what any learned map must beat, and a cheap one for very wide tables."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten."""
        return counts(rows, columns)

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """The axes, and their making orthogonal."""
        return Cost(work=1e-8 * columns * int(values["components"]) ** 2 + 1e-9 * rows * columns + 1e-6, memory=32.0 * columns + 8.0)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Only the middle and the number of columns are learned."""
        columns = x.shape[1]
        axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(columns, min(int(values["components"]), columns))))[0]
        return Found(self.name, values, {"centre": x.mean(axis=0), "axes": axes, "back": np.ascontiguousarray(axes.T)})
