"""Log-loss: minus the logarithm of the probability given to what happened (Good 1952). Proper, and the default for classes."""

from __future__ import annotations

import numpy as np

from etabli.judge.answers import TINY
from etabli.judge.metrics.metric import CLASSES, Given, Metric
from etabli.records import Array


def _loss(given: Given) -> Array:
    return np.asarray(-np.log(np.clip(given.P[np.arange(len(given.y)), given.y], TINY, 1.0)))


METRICS = (
    Metric(
        "log_loss",
        {"en": "log-loss", "fr": "perte logarithmique"},
        CLASSES,
        proper=True,
        loss=_loss,
        doc={
            "en": "How surprising what happened was to the model: minus the logarithm of the probability it gave, 0 for a sure right answer.",
            "fr": "La surprise du modèle devant ce qui arrive : moins le logarithme de la probabilité donnée, 0 pour une certitude juste.",
        },
        aliases=("logloss", "neg_log_loss", "cross_entropy", "logistic_loss"),
    ),
)
