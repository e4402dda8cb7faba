"""Columns that say nothing: empty, or the same everywhere; and a table in which no column says anything."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import words
from etabli.records import Finding


def find(view: View) -> Iterable[Finding]:
    """One finding for the empty, one for the constant columns; a refusal when no feature is left."""
    empty, same = [], []
    for column in view.columns:
        if column.kind == "identifier" or view.codes(column).max(initial=-1) > 0:
            continue
        values = view.values(column)
        present = values[~np.isnan(values)] if values.dtype.kind == "f" else values[values >= 0]
        if not present.size:
            empty.append(column.name)
        elif present.size == values.size and present.min() == present.max() and values.size > 1:
            same.append(column.name)
    if empty:
        yield Finding(
            "empty",
            tuple(empty),
            words(
                "{c} have no value in any row and are left out" if len(empty) > 1 else "{c} has no value in any row and is left out",
                "{c} n'ont de valeur dans aucune ligne et sont écartées"
                if len(empty) > 1
                else "{c} n'a de valeur dans aucune ligne et est écartée",
                c=empty,
            ),
            words(
                "check the export of the file if there should be values", "vérifier l'export du fichier s'il devrait y avoir des valeurs"
            ),
            evidence={"rows": int(view.rows.size), "filled": 0},
        )
    if same:
        yield Finding(
            "constant",
            tuple(same),
            words(
                "{c} have the same value in every row and are left out"
                if len(same) > 1
                else "{c} has the same value in every row and is left out",
                "{c} ont la même valeur dans toutes les lignes et sont écartées"
                if len(same) > 1
                else "{c} a la même valeur dans toutes les lignes et est écartée",
                c=same,
            ),
            words("nothing to do", "rien à faire"),
            "note",
            {"rows": int(view.rows.size), "distinct": 1},
        )
    if view.target is not None and not any(column.name not in (*empty, *same) for column in view.features):
        yield Finding(
            "nothing_to_learn_from",
            (),
            words(
                "no column is left to learn from: all are constant, empty, identifiers or ignored",
                "il ne reste aucune colonne dont apprendre : toutes sont constantes, vides, des identifiants ou ignorées",
            ),
            words("keep one with --kind NAME=number or --kind NAME=category", "en garder une par --kind NOM=number ou --kind NOM=category"),
            "refuse",
            {"columns": len(view.columns), "empty": len(empty), "constant": len(same)},
        )
