"""Categories that groups follow: a column of few levels cuts the rows more cleanly than any number, and groups may say little more than it does.

Told by how much better a level is guessed by who knows the group (Goodman & Kruskal 1954, lambda): 0 no better, 1 always right.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.records import Array, Table

FOLLOWED = 0.7  # of the wrong guesses, that knowing the group spares


def spared(own: Array, levels: Array) -> tuple[float, float, float]:
    """(lambda, the share of rows whose level is right by the commonest of their group, the same by the commonest of all). own, levels: int [rows]."""
    counts = np.zeros((int(own.max()) + 1, int(levels.max()) + 1))
    np.add.at(counts, (own, levels), 1)
    known, plain = counts.max(axis=1).sum() / len(own), counts.sum(axis=0).max() / len(own)
    return (float((known - plain) / (1 - plain)) if plain < 1 else 0.0), float(known), float(plain)


def followed(table: Table, names: Sequence[str], rows: Array, own: Array) -> dict[str, Any] | None:
    """A warning that names the categories and flags which the groups follow; None where there are none, or no other columns beside them. own: int [rows],
    the group of each."""
    told = []
    for name in names:
        if table.column(name).kind not in ("category", "flag"):
            continue
        levels = np.asarray(table.values[name][rows])
        known = levels >= 0 if levels.dtype.kind in "iu" else ~np.isnan(levels)
        if known.sum() < 2:
            continue
        measure, with_group, without = spared(own[known], np.unique(levels[known], return_inverse=True)[1])
        if measure >= FOLLOWED:
            told.append((measure, name, with_group, without))
    if not told or all(table.column(name).kind in ("category", "flag") for name in names):
        return None
    told.sort(reverse=True)
    columns = [name for _, name, _, _ in told]
    right, plain = (round(100 * share) for share in told[0][2:])
    cure = " ".join(f"--ignore {shlex.quote(name)}" for name in columns)
    return {
        "code": "follows_category",
        "level": "warn",
        "columns": columns,
        "text": {
            "en": f"The groups follow {', '.join(columns)}: by the group its level is guessed right in {right} of 100 rows, without it in {plain}. They may say little more than that.",
            "fr": f"Les groupes suivent {', '.join(columns)} : par le groupe, son niveau est deviné juste dans {right} lignes sur 100, sans lui dans {plain}. Ils ne disent peut-être guère plus.",
        },
        "cure": {"en": f"what groups there are beside it: {cure}", "fr": f"quels groupes il y a à part cela : {cure}"},
    }
