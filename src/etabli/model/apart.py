"""How new rows fall among the groups of a file without a target, beside how its own rows fell.

The card keeps the share of each group among the rows it was learned from (`shares`). A share is told with the band that chance allows; whether
they differ as a whole is one question (Pearson's chi-squared of two samples), so that twelve groups do not raise an alarm each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
DRAWS = 4_000


@dataclass(frozen=True)
class Part:
    """got: the share of the new rows in that group; usual: of the rows it was learned from; low, high: where 95 % of honest shares fall."""

    label: str
    got: float
    usual: float
    low: float
    high: float


@dataclass(frozen=True)
class Parts:
    """every: group by group. p: the chance of so different shares among rows that come about alike."""

    every: tuple[Part, ...]
    p: float

    @property
    def changed(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.p < 0.01


def parts(card: Mapping[str, Any], prediction: Array, seed: int = 0) -> Parts | None:
    """prediction: labels [rows] of the new rows. None where the card tells no shares. The chance is by simulation from the pooled shares, so
    that rare groups are no trouble."""
    known = card.get("shares")
    if not known or not len(prediction):
        return None
    names, old, new = list(known["labels"]), int(known["rows"]), len(prediction)
    usual, got = np.array(known["share"], np.float64), np.array([float(np.mean(prediction == name)) for name in names])
    pooled = (usual * old + got * new) / (old + new)
    pooled = pooled / pooled.sum()
    random = np.random.default_rng(seed)
    before, now = random.multinomial(old, pooled, DRAWS) / old, random.multinomial(new, pooled, DRAWS) / new
    there = np.maximum(pooled, 1e-12)
    seen = float(((got - usual) ** 2 / there).sum())
    chance = ((now - before) ** 2 / there).sum(axis=1)
    inner = random.dirichlet(usual * old + 0.5, DRAWS)
    low, high = np.quantile(np.array([random.multinomial(new, one / one.sum()) for one in inner]) / new, [0.025, 0.975], axis=0)
    every = tuple(Part(str(n), *map(float, four)) for n, *four in zip(names, got, usual, low, high, strict=True))
    return Parts(every, float((1 + (chance >= seen - 1e-12).sum()) / (1 + DRAWS)))
