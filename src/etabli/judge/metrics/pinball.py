"""Pinball loss at a stated level (Koenker & Bassett 1978): least where the prediction is that quantile of the target.

At 0.9 a prediction that is too low costs nine times one that is too high. The families learn means, so this ranks their single answers
by an asymmetric cost; it makes no quantile of them. The intervals in the file do (judge/conformal.py).
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import NUMBERS, Given, Kind, Metric
from etabli.records import Array


def pinball(level: float) -> Metric:
    """The pinball loss of that level."""

    def loss(given: Given) -> Array:
        return np.asarray(np.maximum(level * given.error, (level - 1) * given.error))

    return Metric(
        f"pinball@{level:g}",
        {"en": f"pinball loss at {level:g}", "fr": f"perte pinball à {level:g}".replace(".", ",")},
        NUMBERS,
        proper=True,
        loss=loss,
        doc={
            "en": f"An error costs {level:g} a unit where the prediction is too low and {1 - level:g} where it is too high: least at that quantile.",
            "fr": f"Une erreur coûte {level:g} par unité si la prédiction est trop basse et {1 - level:g} si elle est trop haute.".replace(
                ".", ",", 2
            ),
        },
    )


KINDS = (
    Kind(
        "pinball",
        pinball,
        0.001,
        0.999,
        0.9,
        "the quantile's level, between 0 and 1",
        ("pinball_loss", "mean_pinball_loss", "neg_mean_pinball_loss", "quantile", "quantile_loss"),
    ),
)
