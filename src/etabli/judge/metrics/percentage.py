"""Errors in percent: of the target (MAPE) and of the mean of target and prediction (sMAPE, Armstrong 1985, between 0 and 2).

Both are asked for often and rank badly (Hyndman & Koehler 2006; Gneiting 2011): the best answer under MAPE is a median weighted by 1 / y, below the usual median, so it rewards low
predictions. A target of 0 has no percentage error. scikit-learn divides by 2e-16 there, and such rows are all that counts; here MAPE is refused
for such targets, before any work is done, and a value that is only told (`check`) leaves these rows out. sMAPE gives them the most it can, 2, for any
prediction but 0: said as a warning.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import NUMBERS, Given, Metric, Objection, ratio
from etabli.records import Array


def _percentage(given: Given) -> Array:
    known = given.y != 0
    if not known.any():
        return np.full(len(known), np.nan)
    share = np.where(known, np.abs(given.error) / np.where(known, np.abs(given.y), 1.0), 0.0)
    return ratio(float(given.w @ share), float(given.w @ known), share, known.astype(np.float64), given.w)


def _zeros(y: Array, fold: Array | None) -> Objection | None:
    zeros = int((y == 0).sum())
    if not zeros:
        return None
    return Objection(
        "the mape needs targets other than 0: of nothing there is no percentage",
        f"{zeros} of {len(y)} targets are 0",
        "take mae, rmse, or poisson_deviance where none is below 0",
    )


def _symmetric(given: Given) -> Array:
    size = np.abs(given.y) + np.abs(given.S[:, 0])
    return np.asarray(2 * np.abs(given.error) / np.where(size > 0, size, 1.0))


METRICS = (
    Metric(
        "mape",
        {"en": "mean absolute percentage error", "fr": "erreur relative moyenne"},
        NUMBERS,
        exact=False,
        loss=_percentage,
        check=_zeros,
        doc={
            "en": "The mean of the errors as shares of the target: 0.1 is ten percent.",
            "fr": "La moyenne des erreurs en parts de la cible : 0,1 est dix pour cent.",
        },
        aliases=("mean_absolute_percentage_error", "neg_mean_absolute_percentage_error"),
        caution={
            "en": "It rewards low predictions, and rows with a small target are all that counts.",
            "fr": "Elle récompense les prédictions basses, et seules comptent les lignes de petite cible.",
        },
    ),
    Metric(
        "smape",
        {"en": "symmetric percentage error", "fr": "erreur relative symétrique"},
        NUMBERS,
        loss=_symmetric,
        doc={
            "en": "The mean of the errors as shares of the mean size of target and prediction: between 0 and 2.",
            "fr": "La moyenne des erreurs en parts de la taille moyenne de la cible et de la prédiction : entre 0 et 2.",
        },
        aliases=("symmetric_mean_absolute_percentage_error",),
        caution={
            "en": "A row whose target is 0 costs the most, 2, whatever is predicted (but 0), and a low error costs more than a high one.",
            "fr": "Une ligne de cible 0 coûte le plus, 2, quoi qu'on prédise (sauf 0), et une erreur vers le bas coûte plus que vers le haut.",
        },
    ),
)
