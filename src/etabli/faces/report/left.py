"""Families that were to be tried and have no line in the comparison, and why: nothing that was asked for goes without a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import is_baseline, items
from etabli.faces.words import known, say

Result = Mapping[str, Any]


def left(result: Result, lang: str) -> list[str]:
    """A sentence a reason: who could not win, who had no time, and who, asked for by name, had nothing to try on this table."""
    shown = {str(one.get("family")) for one in items(result, "leaderboard")}
    failed = {_family(one) for one in items(result, "set_aside")}
    gone: dict[str, list[str]] = {"beaten": [], "time": [], "nothing": []}
    for one in items(result, "dropped"):
        family = _family(one)
        if family not in shown | failed and family not in (names := gone["time" if one.get("late") else "beaten"]):
            names.append(family)
    gone["time"] = [name for name in gone["time"] if name not in gone["beaten"]]
    told = shown | failed | {name for names in gone.values() for name in names}
    gone["nothing"] = [name for name in asked(result) if name not in told and _fits(name, str(result.get("task")))]
    return [
        say(f"left.{why}", lang, names=", ".join(known("family", name, lang) for name in names)) for why, names in gone.items() if names
    ]


def untried(result: Result) -> bool:
    """Whether the constant had no rival because no time was left for any: that says nothing of the columns."""
    gone = items(result, "dropped")
    rivals = [one for one in items(result, "leaderboard") if not is_baseline(one, result) and one.get("family") != "combination"]
    return bool(gone) and not rivals and all(one.get("late") for one in gone)


def asked(result: Result) -> list[str]:
    """The families that some round named; [] where all were tried."""
    return list(dict.fromkeys(str(name) for one in items(result, "rounds") for name in one.get("families") or ()))


def _family(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name")).partition(" ")[0]


def _fits(name: str, task: str) -> bool:
    """Whether that family learns such a target; what does not is told by a finding of its own."""
    from etabli.families import families

    every = families()
    return name in every and task in every[name].tasks
