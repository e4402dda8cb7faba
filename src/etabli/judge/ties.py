"""Who cannot be told from the winner: a paired bootstrap of the loss differences, all candidates at once.

The winner is itself chosen, so comparing the others with it one by one would exclude good candidates too often. For each
candidate the question is asked as Hsu (1981, multiple comparisons with the best) does: were it the best, how large would the
largest of its studentised deficits be by chance? That maximum is read off the same bootstrap means, so the probability that
the truly best candidate is called worse is at most 5 %, whatever the number and correlation of the candidates. Differences
below the region of practical equivalence (1 % of the baseline's loss) do not count as differences.

Rows are drawn as if each had its own luck. On pure noise they share it: what row i taught the models of the other folds when j was
predicted is what j taught when i was, so every pair counts twice and an out-of-fold mean varies twice as much as its rows show (folds
correlate by 1 / (K - 1); Nadeau & Bengio 2003 arrive at 1 + K / (K - 1) for the variance). Between two fitted candidates most of that
cancels; against the constant, which learns nothing, it does not. Measured (benchmarks/promises.md: fifty candidates, 200 rows,
AUC): every fourth table of noise seemed to beat knowing nothing. `beats` therefore asks for sqrt(2) times the half-width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge.draws import means
from etabli.records import Array

ROPE = 0.01  # share of the baseline's loss below which a difference has no practical meaning
SHARED = 2**0.5  # how many times wider the luck of an out-of-fold mean is, on noise, than its rows show


@dataclass(frozen=True)
class Ties:
    """tied: indices, the winner among them, by growing mean loss. difference [C]: mean loss minus the winner's, with its
    simultaneous interval low, high [C]; NaN where a candidate has a loss that is not finite."""

    tied: tuple[int, ...]
    difference: Array
    low: Array
    high: Array


def ties(
    losses: Array,
    winner: int,
    groups: Array | None = None,
    seed: int = 0,
    margin: float = 0.0,
    draws: int = 1000,
    level: float = 0.95,
) -> Ties:
    """losses: [n, C], lower is better. winner: index. margin: mean loss that does not matter (ROPE times the baseline's loss).

    A candidate is tied when its interval reaches zero, or lies within the margin altogether."""
    losses = np.asarray(losses, np.float64)
    columns = np.flatnonzero(np.isfinite(losses).all(axis=0))
    inside, _ = means(losses[:, columns], groups, seed, draws)
    average = losses[:, columns].mean(axis=0)
    noise = inside - average
    place = int(np.flatnonzero(columns == winner)[0])
    difference, low, high = np.full((3, losses.shape[1]), np.nan)
    for i, column in enumerate(columns):
        deficit = noise[:, [i]] - noise
        error = np.sqrt((deficit**2).mean(axis=0))
        real = error > 1e-12 * (1 + np.abs(average).max())
        worst = (deficit[:, real] / error[real]).max(axis=1, initial=0.0)
        half = np.quantile(worst, level) * error[place] if real[place] else 0.0
        difference[column] = average[i] - average[place]
        low[column], high[column] = difference[column] - half, difference[column] + half
    tied = [int(c) for c in columns if c == winner or low[c] <= 0 or high[c] <= margin]
    return Ties(tuple(sorted(tied, key=lambda c: float(difference[c]))), difference, low, high)


def beats(difference: float, low: float) -> bool:
    """Whether the winner is better than a candidate that learns nothing. difference, low: that candidate's, of `Ties`."""
    return difference - SHARED * (difference - low) > 0
