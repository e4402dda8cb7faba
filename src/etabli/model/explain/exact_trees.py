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
TABLE, BYTE = 11, 8  # players of a leaf up to which its shares are a table, and its code is a byte
CELLS = 30_000_000  # numbers in all tables together
CHUNK = 8_000_000  # questions of rows answered in one go
BLOCK = 1_000  # groups added up in one go: what they look up fits the core's own cache
FEW = 3  # rows below which tables are not worth making
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
        """[leaves, rows]: one bit a player that satisfies all its questions, in the smallest kind of integer. answers: of `Forest.answers`."""
        packed = np.packbits(answers, axis=1)  # eight rows a byte: most of the work is an eighth
        right = packed[forest.node[self.entry]] ^ np.where(forest.side[self.entry], 0, 255).astype(np.uint8)[:, None]
        groups = np.bitwise_and.reduceat(right, self.starts, axis=0)
        most = int(self.count.max())
        kind = next(kind for kind in (np.uint8, np.uint16, np.uint64) if most <= np.iinfo(kind).bits)
        made = np.zeros((len(self.first), answers.shape[1]), kind)
        for place in range(most):
            here = np.flatnonzero(self.count > place)
            bits = np.unpackbits(groups[self.first[here] + place], axis=1, count=answers.shape[1])
            made[here] |= np.left_shift(bits.astype(kind), kind(place))
        return made

    def only(self, which: Array) -> Leaves:
        """Some of the leaves."""
        groups = np.flatnonzero(np.isin(np.repeat(np.arange(len(self.first)), self.count), which))
        ends = np.append(self.starts[1:], len(self.entry))
        sizes = (ends - self.starts)[groups]
        starts = np.cumsum(sizes) - sizes
        entry = self.entry[np.repeat(self.starts[groups] - starts, sizes) + np.arange(int(sizes.sum()))]
        count = self.count[which]
        return Leaves(entry, starts, self.player[groups], self.place[groups], np.cumsum(count) - count, count, self.value[which])


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
    few = fits(kept) if len(X) >= FEW else np.zeros(len(kept.first), bool)
    for which, looked_up in ((few & (kept.count <= BYTE), True), (few & (kept.count > BYTE), True), (~few, False)):
        part = kept.only(np.flatnonzero(which))
        if not len(part.first):
            continue
        chunk = max(8, CHUNK // len(part.entry) // 8 * 8)
        codes_z = np.concatenate([part.codes(forest.answers(Z[at : at + chunk]), forest) for at in range(0, len(Z), chunk)], axis=1)
        full = ((np.uint64(1) << part.count.astype(np.uint64)) - np.uint64(1)).astype(codes_z.dtype)[:, None]
        tables = Tables(part, codes_z) if looked_up else None
        for start in range(0, len(X), chunk):
            here = slice(start, start + chunk)
            codes = part.codes(forest.answers(X[here]), forest)
            reached[here] += part.value @ (codes == full)
            if tables is not None:
                values[here] += tables.values(codes, players)
            else:
                for row in range(codes.shape[1]):
                    values[start + row] += _met(part, codes[:, row : row + 1], codes_z, full, players)
    return values, reached


def fits(kept: Leaves) -> Array:
    """bool [leaves]: those whose shares are a table, as many as there is room for."""
    sizes = kept.count << np.minimum(kept.count, TABLE)
    return np.asarray((kept.count <= TABLE) & (np.cumsum(np.where(kept.count <= TABLE, sizes, 0)) <= CELLS))


class Tables:
    """The shares of every leaf with few players, for every code of x."""

    def __init__(self, kept: Leaves, codes_z: Array) -> None:
        sizes = kept.count << kept.count
        start = np.cumsum(sizes) - sizes
        self.table = np.zeros(int(sizes.sum()))
        for count in np.unique(kept.count):
            here = np.flatnonzero(kept.count == count)
            seen = np.zeros((len(here), 1 << count))
            np.add.at(seen, (np.arange(len(here))[:, None], codes_z[here].astype(np.int64)), 1.0)
            seen *= (kept.value[here] / codes_z.shape[1])[:, None]
            made = np.empty((len(here), 1 << count, count))
            for code, (against, shares) in enumerate(_shares(int(count))):
                made[:, code] = seen[:, against] @ shares
            self.table[(start[here][:, None] + np.arange(made[0].size)).ravel()] = made.ravel()
        leaf = np.repeat(np.arange(len(kept.first)), kept.count)
        order = np.argsort(kept.player, kind="stable")  # one player after the other
        self.leaf = leaf[order]
        self.at = (start[leaf] + kept.place)[order].astype(np.int32)[:, None]
        self.step = kept.count[self.leaf].astype(np.int32)[:, None]
        who, first = np.unique(kept.player[order], return_index=True)
        ends = np.append(first[1:], len(order))
        self.parts = [
            (int(one), slice(at, min(at + BLOCK, end)))
            for one, begin, end in zip(who, first.tolist(), ends.tolist(), strict=True)
            for at in range(begin, end, BLOCK)
        ]

    def values(self, codes: Array, players: int) -> Array:
        """[rows, players + 1] from the codes of x [leaves, rows]."""
        made = np.zeros((codes.shape[1], players + 1))
        for player, part in self.parts:  # a leaf's table stays in the cache for all rows
            made[:, player] += self.table.take(codes[self.leaf[part]] * self.step[part] + self.at[part]).sum(axis=0)
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


def _met(kept: Leaves, code: Array, codes_z: Array, full: Array, players: int) -> Array:
    """[players + 1] of one row: leaves against every background row. code, full: [leaves, 1], codes_z: [leaves, background]."""
    at, z = np.nonzero((codes_z | code) == full)
    x, against = code[at, 0].astype(np.uint64), codes_z[at, z].astype(np.uint64)
    mine, theirs = x & ~against, against & ~x
    a, b = np.bitwise_count(mine).astype(np.int64), np.bitwise_count(theirs).astype(np.int64)
    plus, minus = _weights(int(max(a.max(initial=0) + b.max(initial=0), 1)))
    value = kept.value[at] / codes_z.shape[1]
    give, take = plus[a, b] * value, minus[a, b] * value
    made = np.zeros(players + 1)
    first, count = kept.first[at], kept.count[at]
    for place in range(int(count.max(initial=0))):
        bit = np.uint64(1 << place)
        for sign, mask, share in ((1.0, mine, give), (-1.0, theirs, take)):
            here = np.flatnonzero(mask & bit)
            made += sign * np.bincount(kept.player[first[here] + place], share[here], players + 1)
    return made
