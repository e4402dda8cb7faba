"""ROC and precision-recall curves of out-of-fold probabilities, one class against the rest, with pointwise bands.

Rows of equal probability share one threshold, as in `metrics/ordering.py`; the areas are those of the curves drawn. Bands and intervals come from
draws of rows, or of whole groups: at each point the 2.5 % and 97.5 % quantiles, so a whole curve leaves its band more often than one point does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge.draws import units
from etabli.records import Array

FALLOUT = np.linspace(0.0, 1.0, 51) ** 2  # denser where false alarms are few
RECALL = np.linspace(0.02, 1.0, 50)
DRAWS = 200


@dataclass(frozen=True)
class Band:
    """value, low, high: numbers or [points]."""

    value: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Curves:
    """hits: rows of the class. share: their share, the precision of chance. tpr: at FALLOUT. precision: at RECALL. auc, ap: the areas under both."""

    hits: int
    share: float
    tpr: Band
    precision: Band
    auc: Band
    ap: Band


def curves(hit: Array, score: Array, weight: Array | None = None, groups: Array | None = None, seed: int = 0) -> Curves | None:
    """hit: flags [n]. score: probability of the class [n]. None where all rows or none (that weigh anything) are of the class."""
    w = np.ones(len(hit)) if weight is None else weight
    if (w * hit).sum() <= 0 or (w * ~hit).sum() <= 0:
        return None
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    yes, no = (w * hit)[order], (w * ~hit)[order]
    unit, sizes = units(len(hit), groups)
    unit, count = np.asarray(unit)[order], len(sizes)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        times = np.bincount(rng.integers(0, count, count), minlength=count)[unit]
        if (yes @ times) > 0 and (no @ times) > 0:
            drawn.append(_points(yes * times, no * times, ends))
    value, spread = _points(yes, no, ends), np.array(drawn)
    low, high = np.quantile(spread, [0.025, 0.975], axis=0)
    parts = np.cumsum([len(FALLOUT), len(RECALL), 1])
    tpr, precision, auc, ap = (Band(*each) for each in zip(*(np.split(one, parts) for one in (value, low, high)), strict=True))
    return Curves(int(hit.sum()), float((w * hit).sum() / w.sum()), tpr, precision, auc, ap)


def _points(yes: Array, no: Array, ends: Array) -> Array:
    """Hit rate at FALLOUT, precision at RECALL, the area under ROC and the average precision, in one line."""
    found, alarms = np.append(0.0, np.cumsum(yes)[ends]), np.append(0.0, np.cumsum(no)[ends])
    recall, fallout = found / found[-1], alarms / alarms[-1]
    precision = found / np.maximum(found + alarms, 1e-300)
    reached = np.minimum(np.searchsorted(recall, RECALL - 1e-12), len(recall) - 1)
    area = float(np.sum(np.diff(fallout) * (recall[1:] + recall[:-1]) / 2))
    average = float(np.sum(np.diff(recall) * precision[1:]))
    return np.concatenate([np.interp(FALLOUT, fallout, recall), precision[reached], [area, average]])
