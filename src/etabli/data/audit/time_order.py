"""Rows that follow each other in time: neighbours are alike, so random folds predict a row from its neighbours and flatter
the score (measured: R2 0.40 claimed, 0.07 true). Looked at before any fit: is the target of a row like the next one's?
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.measure import alike, aucs, cells, one_way
from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.data.forward import times
from etabli.errors import DataError
from etabli.records import Finding, Table, Target, Words

ALIKE, SURE = 0.2, 6.0  # correlation with the next row's target, and its z-value, from which it is said
DRIFT = 0.75  # AUC of one column in telling the first half of the file from the last
MOST = 5
CALENDAR = {
    word: rank for rank, said in enumerate(("year an année", "month mois", "day jour", "hour heure", "minute")) for word in said.split()
}


def candidate_times(table: Table, target: Target | None = None, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Columns by which the rows may be in time, most likely first, at most five: dates (those in file order first), then
    numbers that go one way through the whole file. The order of the file itself is for the caller to test, always."""
    view = View(table, target, ignore)
    found: list[tuple[int, str]] = []
    for column in view.columns:
        if column.kind not in ("date", "number", "identifier") or view.rows.size < 20:
            continue
        if column.kind != "date" and not view.is_number(column):
            first = view.values(column)[:50]  # a cheap look before all the levels are read as numbers
            try:
                texts = [float(table.levels[column.name][code]) for code in first if code >= 0]
            except ValueError:
                continue
            if not _climbs(texts):
                continue
        try:
            when = times(table, column.name)[view.rows]
        except DataError:
            continue
        strict = one_way(when)
        if column.kind == "date" and int(view.codes(column).max(initial=-1)) >= 2:
            found.append((0 if one_way(when, False) else 1, column.name))
        elif column.kind != "date" and strict:
            found.append((2, column.name))
    return tuple(name for _, name in sorted(found, key=lambda item: item[0])[:MOST])


def is_time(table: Table, name: str) -> bool:
    """Whether a candidate is a time beyond doubt: a date; or a row number along which the calendar columns of the table
    ("year", "month", "day", "hour") go one way. Other row numbers may follow places or subjects."""
    if table.column(name).kind == "date":
        return True
    parts = {words[0]: column.name for column in table.columns if len(words := tokens(column.name)) == 1 and words[0] in CALENDAR}
    found = [np.asarray(table.values[parts[word]]) for word in sorted(parts, key=CALENDAR.__getitem__)]
    if len(found) < 2 or any(values.dtype.kind != "f" or np.isnan(values).any() for values in found):
        return False
    order, moment = np.argsort(times(table, name), kind="stable"), np.zeros(table.rows)
    for values in found:
        moment = moment * (float(np.ptp(values)) + 1) + values
    return one_way(moment[order], strict=False)


def find(view: View) -> Iterable[Finding]:
    """A warning where the target is alike from one time to the next; row numbers; a note for dates and for a sorted file."""
    candidates, told = candidate_times(view.table, view.target, tuple(view.ignore)), False
    for name in candidates:
        order = np.argsort(times(view.table, name)[view.rows], kind="stable")
        r, z = alike(view.y[order], _classes(view)) if view.y is not None else (0.0, 0.0)
        if r > ALIKE and z > SURE and not told:
            told = True
            yield _alike(name, r, z)
        elif view.table.column(name).kind == "number" and view.is_whole(view.table.column(name)):
            yield _row_number(name, int(view.rows.size), r, z)
        elif not told and name == candidates[0] and view.table.column(name).kind == "date":
            yield _dates(name, r, z)
    moved = _moved(view, candidates)
    r, z = alike(view.y, _classes(view)) if view.y is not None else (0.0, 0.0)
    in_order = r > ALIKE and z > SURE and not told
    if in_order or moved:
        yield _file_order(in_order, moved, r, z)


def _later(name: str) -> Words:
    """The cure: a split forward in time."""
    return words(
        "if the model is to predict what comes later: {f}",
        "si le modèle doit prédire ce qui vient après : {f}",
        f=flag("--time-column", [name]),
    )


def _alike(name: str, r: float, z: float) -> Finding:
    text = words(
        "put in order by {c}, the target of a row is like the next one's (correlation {r}): random folds would flatter the score",
        "dans l'ordre de {c}, la cible d'une ligne ressemble à celle de la suivante (corrélation {r}) : des plis au hasard flatteraient le score",
        c=[name],
        r=round(r, 2),
    )
    return Finding("time_order", (name,), text, _later(name), "warn", {"correlation": r, "z": z})


def _row_number(name: str, rows: int, r: float, z: float) -> Finding:
    text = words(
        "{c} goes one way in every row, as a row number does: it says where a row stands in the file, not what it is",
        "{c} va dans un seul sens à chaque ligne, comme un numéro de ligne : il dit où est la ligne, pas ce qu'elle est",
        c=[name],
    )
    cure = words(
        "{i}, or, if it is a time, {t}",
        "{i} ou, si c'est un temps, {t}",
        i=flag("--ignore", [name]),
        t=flag("--time-column", [name]),
    )
    return Finding("row_number", (name,), text, cure, evidence={"rows": rows, "correlation": r, "z": z})


def _dates(name: str, r: float, z: float) -> Finding:
    text = words("{c} dates the rows", "{c} date les lignes", c=[name])
    return Finding("time", (name,), text, _later(name), "note", {"correlation": r, "z": z})


def _file_order(in_order: bool, moved: list[str], r: float, z: float) -> Finding:
    """in_order: neighbouring rows have like targets. moved: columns in which the halves of the file differ."""
    if in_order:
        en = "neighbouring rows have like targets (correlation {r}): the file is sorted, by the target, time, place or group"
        fr = "les lignes voisines ont des cibles semblables (corrélation {r}) : le fichier est trié, selon la cible, le temps, le lieu ou un groupe"
        most = (", and its halves differ most in {c}", ", et ses moitiés diffèrent surtout par {c}")
    else:
        en, fr = "the last half of the file differs from the first", "la seconde moitié du fichier diffère de la première"
        most = (", most in {c}", ", surtout par {c}")
    if moved:
        en, fr = en + most[0], fr + most[1]
    cure = words(
        "if by time or group, name the column: --time-column COL or --group COL; rows are shuffled otherwise",
        "si c'est le temps ou un groupe, nommer la colonne : --time-column COL ou --group COL ; sinon les lignes sont mélangées",
    )
    columns, evidence = moved[:3], {"correlation": round(r, 3), "z": round(z, 1)}
    return Finding("file_order", tuple(columns), words(en, fr, r=round(r, 2), c=columns), cure, "note", evidence)


def _moved(view: View, candidates: tuple[str, ...]) -> list[str]:
    """Columns whose values tell the first half of the file from the last, most first: the world changed, or the file is sorted."""
    if view.sample.size < 200:
        return []
    late, half = (np.arange(view.sample.size) >= view.sample.size // 2).astype(np.int64), view.half
    scores = {
        c.name: float(aucs(cells(view.codes(c), view.is_number(c)), late, 2, half)[1])
        for c in view.features
        if c.kind in ("number", "flag", "category") and c.name not in candidates
    }
    return sorted((name for name, score in scores.items() if score > DRIFT), key=lambda name: -scores[name])


def _classes(view: View) -> int:
    return len(view.target.classes) if view.target is not None and view.target.task != "regression" else 0


def _climbs(texts: list[float]) -> bool:
    """Whether the first few numbers already go one way."""
    return len(texts) > 2 and one_way(np.interp(np.arange(60), np.arange(len(texts)) * 59 / (len(texts) - 1), texts))
