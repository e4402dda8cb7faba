"""What a calibrator is: a map from a score to a better score, learned on out-of-fold rows, with its twin in the graph.

Final classes below this one are frozen records of what was learned. `apply` is what the judge measures; `write` adds the few
nodes that do the same in the model file (equal to 1e-12, tested), as few as possible because every prediction pays for them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from etabli.records import Array, TaskKind, Words

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

EPS = 1e-6  # probabilities enter a logarithm or a power no closer to 0 and 1 than this
STEEP = 20.0  # the steepest exponent: (1e6) ** 20 is still far from overflow


class Calibrator(ABC):
    """name, title (people), tasks, citation. rank: 0 simplest. cheap: quick enough for every candidate of a comparison. weighted: it can weigh rows.
    Scores are [n, 1] = P(classes[1]) for binary, [n, K] for multiclass, [n, 1] values for regression."""

    name: ClassVar[str]
    title: ClassVar[Words]
    tasks: ClassVar[tuple[TaskKind, ...]]
    citation: ClassVar[str]
    rank: ClassVar[int]
    cheap: ClassVar[bool] = True
    weighted: ClassVar[bool] = True

    @classmethod
    def possible(cls, y: Array) -> bool:
        """Whether there are rows enough to learn it."""
        return True

    @classmethod
    @abstractmethod
    def fit(cls, y: Array, S: Array, weight: Array | None = None) -> Calibrator:
        """Learns from class numbers y [n] and scores S. weight: [n], mean 1, or None."""

    @classmethod
    def quick(cls, y: Array, S: Array, weight: Array | None = None) -> Calibrator:
        """The same, perhaps coarser: what every candidate of a comparison can be given when this calibrator is asked for."""
        return cls.fit(y, S, weight)

    @abstractmethod
    def apply(self, S: Array) -> Array:
        """The calibrated scores, same shape."""

    @abstractmethod
    def write(self, graph: Graph, s: str) -> str:
        """Adds the nodes; s and the answer are [rows, outputs] double."""
