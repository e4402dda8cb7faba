"""What a metric is: a loss of every row whose mean, through `form`, is the number that people know.

**Means.** For log-loss, squared error or accuracy the loss of a row is the definition (`exact`). With weights the rows are
L + w (l - L), L the weighted mean and w of mean one. Their mean is L, and their spread is that of a weighted mean, whose sum of weights is
chance too; w l alone would count that chance as error.

**The rest.** AUC, F-beta, Matthews' correlation, R² or a median are functions of the whole sample. Their rows are influence values
(the infinitesimal jackknife, Jaeckel 1972; Efron 1982; for AUC: DeLong, DeLong & Clarke-Pearson 1988): the value plus n times what one more
copy of the row would change in it. Their mean is the metric exactly, and the mean of a bootstrap sample of them is the metric of that sample
up to a term of order 1/n. So the whole of judge/ knows one thing only, a table of losses [rows, candidates], lower is better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from etabli.errors import DataError
from etabli.judge.answers import probabilities
from etabli.judge.costs import decide
from etabli.records import Array, TaskKind, Words

Form = Literal["mean", "root", "complement"]
CLASSES: tuple[TaskKind, ...] = ("binary", "multiclass")
NUMBERS: tuple[TaskKind, ...] = ("regression",)


@dataclass(frozen=True)
class Given:
    """What is scored. y: float64 or int64 class numbers [n]. S: float64 [n, outputs]. w: [n], mean 1. fold: int [n], or None when all
    rows were predicted by one model. cost: [K, K] of the answer (column) where the truth is the row, or None."""

    y: Array
    S: Array
    w: Array
    fold: Array | None = None
    cost: Array | None = None

    @cached_property
    def P(self) -> Array:
        """Probabilities [n, K] of all classes."""
        return probabilities(self.S)

    @cached_property
    def answers(self) -> Array:
        """The class numbers [n] that the model answers: of least expected cost, or the most probable."""
        return decide(self.S, self.cost)

    @property
    def error(self) -> Array:
        """Target minus prediction [n]."""
        return np.asarray(self.y - self.S[:, 0])


@dataclass(frozen=True)
class Objection:
    """Why a metric cannot be had of these targets: the rule, what came, and what to take instead."""

    rule: str
    got: str
    hint: str


Loss = Callable[[Given], Array]
Check = Callable[[Array, Array | None], Objection | None]  # y [n], fold [n] or None


def anything(y: Array, fold: Array | None) -> Objection | None:
    """No objection to any target."""
    return None


@dataclass(frozen=True)
class Metric:
    """One metric.

    title, doc: for people, its name and its meaning in one sentence. tasks: where it applies. form: how the mean loss becomes the value:
    "mean" as it is, "root" its square root, "complement" one minus it. proper: its best score is the truth (the probabilities, or a
    stated functional of the target), so that it may rank without harm. exact: rows are the definition, and `loss` gives them
    unweighted; else `loss` gives influence values with the weights in them. aliases: other names, scikit-learn's among them. caution:
    what to beware of when it ranks. check: why it cannot be had of some targets. ranks: whether it may rank at all. costly: needs
    stated costs. cost: [K, K], bound by `priced`; labels are then those of least expected cost.
    """

    name: str
    title: Words
    tasks: tuple[TaskKind, ...]
    form: Form = "mean"
    proper: bool = False
    exact: bool = True
    loss: Loss = field(default=lambda given: given.y, repr=False)
    doc: Words = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    caution: Words = field(default_factory=dict)
    check: Check = field(default=anything, repr=False)
    ranks: bool = True
    costly: bool = False
    cost: Array | None = field(default=None, repr=False, compare=False)

    @property
    def greater_is_better(self) -> bool:
        """Whether a larger value is better."""
        return self.form == "complement"

    def priced(self, cost: Array | None) -> Metric:
        """The same with stated costs."""
        return self if cost is None else replace(self, cost=cost)

    def objection(self, y: Array, fold: Array | None = None) -> Objection | None:
        """Why it cannot be computed for these targets [n] (of these folds), or None."""
        return self.check(np.asarray(y), fold)

    def demand(self, y: Array, fold: Array | None = None) -> None:
        """DataError where there is an objection; said before any work is done."""
        found = self.objection(y, fold)
        if found is not None:
            raise DataError(found.rule, found.got, found.hint)

    def rows(self, y: Array, S: Array, weight: Array | None = None, fold: Array | None = None) -> Array:
        """Loss of each row [n], lower is better; its mean gives `value`. S: [n, outputs]. weight: any scale. NaN where the metric is not
        defined (AUC of one class, a deviance of targets below zero): `objection` says why."""
        y = np.asarray(y)
        w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64) * (len(y) / np.sum(weight))
        made = np.asarray(self.loss(Given(y, np.asarray(S, np.float64), w, fold, self.cost)), np.float64)
        if weight is None or not self.exact:
            return made
        mean = float(np.mean(w * made))
        return np.asarray(mean + w * (made - mean))

    def value(self, y: Array, S: Array, weight: Array | None = None, fold: Array | None = None) -> float:
        """The metric; NaN where it is not defined."""
        return self.report(float(np.mean(self.rows(y, S, weight, fold))))

    def report(self, loss: float) -> float:
        """A mean loss as the value people know."""
        if self.form == "root":
            return float(np.sqrt(max(loss, 0.0)))
        if self.form == "complement":
            return 1.0 - max(loss, 0.0)  # the mean of influence values in a bootstrap sample may pass what a sample can have
        return loss


@dataclass(frozen=True)
class Kind:
    """Metrics with a number in their name: `pinball@0.9`, `fbeta@2`, `top3`. make: the metric of that number. low, high: the numbers that
    make sense, both inclusive. example: one that is listed. words: what the number is."""

    name: str
    make: Callable[[float], Metric]
    low: float
    high: float
    example: float
    words: str
    aliases: tuple[str, ...] = ()
    whole: bool = False

    @property
    def shown(self) -> str:
        """The example's full name."""
        return self.make(self.example).name

    def allows(self, value: float) -> bool:
        """Whether the number makes sense."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


def ratio(top: float, bottom: float, dtop: Array, dbottom: Array, w: Array) -> Array:
    """Influence rows [n] whose mean is top / bottom, from the derivatives of both by a row's multiplicity; NaN where bottom is 0.

    Both are homogeneous of the same degree in the multiplicities (sums over rows, or over pairs), so that the influences add up to 0."""
    if bottom == 0:
        return np.full(len(w), np.nan)
    value = top / bottom
    return np.asarray(value + len(w) * w * (dtop - value * dbottom) / bottom)


def by_share(given: Given, one: Callable[[int], Array]) -> Array:
    """The mean over classes of their influence rows by their shares of the weight, the shares' own influence included."""
    made = np.zeros(len(given.y))
    for k in np.unique(given.y):
        rows, hit = one(int(k)), given.y == k
        share = float(np.mean(given.w * hit))
        made += share * rows + float(rows.mean()) * given.w * (hit - share)
    return made


def seen(y: Array) -> int:
    """How many classes there are rows of."""
    return len(np.unique(y))


def two_classes(y: Array, fold: Array | None) -> Objection | None:
    """The objection to rows that are all of one class."""
    if seen(y) > 1:
        return None
    return Objection(
        "this metric needs rows of two classes at least", f"{len(y)} rows, all of one class", "add rows of the other, or take log_loss"
    )
