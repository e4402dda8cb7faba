"""How a model fares by group: for each level of a column, from the out-of-fold table alone.

A group is compared with all other rows, not with a group that somebody calls the reference. Every difference that is looked at (all levels,
all measures) has one simultaneous interval, so that a column of twenty levels does not raise twenty alarms. The coverage has
the band that chance allows, for all levels together (Bonferroni). There is no verdict "fair": which of these measures should be equal is a
question of values, and not all of them can be when the groups differ in their rate (Kleinberg, Mullainathan & Raghavan 2017; Chouldechova 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from etabli.judge.answers import probabilities
from etabli.judge.costs import decide
from etabli.judge.coverage import band
from etabli.judge.metrics import Metric
from etabli.judge.shares import Estimate, Reach, Units, error, mean, reach, together
from etabli.records import Array, TaskKind

FEWEST = 10  # rows (of a class, where it is a rate of that class) below which a measure is not told
BINS, NULLS = 10, 200
AGAINST_OTHERS = ("score", "selection", "true_positive", "false_positive", "right", "size", "target")


@dataclass(frozen=True)
class Rows:
    """The rows that are compared. y, S: as in the out-of-fold table [n], [n, outputs]. fold, weight, groups: [n] or None.
    hit: bool [n], truth inside the interval or set at `level`, and size [n], its width or number of labels; None where not measured."""

    task: TaskKind
    metric: Metric
    y: Array
    S: Array
    fold: Array | None = None
    weight: Array | None = None
    groups: Array | None = None
    cost: Array | None = None
    hit: Array | None = None
    size: Array | None = None
    level: float = 0.9


@dataclass(frozen=True)
class Measure:
    """A figure of one level with its 95 % interval, and its difference (to all other rows; of `gap` to 0; of `coverage` none) with the
    simultaneous one; None where there is nothing to compare with."""

    value: float
    low: float
    high: float
    difference: Reach | None = None

    @property
    def apart(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.difference is not None and (self.difference.low > 0 or self.difference.high < 0)


@dataclass(frozen=True)
class Group:
    """One level. measures: by name: target (its mean, or the rate of the positive class), score, selection, true_positive, false_positive
    (two classes), right (share of right answers, more classes), gap (observed minus predicted), ratio (observed over predicted),
    coverage, size. ece: expected calibration error, its mean when nothing is wrong, and the most that chance allows (95 %), or None.
    band: where coverage may lie by chance, all levels together, or None."""

    rows: int
    measures: Mapping[str, Measure] = field(default_factory=dict)
    ece: tuple[float, float, float] | None = None
    band: tuple[float, float] | None = None

    @property
    def uncovered(self) -> bool:
        """Whether coverage is below what chance allows."""
        return self.band is not None and "coverage" in self.measures and self.measures["coverage"].value < self.band[0]

    @property
    def miscalibrated(self) -> bool:
        """Whether the calibration error is above what chance allows."""
        return self.ece is not None and self.ece[0] > self.ece[2]


Make = Callable[[Array], Estimate]


def compare(rows: Rows, of: Array, count: int, seed: int = 0) -> tuple[Group, ...]:
    """How each of `count` levels fares. of: int [n], the level of each row. The same seed gives the same answer."""
    units = Units(rows.groups, len(rows.y))
    makes = _measures(rows)
    found: list[dict[str, tuple[Estimate, Array]]] = []
    asked: list[tuple[int, str, tuple[Estimate, float, int]]] = []
    for number in range(count):
        here = of == number
        mine: dict[str, tuple[Estimate, Array]] = {}
        for name, (make, among) in makes.items():
            inside, outside = here & among, ~here & among
            one = make(inside) if inside.sum() >= FEWEST else None
            if one is None or not np.isfinite(one.value):
                continue
            mine[name] = one, inside
            wide, free = error(one, units, inside)
            if name == "gap":
                asked.append((number, name, (one, wide, free)))
            elif name in AGAINST_OTHERS and outside.sum() >= FEWEST:
                other = make(outside)
                wider, more = error(other, units, outside)
                both = Estimate(one.value - other.value, one.influence - other.influence, one.rows)
                own, _ = error(both, units, among)
                asked.append((number, name, (both, _worst(own, wide, wider, rows.groups is None), min(free, more))))
        found.append(mine)
    differences = dict(
        zip([(number, name) for number, name, _ in asked], together([one for *_, one in asked], units, seed=seed), strict=True)
    )
    return tuple(_group(rows, of == number, mine, differences, number, units, count, seed) for number, mine in enumerate(found))


def overall(rows: Rows) -> dict[str, float]:
    """The same measures of all rows together."""
    every = np.ones(len(rows.y), bool)
    return {name: make(every & among).value for name, (make, among) in _measures(rows).items() if (every & among).sum() >= FEWEST}


def _worst(own: float, wide: float, wider: float, free: bool) -> float:
    """The error of a difference: of its own influences, or of two independent parts where a share of all or nothing hides it."""
    return max(own, float(np.hypot(wide, wider))) if free else max(own, wide)


def _group(
    rows: Rows,
    here: Array,
    mine: Mapping[str, tuple[Estimate, Array]],
    differences: Mapping[tuple[int, str], Reach],
    number: int,
    units: Units,
    count: int,
    seed: int,
) -> Group:
    made = {}
    for name, (one, inside) in mine.items():
        found = reach(one, units, inside)
        low, high = _possible(name, rows, found)
        made[name] = Measure(found.value, low, high, differences.get((number, name)))
    limits = None
    if "coverage" in mine:
        one, inside = mine["coverage"]
        plain, own = one.value * (1 - one.value), float((units.sums(one.influence) ** 2).sum())
        worth = min(float(one.rows), plain / own) if own > 0 and plain > 0 else float(units.inside(inside))
        limits = band(rows.level, worth, 0.05 / count)
    ece = _ece(rows, here, seed) if rows.task != "regression" and here.sum() >= 2 * FEWEST else None
    return Group(int(here.sum()), made, ece, limits)


def _possible(name: str, rows: Rows, found: Reach) -> tuple[float, float]:
    """The interval without what cannot be."""
    low, high = found.low, found.high
    if name == "size" or (name == "score" and not rows.metric.greater_is_better and found.value >= 0):
        low = max(low, 0.0)
    if name == "score" and rows.metric.greater_is_better:
        high = min(high, 1.0)
    return low, high


def _measures(rows: Rows) -> dict[str, tuple[Make, Array]]:
    """By name: how an estimate is made of some rows, and the rows it may be made of."""
    y, S, w = np.asarray(rows.y), rows.S, rows.weight
    every = np.ones(len(y), bool)

    def of(z: Array) -> Make:
        return lambda here: mean(z, here, w)

    made: dict[str, tuple[Make, Array]] = {}
    if rows.task == "regression":
        made["target"] = of(y.astype(np.float64)), every
        made["score"] = lambda here: _score(rows, here), every
        made["gap"] = of(y - S[:, 0]), every
    elif rows.task == "binary":
        answer, positive = decide(S, rows.cost) == 1, y == 1
        made["target"] = of(positive), every
        made["score"] = lambda here: _score(rows, here), every
        made["selection"] = of(answer), every
        made["true_positive"] = of(answer), positive
        made["false_positive"] = of(answer), ~positive
        made["gap"] = of(positive - S[:, 0]), every
        made["ratio"] = lambda here: _ratio(positive.astype(np.float64), S[:, 0], here, w), every
    else:
        answer = decide(S, rows.cost)
        sure = S[np.arange(len(y)), S.argmax(axis=1)]
        made["score"] = lambda here: _score(rows, here), every
        made["right"] = of(answer == y), every
        made["gap"] = of((S.argmax(axis=1) == y) - sure), every
        made["ratio"] = lambda here: _ratio((S.argmax(axis=1) == y).astype(np.float64), sure, here, w), every
    if rows.hit is not None and rows.size is not None:
        made["coverage"] = of(np.asarray(rows.hit, bool)), every
        if np.isfinite(rows.size).all():
            made["size"] = of(np.asarray(rows.size, np.float64)), every
    return made


def _score(rows: Rows, here: Array) -> Estimate:
    """The ranking metric of some rows, with its influence values in the metric's own unit."""
    influence = np.zeros(len(here))
    taken = np.flatnonzero(here)
    weight, fold = (None if a is None else a[taken] for a in (rows.weight, rows.fold))
    losses = rows.metric.rows(rows.y[taken], rows.S[taken], weight, fold)
    loss = float(losses.mean())
    if not np.isfinite(losses).all():
        return Estimate(float("nan"), influence, 0)
    slope = {"mean": 1.0, "complement": -1.0, "root": 0.5 / np.sqrt(loss) if loss > 0 else 0.0}[rows.metric.form]
    influence[taken] = slope * (losses - loss) / len(taken)
    return Estimate(rows.metric.report(loss), influence, len(taken))


