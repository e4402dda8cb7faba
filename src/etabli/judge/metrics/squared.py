"""Squared error, as it is (mse), as a root in the target's unit (rmse), and as a share of the target's variance (r2, explained variance).

All are least at the conditional mean. R² and explained variance divide by a variance that a new sample changes too, so their rows
are influence values of the ratio: with the denominator held fixed, the standard error of an R² of 0.9 on 400 rows of a heavy-tailed target (Student, 4 degrees of
freedom) came out as 0.0038, and the true bootstrap gave 0.0072. Explained variance forgives a constant shift of all predictions; R² does not. For a target without variance both are 1 where every prediction is
right and 0 otherwise, as in scikit-learn.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import NUMBERS, Given, Metric, Objection, ratio
from etabli.records import Array


def _squared(given: Given) -> Array:
    return np.asarray(given.error**2)


def _share(given: Given, squares: Array) -> Array:
    """Influence rows of the mean of `squares` over the target's variance."""
    around = (given.y - np.mean(given.w * given.y)) ** 2
    top, bottom = float(given.w @ squares), float(given.w @ around)
    if bottom == 0:
        return np.full(len(given.y), float(top != 0))
    return ratio(top, bottom, squares, around, given.w)


def _unexplained(given: Given) -> Array:
    return _share(given, (given.error - np.mean(given.w * given.error)) ** 2)


def _varied(y: Array, fold: Array | None) -> Objection | None:
    if len(np.unique(y)) > 1:
        return None
    return Objection(
        "a share of the target's variance needs targets that differ",
        f"{len(y)} rows, all {y[0]:g}" if len(y) else "no rows",
        "take rmse or mae",
    )


METRICS = (
    Metric(
        "rmse",
        {"en": "root mean squared error", "fr": "erreur quadratique moyenne"},
        NUMBERS,
        "root",
        proper=True,
        loss=_squared,
        doc={
            "en": "The root of the mean squared error, in the target's unit; large errors weigh most, and the mean is the best answer.",
            "fr": "La racine de l'erreur quadratique moyenne, dans l'unité de la cible ; les grandes erreurs pèsent le plus.",
        },
        aliases=("neg_root_mean_squared_error", "root_mean_squared_error", "l2_root"),
    ),
    Metric(
        "mse",
        {"en": "mean squared error", "fr": "moyenne des carrés des erreurs"},
        NUMBERS,
        proper=True,
        loss=_squared,
        doc={
            "en": "The mean of the squared errors; it ranks as rmse does, in the target's unit squared.",
            "fr": "La moyenne des carrés des erreurs ; elle classe comme la rmse, dans l'unité de la cible au carré.",
        },
        aliases=("neg_mean_squared_error", "mean_squared_error", "l2"),
    ),
    Metric(
        "r2",
        {"en": "R²", "fr": "R²"},
        NUMBERS,
        "complement",
        proper=True,
        exact=False,
        loss=lambda given: _share(given, given.error**2),
        check=_varied,
        doc={
            "en": "The share of the target's variance that the predictions account for; 0 is what the mean alone has.",
            "fr": "La part de la variance de la cible que les prédictions expliquent ; la moyenne seule a 0.",
        },
        aliases=("r2_score", "r_squared"),
    ),
    Metric(
        "explained_variance",
        {"en": "explained variance", "fr": "variance expliquée"},
        NUMBERS,
        "complement",
        exact=False,
        loss=_unexplained,
        check=_varied,
        doc={
            "en": "As R², but a constant shift of all predictions is forgiven.",
            "fr": "Comme R², mais un décalage constant de toutes les prédictions est pardonné.",
        },
        aliases=("explained_variance_score",),
        caution={
            "en": "Predictions that are all 1000 too high score the same: it cannot see a shift.",
            "fr": "Des prédictions toutes trop hautes de 1000 lui sont égales : elle ne voit pas un décalage.",
        },
    ),
)
