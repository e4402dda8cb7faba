"""Coverage and calibration in every part of every column: the result's keys `coverage_by` and `calibration_by`, always made.

Compact: of each column the worst part, at most twenty, and how many were looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.judge import groups, parts
from etabli.judge.answers import probabilities
from etabli.judge.coverage import ENOUGH
from etabli.judge.levels import Levels
from etabli.judge.sentence import number, places
from etabli.model.by import named
from etabli.records import Array, Words
from etabli.work.by import levels_of
from etabli.work.material import Material

COLUMNS, SHOWN, CLASSES, NAMED = 200, 20, 10, 3


def by_parts(material: Material, taken: Array, seen: groups.Rows) -> dict[str, Any]:
    """{"coverage_by": ..., "calibration_by": ...}. taken: the rows of the table that `seen` is made of."""
    columns = _columns(material, taken)
    return {"coverage_by": _coverage(material, columns, seen), "calibration_by": _calibration(material, columns, seen)}


def _columns(material: Material, taken: Array) -> dict[str, Levels]:
    kinds = ("number", "category", "flag", "date")
    names = [name for name in material.used if material.table.column(name).kind in kinds][:COLUMNS]
    return {name: levels_of(material.table, name, taken, ENOUGH) for name in names}


def _coverage(material: Material, columns: dict[str, Levels], seen: groups.Rows) -> dict[str, Any] | None:
    if seen.hit is None:
        return None
    found = parts.coverage(columns, seen.hit, seen.level, seen.groups, seen.weight)
    return {
        "level": seen.level,
        "columns": found.columns,
        "parts": found.cells,
        "below": len(found.beyond),
        "worst": [
            {
                "column": part.column,
                "level": named(material.table.column(part.column), part.level),
                "rows": part.rows,
                "got": part.got,
                "least": part.low,
                "below": part.beyond,
            }
            for part in found.worst[:SHOWN]
        ],
        "words": _covered(material, found, seen.level),
    }


def _covered(material: Material, found: parts.Parts, level: float) -> Words:
    if not found.cells:
        return {"en": "No part of any column has 50 rows to judge.", "fr": "Aucune partie d'une colonne n'a 50 lignes à juger."}
    asked = f"{100 * level:g}\u00a0%"
    if not found.beyond:
        return {
            "en": f"No part of any column is covered less than chance allows ({found.cells} parts of {found.columns} columns, {asked} asked).",
            "fr": f"Aucune partie d'une colonne n'est couverte moins que le hasard ne le permet ({found.cells} parties de {found.columns} colonnes, {asked} demandés).",
        }
    made = {}
    for language in ("en", "fr"):
        of = {"en": "chance allows", "fr": "le hasard permet"}[language]
        said = [
            f"{_where(material, part, language)} {number(100 * part.got, 1, language)}\u00a0% ({of} {number(100 * part.low, 1, language)}\u00a0%)"
            for part in found.beyond[:NAMED]
        ]
        more = len(found.beyond) - len(said)
        rest = _more(more, language)
        start = {
            "en": f"{asked} is the promise for all rows together; less than chance allows is covered where ",
            "fr": f"{asked} est promis pour l'ensemble des lignes ; sont moins couvertes que le hasard ne le permet celles où ",
        }[language]
        made[language] = start + (" ; " if language == "fr" else "; ").join(said) + rest + "."
    return made


def _where(material: Material, part: parts.Part, language: str) -> str:
    text = named(material.table.column(part.column), part.level)[language]
    if language == "fr":
        return f"«\u00a0{part.column}\u00a0» est {text} :"
    return f"“{part.column}” is {text}:"


def _calibration(material: Material, columns: dict[str, Levels], seen: groups.Rows) -> dict[str, Any] | None:
    if seen.fold is None or len(np.unique(seen.fold)) < 2:
        return None
    classes, names = material.target.classes, list[str | None]()
    if seen.task == "regression":
        happened, predicted = np.asarray(seen.y, np.float64)[:, None], seen.S
        names.append(None)
    else:
        P = probabilities(seen.S)
        shown = [1] if seen.task == "binary" else np.argsort(-np.bincount(seen.y, minlength=len(classes)), kind="stable")[:CLASSES].tolist()
        happened, predicted = np.stack([seen.y == k for k in shown], 1).astype(np.float64), P[:, shown]
        names += [classes[k] for k in shown]
    found = parts.calibration(columns, happened, predicted, seen.groups, seen.weight, seen.task != "regression")
    return {
        "columns": found.columns,
        "parts": found.cells,
        "beyond": len(found.beyond),
        "worst": [
            {
                "column": part.column,
                "level": named(material.table.column(part.column), part.level),
                "class": names[part.output],
                "rows": part.rows,
                "observed": part.observed,
                "predicted": part.predicted,
                "gap": part.got,
                "low": part.low,
                "high": part.high,
                "beyond": part.beyond,
            }
            for part in found.worst[:SHOWN]
        ],
        "words": {language: _calibrated(material, found, names, language) for language in ("en", "fr")},
    }


def _calibrated(material: Material, found: parts.Parts, names: list[Any], language: str) -> str:
    french, numbers = language == "fr", names == [None]
    if not found.cells:
        return "Aucune partie d'une colonne n'a 50 lignes à juger." if french else "No part of any column has 50 rows to judge."
    what = {"en": ("probabilities are", "predictions are"), "fr": ("les probabilités sont", "les prédictions sont")}[language][numbers]
    if not found.beyond:
        looked = f"{found.cells} parties de {found.columns} colonnes" if french else f"{found.cells} parts of {found.columns} columns"
        return (
            f"Dans chaque partie de chaque colonne, {what} justes en moyenne, au hasard près ({looked})."
            if french
            else f"In every part of every column {what} right on average, as far as chance lets one see ({looked})."
        )
    said = []
    for part in found.beyond[:NAMED]:
        digits = places(part.low, part.high)
        size, text = number(abs(part.got), digits, language), named(material.table.column(part.column), part.level)[language]
        word = ("basses" if part.got > 0 else "hautes") if french else ("low" if part.got > 0 else "high")
        label = (
            ""
            if names[part.output] is None or len(names) == 1
            else (f" pour «\u00a0{names[part.output]}\u00a0»" if french else f" for “{names[part.output]}”")
        )
        said.append(
            f"«\u00a0{part.column}\u00a0» est {text} : trop {word} de {size}{label}"
            if french
            else f"“{part.column}” is {text}: too {word} by {size}{label}"
        )
    more = len(found.beyond) - len(said)
    rest = _more(more, language)
    start = f"Au-delà du hasard, {what} fausses en moyenne là où " if french else f"Beyond chance, {what} wrong on average where "
    return start + (" ; " if french else "; ").join(said) + rest + "."


def _more(count: int, language: str) -> str:
    """The columns that are not named."""
    if count <= 0:
        return ""
    if language == "fr":
        return f", et {count} colonne{'s' if count > 1 else ''} de plus"
    return f", and {count} more column{'s' if count > 1 else ''}"
