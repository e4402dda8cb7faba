"""Columns that say the same: one is a recoding of the other (level for level), or their numbers are on one line.

Recodings are found without comparing pairs: a column's values are numbered in the order they first appear, and equal
numberings are equal columns. Where nearly every value is different that numbering says nothing, and ranks are used.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Finding

LINE = 0.9999
ROWS, COLUMNS = 2_000, 600  # for correlations
OTHERS = 5  # rows outside the commonest value, without which equality may be chance


def find(view: View) -> Iterable[Finding]:
    """One note for all sets of columns that say the same."""
    if view.sample.size < 20:
        return
    seen: dict[bytes, list[str]] = {}
    for column in view.features:
        if column.kind == "text":
            continue
        codes = view.codes(column)
        counts = np.bincount(codes + 1)
        if codes.size - counts.max() >= OTHERS:
            for key in _keys(codes, counts):
                seen.setdefault(key, []).append(column.name)
    sets = [set(names) for names in seen.values() if len(names) > 1] + _on_a_line(view)
    merged: list[set[str]] = []
    for names in sets:
        for other in [other for other in merged if other & names]:
            merged.remove(other)
            names = names | other
        merged.append(names)
    order = [column.name for column in view.features]
    said = sorted((sorted(names, key=order.index) for names in merged), key=lambda names: order.index(names[0]))
    if said:
        shown = said[0]
        yield Finding(
            "same",
            tuple(name for names in said for name in names),
            words(
                "{c} say the same" + ("" if len(said) == 1 else "; so do {m} other sets of columns"),
                "{c} disent la même chose" + ("" if len(said) == 1 else " ; de même {m} autres ensembles de colonnes"),
                c=shown,
                m=len(said) - 1,
            ),
            words("one is enough: {f}", "une suffit : {f}", f=flag("--ignore", shown[1:])),
            "note",
            {"sets": said},
        )


def _keys(codes: Array, counts: Array) -> list[bytes]:
    """What two columns that say the same share: a numbering by first appearance, or ranks up and down."""
    missing = (codes < 0).tobytes()
    if counts.size - 1 > codes.size / 2:
        top = int(codes.max())
        down = np.where(codes < 0, -1, top - codes)
        return [b"rank" + min(codes.tobytes(), down.tobytes()) + missing]
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return [b"first" + np.argsort(np.argsort(first))[inverse].tobytes() + missing]


def _on_a_line(view: View) -> list[set[str]]:
    """Pairs of numbers with a correlation beyond 0.9999 on the same rows (and another pattern of rounding)."""
    numbers = [c for c in view.features if c.kind == "number" and view.is_number(c)]
    if not 2 <= len(numbers) <= COLUMNS:
        return []
    rows = view.sample[:: max(1, view.sample.size // ROWS)]
    made, holes = [], []
    for column in numbers:
        values = np.asarray(view.table.values[column.name])[rows].astype(float)
        hole = np.isnan(values)
        middle = np.median(values[~hole]) if not hole.all() else 0.0
        values = np.where(hole, middle, values) - middle
        spread = np.abs(values).max()
        values = values / spread if spread > 0 else values
        values = values - values.mean()
        norm = np.sqrt((values**2).sum())
        busy = np.unique(values, return_counts=True)[1].max() <= values.size - OTHERS
        made.append(values / norm if norm > 0 and busy else np.zeros(values.size))
        holes.append(hole)
    matrix, hole = np.array(made), np.array(holes)
    close = np.argwhere(np.triu(np.abs(matrix @ matrix.T) > LINE, 1))
    return [{numbers[i].name, numbers[j].name} for i, j in close if (hole[i] == hole[j]).all()]
