"""No calibration: what is kept unless another is better by a standard error. It adds no node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etabli.judge.calibrators.calibrator import Calibrator
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@dataclass(frozen=True)
class Raw(Calibrator):
    """The score as it is."""

    name = "raw"
    title = {"en": "as it is", "fr": "telle quelle"}  # noqa: RUF012
    tasks = ("binary", "multiclass", "regression")
    citation = ""
    rank = 0

    @classmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> Raw:
        """Nothing to learn."""
        return cls()

    def apply(self, S: Array) -> Array:
        """The same array."""
        return S

    def write(self, graph: Graph, s: str) -> str:
        """The same tensor."""
        return s
