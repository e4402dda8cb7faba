"""Columns whose rows may belong together: repeated measures of a person, a site, a batch. Random folds then put the same
subject on both sides and flatter the score (measured: R2 0.39 claimed, 0.27 true).

Which column it is cannot be read off the data before a model errs; the candidates are named here and tested on the
residuals of the baseline. Only a telling name or rows of one value standing together in the file is said beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.records import Column, Finding, Table, Target

LAST = {"id", "ids", "uid", "name", "names", "key", "nom", "identifiant"}
COUNTED = {"number", "num", "no", "nr", "nbr", "code", "numero", "numéro"}
WORDS = set(
    "subject patient person participant individual respondent donor volunteer child mother family household couple twin litter animal "
    "cow horse dog mouse rat cage herd farm flock plant tree plot site station hospital clinic centre center ward school teacher "
    "pupil student class village batch lot plate well run session block cluster group sample specimen slide experiment study device sensor machine "
    "vessel ship vehicle driver user customer client account company firm shop store author speaker team player storm "
    "sujet patiente personne individu famille ménage foyer mère enfant ferme troupeau parcelle hôpital école élève lot essai groupe échantillon".split()
)
CYCLES = set("month day dayof weekday week hour minute quarter season mois jour semaine heure trimestre saison".split())
FEWEST, MOST = 5, 10  # levels a column without a telling name must have; candidates returned
STANDING = 0.3  # runs of equal values, as a share of the runs that chance would make


def candidate_groups(table: Table, target: Target | None = None, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Columns whose values may bind rows together, most likely first, at most ten: 2 to n/2 levels, 2 or more rows a level on
    average, words, or whole numbers whose
    rows stand together in the file or whose name tells (an age is no group). Telling names first, then words, then by levels."""
    return tuple(one.column.name for one in _ranked(View(table, target, ignore)))


def subjects(table: Table, target: Target | None = None, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The candidates that are subjects by their name, or whose rows stand together in the file. Rows of one value of any other
    may err together because a model does not use that column well enough: this alone does not make it a subject."""
    return tuple(one.column.name for one in _ranked(View(table, target, ignore)) if one.telling or one.standing)


def find(view: View) -> Iterable[Finding]:
    """A warning for columns with a telling name whose values bind rows; the others wait for the residual test."""
    for one in [one for one in _ranked(view) if one.telling][:3]:
        column, levels = one.column, one.levels
        yield Finding(
            "group",
            (column.name,),
            words(
                "{c} has {n} values in {r} rows ({m} rows each on average) and is named like a subject or a batch: rows of one value may be alike",
                "{c} a {n} valeurs pour {r} lignes ({m} lignes chacune en moyenne) et porte un nom de sujet ou de lot : ses lignes peuvent se ressembler",
                c=[column.name],
                n=levels,
                r=int(view.rows.size),
                m=round(view.rows.size / levels, 1),
            ),
            words(
                "if new rows will bring new values of it: {f}",
                "si les nouvelles lignes en apportent de nouvelles valeurs : {f}",
                f=flag("--group", [column.name]),
            ),
            "warn",
            {"levels": levels, "rows_a_level": view.rows.size / levels},
        )


def hinted(name: str) -> bool:
    """Whether a name tells of a subject or a batch: "id", "storm", "patient_id", "hospital number"; not "Lot.Area"."""
    parts = tokens(name)
    if not parts:
        return False
    core = [part for part in parts if part not in LAST | COUNTED]
    known = len(core) == 1 and (core[0] in WORDS)
    return parts[-1] in LAST or known


@dataclass(frozen=True)
class Candidate:
    """telling: its name says so. levels: over all usable rows. standing: its rows stand together in the file."""

    column: Column
    telling: bool
    levels: int
    standing: bool


def _ranked(view: View) -> list[Candidate]:
    """Best first."""
    found = []
    for column in view.columns:
        if column.kind in ("constant", "date", "text", "flag") or view.rows.size < 10:
            continue
        sampled = int(view.codes(column).max(initial=-1)) + 1
        if sampled < 2 or (view.is_number(column) and not view.is_whole(column)):
            continue
        telling = hinted(column.name)
        values = view.values(column)
        values = values[~np.isnan(values)] if values.dtype.kind == "f" else values[values >= 0]
        levels = int(np.unique(values).size)
        if not 2 <= levels <= values.size / 2 or (not telling and levels < FEWEST):
            continue
        counts = np.unique(values, return_counts=True)[1]
        runs = 1 + int((values[1:] != values[:-1]).sum())
        chance = 1 + values.size - float((counts.astype(float) ** 2).sum()) / values.size
        standing = runs < STANDING * chance
        cyclic = column.kind == "number" and any(part in CYCLES for part in tokens(column.name))  # a month comes back: no subject
        if telling or ((standing or column.kind != "number") and not cyclic):
            found.append(Candidate(column, telling, levels, standing))
    found.sort(key=lambda one: (not one.telling, one.column.kind == "number", not one.standing, -one.levels, one.column.name))
    return found[:MOST]
