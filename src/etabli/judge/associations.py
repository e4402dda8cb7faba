"""How strongly every two columns of a table are related, all pairs at once, on one scale from 0 to 1 whatever their kinds.

The measures are those of `relations.py`, which looks at one pair: two numbers, Spearman's rank correlation (with its sign); two
categories, Cramer's V corrected for what chance gives to many levels (Bergsma 2013); one of each, the correlation ratio of the
number's ranks, corrected in the same way (epsilon squared, Kelley 1935). Here they are matrix products, so that 6,830 columns take a
second. Three things make that possible: a number is ranked once, among its own known rows, and not anew for each partner; rows
where either is missing are left out of the sums; and levels of fewer than `RARE` rows, and those past the `LEVELS` most common, are
one level (so an identifier says nothing, and a copy still says all).

`chance` is what columns without any relation would show: the strength that the strongest of all pairs passes once in twenty tables
(Bonferroni over the pairs), from the distribution of each measure where there is nothing (Student's t, beta, chi squared).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge.cells import Cells
from etabli.records import Array

FEW = 10  # rows that two columns must both know
LEVELS, RARE = 50, 5
ONCE = 0.05  # how often the strongest of all pairs may pass `chance` where nothing is related
BLOCK = 1_024


@dataclass(frozen=True)
class Associations:
    """strength, chance: float64 [columns, columns], 0 to 1, symmetric, the diagonal of strength is 1. sign: +1 where two numbers rise
    together, -1 where one falls as the other rises, 0 where a relation has no direction. rows: int64 [columns, columns], known to both."""

    names: tuple[str, ...]
    strength: Array
    sign: Array
    chance: Array
    rows: Array

    @property
    def clear(self) -> Array:
        """Whether a pair is above chance; never a column with itself."""
        return (self.strength > self.chance) & ~np.eye(len(self.names), dtype=bool)

    def taken(self, numbers: Sequence[int]) -> Associations:
        """The same of these columns, in this order."""
        at = np.ix_(numbers, numbers)
        return Associations(tuple(self.names[i] for i in numbers), self.strength[at], self.sign[at], self.chance[at], self.rows[at])

    def strongest(self, count: int) -> list[tuple[int, int]]:
        """The pairs above chance, strongest first; of equals, the first columns first."""
        first, second = np.nonzero(np.triu(self.clear, 1))
        order = np.argsort(-self.strength[first, second], kind="stable")[:count]
        return [(int(first[k]), int(second[k])) for k in order]


def associations(columns: Sequence[Cells], pairs: int = 0) -> Associations:
    """All pairs of the columns. pairs: how many pairs were looked at in all, when these columns were chosen among more."""
    made = _Prepared(columns)
    size = len(columns)
    strength, chance, sign, rows = np.eye(size), np.zeros((size, size)), np.zeros((size, size), np.int8), np.zeros((size, size), np.int64)
    once = ONCE / max(1, pairs or size * (size - 1) // 2)

    def put(i: Array | int, j: Array, values: Array, known: Array, limit: Array, signed: bool = False) -> None:
        at, back = np.ix_(np.atleast_1d(i), j), np.ix_(j, np.atleast_1d(i))
        for matrix, value in ((strength, abs(values)), (chance, limit), (rows, known), *(((sign, np.sign(values)),) if signed else ())):
            value = np.atleast_2d(value)
            matrix[at], matrix[back] = value, value.T

    if len(made.number):
        rho, known = made.correlations(slice(None))
        put(made.number, made.number, (rho + rho.T) / 2, known, _by_chance(known, once), signed=True)
    for c, place in enumerate(made.category):
        if len(made.number):
            ratio, known, levels = made.ratios(c)
            put(int(place), made.number, ratio, known, _ratio_by_chance(known, levels, once))
        v, known, across, down = made.cramers(c)
        limit = _cramer_by_chance(known, across, down, once)
        put(int(place), made.category[c + 1 :], v[c + 1 :], known[c + 1 :], limit[c + 1 :])
    np.fill_diagonal(strength, 1.0)
    np.fill_diagonal(chance, 0.0)
    return Associations(tuple(column.name for column in columns), strength, sign, chance, rows)


def most_related(columns: Sequence[Cells], count: int, near: int | None = None) -> list[int]:
    """Numbers of the `count` columns with the strongest partner, or (near) of that column and those most related to it; in the file's order."""
    made = _Prepared(columns)
    best = np.zeros(len(columns))
    single = np.zeros(len(columns))
    position = {int(place): k for k, place in enumerate(made.number)}
    for start in range(0, len(made.number), BLOCK):
        part = slice(start, start + BLOCK)
        strength = abs(made.correlations(part)[0])
        if near in position and start <= position[near] < start + BLOCK:
            single[made.number] = strength[position[near] - start]
        own = np.arange(len(strength))
        strength[own, own + start] = 0
        best[made.number[part]] = strength.max(1)
    for c, place in enumerate(made.category):
        for partners, strength in (
            (made.number, made.ratios(c)[0] if len(made.number) else np.empty(0)),
            (made.category, made.cramers(c)[0]),
        ):
            if place == near:
                single[partners] = strength
            elif near is not None and near in partners:
                single[place] = strength[np.flatnonzero(partners == near)[0]]
            strength = np.where(partners == place, 0, strength)
            best[place] = max(best[place], strength.max(initial=0))
            best[partners] = np.maximum(best[partners], strength)
    if near is not None:
        best = single
        best[near] = 2
    return sorted(np.argsort(-best, kind="stable")[:count].tolist())


