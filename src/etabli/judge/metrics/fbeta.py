"""F-beta: the harmonic mean of precision and recall, recall counting beta times as much (van Rijsbergen 1979).

Written as (1 + b²) TP / (b² P + F), P the rows of the class and F the rows answered with it, it is one ratio of sums and its influence values are plain.
Two classes: that of classes[1]; more: the mean over the classes seen or answered (macro), or by the classes' shares (`f1_weighted`). A class
that is never there and never answered has no F; a class never answered has 0.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import CLASSES, Given, Kind, Metric, by_share, ratio, two_classes
from etabli.records import Array, Words

CUT: Words = {
    "en": "It depends on where probabilities are cut into answers; with stated costs (--cost) the cut is right and needs no tuning.",
    "fr": "Elle dépend du seuil qui fait des probabilités des réponses ; avec des coûts donnés (--cost) le seuil est juste, sans réglage.",
}


def _one(given: Given, k: int, square: float) -> Array:
    """Influence rows of one minus F of class k."""
    own, answered = (given.y == k).astype(np.float64), (given.answers == k).astype(np.float64)
    either = square * own + answered
    wrong = either - (1 + square) * own * answered
    bottom = float(given.w @ either)
    return ratio(float(given.w @ wrong), bottom, wrong, either, given.w) if bottom else np.ones(len(own))


def _macro(given: Given, square: float) -> Array:
    classes = [1] if given.S.shape[1] == 1 else np.union1d(np.unique(given.y), np.unique(given.answers))
    return np.asarray(np.mean([_one(given, int(k), square) for k in classes], axis=0))


def _weighted(given: Given) -> Array:
    return by_share(given, lambda k: _one(given, k, 1.0))


def fbeta(beta: float) -> Metric:
    """F-beta of that beta."""
    return Metric(
        "f1" if beta == 1 else f"fbeta@{beta:g}",
        {"en": f"F{beta:g}", "fr": f"F{beta:g}".replace(".", ",")},
        CLASSES,
        "complement",
        exact=False,
        loss=lambda given: _macro(given, beta**2),
        check=two_classes,
        doc={
            "en": "The harmonic mean of precision (how often an answer of the class is right) and recall (how much of the class is found)"
            + ("." if beta == 1 else f", recall counting {beta:g} times as much."),
            "fr": "La moyenne harmonique de la précision (part juste des réponses de la classe) et du rappel (part trouvée de la classe)"
            + ("." if beta == 1 else f", le rappel comptant {beta:g} fois autant.".replace(".", ",", f"{beta:g}".count("."))),
        },
        aliases=("f1_score", "f1_macro") if beta == 1 else (),
        caution=CUT,
    )


METRICS = (
    fbeta(1.0),
    Metric(
        "f1_weighted",
        {"en": "F1 by share of the classes", "fr": "F1 selon la part des classes"},
        ("multiclass",),
        "complement",
        exact=False,
        loss=_weighted,
        check=two_classes,
        doc={
            "en": "The F1 of each class, averaged by how common the classes are.",
            "fr": "Le F1 de chaque classe, en moyenne selon leur fréquence.",
        },
        caution=CUT,
    ),
)
KINDS = (Kind("fbeta", fbeta, 0.01, 100, 2, "how many times as much recall counts", ("f", "fbeta_score", "f_beta")),)
