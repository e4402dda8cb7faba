"""What the writers of estimators take and give.

Columns travel as a `Frame`: blocks of doubles and single string columns side by side, so that a ColumnTransformer can pick by place
and a matrix is only made where an estimator needs one. A predictor gives an `Answer`: its raw output as the library has it, the link
to a score, and how to ask the library for the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from etabli.errors import EtabliError
from etabli.graph.graph import Graph
from etabli.records import Array, Link

Native = Callable[[Any], Array]  # what the estimator's own methods take (array or data frame) -> float64 [rows, outputs]


class Refused(EtabliError):
    """An estimator that is not written, by name, with the reason. What was brought forbids it: status 3."""

    status = 3

    def __init__(self, estimator: Any, reason: str, hint: str = "") -> None:
        kind = estimator if isinstance(estimator, str) else f"{type(estimator).__module__.split('.')[0]}'s {type(estimator).__name__}"
        super().__init__("a model is adopted only when the file can equal it", f"{kind}: {reason}", hint)


@dataclass(frozen=True)
class Part:
    """A tensor [rows, width] of doubles or of strings ("" missing)."""

    tensor: str
    width: int
    kind: Literal["double", "string"] = "double"


@dataclass(frozen=True)
class Frame:
    """Columns side by side. names: one a column, or () when they have none."""

    parts: tuple[Part, ...]
    names: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(part.width for part in self.parts)

    def matrix(self, graph: Graph, owner: Any = "the estimator") -> str:
        """One tensor [rows, width] double. Refused when a column holds texts."""
        if any(part.kind == "string" for part in self.parts):
            raise Refused(owner, "it was given texts where numbers are due")
        if len(self.parts) == 1:
            return self.parts[0].tensor
        return graph.op("Concat", *[part.tensor for part in self.parts], axis=1)

    def take(self, graph: Graph, places: Sequence[int]) -> Frame:
        """The columns at those places, in that order; neighbours of one part stay together."""
        starts = np.cumsum([0, *[part.width for part in self.parts]])
        made: list[Part] = []
        run: list[int] = []
        owner = -1
        for place in [*places, -1]:
            part = int(np.searchsorted(starts, place, "right")) - 1 if place >= 0 else -1
            if run and part != owner:
                made.append(_taken(graph, self.parts[owner], run))
                run = []
            owner = part
            if place >= 0:
                run.append(place - int(starts[part]))
        return Frame(tuple(made), tuple(self.names[place] for place in places) if self.names else ())

    def __add__(self, other: Frame) -> Frame:
        """Side by side."""
        both = bool(self.names or not self.parts) and bool(other.names or not other.parts)
        return Frame((*self.parts, *other.parts), (*self.names, *other.names) if both else ())


def _taken(graph: Graph, part: Part, places: Sequence[int]) -> Part:
    if list(places) == list(range(part.width)):
        return part
    return Part(graph.op("Gather", part.tensor, graph.const(list(places), np.int64), axis=1), len(places), part.kind)


@dataclass(frozen=True)
class Answer:
    """What a predictor gives. raw: [rows, outputs] double; link turns it into a score as for a family ("identity" a value, "exp" its
    logarithm, "sigmoid" a margin of classes[1], "softmax" margins, "probability" already: [rows, 1] of classes[1] for two classes, else
    one a class). native: the library's own `raw`. exact: equal bit for bit (sums of trees), else within 1e-13 of the output's scale.
    classes: the estimator's own labels; () for numbers. label: int64 [rows, 1], the place in `classes` that its `predict` gives, when that is not
    the largest score. values: what `transform` (clusters, projections) or `decision_function` gives, of an estimator that has no score (values is
    raw then), or beside its score (values is another tensor). bound: of the output's scale; above 1e-13 only where the library's own
    formula loses digits, so that two evaluations of it differ by more. deviation: [rows, 1], the standard deviation that a model of a distribution
    gives beside its mean; spread: the library's own.
    """

    raw: str
    link: Link
    native: Native
    exact: bool = False
    classes: tuple[Any, ...] = ()
    label: str = ""
    values: Part | None = None
    outputs: int = 1
    bound: float = 1e-13
    deviation: str = ""
    spread: Native | None = None


Writer = Callable[[Any, Graph, Frame], Frame | Answer]
WRITERS: dict[str, Writer] = {}


def writes(*types: str) -> Callable[[Writer], Writer]:
    """Registers a function for types by dotted name (where the class is defined: `type(e).__module__ + "." + __qualname__`)."""

    def register(function: Writer) -> Writer:
        for name in types:
            if name in WRITERS and WRITERS[name] is not function:
                raise ValueError(f"two functions write {name}")
            WRITERS[name] = function
        return function

    return register
