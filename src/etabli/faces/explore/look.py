"""What an address looks at: the sample, the target drawn over it and the class that is followed; and what pages computed once and keep.

The choice of target, class and kinds is part of every address (`page.CARRIED`), so that a link shows to others what its sender saw.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from etabli.errors import EtabliError, UsageError, did_you_mean
from etabli.faces.explore.aim import Aim, aim
from etabli.faces.explore.cards import strengths
from etabli.faces.explore.labels import figure, what
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import State
from etabli.faces.explore.strength import Strength
from etabli.records import KINDS, Table

OPEN = 6  # readings of a file (other targets, other kinds) that are kept at a time
NONE = "-"  # `_target=-`: no target, though the command named one
T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """table: the sample. aim: None without a target. reason: why the target asked for is none, or ""."""

    opened: Opened
    table: Table
    aim: Aim | None
    reason: str = ""

    @property
    def what(self) -> str:
        """What is drawn over the bars, in words; "" without a target."""
        return what(self.aim, self.opened.lang) if self.aim else ""

    @property
    def overall(self) -> str:
        """Its value over all rows of the sample."""
        return figure(self.aim, self.aim.value, self.opened.lang, self.aim.low, self.aim.high) if self.aim else ""

    @property
    def key(self) -> tuple[str, str]:
        """What the figures of this look depend on."""
        return (self.aim.name, self.aim.label) if self.aim else ("", "")

    @property
    def strengths(self) -> Mapping[str, Strength]:
        """How strongly each column tells the target; of thousands of columns this takes seconds, once."""
        if self.aim is None:
            return {}
        made = self.aim
        return kept(self.opened, ("strengths", *self.key), lambda: strengths(self.table, self.opened.columns, made))

    def known_strength(self, name: str) -> Strength | None:
        """A column's strength, if all were measured already."""
        found: Mapping[str, Strength] = self.opened.memory.get(("strengths", *self.key), {})
        return found.get(name)


def look(opened: Opened, state: State) -> Look:
    """The look that an address asks for."""
    table, name = opened.table, opened.target or ""
    if not name:
        return Look(opened, table, None)
    label = state.get("_class")
    made = kept(opened, ("aim", name, label), lambda: aim(table, name, label, opened.sql(name)))
    return Look(opened, table, None, made) if isinstance(made, str) else Look(opened, table, made)


def kept(opened: Opened, key: tuple[str, ...], make: Callable[[], T]) -> T:
    """What `make` gives, made once for this file."""
    if key not in opened.memory:
        opened.memory[key] = make()
    found: T = opened.memory[key]
    return found


def chosen(opened: Opened, state: State) -> Opened:
    """The file with the target and the kinds of an address: read again where they are others, once. What cannot be a target is one in name
    only: `look` says why. UsageError: no such column, or a kind that is none."""
    target, given = state.get("_target") or opened.target or NONE, kinds(state)
    name = None if target == NONE else target
    if opened.again is None or (name == opened.target and not given):
        return opened
    for column in [*given, *([] if name is None else [name])]:
        if column not in opened.by_name:
            raise UsageError("A choice names a column of the file.", f'"{column}"', did_you_mean(column, opened.by_name))
    again = opened.again
    for old in [key for key in list(opened.memory) if key[0] == "again"][: -(OPEN - 1)]:
        opened.memory.pop(old, None)
    try:
        return kept(opened, ("again", target, *map("=".join, given.items())), lambda: again(name, given))
    except EtabliError:
        if name is None:
            raise
    bare = kept(opened, ("again", NONE, *map("=".join, given.items())), lambda: again(None, given))
    return replace(bare, target=name)


def kinds(state: State) -> dict[str, str]:
    """The kinds that an address sets: `_kind=zip:category`. A name may hold colons, a kind one (date:mdy); the last of a column counts."""
    found: dict[str, str] = {}
    for pair in state.all("_kind"):
        name, _, kind = pair.rpartition(":")
        if kind in ("dmy", "mdy") and name.endswith(":date"):
            name, kind = name.removesuffix(":date"), f"date:{kind}"
        if kind in KINDS or kind.startswith("date:"):
            found[name] = kind
        elif not kind:
            found.pop(name, None)
    return found


def command(opened: Opened, state: State, *flags: str) -> str:
    """The `etabli fit` that continues from here, ready for a shell."""
    words = ["etabli", "fit", opened.name]
    words += ["--target", opened.target] if opened.target else []
    for name, kind in kinds(state).items():
        words += ["--kind", f"{name}={kind}"]
    return " ".join([*(shlex.quote(_printable(word)) for word in words), *flags])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
