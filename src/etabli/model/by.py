"""How a model fares by the levels of one column, in figures and words: an entry of the key `by`, of a fit's result (`work/by.py`) and of a
check on new rows (`check.py`) alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from etabli.judge import groups
from etabli.judge.groups import Group, Measure
from etabli.judge.levels import FEWEST, Level, Levels
from etabli.judge.sentence import number, places
from etabli.records import Column, Words

NAMED = 3  # levels named for one measure
SEEN = 2.0  # times the largest score of a level: a difference beyond that is no figure worth telling
NAMES: dict[str, Words] = {
    "selection": {"en": "the share answered “{positive}”", "fr": "la part des réponses «\u00a0{positive}\u00a0»"},
    "true_positive": {"en": "the true positive rate", "fr": "le taux de vrais positifs"},
    "false_positive": {"en": "the false positive rate", "fr": "le taux de faux positifs"},
    "target": {"en": "the target itself", "fr": "la cible elle-même"},
    "right": {"en": "the share of right answers", "fr": "la part de réponses justes"},
}
SIZE: dict[bool, Words] = {
    True: {"en": "the mean width of intervals", "fr": "la largeur moyenne des intervalles"},
    False: {"en": "the mean size of sets", "fr": "la taille moyenne des ensembles"},
}


def told(column: Column, found: Levels, seen: groups.Rows, classes: Sequence[str], seed: int) -> dict[str, Any]:
    """One entry of `by`."""
    made = groups.compare(seen, found.of, len(found.entries), seed)
    said = {language: _said(column, found.entries, made, seen, classes, language) for language in ("en", "fr")}
    return {
        "column": column.name,
        "kind": column.kind,
        "level": seen.level,
        "overall": groups.overall(seen),
        "levels": [_level(column, entry, one) for entry, one in zip(found.entries, made, strict=True)],
        "words": {language: _words(column, said[language], made, seen, language) for language in ("en", "fr")},
        "said": [{"en": en, "fr": fr} for en, fr in zip(said["en"], said["fr"], strict=True)],
    }


def _level(column: Column, entry: Level, one: Group) -> dict[str, Any]:
    return {
        "level": named(column, entry),
        "kind": entry.kind,
        "rows": one.rows,
        "measures": {name: _measure(measure) for name, measure in one.measures.items()},
        "band": None if one.band is None else list(one.band),
        "ece": None if one.ece is None else {"value": one.ece[0], "null": one.ece[1], "high": one.ece[2]},
    }


def _measure(one: Measure) -> dict[str, Any]:
    gap = one.difference
    return {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "difference": None if gap is None else {"value": gap.value, "low": gap.low, "high": gap.high},
        "apart": one.apart,
    }


def named(column: Column, entry: Level) -> Words:
    """What people call a level."""
    if entry.kind == "missing":
        return {"en": "missing", "fr": "manquant"}
    if entry.kind == "other":
        return {"en": "rare levels together", "fr": "niveaux rares réunis"}
    if column.kind == "flag" and entry.low in (0.0, 1.0):
        return {"en": "yes" if entry.low else "no", "fr": "oui" if entry.low else "non"}
    if entry.low is None or entry.high is None:
        return {"en": entry.name, "fr": entry.name}
    ends = [day(end) if column.kind == "date" else f"{end:.6g}" for end in (entry.low, entry.high)]
    if ends[0] == ends[1]:
        return {"en": ends[0], "fr": ends[0].replace(".", ",")}
    return {"en": " to ".join(ends), "fr": " à ".join(ends).replace(".", ",")}


def day(seconds: float) -> str:
    """The day of a date, as 2026-11-28."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.6g}"


def _said(
    column: Column, entries: Sequence[Level], made: Sequence[Group], seen: groups.Rows, classes: Sequence[str], language: str
) -> list[str]:
    """What differs beyond chance, a sentence a measure."""
    said = [*_differences(column, entries, made, seen, classes, language), *_calibrations(column, entries, made, seen, language)]
    for entry, one in zip(entries, made, strict=True):
        if one.uncovered and one.band is not None:
            got, least = (number(100 * v, 1, language) for v in (one.measures["coverage"].value, one.band[0]))
            who = _quoted(column, entry, language)
            what = {True: ("intervals", "intervalles"), False: ("sets", "ensembles")}[seen.task == "regression"][language == "fr"]
            said.append(
                f"pour {who}, {got} % des {what} seulement tiennent la vérité (le hasard en permet {least} % au moins)"
                if language == "fr"
                else f"for {who}, only {got} % of the {what} hold the truth (chance allows {least} % at least)"
            )
    return said


