"""Are rows of one group, or neighbours in time, wrong together? Permutation tests on the out-of-fold residuals: no fit.

Measured (bench/uncertain/leaks.py): found in 10 of 10 tables where comparing random with grouped folds found 1 of 5, with 2 false
alarms in 60. An alarm also asks for an effect that matters: with 50 000 rows everything is significant. Permutations stop
early once the answer is clear (Besag & Clifford 1991), so clean columns cost some twenty shuffles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etabli.judge.metrics import probabilities
from etabli.records import Array, TaskKind

LEVEL = 0.01
FEWEST = 30  # pairs of neighbours within groups, and across their borders, that tell one from the other
EFFECT = {"grouped": 0.03, "serial": 0.05, "later": 0.1}  # intraclass correlation; lag-one correlation; relative rise of the loss
LAST = 0.2  # share of the rows, the latest, that stand for those to come


@dataclass(frozen=True)
class Alarm:
    """p: of the permutation test. effect: intraclass correlation of the residuals (grouped), their lag-one correlation (serial), or how much higher the
    latest rows' loss is than that of all (later). level: the p up to which it rings."""

    kind: Literal["grouped", "serial", "later"]
    p: float
    effect: float
    level: float = LEVEL

    @property
    def rings(self) -> bool:
        """Whether the split should become grouped / forward."""
        return self.p <= self.level and self.effect >= EFFECT[self.kind]


def residuals(y: Array, S: Array, task: TaskKind) -> Array:
    """[n, m]: y minus the prediction; for classes, 1[y = k] - p_k of every class (one column for binary). A number's few largest
    residuals are pulled in to the 1 % quantiles, or one outlier would be its group."""
    if task == "regression":
        r = np.asarray(y, np.float64) - S[:, 0]
        return np.asarray(np.clip(r, *np.quantile(r, [0.01, 0.99])))[:, None]
    P = probabilities(S)
    R = -np.array(P)
    R[np.arange(len(y)), y] += 1
    return R[:, 1:] if R.shape[1] == 2 else R


def grouped(residual: Array, groups: Array, seed: int = 0, draws: int = 999, level: float = LEVEL) -> Alarm:
    """Do the rows of one group err together? residual: [n] or [n, m]; groups: [n]. Pass level = 0.01 / tests for many columns."""
    r = _centred(residual)
    _, group = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group).astype(np.float64)
    n, count = len(r), len(sizes)

    def between(order: Array) -> float:
        return float(sum((np.bincount(group, column[order], count) ** 2 / sizes).sum() for column in r.T))

    if count < 2 or count >= n:
        return Alarm("grouped", 1.0, 0.0, level)
    here, total = between(np.arange(n)), float((r**2).sum())
    inner, outer = (total - here) / (n - count), here / (count - 1)
    typical = (n - (sizes**2).sum() / n) / (count - 1)  # ANOVA estimate for groups of unequal size (Donner 1986)
    bottom = outer + (typical - 1) * inner
    return Alarm("grouped", _p(between, here, n, seed, draws), float((outer - inner) / bottom) if bottom > 0 else 0.0, level)


def serial(residual: Array, seed: int = 0, draws: int = 999, level: float = LEVEL) -> Alarm:
    """Do neighbours err together? residual: [n] or [n, m], rows in the order of time (or of the file)."""
    r = _centred(residual)
    n, total = len(r), float((r**2).sum())

    def product(order: Array) -> float:
        s = r[order]
        return float((s[1:] * s[:-1]).sum())

    if n < 3 or total == 0:
        return Alarm("serial", 1.0, 0.0, level)
    here = product(np.arange(n))
    return Alarm("serial", _p(product, here, n, seed, draws), here / total, level)


def later(loss: Array, seed: int = 0, draws: int = 999, level: float = LEVEL) -> Alarm:
    """Are the latest rows harder than the others? loss: [n] out of fold, above 0, rows in the order of time."""
    n, total = len(loss), float(loss.mean()) if len(loss) else 0.0
    first = n - int(LAST * n)

    def late(order: Array) -> float:
        return float(loss[order[first:]].mean())

    if first == n or total <= 0:
        return Alarm("later", 1.0, 0.0, level)
    here = late(np.arange(n))
    return Alarm("later", _p(late, here, n, seed, draws), here / total - 1, level)


def bounded(residual: Array, groups: Array, level: float = LEVEL) -> Alarm:
    """Do neighbours of one group err together, and neighbours of two groups not? residual, groups: rows in the order of the file.

    Finds the groups whose rows do not share a mean error but follow each other (the hours of a storm), which `grouped` cannot
    see. effect: the lag-one correlation within groups; 1 as p where it goes on across their borders, as it does in time.
    """
    r = _centred(residual)
    total = float((r**2).mean(axis=0).sum())
    same = groups[1:] == groups[:-1]
    inside, borders = int(same.sum()), int((~same).sum())
    if min(inside, borders) < FEWEST or total == 0:
        return Alarm("serial", 1.0, 0.0, level)
    product = (r[1:] * r[:-1]).sum(axis=1) / total
    within, across = float(product[same].mean()), float(product[~same].mean())
    if across > within / 2:
        return Alarm("serial", 1.0, within, level)
    error = np.sqrt(product[same].var() / inside + product[~same].var() / borders)
    return Alarm("serial", math.erfc((within - across) / error / math.sqrt(2)) / 2 if error > 0 else 0.0, within, level)


def _centred(residual: Array) -> Array:
    r = np.asarray(residual, np.float64)
    r = r[:, None] if r.ndim == 1 else r
    return np.asarray(r - r.mean(axis=0))


def _p(statistic: Callable[[Array], float], here: float, n: int, seed: int, draws: int, enough: int = 10) -> float:
    """Sequential permutation p: stops after `enough` shuffles that were at least as large."""
    rng, above = np.random.default_rng(seed), 0
    slack = 1e-12 * abs(here)
    for draw in range(1, draws + 1):
        above += statistic(rng.permutation(n)) >= here - slack
        if above == enough:
            return above / draw
    return (1 + above) / (draws + 1)
