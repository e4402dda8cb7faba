"""What the answers cost a row, by stated costs (Elkan 2001). The answer is the one of least expected cost (judge/costs.py)."""

from __future__ import annotations

import numpy as np

from etabli.judge import costs
from etabli.judge.metrics.metric import CLASSES, Given, Metric
from etabli.records import Array


def _loss(given: Given) -> Array:
    if given.cost is None:
        return np.full(len(given.y), np.nan)
    return costs.rows(given.y, given.S, given.cost)


METRICS = (
    Metric(
        "cost",
        {"en": "mean cost", "fr": "coût moyen"},
        CLASSES,
        loss=_loss,
        costly=True,
        doc={
            "en": "What the answers cost a row, by the costs stated with --cost, each answer being the one of least expected cost.",
            "fr": "Ce que coûtent les réponses par ligne, selon --cost, chaque réponse étant celle de moindre coût attendu.",
        },
        aliases=("costs", "mean_cost", "expected_cost"),
        caution={
            "en": "It looks at the answers alone, and only near the probability where the answer changes.",
            "fr": "Il ne voit que les réponses, et seulement près de la probabilité où la réponse change.",
        },
    ),
)
