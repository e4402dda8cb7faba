"""Where in a picture of rows less may be believed than elsewhere: the ninth of it whose rows keep fewest of their near rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.judge.sentence import number
from etabli.records import Array

NEAR = 10  # rows that a share is told of
LEAST, SHARE = 20, 0.02  # rows of a place that is told: at least so many, and so much of all
APART = 0.1  # a difference of shares that people would see
SURE = 3.0  # standard errors: nine places are looked at
ROWS = ({"en": "bottom", "fr": "bas"}, {"en": "middle", "fr": "milieu"}, {"en": "top", "fr": "haut"})
SIDES = ({"en": "left", "fr": "à gauche"}, {"en": "", "fr": ""}, {"en": "right", "fr": "à droite"})


def averaged(each: Sequence[Array]) -> Array:
    """The mean over halves, place by place, of what is known; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row that was in no fresh half
        return np.asarray(np.nanmean(np.stack(each), axis=0))


def where(z: Array, kept: Array) -> dict[str, Any]:
    """z: [n, components]; kept: [n], the share of each row's near rows that the picture keeps, NaN unknown. `place` (column and row of nine, from the
    lower left; null where all places are alike), `kept` there and `elsewhere`, `rows`, and a sentence `text`; {} where nothing is known."""
    known = np.isfinite(kept)
    if known.sum() < 2 * LEAST:
        return {}
    shown, own = np.hstack([z[known], np.zeros((int(known.sum()), 1))])[:, :2], kept[known]
    low, high = np.quantile(shown, 0.005, axis=0), np.quantile(shown, 0.995, axis=0)
    cell = np.clip(((shown - low) / np.where(high > low, high - low, 1.0) * 3).astype(int), 0, 2)
    worst, found = -SURE, None
    for i in range(3):
        for j in range(3):
            here = (cell == (i, j)).all(axis=1)
            if here.sum() < max(LEAST, SHARE * len(own)) or (~here).sum() < LEAST:
                continue
            gap = float(own[here].mean() - own[~here].mean())
            error = float(np.sqrt(own[here].var() / here.sum() + own[~here].var() / (~here).sum())) or 1e-9
            if gap <= -APART and gap / error < worst:
                worst, found = gap / error, (i, j, here)
    if found is None:
        text = {
            "en": "No part of the picture is less to be believed than the others.",
            "fr": "Aucune partie de l'image n'est moins à croire que les autres.",
        }
        return {"place": None, "kept": float(own.mean()), "elsewhere": None, "rows": len(own), "text": text}
    i, j, here = found
    inside, outside = float(own[here].mean()), float(own[~here].mean())
    counts = {lang: [number(NEAR * value, 1, lang) for value in (inside, outside)] for lang in ("en", "fr")}
    english = "middle" if (i, j) == (1, 1) else f"{ROWS[j]['en']} {SIDES[i]['en']}".strip()
    french = ("au " if j != 0 else "en ") + f"{ROWS[j]['fr']} {SIDES[i]['fr']}".strip()
    text = {
        "en": f"Least to be believed is the {english} of the picture: of {NEAR} near rows it keeps {counts['en'][0]}, elsewhere {counts['en'][1]}.",
        "fr": f"C'est {french} de l'image qu'il faut le moins croire : sur {NEAR} lignes proches, {counts['fr'][0]} le restent, ailleurs {counts['fr'][1]}.",
    }
    return {"place": [i, j], "kept": inside, "elsewhere": outside, "rows": int(here.sum()), "text": text}
