"""The Brier score: squared error of the probabilities (Brier 1950). Proper.

For two classes it is that of classes[1], between 0 and 1; for more the sum over classes, between 0 and 2, as scikit-learn has it.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import CLASSES, Given, Metric
from etabli.records import Array


def _loss(given: Given) -> Array:
    y, S = given.y, given.S
    if S.shape[1] == 1:
        return np.asarray((S[:, 0] - y) ** 2)
    return np.asarray((S**2).sum(axis=1) + 1 - 2 * S[np.arange(len(y)), y])


METRICS = (
    Metric(
        "brier",
        {"en": "Brier score", "fr": "score de Brier"},
        CLASSES,
        proper=True,
        loss=_loss,
        doc={
            "en": "The mean squared error of the probabilities; a sure mistake costs 1 (2 with several classes), where log-loss has no end.",
            "fr": "L'erreur quadratique moyenne des probabilités ; une erreur certaine coûte 1 (2 avec plusieurs classes), sans infini.",
        },
        aliases=("brier_score", "brier_score_loss", "neg_brier_score"),
    ),
)
