"""Agreement beyond chance: Matthews' correlation (Matthews 1975; several classes: Gorodkin 2004) and Cohen's kappa (Cohen 1960).

Both compare answers with the truth and subtract what the same shares of answers would hit by chance: 0 is no better than chance. A model
that always answers alike has 0 by both, as in scikit-learn. Influence values are the derivatives by a row's multiplicity.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.fbeta import CUT
from etabli.judge.metrics.metric import CLASSES, Given, Metric, ratio, two_classes
from etabli.records import Array


def _counts(given: Given) -> tuple[float, float, Array, Array]:
    """(weight of all rows, of the right ones, answers of each class [K], rows of each class [K])."""
    classes = given.P.shape[1]
    right = float(given.w @ (given.y == given.answers))
    return float(given.w.sum()), right, np.bincount(given.answers, given.w, classes), np.bincount(given.y, given.w, classes)


def _matthews(given: Given) -> Array:
    y, found, w = given.y, given.answers, given.w
    total, right, p, t = _counts(given)
    top, a, b = right * total - p @ t, total**2 - p @ p, total**2 - t @ t
    if min(a, b) <= 1e-12 * total**2:
        return np.ones(len(y))
    value = top / np.sqrt(a * b)
    change = (total * (y == found) + right - t[found] - p[y]) / np.sqrt(a * b) - value * ((total - p[found]) / a + (total - t[y]) / b)
    return np.asarray((1 - value) - len(y) * w * change)


def _kappa(given: Given) -> Array:
    y, found = given.y, given.answers
    total, right, p, t = _counts(given)
    chance = float(total**2 - p @ t)
    if chance <= 1e-12 * total**2:
        return np.full(len(y), np.nan)
    wrong = total - right
    return ratio(total * wrong, chance, wrong + total * (y != found), 2 * total - t[found] - p[y], given.w)


METRICS = (
    Metric(
        "mcc",
        {"en": "Matthews correlation", "fr": "corrélation de Matthews"},
        CLASSES,
        "complement",
        exact=False,
        loss=_matthews,
        check=two_classes,
        doc={
            "en": "The correlation between answers and truth: 1 is perfect, 0 is chance, and no class can be neglected.",
            "fr": "La corrélation entre réponses et vérité : 1 est parfait, 0 le hasard, et aucune classe ne peut être négligée.",
        },
        aliases=("matthews_corrcoef", "matthews", "phi"),
        caution=CUT,
    ),
    Metric(
        "cohen_kappa",
        {"en": "Cohen's kappa", "fr": "kappa de Cohen"},
        CLASSES,
        "complement",
        exact=False,
        loss=_kappa,
        check=two_classes,
        doc={
            "en": "The share of right answers beyond what answers of the same shares would hit by chance.",
            "fr": "La part des réponses justes au-delà de ce que des réponses de mêmes parts atteindraient par hasard.",
        },
        aliases=("kappa", "cohen_kappa_score"),
        caution={
            "en": "It moves with the classes' shares: values of two tables cannot be compared.",
            "fr": "Elle change avec les parts des classes : les valeurs de deux tables ne se comparent pas.",
        },
    ),
)