def _words(column: Column, said: Sequence[str], made: Sequence[Group], seen: groups.Rows, language: str) -> str:
    """One sentence: how many things differ and the first, or that none does and how large a difference would have been seen."""
    french = language == "fr"
    name = f"«\u00a0{column.name}\u00a0»" if french else f"“{column.name}”"
    if said:
        more = len(said) - 1
        rest = "" if not more else (f" ; et {more} de plus" if french else f"; and {more} more")
        return (f"Selon {name}, au-delà du hasard : " if french else f"By {name}, beyond chance: ") + said[0] + rest + "."
    if not any(key in one.measures and one.measures[key].difference is not None for one in made for key in groups.AGAINST_OTHERS):
        # one level, or only rare ones: "no difference" would read as a promise
        return (
            f"Selon {name}, rien à comparer : il faut deux niveaux d'au moins {FEWEST} lignes."
            if french
            else f"By {name}, there is nothing to compare: that takes two levels of at least {FEWEST} rows."
        )
    halves = [
        (gap.high - gap.low) / 2
        for one in made
        if "score" in one.measures and (gap := one.measures["score"].difference) is not None and np.isfinite(gap.high)
    ]
    text = (
        f"Selon {name}, aucune différence que le hasard n'explique"
        if french
        else f"By {name}, there is no difference that chance would not explain"
    )
    if halves and max(halves) > SEEN * max(abs(one.measures["score"].value) for one in made if "score" in one.measures):
        text += (
            " ; si peu de lignes, ou de groupes, n'en montreraient qu'une énorme"
            if french
            else "; so few rows, or groups, would show none but a huge one"
        )
    elif halves:
        size = number(max(halves), max(0, places(0, max(halves))), language)
        title = seen.metric.title[language]
        text += (
            f" ; avec ces lignes, une différence de moins de {size} ({title}) ne se verrait pas"
            if french
            else f"; with these rows, a difference below {size} ({title}) would not be seen"
        )
    return text + "."


def _differences(
    column: Column, entries: Sequence[Level], made: Sequence[Group], seen: groups.Rows, classes: Sequence[str], language: str
) -> list[str]:
    french, said = language == "fr", []
    paired = len(entries) == 2 and all(entry.kind == "level" for entry in entries)
    for name in groups.AGAINST_OTHERS:
        apart = [
            (entry, one.measures[name])
            for entry, one in zip(entries, made, strict=True)
            if name in one.measures and one.measures[name].apart
        ]
        if not apart:
            continue
        apart.sort(key=lambda pair: -abs(pair[1].difference.value) if pair[1].difference else 0.0)
        shown = apart[: 1 if paired else NAMED]  # of two levels, one difference is the other's
        title = (
            seen.metric.title[language]
            if name == "score"
            else (SIZE[seen.task == "regression"] if name == "size" else NAMES[name])[language]
        )
        if name == "selection":
            title = title.format(positive=classes[1])
        parts = []
        for entry, one in shown:
            assert one.difference is not None
            digits = places(one.difference.low, one.difference.high)
            value, others = (number(v, digits, language) for v in (one.value, one.value - one.difference.value))
            up = one.difference.value > 0
            word = ("plus haut" if up else "plus bas") if french else ("higher" if up else "lower")
            parts.append(
                f"{word} pour {_quoted(column, entry, language)} ({value} contre {others} pour les autres)"
                if french
                else f"{word} for {_quoted(column, entry, language)} ({value} against {others} for all others)"
            )
        said.append(f"{title}{' : ' if french else ': '}" + ", ".join(parts))
    return said


def _calibrations(column: Column, entries: Sequence[Level], made: Sequence[Group], seen: groups.Rows, language: str) -> list[str]:
    french, said = language == "fr", []
    found = [
        (entry, one.measures["gap"])
        for entry, one in zip(entries, made, strict=True)
        if "gap" in one.measures and one.measures["gap"].apart
    ]
    found.sort(key=lambda pair: -abs(pair[1].value))
    for entry, one in found[:NAMED]:
        digits = places(one.low, one.high)
        size, who = number(abs(one.value), digits, language), _quoted(column, entry, language)
        low = one.value > 0  # more was observed than predicted
        if seen.task == "regression":
            said.append(
                f"pour {who}, les prédictions sont trop {'basses' if low else 'hautes'} de {size} en moyenne"
                if french
                else f"for {who}, predictions are too {'low' if low else 'high'} by {size} on average"
            )
        else:
            said.append(
                f"pour {who}, les probabilités sont trop {'basses' if low else 'hautes'} de {size} en moyenne"
                if french
                else f"for {who}, probabilities are too {'low' if low else 'high'} by {size} on average"
            )
    return said


def _quoted(column: Column, entry: Level, language: str) -> str:
    text = named(column, entry)[language]
    if entry.kind != "level":
        return text
    return f"«\u00a0{text}\u00a0»" if language == "fr" else f"“{text}”"
