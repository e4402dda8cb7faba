"""Dates (seconds since 1970 UTC): calendar parts, because what returns every week or year is what new rows share with old
ones, and the seconds themselves for the trend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from etabli.data.preparation import scaling
from etabli.data.preparation.step import Learned, Step, View
from etabli.graph.steps import CALENDAR, calendar
from etabli.records import Array, Feature

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

DAY = 86_400.0


@final
class Dates(Step):
    """Year, month, day of month, weekday, day of year, the hour where any time of day varies, and the seconds standardised;
    or the seconds alone (raw where numbers are raw)."""

    order: ClassVar[int] = 20

    def fit(self, view: View) -> Learned | None:
        """Which parts, and their filling and scaling, from the training rows."""
        names = view.names("date")
        if not names:
            return None
        hours = []
        moments = np.zeros((2, len(names)))
        for j, name in enumerate(names):
            cells = view.doubles(name)
            cells = cells[~np.isnan(cells)]
            hours.append(len(np.unique(np.floor(np.mod(cells[:200_000], DAY) / 3_600.0))) > 1)
            moments[:, j] = scaling.moments(cells)
        parts: tuple[str, ...] = ()
        if view.wants.dates == "calendar":
            parts = CALENDAR if any(hours) else CALENDAR[:-1]
        # the block is part by part, each [rows, dates]; hours are taken of the dates that have one
        chosen = [i * len(names) + j for i, part in enumerate(parts) for j in range(len(names)) if part != "hour" or hours[j]]
        chosen += range(len(parts) * len(names), (len(parts) + 1) * len(names))
        labels = [f"{name} {part}" for part in parts for name in names] + [f"{name} seconds" for name in names]
        facts = (names, parts, chosen, moments if parts or view.wants.numbers != "raw" else None)
        columns = _columns(view, facts)
        block = scaling.learn(lambda j: columns[j], len(chosen), view.wants, indicators=False)
        features = [Feature(labels[i], (names[i % len(names)],)) for i in chosen]
        missing = [j for j, name in enumerate(names) if view.wants.filled and np.isnan(view.doubles(name)).any()]
        features += [Feature(f"{names[j]} missing", (names[j],)) for j in missing]
        return Learned(tuple(features), (facts, block, missing))

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """The parts of all date columns at once."""
        facts, block, missing = learned.facts
        made = scaling.write(block, graph, _write(graph, facts))
        if missing:
            empty = graph.op("Cast", graph.op("IsNaN", graph.numbers(facts[0])), to=11)
            made.append(graph.op("Gather", empty, graph.const(np.array(missing, np.int64)), axis=1))
        return made


Facts = tuple[list[str], tuple[str, ...], list[int], Array | None]


def _write(graph: Graph, facts: Facts) -> str:
    names, parts, chosen, moments = facts
    seconds = graph.numbers(names)
    made = list(calendar(graph, seconds, parts).values())
    if moments is not None:
        seconds = graph.op("Div", graph.op("Sub", seconds, graph.const(moments[:1])), graph.const(moments[1:]))
    if not made:
        return seconds
    block = graph.op("Concat", *made, seconds, axis=1)
    if len(chosen) < (len(parts) + 1) * len(names):
        block = graph.op("Gather", block, graph.const(np.array(chosen, np.int64)), axis=1)
    return block


def _columns(view: View, facts: Facts) -> list[Array]:
    """The training rows' block, column by column, by the nodes themselves; nothing where nothing is to be learned."""
    if view.wants.numbers == "raw" and not view.wants.filled:
        return []
    block = np.concatenate(list(view.run(lambda graph: _write(graph, facts), len(facts[2]))))
    return list(np.ascontiguousarray(block.T))
