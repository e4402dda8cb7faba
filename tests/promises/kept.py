"""Do intervals, sets and calibrated probabilities hold their word on rows of real sets that nobody has seen.

The band of one split is that of chance: m test rows are covered with a probability that n learning rows have set, so the variance of the
measured coverage is c (1 - c) (1 / m + 1 / n); weighed rows count as many as they are worth (Kish 1965). Groups are pooled over
the splits before the worst is sought: the least of several noisy numbers would otherwise be low by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from etabli.judge import calibration, conformal, sets
from etabli.judge.cqr import HIGH, LOW
from etabli.judge.lookup import below
from etabli.judge.metrics import METRICS, probabilities
from tests.promises.real import LEARNED, Array, Cut, Real, cut, model

PROMISED = (0.8, 0.9, 0.95)
ENOUGH = 200  # pooled test rows from which a group is judged


@dataclass
class Covered:
    """One set, one kind of head, one level, over the splits. got: coverage of each split; band: half-width of chance, 95 %, of one split.
    group: covered and all rows by group, pooled. size: mean width in deviations of the target, or mean number of labels. grouped: the head
    has quantiles of its own for each group, so the worst is promised too."""

    level: float
    grouped: bool
    got: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)
    band: float = 0.0
    group: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))

    @property
    def mean(self) -> float:
        """Coverage over all splits."""
        return float(np.mean(self.got))

    @property
    def within(self) -> float:
        """Share of splits whose coverage is in the band of chance, or above it (a set keeps its most probable label)."""
        return float(np.mean(np.array(self.got) >= self.level - self.band))

    @property
    def worst(self) -> float:
        """The lowest coverage of a group with rows enough; NaN when there is none."""
        shares = [hit / everything for hit, everything, count in self.group.values() if count >= ENOUGH]
        return min(shares, default=float("nan"))

    def add(self, hit: Array, size: Array, label: Array, weight: Array | None, learned: Array | None) -> None:
        """One split."""
        w = np.ones(len(hit)) if weight is None else weight
        self.got.append(float(w @ hit / w.sum()))
        self.size.append(float(w @ size / w.sum()))
        n = LEARNED if learned is None else worth(learned)
        self.band = float(1.96 * np.sqrt(self.level * (1 - self.level) * (1 / worth(w) + 1 / n)))
        for name in np.unique(label):
            here = label == name
            cell = self.group[str(name)]
            cell[0], cell[1], cell[2] = cell[0] + float(w[here] @ hit[here]), cell[1] + float(w[here].sum()), cell[2] + int(here.sum())


def worth(w: Array) -> float:
    """How many equal rows so weighed rows are worth."""
    return float(w.sum() ** 2 / (w @ w))


def heads(one: Real, data: Cut) -> Iterator[tuple[str, bool, float, Array, Array, Array]]:
    """(name of the head, whether by group, level, hit [m], size [m], group [m]) on the test rows."""
    if one.task == "regression":
        chosen = conformal.choose(data.y, data.S, data.fold, weight=data.weight)
        mondrian = conformal.fit("mondrian", data.y, data.S, data.weight)
        group = fifths(data.T)
        for name, head in (("interval, chosen", chosen), ("interval, Mondrian", mondrian)):
            for level in PROMISED:
                low, high = head.apply(data.T, level)
                hit = (data.truth >= low[:, 0]) & (data.truth <= high[:, 0])
                yield name, name.endswith("Mondrian"), level, hit, (high - low)[:, 0] / data.truth.std(), group
        return
    found = calibration.choose(data.y, data.S, data.fold, "binary" if one.task == "binary" else "multiclass", weight=data.weight)
    classes = probabilities(data.S).shape[1]
    learned = sets.fit(data.y, found.column, classes, weight=data.weight)
    for level in PROMISED:
        inside = learned.apply(found.calibrator.apply(data.T), level)
        yield "sets", learned.by_class, level, inside[np.arange(len(data.truth)), data.truth], inside.sum(axis=1), data.truth


def fifths(T: Array) -> Array:
    """The group of each test row [m]: fifths of the prediction."""
    return below(T[:, 0], np.unique(np.quantile(T[:, 0], conformal.SHARES)))


def coverage(one: Real, folder: Path, kind: str, seeds: Sequence[int], weighted: bool = False) -> dict[tuple[str, float], Covered]:
    """By head and level, over the splits."""
    answer: dict[tuple[str, float], Covered] = {}
    for seed in seeds:
        data = cut(one, folder, kind, seed, weighted)
        for name, grouped, level, hit, size, group in heads(one, data):
            answer.setdefault((name, level), Covered(level, grouped)).add(hit, size, group, data.test_weight, data.weight)
    return answer


HELD = LEARNED // 4


def ends(data: Cut) -> tuple[Array, Array]:
    """Ends of the two quantile models, out of fold [n, 2] and on test rows [m, 2], with the settings of `--interval cqr`."""
    import lightgbm

    from etabli.work.ends import setting

    out, test = np.empty((len(data.y), 2)), np.empty((len(data.Z), 2))
    for place, level in enumerate((LOW, HIGH)):
        values = dict(setting(level, len(data.y), False).values)
        count, fixed = values.pop("n_estimators"), {"verbosity": -1, "num_threads": 1, "seed": 0, "deterministic": True}

        def fitted(rows: Array, values: dict[str, object] = values | fixed, count: int = count) -> lightgbm.Booster:
            weight = None if data.weight is None else data.weight[rows]
            return lightgbm.train(values, lightgbm.Dataset(data.X[rows], data.y[rows], weight=weight), count)

        for k in np.unique(data.fold):
            out[data.fold == k, place] = fitted(np.flatnonzero(data.fold != k)).predict(data.X[data.fold == k])
        test[:, place] = fitted(np.arange(len(data.y))).predict(data.Z)
    return out, test


def cqr(one: Real, folder: Path, kind: str, seeds: Sequence[int], weighted: bool = False) -> dict[float, Covered]:
    """By level: intervals between two quantile models, corrected on out-of-fold rows."""
    answer = {level: Covered(level, False) for level in PROMISED}
    for seed in seeds:
        data = cut(one, folder, kind, seed, weighted)
        out, test = ends(data)
        learned = conformal.learn("cqr", data.y, np.hstack([data.S, out]), data.weight)
        for level, found in answer.items():
            low, high = learned.apply(np.hstack([data.T, test]), level)
            hit = (data.truth >= low[:, 0]) & (data.truth <= high[:, 0])
            found.add(hit, (high - low)[:, 0] / data.truth.std(), fifths(data.T), data.test_weight, data.weight)
    return answer


def held(one: Real, folder: Path, kind: str, seeds: Sequence[int]) -> dict[float, Covered]:
    """By level: `--guarantee split`. A quarter of the learning rows alone sets the quantiles around a model of the others; the shape is that of
    the others' out-of-fold rows. The worst group is promised where every split had quantiles by group."""
    answer = {level: Covered(level, True) for level in PROMISED}
    for seed in seeds:
        data = cut(one, folder, kind, seed)
        aside = np.zeros(len(data.y), bool)
        aside[np.random.default_rng([seed, 5]).permutation(len(data.y))[:HELD]] = True
        answers = model(kind, one.task)(data.X[~aside], data.y[~aside], None)
        S, T = answers(data.X[aside]), answers(data.Z)
        label = fifths(T) if one.task == "regression" else data.truth
        if one.task == "regression":
            shape = conformal.choose(data.y[~aside], data.S[~aside], data.fold[~aside])
            around = conformal.learn(shape.kind, data.y[aside], S, shape=shape)
            by_group = shape.kind == "mondrian"
        else:
            learned = sets.fit(data.y[aside], S, probabilities(S).shape[1])
            by_group = learned.by_class
        for level, found in answer.items():
            if one.task == "regression":
                low, high = around.apply(T, level)
                hit, size = (data.truth >= low[:, 0]) & (data.truth <= high[:, 0]), (high - low)[:, 0] / data.truth.std()
            else:
                inside = learned.apply(T, level)
                hit, size = inside[np.arange(len(T)), data.truth], inside.sum(axis=1)
            found.add(hit, size, label, None, np.ones(HELD))
            found.grouped &= by_group
    return answer


