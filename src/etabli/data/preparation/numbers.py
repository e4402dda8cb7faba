"""Numbers and flags: as they are, standardised, or ranked; missing cells kept or filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

from etabli.data.preparation import scaling
from etabli.data.preparation.step import Learned, Step, View
from etabli.records import Feature

if TYPE_CHECKING:
    from etabli.graph.graph import Graph


@final
class Numbers(Step):
    """All number and flag columns as one block, then one indicator for each column that had missing training cells (filled)."""

    order: ClassVar[int] = 10

    def fit(self, view: View) -> Learned | None:
        """Medians, moments or quantile knots of the training rows, column by column."""
        names = view.names("number", "flag")
        if not names:
            return None
        flags = [j for j, name in enumerate(names) if view.table.column(name).kind == "flag"]
        learned = scaling.learn(lambda j: view.doubles(names[j]), len(names), view.wants, flags)
        features = [Feature(name, (name,)) for name in names]
        features += [Feature(f"{names[j]} missing", (names[j],)) for j in learned.flagged]
        return Learned(tuple(features), (names, learned))

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """One block for all columns."""
        names, block = learned.facts
        return scaling.write(block, graph, graph.numbers(names))
