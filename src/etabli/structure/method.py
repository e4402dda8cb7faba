"""What a method without a target is: one class in one file, found by walking its folder or by an entry point.

As with families (`families/family.py`), facts are data on the class, the heavy library is imported inside `fit`, and there is no second
implementation for new rows: `write` puts the method into the file, `apply` says the same in numpy, and the proof compares them.
`tests/structure/test_conformance.py` holds every method to this contract: same seed, same answer; one column, one row, constants, missing
cells; the graph equals `apply`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from etabli.graph.graph import Graph
from etabli.records import Array, Cost

Stop = Callable[[], bool]  # true once the time is over: a long fit looks at it and ends early with what it has
Values = Mapping[str, Any]  # a setting: hyperparameters by name, JSON-able


@dataclass(frozen=True)
class Found:
    """What a method learned, as plain arrays. values: its setting. labels: int [rows], the cluster of each training row, -1 for none
    (clusterings only)."""

    method: str
    values: Values
    arrays: Mapping[str, Array] = field(default_factory=dict)
    labels: Array | None = None


class Method(ABC):
    """name: what the user types. title: for people. needs: distributions imported inside fit. citation: author and year. rank: simplicity,
    0 simplest: among the tied, the simplest is named. doc: one or two plain sentences, in English: what it assumes and when to use it. slow: tried only when named."""

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    citation: ClassVar[str]
    rank: ClassVar[int]
    slow: ClassVar[bool] = False
    doc: ClassVar[str]

    @abstractmethod
    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Settings to try on a matrix of that size, the best default first."""

    @abstractmethod
    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """The estimate for one fit, before it starts."""

    @abstractmethod
    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Learns from x, float64 [rows, columns], no NaN. Same matrix, seed and setting: same bits."""

    @abstractmethod
    def apply(self, found: Found, x: Array) -> Array:
        """The answer for rows x in numpy, float64 [rows, outputs]: what `write` computes."""

    @abstractmethod
    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Adds the nodes that turn `x` ([rows, columns] double) into the answer ([rows, outputs] double); returns their name."""


class Clustering(Method):
    """Answers with a log-likelihood-like score for each cluster, [rows, clusters], the larger the nearer. The softmax of score / temperature
    is the membership. counted: the number of clusters is given (`values["clusters"]`), not found. noise: a row may belong to no cluster;
    the last column is then the score of "none"."""

    counted: ClassVar[bool] = True
    noise: ClassVar[bool] = False


class Projection(Method):
    """Answers with coordinates, [rows, `values["components"]`] (`linear.py`: those that also rebuild the matrix from them). grounded: zero means nothing; only offered
    for numbers that are never negative and for texts, and told where zero lies (`values["origin"]`, by column). amounts: its parts add up and are never taken away, which the axes of a
    text do not bear."""

    grounded: ClassVar[bool] = False
    amounts: ClassVar[bool] = False


class Rebuilds(Projection):
    """A projection with a way back of its own that is not linear."""

    @abstractmethod
    def back(self, found: Found, z: Array) -> Array:
        """[rows, columns] from coordinates z [rows, components], in numpy."""

    @abstractmethod
    def write_back(self, found: Found, graph: Graph, z: str) -> str:
        """Adds the nodes that do the same."""


class Detector(Method):
    """Answers with one score a row, [rows, 1], the larger the odder. Columns that make a row odd are found by asking again
    (`odd.py`)."""

    def fit_columns(self, values: Values, x: Array, owner: Array, seed: int, stop: Stop) -> Found:
        """As `fit`, told which columns of x came from one raw column. owner: int [columns], equal where one raw column's levels are."""
        return self.fit(values, x, seed, stop)

    def shares(self, found: Found, x: Array) -> Array | None:
        """[rows, columns]: what each column adds to the score; None where the method cannot tell."""
        return None