def missing_together(columns: Sequence[Cells]) -> Associations:
    """Which columns miss in the same rows: the correlation of "is missing" (phi), for the columns where some are missing and some not."""
    gaps = np.array([column.missing for column in columns], np.float64).reshape(len(columns), -1)
    kept = [i for i, share in enumerate(gaps.mean(1)) if 0 < share < 1]
    z = gaps[kept] - gaps[kept].mean(1, keepdims=True)
    z /= np.sqrt((z * z).sum(1, keepdims=True))
    phi = np.clip(z @ z.T, -1, 1)
    phi = np.where(abs(phi) < 1e-9, 0, (phi + phi.T) / 2)
    np.fill_diagonal(phi, 1)
    rows = np.full(phi.shape, gaps.shape[1], np.int64)
    chance = _by_chance(rows, ONCE / max(1, len(kept) * (len(kept) - 1) // 2))
    np.fill_diagonal(chance, 0)
    return Associations(tuple(columns[i].name for i in kept), abs(phi), np.sign(phi).astype(np.int8), chance, rows)


def neighbours(strength: Array) -> list[int]:
    """An order in which related columns stand side by side: the leaves of average linkage, turned so that neighbours are as near as
    can be (Bar-Joseph, Gifford and Jaakkola 2001)."""
    if len(strength) < 3:
        return list(range(len(strength)))
    from scipy.cluster.hierarchy import leaves_list, linkage

    apart = 1 - strength[np.triu_indices(len(strength), 1)]
    return [int(i) for i in leaves_list(linkage(apart, "average", optimal_ordering=True))]


class _Prepared:
    """The columns as matrices. number, category: their numbers in the table. ranks: [rows, numbers], centred, 0 where missing; known:
    the same, 1 where there is a value. hot: [rows, levels of all categories], with `start` the first level of each category."""

    def __init__(self, columns: Sequence[Cells]) -> None:
        size = len(columns[0].values) if columns else 0
        self.number = np.array([i for i, column in enumerate(columns) if column.levels is None], np.int64)
        self.category = np.array([i for i, column in enumerate(columns) if column.levels is not None], np.int64)
        kind = np.float32 if len(self.number) > BLOCK else np.float64
        self.ranks: Array = np.zeros((size, len(self.number)), kind)
        for k, i in enumerate(self.number):
            there = ~columns[i].missing
            self.ranks[there, k] = _ranked(columns[i].values[there])
        gaps = any(columns[i].missing.any() for i in self.number)
        self.known: Array | None = np.array([~columns[i].missing for i in self.number], kind).T if gaps else None
        most = LEVELS if len(self.category) <= 100 else 12 if len(self.category) <= 500 else 4  # a table of genotypes has 3
        self.codes = [_common(columns[i].values, most) for i in self.category]
        counts = [int(code.max(initial=-1)) + 1 for code in self.codes]
        self.start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.hot = np.zeros((size, int(self.start[-1])), np.float32)
        for first, code in zip(self.start, self.codes, strict=False):
            there = np.flatnonzero(code >= 0)
            self.hot[there, first + code[there]] = 1

    def correlations(self, part: slice) -> tuple[Array, Array]:
        """Spearman's correlations of some numbers with all, and the rows behind each."""
        x, y = self.ranks[:, part], self.ranks
        if self.known is None:
            scale = np.sqrt((y * y).sum(0))
            product, size = np.outer(scale[part], scale), np.full((x.shape[1], y.shape[1]), len(x), np.int64)
            moved = x.T @ y
        else:
            m, k = self.known[:, part], self.known
            n = m.T @ k
            sx, sy = x.T @ k, m.T @ y
            n1 = np.maximum(n, 1)
            spread = np.maximum((x * x).T @ k - sx * sx / n1, 0) * np.maximum(m.T @ (y * y) - sy * sy / n1, 0)
            product, size, moved = np.sqrt(spread), n.astype(np.int64), x.T @ y - sx * sy / n1
        sound = (product > 1e-12) & (size >= FEW)
        rho = np.divide(moved, product, out=np.zeros_like(moved), where=sound)
        return np.clip(np.where(abs(rho) > 1 - 1e-6, np.sign(rho), rho), -1, 1), size

    def ratios(self, c: int) -> tuple[Array, Array, Array]:
        """Correlation ratios of all numbers by one category, the rows behind each and the levels they have."""
        code = self.codes[c]
        order = np.argsort(code, kind="stable")[int((code < 0).sum()) :]
        width = len(self.number)
        if not len(order):
            return np.zeros(width), np.zeros(width, np.int64), np.zeros(width, np.int64)
        x, starts = self.ranks[order].astype(np.float64), np.flatnonzero(np.diff(code[order], prepend=-1))
        sums = np.add.reduceat(x, starts, axis=0)
        if self.known is None:
            counts = np.repeat(np.diff(starts, append=len(order))[:, None], width, 1).astype(np.float64)
        else:
            counts = np.add.reduceat(self.known[order].astype(np.float64), starts, axis=0)
        n, k = counts.sum(0), (counts > 0).sum(0)
        middle = sums.sum(0) ** 2 / np.maximum(n, 1)
        total = (x * x).sum(0) - middle
        inner = total - ((sums * sums / np.maximum(counts, 1)).sum(0) - middle)
        sound = (total > 1e-12) & (n > k) & (k > 1) & (n >= FEW)
        share = np.where(sound, inner / np.maximum(n - k, 1) / np.where(sound, total / np.maximum(n - 1, 1), 1), 1)
        return np.sqrt(np.clip(1 - share, 0, 1)), n.astype(np.int64), k

    def cramers(self, c: int) -> tuple[Array, Array, Array, Array]:
        """Corrected Cramer's V of one category with all, the rows behind each and the levels on both sides."""
        starts = self.start[:-1]
        some = np.flatnonzero(np.diff(self.start) > 0)  # a category without a value has no level
        width = len(self.category)
        v, n, across, down = np.zeros(width), np.zeros(width, np.int64), np.zeros(width, np.int64), np.zeros(width, np.int64)
        if c not in some:
            return v, n, across, down
        table = (self.hot[:, self.start[c] : self.start[c + 1]].T @ self.hot).astype(np.float64)  # [own levels, levels of all]
        own = np.add.reduceat(table, starts[some], axis=1)  # rows of each own level that know the other column
        theirs, known = table.sum(0), own.sum(0)
        margin = np.repeat(own, np.diff(self.start)[some], axis=1) * theirs
        phi = np.add.reduceat(np.divide(table * table, margin, out=np.zeros_like(table), where=margin > 0).sum(0), starts[some]) - 1
        r, k = (own > 0).sum(0), np.add.reduceat((theirs > 0).astype(np.int64), starts[some])
        spare = np.maximum(known - 1, 1)
        room = np.minimum(r - (r - 1) ** 2 / spare, k - (k - 1) ** 2 / spare) - 1
        sound = (room > 0) & (known >= FEW)
        lean = np.clip((phi - (r - 1) * (k - 1) / spare) / np.where(sound, room, 1), 0, 1)
        v[some], n[some], across[some], down[some] = np.where(sound, np.sqrt(lean), 0), known, r, k
        return v, n, across, down


def _ranked(x: Array) -> Array:
    """Ranks, ties shared, moved and scaled into -1 to 1."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return (rank - (len(x) + 1) / 2) * (2 / max(1, len(x)))


def _common(codes: Array, most: int) -> Array:
    """Level numbers by how common a level is, from 0; the rare ones together are the last; -1 missing."""
    there = codes >= 0
    if not there.any():
        return np.full(len(codes), -1, np.int64)
    counts = np.bincount(codes[there])
    order = np.argsort(-counts, kind="stable")
    kept = int(min(most, (counts >= RARE).sum()))
    place = np.full(len(counts), kept)
    place[order[:kept]] = np.arange(kept)
    return np.where(there, place[np.where(there, codes, 0)], -1)


def _by_chance(rows: Array, once: float) -> Array:
    """The correlation that two unrelated numbers pass with probability `once` (either way)."""
    from scipy.special import stdtrit

    free = np.maximum(rows - 2, 1)
    t = -stdtrit(free, once / 2)
    return np.where(rows < FEW, 1.0, t / np.sqrt(free + t * t))


def _ratio_by_chance(rows: Array, levels: Array, once: float) -> Array:
    """The corrected correlation ratio that is passed by chance: eta squared is then beta((k - 1) / 2, (n - k) / 2)."""
    from scipy.special import betainccinv

    between, within = np.maximum(levels - 1, 1), np.maximum(rows - levels, 1)
    eta = betainccinv(between / 2, within / 2, once)
    return np.where((rows < FEW) | (levels < 2), 1.0, np.sqrt(np.clip(1 - (1 - eta) * np.maximum(rows - 1, 1) / within, 0, 1)))


def _cramer_by_chance(rows: Array, across: Array, down: Array, once: float) -> Array:
    """The corrected Cramer's V that is passed by chance."""
    from scipy.special import chdtri

    spare, free = np.maximum(rows - 1, 1), np.maximum((across - 1) * (down - 1), 1)
    room = np.minimum(across - (across - 1) ** 2 / spare, down - (down - 1) ** 2 / spare) - 1
    lean = (chdtri(free, once) - free) / spare / np.where(room > 0, room, 1)
    return np.where((rows < FEW) | (room <= 0), 1.0, np.sqrt(np.clip(lean, 0, 1)))
