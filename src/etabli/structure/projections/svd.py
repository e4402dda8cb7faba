"""Truncated singular values: principal axes seen from zero, not from the middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from etabli.records import Array, Cost
from etabli.structure.linear import Linear, counts, origin
from etabli.structure.method import Found, Stop, Values
from etabli.structure.projections.pca import Principal, principal


@final
class Truncated(Linear):
    """The axes of largest sums of squares about zero."""

    name, title, citation, rank = "svd", "truncated singular values", "Eckart & Young 1936; Deerwester et al. 1990", 1
    doc = "As principal components, but zero stays zero: for amounts and counts, most of them nothing, where the middle is no place."
    grounded = True

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten."""
        return counts(rows, columns)

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """As principal components."""
        return Principal().cost(values, rows, columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The same for every seed."""
        zero = origin(values, x)
        axes = principal(x - zero, int(values["components"]))
        return Found(self.name, values, {"centre": zero, "axes": axes, "back": np.ascontiguousarray(axes.T)})
