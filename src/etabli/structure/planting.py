"""Rows planted into the table by stated recipes: without labels, the only measure of a detector that is made of the user's own columns.

Three recipes, from usual rows: *far*, one number moved beyond all others; *mixed*, half of the columns taken from another row; *rare*, one
value exchanged for one that hardly ever occurs beside another value of the row. What is planted is not what is sought: a method that finds these
has shown that it looks at single columns, at all relations, at pairs.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array
from etabli.structure.owners import leveled
from etabli.structure.space import Space

KINDS = ("far", "mixed", "rare")
TRIES, BINS = 30, 6


def planted(space: Space, plain: Array, kind: str, count: int, seed: int) -> Array:
    """[count, features] planted rows in plain coordinates, from rows of `plain`; none where the recipe needs columns that there are not."""
    random = np.random.default_rng(seed)
    blocks = [np.flatnonzero(space.owner == i) for i in np.unique(space.owner)]
    made = plain[random.integers(0, len(plain), count)].copy()
    numbers = [block for block in blocks if space.columns[int(space.owner[block[0]])].is_double]
    if (kind == "far" and not numbers) or (kind != "far" and len(blocks) < 2):
        return made[:0]
    if kind == "far":
        for row in made:
            block = numbers[random.integers(len(numbers))]
            column = plain[:, block]
            width = column.std(axis=0) + 1e-9
            row[block] = np.where(
                random.random() < 0.5, column.min(axis=0) - width * random.uniform(1, 4), column.max(axis=0) + width * random.uniform(1, 4)
            )
        return made
    if kind == "mixed":
        for row in made:
            other = plain[random.integers(len(plain))]
            for i in random.permutation(len(blocks))[: max(1, len(blocks) // 2)]:
                row[blocks[i]] = other[blocks[i]]
        return made
    return _rare(plain, blocks, made, random)


def _rare(plain: Array, blocks: list[Array], made: Array, random: np.random.Generator) -> Array:
    """Of thirty exchanges, the one whose value is least often beside another value of the row, for what both are alone."""
    seen = blocks if len(blocks) <= 50 else [blocks[i] for i in random.permutation(len(blocks))[:50]]
    codes = np.column_stack([_coded(plain[:, block]) for block in seen])
    base = random.integers(0, len(plain), len(made))
    made[:] = plain[base]
    share = [np.bincount(codes[:, j]) / len(codes) for j in range(len(seen))]
    for number, row in enumerate(base):
        best, change = np.inf, (0, 0)
        for _ in range(TRIES):
            j, donor = int(random.integers(len(seen))), int(random.integers(len(plain)))
            value = codes[donor, j]
            if value == codes[row, j]:
                continue
            mine = codes[codes[:, j] == value]
            beside = (mine == codes[row]).mean(axis=0)
            expected = np.array([share[b][codes[row, b]] for b in range(len(seen))])
            lift = beside / expected
            lift[j] = np.inf
            if lift.min() < best:
                best, change = float(lift.min()), (j, donor)
        j, donor = change
        made[number, seen[j]] = plain[donor, seen[j]]
    return made


def _coded(block: Array) -> Array:
    """int [rows]: a level, the sixth of the rows in which a number lies, or the axis on which a text lies farthest."""
    if block.shape[1] > 1 and not leveled(block):
        return np.asarray(np.abs(block).argmax(axis=1))
    _, code = np.unique(block.round(9), axis=0, return_inverse=True)
    code = code.reshape(-1)
    if block.shape[1] > 1 or code.max(initial=0) < BINS:
        return np.asarray(code)
    edges = np.unique(np.quantile(block[:, 0], np.arange(1, BINS) / BINS))
    return np.searchsorted(edges, block[:, 0])
