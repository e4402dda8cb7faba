"""Shapley values of a sum of trees against background rows, in closed form and without sampling.

A leaf is reached by a row made of x and z when every question on its way is answered by whoever gives the cell. Questions are
grouped by player, so for each leaf and player either both rows answer rightly (the player is free), or x alone (a of them), or z alone
(b of them), or neither (the leaf is never reached). Then a leaf of value v gives (a - 1)! b! / (a + b)! v to each of the a, and
minus a! (b - 1)! / (a + b)! v to each of the b: the interventional tree Shapley values of Laberge & Pequignot (2022) and Lundberg et
al. (2020). Which players a row satisfies is a code of m bits a leaf. Background rows count only by their codes, so for each leaf and
code of x the shares are a table (the idea of linear and "pattern" methods: Yang 2021, Nadel & Wettenstein 2025), and a row costs the same
however many background rows there are. Leaves with too many players for a table meet the background rows one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np

from etabli.model.explain.forest import Forest

Array = np.ndarray[Any, np.dtype[Any]]
TABLE = 8  # players of a leaf up to which its shares are a table
CELLS = 30_000_000  # numbers in all tables together
CHUNK = 2_000_000  # bits looked at in one go, small enough to stay in the cache's reach
MOST = 62  # players of a leaf


@dataclass(frozen=True)
class Leaves:
    """Leaves with at most so many players. starts: of each (leaf, player) group in the forest's entries `entry`; player, place: of each
    group, the place of its bit; first: each leaf's first group. value: [leaves]."""

    entry: Array
    starts: Array
    player: Array
    place: Array
    first: Array
    count: Array
    value: Array

    def codes(self, answers: Array, forest: Forest) -> Array:
        """[rows, leaves] uint64: one bit a player that satisfies all its questions. answers: of `Forest.answers`."""
        right = answers[:, forest.node[self.entry]] == forest.side[self.entry]
        groups = np.logical_and.reduceat(right, self.starts, axis=1)
        return np.asarray(np.add.reduceat(groups.astype(np.uint64) << self.place.astype(np.uint64), self.first, axis=1))


def leaves(forest: Forest, player: Array, value: Array) -> Leaves | None:
    """The leaves whose value is not zero. player: of each feature; a feature of no player has one of its own beyond the others.
    value: of each leaf. None when a leaf has too many players."""
    entry = np.flatnonzero(value[forest.leaf] != 0)
    who = player[forest.feature[forest.node[entry]]]
    order = np.lexsort((who, forest.leaf[entry]))
    entry, who = entry[order], who[order]
    leaf = forest.leaf[entry]
    new = np.ones(len(entry), bool)
    new[1:] = (leaf[1:] != leaf[:-1]) | (who[1:] != who[:-1])
    starts = np.flatnonzero(new)
    of = leaf[starts]
    first = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]])) if len(of) else np.zeros(0, np.int64)
    count = np.diff(np.append(first, len(of)))
    if count.max(initial=0) > MOST:
        return None
    place = np.arange(len(of)) - np.repeat(first, count)
    return Leaves(entry, starts, who[starts], place, first, count, value[of[first]])


