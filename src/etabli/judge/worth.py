"""What an old score is still worth on rows drawn in another way: out-of-fold losses, weighed as rows like them come now.

Under covariate shift (rows come otherwise, but the answer to a row is what it was) the weighted mean of old losses is the score on the
new rows (Shimodaira 2000; Sugiyama, Krauledat & Müller 2007, cross-validation under covariate shift). What no old row shows, no weight
can tell: so the effective number of rows stands beside it, and below `FEW` of them nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge.domain import Domain
from etabli.judge.draws import means
from etabli.judge.metrics import Metric
from etabli.records import Array

FEW = 50  # effective rows below which the old score says nothing
WARN, REFUSE = 0.65, 0.8  # domain AUC that warns, and that refuses the word "expected"
SOME, MOST = 0.05, 0.5  # share of new rows that no old row is like: nothing is to be expected; nothing is known


@dataclass(frozen=True)
class Worth:
    """value, low, high: the score on rows like the new ones, from the old rows weighed, with its 95 % interval. plain: the same
    without weights. word: "expected", or "at best" where the rows are too far apart to expect anything."""

    metric: str
    value: float
    low: float
    high: float
    plain: float
    word: str


def word(seen: Domain) -> str:
    """How far the weighed score may be trusted: "expected", "at best", or "nothing" (too few old rows are like these)."""
    if not seen.differs:
        return "expected"
    if seen.effective < FEW or seen.alone > MOST:
        return "nothing"
    return "at best" if seen.auc > REFUSE or seen.alone > SOME else "expected"


def worth(
    metric: Metric,
    y: Array,
    S: Array,
    seen: Domain,
    weight: Array | None = None,
    fold: Array | None = None,
    honest: float | None = None,
    seed: int = 0,
    draws: int = 1000,
) -> Worth | None:
    """The weighed score of out-of-fold answers S [n, outputs] with truths y [n], rows as in `Domain.rows`. honest: the score that was
    promised; what the leaderboard flatters is taken off here too. None where the metric cannot be had of these rows, or they say nothing."""
    if word(seen) == "nothing":
        return None
    y, S = y[seen.rows], S[seen.rows]
    weight, fold = (None if side is None else side[seen.rows] for side in (weight, fold))
    if metric.objection(y, fold) is not None:
        return None
    both = seen.weight if weight is None else seen.weight * weight
    losses = np.column_stack([metric.rows(y, S, both, fold), metric.rows(y, S, weight, fold)])
    if not np.isfinite(losses).all():
        return None
    value, plain = (metric.report(float(column.mean())) for column in losses.T)
    inside = means(losses[:, :1], None, seed, draws)[0][:, 0]
    low, high = sorted(metric.report(float(end)) for end in np.quantile(inside, [0.025, 0.975]))
    flattered = 0.0 if honest is None else honest - plain
    return Worth(metric.name, value + flattered, low + flattered, high + flattered, plain + flattered, word(seen))
