"""What a family of models is: one class in one file, found by walking this folder or by an entry point.

Facts are data on the class; code is kept for what is computed. A family is final: nothing here is meant to be overridden
but the abstract methods (and `fit_path`, for families that fit a whole path in one go). The heavy library is imported
inside the methods. `tests/families/test_conformance.py` holds every family, ours and outsiders', to this contract.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from etabli.families.trained import Trained
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind

Stop = Callable[[], bool]  # true once the time is over: a long fit looks at it and ends early with what it has


class Family(ABC):
    """A family of models. See docs/adding-a-family.md.

    name: what the user types. title: for people. tasks: what it can learn. needs: distributions imported inside fit.
    citation: author and year. rank: simplicity, 0 simplest: among the tied, the simplest is named. doc: one or two plain
    sentences, in English: what it assumes and when to use it. bagged: an unstable learner, whose fold members are kept and averaged
    in the final model; otherwise it is fitted again on all rows. monotone: it obeys `Feature.direction` (numbers and two classes);
    where a user declares directions, the others are left out, and that is said. additive: no two columns interact in it.
    together: it obeys `Data.together`. kin: a word it shares with families of its kind, which do about as well: one is tried for all, the cheapest,
    or the one that says `head`: it is known to do best. levels: it is about the levels of categories, and offers nothing where there are none.
    counterpart: the name of the family that does for classes what this one does for numbers, or the other way round, "" for none.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[TaskKind, ...]]
    needs: ClassVar[tuple[str, ...]] = ()
    citation: ClassVar[str]
    rank: ClassVar[int]
    doc: ClassVar[str]
    bagged: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    additive: ClassVar[bool] = False
    together: ClassVar[bool] = False
    kin: ClassVar[str] = ""
    counterpart: ClassVar[str] = ""
    head: ClassVar[bool] = False
    levels: ClassVar[bool] = False

    @abstractmethod
    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Candidates in order, the best default first."""

    @abstractmethod
    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """The estimate for one fit on `facts.rows` rows and `facts.columns` prepared columns, before it starts."""

    @abstractmethod
    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """Trains one setting. Same data, seed and setting: same bits."""

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """Trains settings that share a path (one factorisation for all penalties, one boosting run for all numbers of trees)."""
        return [self.fit(setting, data, stop) for setting in settings]

    def fit_folds(self, settings: Sequence[Setting], folds: Sequence[Data], stop: Stop) -> list[list[Fitted]]:
        """Trains a path on several folds at once: a list a fold. Families for which that is one computation override it."""
        return [self.fit_path(settings, data, stop) for data in folds]

    def deviation(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Adds the nodes of the model's own standard deviation of a new value ([rows, 1] double, regression) and returns their name; ""
        for a family that has none. True only if the model holds: the file gives it beside the interval, never in its place."""
        return ""

    def trained(self, fitted: Fitted) -> Trained | None:
        """How it was trained and what it is made of, for the report; None for a family that is not trained in epochs."""
        return None

    @abstractmethod
    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Adds the nodes that turn the prepared matrix `x` ([rows, features] double) into raw outputs; returns their name
        ([rows, outputs] double, what `fitted.native` gives)."""
