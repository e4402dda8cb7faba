"""Dealing rows that belong together to parts: which rows are equal, and which part each unit goes to.

Large units are placed one by one, the largest first, where they hurt the balance least; the rest, however many, are dealt
by size and label at once, so that two million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from etabli.records import Array, Table

ONE_BY_ONE = 20_000  # units of several rows that are placed one by one; the smaller ones beyond are dealt by size and class
BLOCK = 1 << 16


def row_hashes(table: Table, names: Sequence[str]) -> Array:
    """uint64 [rows]: equal for rows equal in every named column (missing equals missing), whatever the columns' order.

    The sum over columns of a 64-bit mix (splitmix64's finaliser, Steele et al. 2014) of the cell and the column's name: two
    different rows among two million share a hash with a chance of about 1e-7.
    """
    out = np.zeros(table.rows, np.uint64)
    for name in names:
        salt = np.uint64(int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"))
        values = table.values[name]
        for start in range(0, table.rows, BLOCK):
            block = np.asarray(values[start : start + BLOCK])
            if block.dtype.kind == "f":
                block = block.astype(np.float64) + 0.0  # -0.0 becomes 0.0
                block[np.isnan(block)] = np.nan  # one pattern of bits for every NaN
                bits = block.view(np.uint64)
            else:
                bits = block.astype(np.int64).view(np.uint64).copy()
            bits ^= salt
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
                bits ^= bits >> np.uint64(shift)
                bits *= np.uint64(factor)
            out[start : start + BLOCK] += bits ^ (bits >> np.uint64(31))
    return out


def deal(units: Array, labels: Array, kinds: int, shares: Array, rng: np.random.Generator) -> Array:
    """The part of each unit (int64 [units]): every part gets its share of every label, as well as whole units allow."""
    n, parts, sizes = units.size, shares.size, np.bincount(units)
    random = rng.random(sizes.size)
    totals = np.maximum(np.append(np.bincount(labels, minlength=kinds), n), 1).astype(float)
    have = np.zeros((parts, kinds + 1))  # rows of each label, and all rows, by part
    part = np.full(sizes.size, -1, np.int64)
    large = np.flatnonzero(sizes > 1)
    large = large[np.lexsort((random[large], -sizes[large]))][:ONE_BY_ONE]
    place = np.full(sizes.size, -1, np.int64)
    place[large] = np.arange(large.size)
    inside = np.flatnonzero(place[units] >= 0)
    inside = inside[np.argsort(place[units[inside]], kind="stable")]
    ends = np.cumsum(sizes[large])
    for unit, end in zip(large, ends, strict=True):
        # sum over labels of (rows in the part / rows in all)^2 / share is least for proportional parts: its growth is the price
        counts = np.append(np.bincount(labels[inside[end - sizes[unit] : end]], minlength=kinds), sizes[unit])
        price = ((2 * have * counts + counts**2) / totals**2).sum(1) / shares
        part[unit] = chosen = int(price.argmin())
        have[chosen] += counts
    rest = np.flatnonzero(part < 0)
    if rest.size:
        label = np.rint(np.bincount(units, labels)[rest] / sizes[rest]).astype(np.int64)
        order = np.lexsort((random[rest], label, -sizes[rest]))
        rest, label = rest[order], label[order]
        starts = np.flatnonzero(np.append(True, (np.diff(label) != 0) | (np.diff(sizes[rest]) != 0)))
        for start, stop in zip(starts, np.append(starts[1:], rest.size), strict=True):
            size, kind = int(sizes[rest[start]]), int(label[start])
            dealt = fill(have[:, kind] / size, have[:, -1], int(stop - start), shares)
            part[rest[start:stop]] = np.repeat(np.arange(parts), dealt)
            have[:, kind] += dealt * size
            have[:, -1] += dealt * size
    return part


def fill(have: Array, filled: Array, count: int, shares: Array) -> Array:
    """How many of `count` like units go to each part: poured like water until have / share is level, then rounded by the
    largest remainder, to the emptier part when equal."""
    order = np.argsort(have / shares, kind="stable")
    level = (count + np.cumsum(have[order])) / np.cumsum(shares[order])
    reached = np.flatnonzero(level >= (have / shares)[order])[-1]
    need = np.maximum(level[reached] * shares - have, 0)
    dealt = np.floor(need + 1e-9).astype(np.int64)
    left = count - int(dealt.sum())
    lack = np.round(need - dealt, 9)
    for part in np.lexsort((filled / shares, -lack))[: max(left, 0)]:
        dealt[part] += 1
    return np.asarray(dealt)
