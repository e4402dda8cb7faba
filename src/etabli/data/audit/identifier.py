"""Columns that name a row instead of describing it: a model would learn them by heart and say nothing about a new row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.measure import one_way
from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.records import Column, Finding, Words

NAMES = {
    "id",
    "ids",
    "uid",
    "uuid",
    "guid",
    "key",
    "index",
    "idx",
    "no",
    "nr",
    "num",
    "number",
    "nbr",
    "code",
    "pid",
    "rownames",
    "numero",
    "numéro",
    "identifiant",
}

NEARLY = 0.9  # different values, as a share of the rows, from which a name such as "id" is believed
TWICE = (
    "; yet {a} rows share their value with another row: the same subject measured twice?",
    " ; pourtant {a} lignes partagent leur valeur avec une autre : le même sujet mesuré deux fois ?",
)


def find(view: View) -> Iterable[Finding]:
    """Identifiers already left out (a note), those still among the features (a warning), and those that come more than once.

    Row numbers are `time_order`'s, which looks whether they are a time."""
    known = [column.name for column in view.columns if column.kind == "identifier"]
    if known:
        yield Finding(
            "identifier",
            tuple(known),
            words(
                "{c} name the rows (nearly every value is different) and are left out of the features"
                if len(known) > 1
                else "{c} names the rows (nearly every value is different) and is left out of the features",
                "{c} nomment les lignes (presque toutes les valeurs diffèrent) et sont écartées des variables"
                if len(known) > 1
                else "{c} nomme les lignes (presque toutes les valeurs diffèrent) et est écartée des variables",
                c=known,
            ),
            words("to keep it: {f}", "pour la garder : {f}", f=flag("--kind", known[:1], "=category")),
            "note",
            {"rows": int(view.rows.size), "distinct": {name: view.distinct(view.table.column(name)) for name in known}},
        )
    for column in view.columns:
        if column.kind not in ("identifier", "number") or (column.kind == "number" and not view.is_whole(column)):
            continue
        distinct, again = view.distinct(column), _repeated(view, column)
        last = tokens(column.name)[-1:]
        named = column.kind == "number" and bool(last) and last[0] in NAMES and view.rows.size >= 20 and distinct >= NEARLY * view.rows.size
        facts = {"c": [column.name], "n": distinct, "r": int(view.rows.size), "a": again}
        if named and not one_way(view.values(column)):
            yield Finding(
                "identifier",
                (column.name,),
                words(
                    "{c} has {n} different values in {r} rows and is named like an identifier" + (TWICE[0] if again else ""),
                    "{c} a {n} valeurs différentes pour {r} lignes et porte un nom d'identifiant" + (TWICE[1] if again else ""),
                    **facts,
                ),
                _cure(column, again),
                "warn",
                {"rows": again, "distinct": distinct},
            )
        elif column.kind == "identifier" and again >= 2:
            yield Finding(
                "identifier_repeated",
                (column.name,),
                words("{c} is nearly unique" + TWICE[0], "{c} est presque unique" + TWICE[1], **facts),
                words("to keep such rows together: {f}", "pour garder ces lignes ensemble : {f}", f=flag("--group", [column.name])),
                "note",
                {"rows": again, "distinct": distinct},
            )


def _cure(column: Column, again: int) -> Words:
    """Leave it out; where values come again, or keep their rows together."""
    facts = {"i": flag("--ignore", [column.name]), "g": flag("--group", [column.name])}
    if not again:
        return words("leave it out: {i}", "l'écarter : {i}", **facts)
    return words("leave it out: {i}, or keep its rows together: {g}", "l'écarter : {i}, ou garder ses lignes ensemble : {g}", **facts)


def _repeated(view: View, column: Column) -> int:
    """Rows whose value another row has, too."""
    values = view.values(column)
    values = values[~np.isnan(values)] if values.dtype.kind == "f" else values[values >= 0]
    counts = np.unique(values, return_counts=True)[1]
    return int(counts[counts > 1].sum())
