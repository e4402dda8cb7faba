"""Weights in everything the judge learns: a row of weight two is two rows, and equal weights change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge import calibration, combine, conformal, sets
from etabli.judge.calibrators import fitting
from etabli.judge.coverage import measured
from etabli.judge.ranks import ranks
from etabli.records import Array


def binary(rows: int = 3_000, seed: int = 0) -> tuple[Array, Array, Array]:
    """Overconfident scores, their outcomes, and whole weights 1 to 3."""
    random = np.random.default_rng(seed)
    z = random.normal(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-z))).astype(np.int64)
    return y, (1 / (1 + np.exp(-3 * z)))[:, None], random.integers(1, 4, rows).astype(np.float64)


def repeated(w: Array, *parts: Array) -> tuple[Array, ...]:
    times = w.astype(int)
    return tuple(np.repeat(part, times, axis=0) for part in parts)


@pytest.mark.parametrize("kind", [kind for kind in fitting("binary") if kind.weighted], ids=lambda kind: kind.name)
def test_a_calibrator_takes_a_weight_of_two_for_two_rows(kind: type) -> None:
    y, S, w = binary()
    one = kind.fit(y, S, w).apply(S)  # type: ignore[attr-defined]
    two = kind.fit(*repeated(w, y, S)).apply(S)  # type: ignore[attr-defined]
    assert np.abs(one - two).max() < 5e-3
    assert np.abs(kind.fit(y, S, np.ones(len(y))).apply(S) - kind.fit(y, S).apply(S)).max() < 1e-9  # type: ignore[attr-defined]


def test_classes_too() -> None:
    random = np.random.default_rng(1)
    S = random.dirichlet(np.ones(3), 2_000)
    y = np.array([random.choice(3, p=row**0.5 / (row**0.5).sum()) for row in S])
    w = np.where(y == 2, 4.0, 1.0)
    for kind in fitting("multiclass"):
        if kind.weighted:
            one, two = kind.fit(y, S, w).apply(S), kind.fit(*repeated(w, y, S)).apply(S)
            assert np.abs(one - two).max() < 5e-3, kind.name


def test_the_choice_weighs_its_losses() -> None:
    y, S, w = binary()
    fold = np.arange(len(y)) % 5
    chosen = calibration.choose(y, S, fold, "binary", weight=w)
    assert chosen.calibrator.name != "raw" and chosen.calibrator.weighted
    assert chosen.losses["raw"] == pytest.approx(np.average(-np.log(np.where(y == 1, S[:, 0], 1 - S[:, 0])), weights=w))


def test_quantiles_of_weighed_scores() -> None:
    random = np.random.default_rng(2)
    scores, w = random.exponential(size=4_000), random.integers(1, 5, 4_000).astype(np.float64)
    for level in (0.5, 0.8, 0.9, 0.95):
        weighed = ranks([scores], weights=[w]).at(level)[0]
        assert weighed == pytest.approx(ranks([np.repeat(scores, w.astype(int))]).at(level)[0], rel=0.02)
    for count in (5, 100, 5_000):
        part = scores[:count]
        one, two = ranks([part]), ranks([part], weights=[np.full(len(part), 7.0)])
        assert (one.table == two.table).all() and one.slope == pytest.approx(two.slope)


def test_intervals_cover_the_weighed_population() -> None:
    """Heavy rows are noisier: unweighed intervals would not cover them."""
    random = np.random.default_rng(3)
    n = 6_000
    heavy = random.random(n) < 0.2
    w = np.where(heavy, 20.0, 1.0)
    y = random.normal(size=n) * np.where(heavy, 5.0, 1.0)
    S, fold = np.zeros((n, 1)) + 1e-9 * np.arange(n)[:, None], np.arange(n) % 5
    learned = conformal.choose(y, S, fold, weight=w)
    new_heavy = random.random(n) < 20 * 0.2 / (20 * 0.2 + 0.8)  # the population that the weights stand for
    new = random.normal(size=n) * np.where(new_heavy, 5.0, 1.0)
    lower, upper = learned.apply(S, 0.9)
    assert np.mean((lower[:, 0] <= new) & (new <= upper[:, 0])) == pytest.approx(0.9, abs=0.02)
    covered = next(c for c in conformal.coverage(learned.kind, y, S, fold, weight=w) if c.level == 0.9)
    assert covered.low <= covered.got <= covered.high
    assert covered.high - covered.low > 0.02  # fewer rows than there are


def test_sets_cover_the_weighed_population() -> None:
    y, S, _ = binary(8_000)
    wrong = (S[:, 0] > 0.5) != (y == 1)
    w = np.where(wrong, 3.0, 1.0)
    learned = sets.fit(y, S, 2, weight=w)
    inside = learned.apply(S, 0.9)[np.arange(len(y)), y]
    assert np.average(inside, weights=w) == pytest.approx(0.9, abs=0.02) and inside.mean() > 0.92


def test_the_combination_follows_the_heavy_rows() -> None:
    random = np.random.default_rng(4)
    y = random.normal(size=1_000)
    heavy = np.arange(1_000) < 200
    P = np.stack([np.where(heavy, y, 0.0), np.where(heavy, 0.0, y)], 1)[:, :, None]
    plain = combine.greedy(P, y, "regression").weights
    weighed = combine.greedy(P, y, "regression", weight=np.where(heavy, 50.0, 1.0)).weights
    assert plain[1] > plain[0] and weighed[0] > 0.8


def test_a_weighed_share_is_worth_fewer_rows() -> None:
    hit, names = np.arange(1_000) % 10 > 0, np.array(["a"] * 1_000)
    w = np.where(hit, 1.0, 2.0)
    plain, weighed = measured(hit, 0.9, 1.0, names), measured(hit, 0.9, 1.0, names, weight=w)
    assert weighed.got == pytest.approx(900 / 1100) and plain.got == 0.9
    assert measured(hit, 0.9, 1.0, names, weight=np.ones(1_000)) == plain
