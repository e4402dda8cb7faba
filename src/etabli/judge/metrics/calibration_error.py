"""Expected calibration error (Naeini, Cooper & Hauskrecht 2015): told, never ranked by.

Rows are put into 15 bins of equal count by probability, that of classes[1] for two classes and of the answer for more; the error is the mean over rows of
the distance between a bin's mean probability and its share of hits. A model that gives everyone the base rate has an error of 0 and
knows nothing, and on few rows the error of a perfect model is above 0 (the report prints the one that chance gives). So it has rows, by
the sign of its bin's distance, and a value, and `ranks` is false.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import CLASSES, Given, Metric
from etabli.records import Array

BINS = 15


def _loss(given: Given) -> Array:
    if given.S.shape[1] == 1:
        p, hit = given.S[:, 0], given.y == 1
    else:
        pick = given.S.argmax(axis=1)
        p, hit = given.S[np.arange(len(pick)), pick], given.y == pick
    place = np.empty(len(p), np.int64)
    place[np.argsort(p, kind="stable")] = np.arange(len(p)) * min(BINS, len(p)) // len(p)
    side = np.sign(np.bincount(place, given.w * (hit - p)))
    rows = side[place] * (hit - p)
    mean = float(np.mean(given.w * rows))
    return np.asarray(mean + given.w * (rows - mean))


METRICS = (
    Metric(
        "ece",
        {"en": "expected calibration error", "fr": "erreur de calibration attendue"},
        CLASSES,
        exact=False,
        loss=_loss,
        ranks=False,
        doc={
            "en": "How far probabilities are from the shares that happen, on average; told beside the score, never ranked by.",
            "fr": "La distance moyenne entre les probabilités et les parts qui arrivent ; dite à côté du score, jamais pour classer.",
        },
        aliases=("expected_calibration_error", "calibration_error", "calibration"),
    ),
)
