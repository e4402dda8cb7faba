"""Squared error of logarithms, log(1 + y), for targets above -1 that span orders of magnitude.

Least at the exponential of the mean logarithm, below the mean. A prediction below 0 counts as 0, where scikit-learn raises below -1: the models
compared here may fall below it.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import NUMBERS, Given, Metric, Objection
from etabli.records import Array


def _logarithmic(given: Given) -> Array:
    if (given.y <= -1).any():
        return np.full(len(given.y), np.nan)
    return np.asarray((np.log1p(given.y) - np.log1p(np.maximum(given.S[:, 0], 0.0))) ** 2)


def _above(y: Array, fold: Array | None) -> Objection | None:
    if not (y <= -1).any():
        return None
    return Objection(
        "the rmsle needs targets above -1", f"{int((y <= -1).sum())} of {len(y)} are not, the least {y.min():g}", "take rmse or mae"
    )


METRICS = (
    Metric(
        "rmsle",
        {"en": "root mean squared log error", "fr": "erreur quadratique moyenne des logarithmes"},
        NUMBERS,
        "root",
        loss=_logarithmic,
        check=_above,
        doc={
            "en": "The root of the mean squared difference of log(1 + value): errors count in orders of magnitude.",
            "fr": "La racine de la moyenne des carrés des écarts de log(1 + valeur) : les erreurs comptent en ordres de grandeur.",
        },
        aliases=(
            "root_mean_squared_log_error",
            "neg_root_mean_squared_log_error",
            "mean_squared_log_error",
            "neg_mean_squared_log_error",
            "msle",
        ),
        caution={
            "en": "Its best answer lies below the mean: sums of such predictions come out too low.",
            "fr": "Sa meilleure réponse est sous la moyenne : les sommes de telles prédictions sont trop basses.",
        },
    ),
)
