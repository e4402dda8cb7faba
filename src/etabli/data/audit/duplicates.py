"""Rows that come more than once. Copies on both sides of a split flatter every score; equal rows with different targets
show what no model can know (the noise floor).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import words
from etabli.records import Array, Finding, Target

SHARE = 0.02


def find(view: View) -> Iterable[Finding]:
    """At most two: the copies, and what their differing targets say."""
    if not view.features or view.rows.size < 2:
        return
    ids, sizes = view.copies_of
    again = int(view.rows.size - sizes.size)
    if not again:
        return
    yield _copies(view, again, sizes)
    if view.target is None or view.y is None:
        return
    shared = sizes[ids] > 1
    floor = _apart if view.target.task == "regression" else _mixed
    yield from floor(view.target, view.y, ids, sizes, shared)


def _copies(view: View, again: int, sizes: Array) -> Finding:
    # folds keep copies together so that no score is flattered; without a target nothing is scored, but copies weigh
    supervised, times = view.target is not None, int(sizes.max())
    return Finding(
        "duplicates",
        (),
        words(
            "{n} of {r} rows repeat an earlier row in every feature (the same row up to {t} times); "
            + ("copies are kept in one fold" if supervised else "each copy counts as a row"),
            "{n} lignes sur {r} répètent une ligne antérieure dans toutes les variables (la même jusqu'à {t} fois) ; "
            + ("les copies restent dans un même pli" if supervised else "chaque copie compte comme une ligne"),
            n=again,
            r=int(view.rows.size),
            t=times,
        ),
        words(
            "drop the copies from the file if each row should be one observation",
            "retirer les copies du fichier si chaque ligne doit être une observation",
        ),
        "warn" if view.has_copies and again > SHARE * view.rows.size else "note",
        {"rows": again, "most": times, "distinct": int(sizes.size), "by_chance": not view.has_copies},
    )


def _apart(target: Target, y: Array, ids: Array, sizes: Array, shared: Array) -> Iterable[Finding]:
    """How far the numbers of equal rows lie apart. ids: of what is equal; shared: bool [rows], those that have a copy."""
    mean = np.bincount(ids, y) / sizes
    within = float(np.sqrt(((y - mean[ids])[shared] ** 2).sum() / max(int(shared.sum()) - int((sizes > 1).sum()), 1)))
    if within > 0:
        text = words(
            "{n} rows are equal in every feature yet their targets differ by {s} (standard deviation): no model can do better on them",
            "{n} lignes sont égales dans toutes les variables mais leurs cibles diffèrent de {s} (écart-type) : aucun modèle n'y fera mieux",
            n=int(shared.sum()),
            s=within,
        )
        yield Finding("noise_floor", (target.name,), text, {}, "note", {"rows": int(shared.sum()), "standard_deviation": within})


def _mixed(target: Target, y: Array, ids: Array, sizes: Array, shared: Array) -> Iterable[Finding]:
    """How many of equal rows the best rule has wrong, since their classes differ."""
    pair, counts = np.unique(ids[shared] * len(target.classes) + y[shared], return_counts=True)
    best = np.zeros(sizes.size, np.int64)
    np.maximum.at(best, pair // len(target.classes), counts)
    wrong = int(shared.sum() - best.sum())
    if wrong:
        text = words(
            "{n} rows are equal in every feature yet differ in their class: even the best rule is wrong on {w} of them",
            "{n} lignes sont égales dans toutes les variables mais pas de la même classe : même la meilleure règle se trompe sur {w}",
            n=int(shared.sum()),
            w=wrong,
        )
        yield Finding("noise_floor", (target.name,), text, {}, "note", {"rows": int(shared.sum()), "wrong": wrong})
