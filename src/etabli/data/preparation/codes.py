"""Coordinates of an autoencoder as columns (`fit --with-autoencoder N`): bent where `--with-map` is straight.

A denoising network (Vincent et al. 2008; `nets/auto.py`) is learned from all numbers and flags of the training rows, scaled, and knows nothing of the target. Its coordinates are
rounded to a grid of 2^-16, so that a tree sees the same bits whether a row comes alone or among many: the sums inside differ by some 1e-15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from etabli.data.preparation import scaling
from etabli.data.preparation.places import FAR, as_wanted, beside, together
from etabli.data.preparation.step import Learned, Step, View
from etabli.graph.steps import finite

if TYPE_CHECKING:
    from etabli.graph.graph import Graph
    from etabli.nets.auto import Auto

ROWS, GRID = 10_000, 2.0**16  # rows learned from; steps of a unit


@dataclass(frozen=True)
class Codes:
    """names: columns [p]. block: their filling and scaling. auto: the network."""

    names: tuple[str, ...]
    block: scaling.Scaling
    auto: Auto


@final
class Encoded(Step):
    """`view.wants.codes` coordinates of the numbers and flags."""

    order: ClassVar[int] = 61

    def fit(self, view: View) -> Learned | None:
        """One network, from the training rows (of some by seed, where they are many); nothing of fewer than two columns."""
        known = together(view) if view.wants.codes else None
        if known is None:
            return None
        from etabli.nets.auto import learned

        names, block = known
        x = np.concatenate(list(view.run(lambda graph: _scaled(graph, names, block), len(names), rows=view.sample(ROWS))))
        codes = Codes(names, block, learned(x, view.wants.codes, "denoising", view.seed % 2**32, lambda: False))
        titles = [f"autoencoder {i + 1}" for i in range(view.wants.codes)]
        return beside(view, names, titles, codes, lambda graph: _write(graph, codes))

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """The way down."""
        codes, scaled = learned.facts
        return as_wanted(scaled, graph, _write(graph, codes))


def _scaled(graph: Graph, names: Sequence[str], block: scaling.Scaling) -> str:
    """[rows, p] within FAR."""
    x = scaling.write(block, graph, finite(graph, graph.numbers(list(names))))[0]
    return graph.op("Clip", x, graph.const(-FAR, np.float64), graph.const(FAR, np.float64))


def _write(graph: Graph, codes: Codes) -> str:
    z = codes.auto.write_down(graph, _scaled(graph, codes.names, codes.block))
    return graph.op("Mul", graph.op("Round", graph.op("Mul", z, graph.const(GRID, np.float64))), graph.const(1 / GRID, np.float64))
