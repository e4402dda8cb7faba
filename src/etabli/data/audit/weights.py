"""Columns named like weights: how many people a row stands for is a weight of the row, not a property of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.records import Finding

ALONE = {"weights", "wgt", "wt", "fnlwgt", "exposure", "expo", "exposition", "ponderation", "pondération", "poids_sondage"}
BEFORE = {"sample", "sampling", "survey", "case", "final", "person", "design", "frequency", "freq", "importance"}


def find(view: View) -> Iterable[Finding]:
    """A note for numbers that are never negative and named so ("weight" alone is more often a body's)."""
    for column in view.features:
        parts = tokens(column.name)
        named = any(part in ALONE or part.endswith("wgt") for part in parts) or ("weight" in parts and bool(BEFORE & set(parts)))
        if column.kind != "number" or not named or not view.is_number(column):
            continue
        values = view.values(column)
        if np.nanmin(values, initial=0.0) < 0:
            continue
        yield Finding(
            "weights",
            (column.name,),
            words(
                "{c} is named like a weight or an exposure of the row; it is used as a feature",
                "{c} porte un nom de poids ou d'exposition de la ligne ; elle sert de variable",
                c=[column.name],
            ),
            words(
                "if it says how much a row counts: {w}; or {i}",
                "si elle dit combien compte la ligne : {w} ; ou {i}",
                w=flag("--weights", [column.name]),
                i=flag("--ignore", [column.name]),
            ),
            "note",
        )
