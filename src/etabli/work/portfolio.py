"""The order in which candidates are tried: strong and cheap first, every family early, then deeper into the families that do
well here.

An offer's place is its estimated cost times its depth in its family's list (best default first), times a penalty for how far
its family's best is behind the leader. So a family's first choice comes before a cheaper family's tenth, a dear family does
not hold up the cheap ones, and a family that lost goes deeper last. The order follows from the data's facts and from results,
never from the clock: the same seed gives the same answer on a slower machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etabli.families.family import Family
from etabli.records import Facts, Setting

Path = tuple[Setting, ...]  # settings fitted by one call
FIRST = 1 / 8  # a family's first offer counts as this much cheaper: no family is left out for long
BEHIND = 40.0  # penalty of a family whose best loss is behind the leader's: 1 + BEHIND * (relative gap)


@dataclass(frozen=True)
class Offer:
    """A path a family offers. depth: its place in the family's own list. cost: single-core seconds of one fit."""

    path: Path
    depth: int
    cost: float

    @property
    def family(self) -> str:
        """The family's name."""
        return self.path[0].family


def paths(settings: Sequence[Setting]) -> list[Path]:
    """Settings grouped into paths (equal family, wants and path), in the order of their first setting."""
    found: dict[object, list[Setting]] = {}
    for number, setting in enumerate(settings):
        key = (setting.family, setting.wants.hash, setting.path) if setting.path else number
        found.setdefault(key, []).append(setting)
    return [tuple(path) for path in found.values()]


def portfolio(families: Mapping[str, Family], facts: Facts, per_family: int) -> list[Offer]:
    """Everything to try. per_family: at most that many paths of one family."""
    return [
        Offer(path, depth, max(member.cost(setting, facts).work for setting in path))
        for member in families.values()
        if facts.task in member.tasks
        for depth, path in enumerate(paths(member.settings(facts))[:per_family])
    ]


def following(offers: Sequence[Offer], best: Mapping[str, float]) -> list[Offer]:
    """The offers in order of trying, given the best loss of each family so far (families not tried yet are absent)."""
    leader = min(best.values(), default=0.0)

    def place(offer: Offer) -> tuple[float, int, str]:
        behind = (best[offer.family] - leader) / (abs(leader) + 1e-12) if offer.family in best else 0.0
        return offer.cost * (offer.depth + 1 if offer.depth else FIRST) * (1 + BEHIND * behind), offer.depth, offer.family

    return sorted(offers, key=place)
