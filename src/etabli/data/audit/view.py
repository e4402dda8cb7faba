"""What the findings look at: the table with facts that are computed once, when first asked for.

Costly looks use `sample`, at most 20 000 of the usable rows, drawn with a fixed seed and kept in file order, so that an audit
of ten million rows takes about as long as one of twenty thousand. `low`, `high`, counts and hashes are over all usable rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from etabli.data.dealing import row_hashes
from etabli.records import Array, Column, Table, Target

SAMPLE = 20_000
PAIRED = 200  # columns of numbers that are looked at two by two
TIMES_CHANCE = 10.0  # equal rows this many times more often than independent columns would make them are copies


@dataclass(frozen=True)
class View:
    """A table and its target as the findings see it. ignore: columns left out by the user; they are in no fact below."""

    table: Table
    target: Target | None = None
    ignore: Sequence[str] = ()
    _kept: dict[tuple[str, str], Array] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns but the target and the ignored."""
        left_out = {*self.ignore, self.target.name if self.target else None}
        return tuple(column for column in self.table.columns if column.name not in left_out)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The columns a model would learn from: neither identifiers nor constants."""
        return tuple(column for column in self.columns if column.kind not in ("identifier", "constant"))

    @cached_property
    def rows(self) -> Array:
        """Row numbers with a target (all, without one)."""
        if self.target is None:
            return np.arange(self.table.rows)
        return np.flatnonzero(~np.isnan(self.target.y) if self.target.task == "regression" else self.target.y >= 0)

    @cached_property
    def sample(self) -> Array:
        """At most 20 000 of `rows`, in file order."""
        if self.rows.size <= SAMPLE:
            return self.rows
        return self.rows[np.sort(np.random.default_rng(20_000).choice(self.rows.size, SAMPLE, replace=False))]

    def is_number(self, column: Column) -> bool:
        """Whether its values are float64 (numbers, flags, dates) and not codes into levels."""
        return np.asarray(self.table.values[column.name]).dtype.kind == "f"

    def values(self, column: Column) -> Array:
        """The column on `rows`: float64, or codes."""
        values = np.asarray(self.table.values[column.name])
        return values if self.rows.size == self.table.rows else values[self.rows]

    def missing(self, column: Column) -> Array:
        """bool [sample]: where the column has no value."""
        values = np.asarray(self.table.values[column.name])[self.sample]
        return np.isnan(values) if values.dtype.kind == "f" else values < 0

    def codes(self, column: Column) -> Array:
        """int64 [sample]: 0, 1, … by value in order, -1 missing."""
        key = ("codes", column.name)
        if key not in self._kept:
            values = np.asarray(self.table.values[column.name])[self.sample]
            missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
            codes = np.full(values.size, -1, np.int64)
            codes[~missing] = np.unique(values[~missing], return_inverse=True)[1]
            self._kept[key] = codes
        return self._kept[key]

    def distinct(self, column: Column) -> int:
        """How many different values: over all rows when the reader counted them, else over the sample."""
        return max(column.distinct, int(self.codes(column).max(initial=-1)) + 1)

    def is_whole(self, column: Column) -> bool:
        """Whether it holds whole numbers only (in the sample)."""
        if not self.is_number(column):
            return False
        values = np.asarray(self.table.values[column.name])[self.sample]
        values = values[~np.isnan(values)]
        return bool(values.size and (values == np.floor(values)).all())

    @cached_property
    def numbers(self) -> tuple[Column, ...]:
        """The features that are numbers and vary, at most 200 of them (what looks at pairs must end)."""
        return tuple(c for c in self.features if c.kind == "number" and self.is_number(c) and self.codes(c).max(initial=-1) > 0)[:PAIRED]

    @cached_property
    def answers(self) -> tuple[tuple[str, Array], ...]:
        """The target as numbers on `rows`: itself with label "", or one indicator a class (the second of two, else the three
        most frequent)."""
        if self.target is None or self.y is None:
            return ()
        if self.target.task == "regression":
            return (("", np.asarray(self.y, np.float64)),)
        often = np.argsort(-np.bincount(self.y, minlength=len(self.target.classes)), kind="stable")[:3]
        chosen = [1] if self.target.task == "binary" else often.tolist()
        return tuple((self.target.classes[k], (self.y == k).astype(np.float64)) for k in chosen if k < len(self.target.classes))

    @cached_property
    def hashes(self) -> Array:
        """uint64 [rows]: equal for rows equal in every feature."""
        hashes = row_hashes(self.table, [column.name for column in self.features])
        return hashes if self.rows.size == self.table.rows else hashes[self.rows]

    @cached_property
    def copies_of(self) -> tuple[Array, Array]:
        """(int64 [rows] the number of the set of equal rows a row is in, int64 [sets] their sizes)."""
        _, ids, sizes = np.unique(self.hashes, return_inverse=True, return_counts=True)
        return ids, sizes

    @cached_property
    def has_copies(self) -> bool:
        """Whether equal rows are copies. With coarse columns (sex, class, age in decades) many rows are equal by chance: the
        pairs of equal rows are compared with those that independent columns would make. A text, or a number with decimals
        beside other columns, is repeated by chance only as often as different rows share it."""
        ids, sizes = self.copies_of
        pairs, chance = float((sizes * (sizes.astype(float) - 1) / 2).sum()), 1.0
        if not pairs:
            return False
        first = np.unique(ids[np.searchsorted(self.rows, self.sample)], return_index=True)[1]
        for column in self.features:
            codes = self.codes(column)
            if column.kind == "text":
                chance /= self.sample.size**2
                continue
            fine = len(self.features) > 1 and self.is_number(column) and not self.is_whole(column)
            counts = np.bincount(codes[first if fine else slice(None)] + 1).astype(float)
            alike = (counts * (counts - 1)).sum() + 1  # pairs that share the value, one at the least
            chance *= float(alike / max(counts.sum() * (counts.sum() - 1), 1))
        return pairs > TIMES_CHANCE * chance * self.rows.size * (self.rows.size - 1) / 2

    @cached_property
    def half(self) -> Array:
        """bool [sample]: the half a row is in where something is learned on one and scored on the other; copies are together."""
        if self.features and self.has_copies:
            return np.asarray((self.hashes[np.searchsorted(self.rows, self.sample)] >> np.uint64(40)) % np.uint64(2) == 0)
        return np.asarray(np.random.default_rng(7).permutation(self.sample.size) % 2 == 0)

    @cached_property
    def y(self) -> Array | None:
        """The target on `rows`, or None."""
        return None if self.target is None else np.asarray(self.target.y)[self.rows]

    @cached_property
    def sampled_y(self) -> Array | None:
        """The target on `sample`, or None."""
        return None if self.target is None else np.asarray(self.target.y)[self.sample]


def tokens(name: str) -> list[str]:
    """The words of a column's name, lower case: "hospital_number", "customerID", "Sample Number" → [..., "number"], …"""
    spaced = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [token for token in re.split(r"[\W_]+", spaced.casefold()) if token]
