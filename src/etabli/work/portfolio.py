"""The order in which candidates are tried: strong and cheap first, every family early, then deeper into each.

The list is fixed by the data's facts and the effort, never by the clock: the same seed gives the same answer on a slower
machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etabli.families.family import Family
from etabli.records import Facts, Setting

Path = tuple[Setting, ...]  # settings fitted by one call


def paths(settings: Sequence[Setting]) -> list[Path]:
    """Settings grouped into paths (equal family, wants and path), in the order of their first setting."""
    found: dict[object, list[Setting]] = {}
    for number, setting in enumerate(settings):
        key = (setting.family, setting.wants.hash, setting.path) if setting.path else number
        found.setdefault(key, []).append(setting)
    return [tuple(path) for path in found.values()]


def portfolio(families: Mapping[str, Family], facts: Facts, per_family: int) -> list[Path]:
    """All paths to try, in order: the first of every family from the simplest on, then the second of each, and so on; a
    family that offers more goes on alone. per_family: at most that many paths of one family."""
    offers = {name: paths(member.settings(facts))[:per_family] for name, member in families.items() if facts.task in member.tasks}
    order: list[Path] = []
    for depth in range(max(map(len, offers.values()), default=0)):
        order += [offer[depth] for offer in offers.values() if depth < len(offer)]
    return order