def shapley(forest: Forest, kept: Leaves, X: Array, Z: Array, players: int) -> tuple[Array, Array]:
    """(values [rows, players + 1], sums of the leaves reached by each row [rows]). X, Z: rows and background as the node reads them."""
    values, reached = np.zeros((len(X), players + 1)), np.zeros(len(X))
    if not len(kept.first):
        return values, reached
    codes_z = _codes(forest, kept, Z)
    tables = Tables(kept, codes_z)
    chunk = max(1, CHUNK // max(1, len(kept.entry)))
    full = (np.uint64(1) << kept.count.astype(np.uint64)) - np.uint64(1)
    for start in range(0, len(X), chunk):
        codes = kept.codes(forest.answers(X[start : start + chunk]), forest)
        here = slice(start, start + len(codes))
        values[here] = tables.values(codes, players)
        reached[here] = (codes == full) @ kept.value
        if len(tables.wide):
            for row, code in enumerate(codes[:, tables.wide]):
                values[start + row] += _met(kept, tables.wide, code, codes_z[:, tables.wide], players)
    return values, reached


def _codes(forest: Forest, kept: Leaves, rows: Array) -> Array:
    chunk = max(1, CHUNK // max(1, len(kept.entry)))
    return np.concatenate([kept.codes(forest.answers(rows[at : at + chunk]), forest) for at in range(0, len(rows), chunk)])


class Tables:
    """The shares of every leaf with few players, for every code of x."""

    def __init__(self, kept: Leaves, codes_z: Array) -> None:
        sizes = np.where(kept.count <= TABLE, kept.count << np.minimum(kept.count, TABLE), 0)
        fits = (sizes > 0) & (np.cumsum(sizes) <= CELLS)
        self.wide = np.flatnonzero(~fits)
        self.kept = kept
        start = np.cumsum(np.where(fits, sizes, 0)) - np.where(fits, sizes, 0)
        self.table = np.zeros(int(sizes[fits].sum()))
        for count in np.unique(kept.count[fits]):
            here = np.flatnonzero(fits & (kept.count == count))
            seen = np.zeros((len(here), 1 << count))
            np.add.at(seen, (np.arange(len(here))[None, :], codes_z[:, here].astype(np.int64)), 1.0)
            seen *= (kept.value[here] / len(codes_z))[:, None]
            made = np.empty((len(here), 1 << count, count))
            for code, (against, shares) in enumerate(_shares(int(count))):
                made[:, code] = seen[:, against] @ shares
            self.table[(start[here][:, None] + np.arange(made[0].size)).ravel()] = made.ravel()
        self.leaf = np.repeat(np.arange(len(kept.first)), kept.count)
        groups = np.flatnonzero(fits[self.leaf])
        self.groups = groups[np.argsort(kept.player[groups], kind="stable")]  # one player after the other
        self.at = (start[self.leaf] + kept.place)[self.groups]
        self.step = kept.count[self.leaf[self.groups]]
        self.who, self.first = np.unique(kept.player[self.groups], return_index=True)

    def values(self, codes: Array, players: int) -> Array:
        """[rows, players + 1] from the codes of x [rows, leaves]."""
        made = np.zeros((len(codes), players + 1))
        if len(self.groups):
            place = self.at + codes[:, self.leaf[self.groups]].astype(np.int64) * self.step
            made[:, self.who] = np.add.reduceat(self.table[place], self.first, axis=1)
        return made


@lru_cache(maxsize=16)
def _shares(count: int) -> tuple[tuple[Array, Array], ...]:
    """For each code of x: the codes of z that reach the leaf together with it, and the share of each player [those codes, count]."""
    every = np.arange(1 << count)
    bits = (every[:, None] >> np.arange(count)) & 1 > 0
    made = []
    for code in every:
        against = every[(every | code) == len(every) - 1]
        mine, theirs = bits[code] & ~bits[against], ~bits[code] & bits[against]
        a, b = mine.sum(axis=1), theirs.sum(axis=1)
        plus, minus = _weights(count)
        made.append((against, np.where(mine, plus[a, b][:, None], 0.0) - np.where(theirs, minus[a, b][:, None], 0.0)))
    return tuple(made)


@lru_cache(maxsize=64)
def _weights(most: int) -> tuple[Array, Array]:
    """[a, b]: (a - 1)! b! / (a + b)! and a! (b - 1)! / (a + b)!, 0 where that is not defined."""
    span = range(most + 1)
    plus = [[factorial(a - 1) * factorial(b) / factorial(a + b) if a else 0.0 for b in span] for a in span]
    minus = [[factorial(a) * factorial(b - 1) / factorial(a + b) if b else 0.0 for b in span] for a in span]
    return np.array(plus), np.array(minus)


def _met(kept: Leaves, which: Array, code: Array, codes_z: Array, players: int) -> Array:
    """[players + 1] of one row: the leaves `which` against every background row. code: [which], codes_z: [background, which]."""
    full = (np.uint64(1) << kept.count[which].astype(np.uint64)) - np.uint64(1)
    z, at = np.nonzero((codes_z | code) == full)
    mine, theirs = code[at] & ~codes_z[z, at], codes_z[z, at] & ~code[at]
    a, b = np.bitwise_count(mine).astype(np.int64), np.bitwise_count(theirs).astype(np.int64)
    most = int(max(a.max(initial=0) + b.max(initial=0), 1))
    plus, minus = _weights(most)
    value = kept.value[which[at]] / len(codes_z)
    give, take = plus[a, b] * value, minus[a, b] * value
    made = np.zeros(players + 1)
    first, count = kept.first[which[at]], kept.count[which[at]]
    for place in range(int(count.max(initial=0))):
        bit = np.uint64(1 << place)
        for sign, mask, share in ((1.0, mine, give), (-1.0, theirs, take)):
            here = np.flatnonzero(mask & bit)
            made += sign * np.bincount(kept.player[first[here] + place], share[here], players + 1)
    return made