def _ratio(observed: Array, predicted: Array, here: Array, weight: Array | None) -> Estimate:
    """Observed over predicted."""
    top, bottom = mean(observed, here, weight), mean(predicted, here, weight)
    if not bottom.value > 0:
        return Estimate(float("nan"), top.influence, 0)
    value = top.value / bottom.value
    return Estimate(value, (top.influence - value * bottom.influence) / bottom.value, top.rows)


def _ece(rows: Rows, here: Array, seed: int) -> tuple[float, float, float]:
    """Expected calibration error in bins of equal count, what a model without fault would show on these probabilities, and the most
    that chance allows it (labels drawn from the probabilities: Bröcker & Smith 2007)."""
    P, y = probabilities(rows.S)[here], np.asarray(rows.y)[here]
    pick = np.ones(len(y), np.int64) if rows.task == "binary" else P.argmax(axis=1)
    p, hit = P[np.arange(len(y)), pick], (y == pick).astype(np.float64)
    place = np.empty(len(p), np.int64)
    bins = max(1, min(BINS, len(p) // 20))
    place[np.argsort(p, kind="stable")] = np.arange(len(p)) * bins // len(p)
    w = np.ones(len(p)) if rows.weight is None else rows.weight[here]

    def wrong(outcome: Array) -> float:
        return float(np.abs(np.bincount(place, w * (outcome - p), bins)).sum() / w.sum())

    rng = np.random.default_rng(seed)
    null = [wrong(rng.random(len(p)) < p) for _ in range(NULLS)]
    return wrong(hit), float(np.mean(null)), float(np.quantile(null, 0.95))
