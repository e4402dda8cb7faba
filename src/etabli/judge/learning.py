"""The learning curve: would more rows help?

The losses of the same rows, predicted by models that learned from an eighth, a quarter, a half and all of the other folds' rows, are a curve over
the rows learned from. Averages of such losses fall like a + b n^-c for most models and data (Cortes et al. 1994; Hestness et al. 2017; Viering &
Loog 2023, who also list where they do not), so the curve is carried on to twice the rows, and no further: a doubling gains at most what the doubling
before gained, whatever a, b and c are.

The interval is of the *change*, which is paired: draws of folds, and of rows (or groups) within them, are fitted anew each (two stages: Davison &
Hinkley 1997, section 3.8). Folds are drawn because each has its own luck with the rows it learned from; so few of them vary too little, by
(k - 1) / k, which is put back. Measured in benchmarks/learning: see there how often the interval holds what twice the rows gained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge.draws import means
from etabli.records import Array

EXPONENTS = np.geomspace(0.1, 1.25, 16)
DRAWS = 1_000
LITTLE = 0.05  # a gain below this share of the lead over knowing nothing is little
FEW = 30  # rows learned from below which a point of the curve says nothing


@dataclass(frozen=True)
class Curve:
    """rows [m]: learned from, ascending. loss, low, high [m]: mean losses with their 95 % intervals. power: a, b, c of a + b n^-c. gain, gain_low,
    gain_high: how much lower the loss is expected with twice the rows, with its 95 % interval."""

    rows: Array
    loss: Array
    low: Array
    high: Array
    power: tuple[float, float, float]
    gain: float
    gain_low: float
    gain_high: float

    def at(self, rows: Array) -> Array:
        """The fitted loss at so many rows."""
        a, b, c = self.power
        return np.asarray(a + b * np.asarray(rows, np.float64) ** -c)


def power_law(rows: Array, loss: Array) -> Array:
    """(a, b, c) [d, 3] of a + b n^-c for each line of `loss` [d, m] at `rows` [m]: least squares, b not negative, a not below zero
    unless losses are. Points weigh like their rows squared: the end matters, and the first steps
    of many models (a tree that cannot split yet, as many columns as rows) follow no power law."""
    loss = np.atleast_2d(loss)
    scale = rows[-1]
    w = (rows / scale) ** 2
    w = w / w.sum()
    floor = 0.0 if loss.min() >= 0 else -np.inf
    best, made = np.full(len(loss), np.inf), np.zeros((len(loss), 3))
    centre = loss @ w
    for c in EXPONENTS:
        x = (rows / scale) ** -c
        mean = w @ x
        b = np.maximum(0.0, (loss - centre[:, None]) @ (w * (x - mean)) / (w @ (x - mean) ** 2))
        a = centre - b * mean
        below = a < floor
        b = np.where(below, np.maximum(0.0, (loss - max(floor, -1e300)) @ (w * x) / (w @ x**2)), b)
        a = np.where(below, floor, a)
        error = ((loss - a[:, None] - b[:, None] * x) ** 2) @ w
        better = error < best
        best[better] = error[better]
        made[better] = np.column_stack([a, b * scale**c, np.full(len(a), c)])[better]
    return made


def curve(rows: Array, losses: Array, fold: Array, groups: Array | None = None, seed: int = 0) -> Curve:
    """rows [m]: learned from (mean over folds), ascending, the last of them all. losses [n, m]: of the same rows at each size. fold: int [n].
    groups: int [n] or None."""
    folds = np.unique(fold)
    drawn, sizes = [], []
    for k in folds:
        here = fold == k
        inside, _ = means(losses[here], None if groups is None else groups[here], seed + int(k), DRAWS)
        drawn.append(inside)
        sizes.append(int(here.sum()))
    rng = np.random.default_rng(seed)
    count = len(folds)
    times = rng.multinomial(count, np.full(count, 1 / count), DRAWS) if count > 1 else np.ones((DRAWS, 1))
    weight = times * np.array(sizes)
    weight = weight / weight.sum(1, keepdims=True)
    mixed = np.einsum("dk,kdm->dm", weight, np.stack(drawn))
    loss = losses.mean(0)
    if count > 1:
        mixed = loss + (mixed - loss) * np.sqrt(count / (count - 1))
    ends = np.array([rows[-1], 2 * rows[-1]], np.float64)

    def gains(power: Array) -> Array:
        value = power[:, [0]] + power[:, [1]] * ends ** -power[:, [2]]
        return np.asarray(value[:, 0] - value[:, 1])

    power = power_law(rows, loss)
    spread = gains(power_law(rows, np.maximum(mixed, 0.0) if losses.min() >= 0 else mixed))
    low, high = np.quantile(mixed, [0.025, 0.975], axis=0)
    least, most = np.quantile(spread, [0.025, 0.975])
    gain = float(gains(power)[0])
    return Curve(rows, loss, low, high, tuple(power[0].tolist()), gain, min(float(least), gain), max(float(most), gain))


def said(found: Curve, lead: float) -> str:
    """ "little", "helps" or "unknown": what twice the rows would do, by the interval alone. lead: loss of knowing nothing less the model's."""
    if found.gain_high < LITTLE * lead:
        return "little"
    return "helps" if found.gain_low > LITTLE * lead / 5 else "unknown"
