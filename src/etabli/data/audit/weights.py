"""Columns that are weights, by their name or by their sum: how many people a row stands for is a weight of the row, not a property of it.

By name: "fnlwgt", "survey_weight", "exposure"; "weight" alone is more often a body's. By sum: positive numbers that vary and whose sum is
the number of rows, or 1, to one part in ten thousand. Survey weights are normalised so; a measurement has no reason to be.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.records import Column, Finding

ALONE = {"weights", "wgt", "wt", "fnlwgt", "exposure", "expo", "exposition", "ponderation", "pondération", "poids_sondage"}
BEFORE = {"sample", "sampling", "survey", "case", "final", "person", "design", "frequency", "freq", "importance"}
EXACT, FEWEST = 1e-4, 50


def find(view: View) -> Iterable[Finding]:
    """A note for numbers that are never negative and named so, or normalised as weights are."""
    for column in view.features:
        if column.kind != "number" or not view.is_number(column):
            continue
        parts = tokens(column.name)
        named = any(part in ALONE or part.endswith("wgt") for part in parts) or ("weight" in parts and bool(BEFORE & set(parts)))
        total = None if named else _normalised(view, column)
        if (not named and total is None) or np.nanmin(view.values(column), initial=0.0) < 0:
            continue
        en, fr = "{c} is named like a weight or an exposure of the row", "{c} porte un nom de poids ou d'exposition de la ligne"
        if total is not None:
            en, fr = "{c} is positive and sums to {s}, as weights of rows do", "{c} est positive et de somme {s}, comme des poids de lignes"
        yield Finding(
            "weights",
            (column.name,),
            words(en + "; it is used as a feature", fr + " ; elle sert de variable", c=[column.name], s=total or 0.0),
            words(
                "if it says how much a row counts: {w}; or {i}",
                "si elle dit combien compte la ligne : {w} ; ou {i}",
                w=flag("--weights", [column.name]),
                i=flag("--ignore", [column.name]),
            ),
            "note",
            {"by": "name" if named else "sum", "sum": total},
        )


def _normalised(view: View, column: Column) -> float | None:
    """The sum of positive numbers, not all whole, where it is the number of rows or 1."""
    values = np.asarray(view.table.values[column.name], np.float64)
    if values.size < FEWEST or view.is_whole(column) or not (values > 0).all() or not values.std() > 0.01 * values.mean():
        return None
    total = float(values.sum())
    return total if min(abs(total / values.size - 1), abs(total - 1)) < EXACT else None
