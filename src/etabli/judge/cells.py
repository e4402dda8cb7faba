"""A raw column as the explanations see it: numbers, or levels by their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.records import Array


@dataclass(frozen=True)
class Cells:
    """values: float64 [n] (NaN missing), or int codes [n] into `levels` (-1 missing). kind: of the column, for its words. levels: None
    for numbers, flags and dates."""

    name: str
    kind: str
    values: Array
    levels: Sequence[str] | None = None

    @property
    def missing(self) -> Array:
        """Whether there is no value [n]."""
        return np.isnan(self.values) if self.levels is None else self.values < 0

    def taken(self, rows: Array) -> Cells:
        """The same of these rows."""
        return Cells(self.name, self.kind, self.values[rows], self.levels)
