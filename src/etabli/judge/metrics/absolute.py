"""Absolute error: its mean, least at the conditional median, and its median.

The median error's influence value is plus or minus 1 / (2 f), f the density of absolute errors at their median. That density is read off the
distribution-free interval of a median (Woodruff 1952): the quantiles of absolute error at 1/2 ± z / (2 √n), z = 1.96, lie z standard errors from
the median on either side, so 1 / (2 f) is √n times their distance over 2 z. No bandwidth is chosen, and errors that are all equal rightly have
no influence. With weights n is what they are worth, (sum w)² / sum w² (Kish 1965). A median of few rows jumps; below some 100 rows
its interval is rough.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import NUMBERS, Given, Metric
from etabli.records import Array

Z = 1.96


def _absolute(given: Given) -> Array:
    return np.asarray(np.abs(given.error))


def quantile(values: Array, w: Array, level: float) -> float:
    """The weighted quantile: of the averaged inverse of the distribution function, as scikit-learn's weighted median and numpy's median."""
    kept = np.flatnonzero(w > 0)
    order = kept[np.argsort(values[kept], kind="stable")]
    reached = np.cumsum(w[order]) / np.sum(w[order])
    first = min(int(np.searchsorted(reached, level - 1e-12)), len(order) - 1)
    exact = abs(reached[first] - level) <= 1e-12
    last = min(first + 1, len(order) - 1) if exact else first
    return float((values[order[first]] + values[order[last]]) / 2)


def _median(given: Given) -> Array:
    errors, w, n = np.abs(given.error), given.w, len(given.y)
    middle, worth = quantile(errors, w, 0.5), n / float(np.mean(w**2))
    step = min(Z / (2 * np.sqrt(worth)), 0.49)
    reach = (quantile(errors, w, 0.5 + step) - quantile(errors, w, 0.5 - step)) / (2 * Z) * np.sqrt(worth)
    side = w * np.sign(errors - middle)
    return np.asarray(middle + reach * (side - side.mean()))


METRICS = (
    Metric(
        "mae",
        {"en": "mean absolute error", "fr": "erreur absolue moyenne"},
        NUMBERS,
        proper=True,
        loss=_absolute,
        doc={
            "en": "The mean distance between prediction and target, in the target's unit; the median is the best answer.",
            "fr": "La distance moyenne entre prédiction et cible, dans l'unité de la cible ; la médiane est la meilleure réponse.",
        },
        aliases=("neg_mean_absolute_error", "mean_absolute_error", "l1"),
    ),
    Metric(
        "median_absolute_error",
        {"en": "median absolute error", "fr": "erreur absolue médiane"},
        NUMBERS,
        exact=False,
        loss=_median,
        doc={
            "en": "The error that half of the rows do not exceed, in the target's unit.",
            "fr": "L'erreur que la moitié des lignes ne dépassent pas, dans l'unité de la cible.",
        },
        aliases=("medae", "neg_median_absolute_error"),
        caution={
            "en": "Half of the rows may be as wrong as they like: it does not see them.",
            "fr": "La moitié des lignes peuvent être fausses à volonté : elle ne les voit pas.",
        },
    ),
)