@dataclass(frozen=True)
class Gain:
    """A set and a model. raw, chosen: log-loss on test rows, mean over the splits. error: standard error of their paired difference on
    one split's test rows. picked: how often each calibrator was taken."""

    raw: float
    chosen: float
    error: float
    picked: Mapping[str, int]

    @property
    def kept(self) -> bool:
        """Not worse than raw by more than a standard error."""
        return self.chosen - self.raw <= self.error


def gain(one: Real, folder: Path, kind: str, seeds: Sequence[int], weighted: bool = False) -> Gain:
    """What the chosen calibrator does to the log-loss of rows nobody has seen."""
    raw, chosen, error, picked = [], [], [], defaultdict(int)
    for seed in seeds:
        data = cut(one, folder, kind, seed, weighted)
        found = calibration.choose(data.y, data.S, data.fold, "binary" if one.task == "binary" else "multiclass", weight=data.weight)
        before = METRICS["log_loss"].rows(data.truth, data.T, data.test_weight)
        after = METRICS["log_loss"].rows(data.truth, found.calibrator.apply(data.T), data.test_weight)
        raw.append(before.mean())
        chosen.append(after.mean())
        error.append((after - before).std() / np.sqrt(len(before)))
        picked[found.calibrator.name] += 1
    return Gain(float(np.mean(raw)), float(np.mean(chosen)), float(np.mean(error)), dict(picked))
