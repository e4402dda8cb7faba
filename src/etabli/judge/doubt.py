"""Are there more contradicted labels, or values far off, than honest chance explains?

**Classes.** Where classes overlap, honest labels contradict the models too, but the surer the model the rarer that is: the share of
contradicted rows falls towards 0 as a logistic function of the model's own confidence. Slips of the pen do not know how sure the model is:
with them the share falls to a floor. So the two curves, with a floor (the "lapse rate" of psychophysics: Wichmann & Hill 2001; the
contaminated logistic model of Copas 1988) and without, are fitted to the rows answered with each class, and compared by their likelihoods. The raw scores
are used, not the calibrated: a calibrator has learned the floor. A floor above 12 % is taken for a target that the columns do not know better.

It is the number that is tested; no table can tell which of the rows it is. What the floor cannot tell apart is chance in the world that is as
blind to the columns as a slip of the pen; and a model flexible enough to learn the floor hides it: on few rows the test is often silent.

**Numbers.** Residuals, in units of their usual size at that prediction, have a tail; it is measured between the 80 % and 95 % quantile (the
generalised Pareto limit, by Pickands' estimator, 1975, a standard error and a quarter to the safe side), and rows beyond what
that tail allows are named (Benjamini & Hochberg 1995, 1 % false).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge.answers import probabilities
from etabli.records import Array

ANSWERED, CONTRADICTED = 100, 8  # rows answered with a class, and contradicted ones among them, from which its curve is fitted
# twice the gain of log-likelihood, all classes together. Chance makes it in none of 220 clean tables, but in 6 of 100 whose truth the
# models cannot draw (benchmarks/promises.md): there honest rows contradict them like slips, and planted ones gain no more
SURE = 12.0
LOWEST, HIGHEST = 0.01, 0.12  # a floor that matters, and one that can be slips
BINS = 200
TAIL = 500  # rows from which the tail of residuals can be measured
FALSE = 0.01


@dataclass(frozen=True)
class Floor:
    """share: of rows contradicted however sure the model, with its 95 % interval. gain: twice the gain of log-likelihood.
    found: more than honest overlap explains."""

    share: float
    low: float
    high: float
    gain: float

    @property
    def found(self) -> bool:
        """Whether it is sure, and of a size that slips have."""
        return self.gain > SURE and LOWEST <= self.share <= HIGHEST


NOTHING = Floor(0.0, 0.0, 0.0, 0.0)


def floor(y: Array, S: Array) -> Floor:
    """y: int64 [n] class numbers. S: raw scores of models that did not see the row, [n, 1] (of class 1) or [n, K]."""
    P = np.clip(probabilities(np.asarray(S, np.float64)), 1e-9, 1 - 1e-9)
    answer = P.argmax(axis=1)
    sure = P[np.arange(len(y)), answer]
    x, wrong = np.log(sure / (1 - sure)), (answer != y).astype(np.float64)
    share = gain = below = above = 0.0
    for k in np.unique(answer):
        here = answer == k
        if here.sum() < ANSWERED or wrong[here].sum() < CONTRADICTED or np.ptp(x[here]) < 1e-9:
            continue
        level, low, high, better = _curve(x[here], wrong[here])
        if level > HIGHEST:  # these rows are not known better
            continue
        weight = float(here.mean())
        share, gain = share + weight * level, gain + better
        below, above = below + (weight * (level - low)) ** 2, above + (weight * (high - level)) ** 2
    return Floor(share, max(0.0, share - below**0.5), share + above**0.5, gain)


def _curve(x: Array, wrong: Array) -> tuple[float, float, float, float]:
    """(floor, low, high, twice the gain) of floor + (1 - floor) / (1 + exp(a + b x)), b at least 0, against no floor."""
    from scipy.optimize import minimize
    from scipy.special import expit

    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, min(BINS, len(x)))
    size = np.array([len(part) for part in parts], float)
    at, hits = np.array([x[part].mean() for part in parts]), np.array([wrong[part].sum() for part in parts])
    at = (at - at.mean()) / max(float(at.std()), 1e-12)

    def loss(floor: float, start: Array) -> tuple[float, Array]:
        def of(t: Array) -> float:
            r = np.clip(floor + (1 - floor) * expit(-t[0] - np.exp(np.clip(t[1], -10, 10)) * at), 1e-12, 1 - 1e-12)
            return float(-(hits * np.log(r) + (size - hits) * np.log(1 - r)).sum())

        best = minimize(of, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3, "maxiter": 300})
        return float(best.fun), best.x

    least = float(hits.sum() / size.sum())
    plain, start = loss(0.0, np.array([np.log((1 - least) / max(least, 1e-9)), 0.0]))
    grid = least * np.linspace(0.05, 1.0, 16)[:-1]
    losses = np.empty(len(grid))
    for place, floor in enumerate(grid):
        losses[place], start = loss(float(floor), start)
    best = int(losses.argmin())
    if losses[best] >= plain:
        return 0.0, 0.0, 0.0, 0.0
    inside = np.flatnonzero(losses <= losses[best] + 1.92)  # the profile's 95 % interval
    low = 0.0 if plain <= losses[best] + 1.92 else float(grid[inside[0]])
    return float(grid[best]), low, float(grid[min(inside[-1] + 1, len(grid) - 1)]), 2 * (plain - float(losses[best]))


def outliers(r: Array, prediction: Array) -> tuple[Array, Array]:
    """(positions of rows whose residual is beyond the tail, the farthest first; how many times the usual size each is). r, prediction: [n]."""
    none = np.empty(0, np.int64), np.empty(0)
    if len(r) < TAIL:
        return none
    z = np.abs(r - np.median(r)) / _usual(np.abs(r), prediction)
    z = z / max(float(np.median(z)), 1e-300)
    q = np.quantile(z, [0.8, 0.9, 0.95])
    first, second = q[1] - q[0], q[2] - q[0]
    if not first > 0 or second <= first:
        return none
    shape = float(np.log2(max(second / first - 1, 1e-3)))
    cautious = max(0.05, shape + 2.3 / np.sqrt(0.05 * len(z)))
    scale = first * cautious / (2**cautious - 1)
    chance = 0.2 * (1 + cautious * np.maximum(z - q[0], 0) / scale) ** (-1 / cautious)
    chance = np.where(z > q[2], chance, 1.0)
    order = np.argsort(chance, kind="stable")
    passed = np.flatnonzero(chance[order] <= FALSE * np.arange(1, len(z) + 1) / len(z))
    if not passed.size:
        return none
    rows = order[: passed[-1] + 1]
    return rows, z[rows]


def _usual(size: Array, prediction: Array) -> Array:
    """The median size of residuals near each prediction [n]: in parts of equal count, at least a tenth of the median of all."""
    order = np.argsort(prediction, kind="stable")
    parts = np.array_split(order, int(np.clip(len(size) // 100, 1, 20)))
    made, whole = np.empty(len(size)), float(np.median(size))
    for part in parts:
        made[part] = max(float(np.median(size[part])), 0.1 * whole, 1e-300)
    return made
