"""What the user knows of the columns beforehand: the answer never falls (or rises) as this one rises; these alone may interact.

Declared once, for columns of the file. Here the declaration reaches the prepared features, the families that can obey are kept and
the others are named, and settings whose crosses would mix a declared column with others are left out. That the finished file
obeys is checked on the file itself (`model/monotone.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from etabli.errors import UsageError, columns_hint, did_you_mean
from etabli.families.family import Family
from etabli.records import Feature, Finding, Table, Target

Directions = Mapping[str, int]
Together = tuple[tuple[str, ...], ...]


def directions(table: Table, target: Target, rising: Sequence[str], falling: Sequence[str]) -> dict[str, int]:
    """+1 or -1 by column. UsageError for a column that is no number, one declared both ways, or a target of more than two classes."""
    made: dict[str, int] = {}
    names = [column.name for column in table.columns]
    for option, given, sign in (("--increasing", rising, 1), ("--decreasing", falling, -1)):
        for name in given:
            if name not in names:
                raise UsageError(f"{option} takes a column of the file", f'"{name}"', columns_hint(option, name, names))
            column = table.column(name)
            if name == target.name or column.kind not in ("number", "flag"):
                what = "the target" if name == target.name else column.kind
                raise UsageError(f"{option} takes a column of numbers", f'"{name}" ({what})', f"--kind {name}=number")
            if made.get(name, sign) != sign:
                raise UsageError("a column has one direction", f'"{name}" is declared increasing and decreasing')
            made[name] = sign
    if made and target.task == "multiclass":
        raise UsageError(
            "--increasing and --decreasing need a number or two classes to rise or fall",
            f'"{target.name}" has {len(target.classes)} classes',
            "predict one class against the others instead",
        )
    return made


def together(table: Table, target: Target, groups: Sequence[str]) -> Together:
    """Groups of columns that may interact, from texts "a,b,c". UsageError for a column that is not there."""
    names = [column.name for column in table.columns if column.name != target.name]
    made = []
    for text in groups:
        group = tuple(word.strip() for word in text.split(","))
        for name in group:
            if name not in names:
                raise UsageError("--together takes columns of the file", f'"{name}"', did_you_mean(name, names))
        made.append(group)
    return tuple(made)


def directed(features: Sequence[Feature], declared: Directions) -> tuple[Feature, ...]:
    """The features with their directions: a column's own feature keeps its order through scaling and ranks; its indicator does not count."""
    if not declared:
        return tuple(features)
    return tuple(
        replace(feature, direction=declared[feature.name]) if feature.source == (feature.name,) and feature.name in declared else feature
        for feature in features
    )


def interacting(features: Sequence[Feature], groups: Together) -> tuple[tuple[int, ...], ...]:
    """Numbers of the features that may interact, group by group; features of a column in no group go with that column's alone."""
    if not groups:
        return ()
    made = [tuple(i for i, feature in enumerate(features) if set(feature.source) <= set(group)) for group in groups]
    alone: dict[tuple[str, ...], list[int]] = {}
    for i, feature in enumerate(features):
        if not any(set(feature.source) <= set(group) for group in groups):
            alone.setdefault(feature.source, []).append(i)
    return tuple(group for group in [*made, *map(tuple, alone.values())] if group)


def obedient(families: Mapping[str, Family], task: str, declared: Directions, groups: Together) -> tuple[dict[str, Family], list[Finding]]:
    """The families that can obey, and a note that names the others."""
    fitting = {
        name: member
        for name, member in families.items()
        if member.rank == 0 or ((member.monotone or not declared) and (member.additive or member.together or not groups))
    }
    out = [name for name, member in families.items() if name not in fitting and task in member.tasks]
    if not out:
        return fitting, []
    options = " ".join(word for word, used in (("--increasing/--decreasing", declared), ("--together", groups)) if used)
    listed = ", ".join(out)
    note = Finding(
        "families-left-out",
        tuple(dict.fromkeys([*declared, *(name for group in groups for name in group)])),
        {
            "en": f"Families that cannot obey {options} are left out: {listed}.",
            "fr": f"Les familles qui ne peuvent pas respecter {options} sont écartées : {listed}.",
        },
        level="note",
    )
    return fitting, [note]
