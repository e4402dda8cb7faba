"""Measurements cut off at a limit: many rows share the very highest (or lowest) value of a column that otherwise varies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import words
from etabli.records import Finding

ROWS, DISTINCT, TIMES = 20, 100, 10


def find(view: View) -> Iterable[Finding]:
    """A note for each capped number, the target among them."""
    for column in view.table.columns:
        if column.kind != "number" or column.name in view.ignore or not view.is_number(column):
            continue
        values = view.values(column)
        values = values[~np.isnan(values)]
        if values.size < 10 * ROWS:
            continue
        for end, top in ((float(values.max()), True), (float(values.min()), False)):
            count = int((values == end).sum())
            if count < max(ROWS, 0.002 * values.size) or end in (0.0, 1.0, 100.0):
                continue  # 0 is "none", and shares end at 1 or 100
            seen, counts = np.unique(values, return_counts=True)
            near = counts[-11:-1] if top else counts[1:11]
            if seen.size >= DISTINCT and count >= TIMES * float(near.max()):
                yield Finding(
                    "capped",
                    (column.name,),
                    words(
                        "{c} looks capped: {n} rows hold exactly its {s} value {v}",
                        "{c} semble plafonnée : {n} lignes ont exactement sa valeur extrême {v}",
                        c=[column.name],
                        n=count,
                        v=end,
                        s="highest" if top else "lowest",
                    ),
                    words("nothing to do, but do not read {v} as a measurement", "rien à faire, mais {v} n'est pas une mesure", v=end),
                    "note",
                    {"value": end, "rows": count},
                )
