"""The order in which candidates are tried: strong and cheap first, every kind of family early, then deeper into the families that
do well here.

An offer's place is its estimated cost times its depth in its family's list (best default first), times a penalty for how far
its family's best is behind the leader. So a family's first choice comes before a cheaper family's tenth, a dear family does
not hold up the cheap ones, and a family that lost goes deeper last. The order follows from the data's facts and from results,
never from the clock: the same seed gives the same answer on a slower machine.

Families of one kin (seven linear regressions, four boostings) do about as well as each other: the cheapest of a kin, or the one
known to do best, is tried early for all of them, and what it reaches is held against its cousins until they are tried themselves.
Otherwise the many cheap cousins of a family that lost would use up the time of those that win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etabli.families.family import Family
from etabli.records import Facts, Setting

Path = tuple[Setting, ...]  # settings fitted by one call
FIRST, COUSIN = 1 / 8, 1 / 4  # a kin's first offer, and a cousin's, count as this much cheaper: none is left out for long
START, PREPARE = 0.1, 1.2e-5  # seconds to begin a task, and to prepare and predict a row: a fit that costs nothing still costs these
BEHIND = 40.0  # penalty of a family whose best loss is behind the leader's: 1 + BEHIND * (relative gap)


@dataclass(frozen=True)
class Offer:
    """A path a family offers. depth: its place in the family's own list. cost: single-core seconds of one task. kin, head: its
    family's own word (see there)."""

    path: Path
    depth: int
    cost: float
    kin: str = ""
    head: bool = False

    @property
    def family(self) -> str:
        """The family's name."""
        return self.path[0].family

    @property
    def house(self) -> str:
        """The name under which results of its kin are known."""
        return f"kin of {self.kin or self.family}"


def paths(settings: Sequence[Setting]) -> list[Path]:
    """Settings grouped into paths (equal family, wants and path), in the order of their first setting."""
    found: dict[object, list[Setting]] = {}
    for number, setting in enumerate(settings):
        key = (setting.family, setting.wants.hash, setting.path) if setting.path else number
        found.setdefault(key, []).append(setting)
    return [tuple(path) for path in found.values()]


def portfolio(families: Mapping[str, Family], facts: Facts, per_family: int) -> list[Offer]:
    """Everything to try. per_family: at most that many paths of one family."""
    overhead = START + PREPARE * facts.rows
    return [
        Offer(path, depth, overhead + max(member.cost(setting, facts).work for setting in path), member.kin, member.head)
        for member in families.values()
        if facts.task in member.tasks
        for depth, path in enumerate(paths(member.settings(facts))[:per_family])
    ]


def following(offers: Sequence[Offer], best: Mapping[str, float]) -> list[Offer]:
    """The offers in order of trying, given the best loss so far by family and by `Offer.house` (what was not tried is absent)."""
    leader = min(best.values(), default=0.0)
    heads: dict[str, Offer] = {}  # the first offer of each kin that was not tried yet
    for offer in sorted(offers, key=lambda offer: (offer.depth, not offer.head, offer.cost, offer.family)):
        if offer.house not in best and offer.family not in best:
            heads.setdefault(offer.house, offer)

    def place(offer: Offer) -> tuple[float, int, str]:
        reached = best.get(offer.family, best.get(offer.house))
        behind = 0.0 if reached is None else (reached - leader) / (abs(leader) + 1e-12)
        if heads.get(offer.house) is offer:
            depth = FIRST / 2 if offer.head else FIRST
        else:
            depth = COUSIN if reached is not None and offer.family not in best and not offer.depth else offer.depth + 1
        return offer.cost * depth * (1 + BEHIND * behind), offer.depth, offer.family

    return sorted(offers, key=place)
