"""A smaller split: the race of a glance sees so many rows at most, and the winner learns from all of them afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from etabli.records import NO_FOLD, Split

SPARE = -4  # a development row that a smaller race leaves aside


def split_name(split: Split) -> str:
    """Ten characters that name a split by what it says."""
    body = hashlib.sha256(f"{split.kind} {split.folds} {split.forward}".encode())
    body.update(np.ascontiguousarray(split.fold).tobytes())
    if split.when is not None:
        body.update(repr(split.until).encode())
        body.update(np.ascontiguousarray(split.when).tobytes())
    if split.groups is not None:
        body.update(np.ascontiguousarray(split.groups).tobytes())
    return body.hexdigest()[:10]


def sampled(split: Split, limit: int, seed: int) -> Split:
    """The same split on at most `limit` development rows (whole groups); the others become SPARE."""
    rows = split.development
    if len(rows) <= limit:
        return split
    rng = np.random.default_rng(seed)
    if split.groups is None:
        kept = rng.choice(rows, limit, replace=False)
    else:
        order = rng.permutation(np.unique(split.groups[rows]))
        place = np.empty(int(order.max()) + 1, np.int64)
        place[order] = np.arange(len(order))
        rank = place[split.groups[rows]]
        kept = rows[rank < np.searchsorted(np.cumsum(np.bincount(rank)), limit) + 1]
    fold = np.array(split.fold)
    aside = fold >= NO_FOLD
    aside[kept] = False
    fold[aside] = SPARE
    return replace(split, fold=fold)
