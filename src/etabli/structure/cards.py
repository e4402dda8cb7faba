"""A card for each cluster: how many rows, how surely they stay, and in words what sets them apart (`judge/contrast.py`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etabli.judge.cells import Cells
from etabli.judge.contrast import Difference, contrast
from etabli.records import Array, Table
from etabli.structure.topics import Topics
from etabli.structure.worded import apart

NAMED = 6  # columns a card names
LED = 3  # of them in its sentence


def cells(table: Table, names: Sequence[str], rows: Array) -> list[Cells]:
    """The raw cells of those columns and rows; free text has none (`worded.py`)."""
    return [
        Cells(
            name,
            table.column(name).kind,
            np.asarray(table.values[name][rows]),
            None if table.column(name).is_double else table.levels[name],
        )
        for name in names
        if table.column(name).kind != "text"
    ]


def cards(
    columns: Sequence[Cells],
    share: Array,
    classes: Sequence[str],
    stays: Sequence[float],
    texts: Sequence[tuple[Topics, Any]] = (),
) -> list[Mapping[str, Any]]:
    """share: [rows, clusters], the memberships. texts: each with the words that are in the rows (CSR [rows, terms]). A card a cluster, in the order of
    `classes`; see docs/cluster.md for the keys."""
    label, made = share.argmax(axis=1), list[Mapping[str, Any]]()
    kinds = {column.name: column.kind for column in columns}
    for i, name in enumerate(classes):
        own = label == i
        differs: list[Mapping[str, Any]] = [_told(one, kinds[one.column]) for one in contrast(columns, own, NAMED)]
        differs += [one for said, present in texts if (one := apart(said, present, own)) is not None]
        differs = sorted(differs, key=lambda one: -abs(one["size"]))[:NAMED]
        made.append(
            {
                "label": name,
                "rows": int(own.sum()),
                "share": float(own.mean()),
                "sure": float(share[own, i].mean()) if own.any() else None,
                "stays": stays[i],
                "differs": differs,
                "text": {lang: _sentence(differs, lang) for lang in ("en", "fr")},
            }
        )
    return made


def _sentence(differs: Sequence[Mapping[str, Any]], lang: str) -> str:
    if not differs:
        return {"en": "Nothing sets it apart beyond chance.", "fr": "Rien ne le distingue au-delà du hasard."}[lang]
    return ", ".join(one["text"][lang] for one in differs[:LED])


def _told(one: Difference, kind: str) -> dict[str, Any]:
    facts = {"column": one.column, "level": one.level, "inside": one.inside, "outside": one.outside, "size": one.size}
    return facts | {"text": {lang: _text(one, kind, lang) for lang in ("en", "fr")}}


def _text(one: Difference, kind: str, lang: str) -> str:
    against = {"en": "against", "fr": "contre"}[lang]
    if one.level is not None:
        level = one.level or {"en": "missing", "fr": "manquant"}[lang]
        return f"{one.column} {level}: {percent(one.inside, lang)} {against} {percent(one.outside, lang)}".replace(
            ":", "\u00a0:" if lang == "fr" else ":"
        )
    if kind == "date":
        word = {"en": ("later", "earlier"), "fr": ("plus tard", "plus tôt")}[lang][one.size < 0]
        return f"{one.column} {word}: {_day(one.inside)} {against} {_day(one.outside)}".replace(": ", "\u00a0: " if lang == "fr" else ": ")
    if kind == "flag":
        return f"{one.column} {percent(one.inside, lang)} {against} {percent(one.outside, lang)}"
    word = {"en": ("high", "low"), "fr": ("élevé", "bas")}[lang][one.size < 0]
    low, high = figures(one.inside, one.outside, lang)
    return f"{one.column} {word} ({low} {against} {high})"


def percent(share: float, lang: str) -> str:
    """A share as people read it."""
    return f"{100 * share:.0f}" + {"en": "%", "fr": "\u202f%"}[lang]


def figures(one: float, two: float, lang: str) -> tuple[str, str]:
    """Two numbers with the digits that tell them apart."""
    apart = abs(one - two) or abs(one) or 1.0
    places = max(0, min(6, 1 - math.floor(math.log10(apart))))
    return figure(one, places, lang), figure(two, places, lang)


def figure(value: float, places: int, lang: str) -> str:
    """5,092 in English, 5 092 in French."""
    text = f"{value:,.{places}f}".replace("-", "\u2212")
    return text.replace(",", "\u202f").replace(".", ",") if lang == "fr" else text


def _day(seconds: float) -> str:
    return str(np.datetime64(round(seconds), "s").astype("datetime64[D]"))
