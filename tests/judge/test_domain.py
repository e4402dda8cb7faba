"""New rows against old ones: quiet where nothing changed, right where the change is known, silent where nothing is shared."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from etabli.judge import samples
from etabli.judge.domain import domain, kish
from etabli.judge.metrics import METRICS
from etabli.judge.worth import word, worth

NUMBERS = ("longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population", "households", "median_income")
INCOME = 7


@pytest.fixture(scope="module")
def houses(shared) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(columns [n, 8], log price [n], standardised income [n]) in an order made by chance."""
    with (shared / "california_housing.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    X = np.array([[float(row[name] or "nan") for name in NUMBERS] for row in rows])
    y = np.log(np.array([float(row["median_house_value"]) for row in rows]))
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    return X, y, (X[:, INCOME] - X[:, INCOME].mean()) / X[:, INCOME].std()


def test_equal_rows_are_equal_and_mixed_columns_are_taken(houses):
    X, _, z = houses
    told = np.column_stack([X, np.where(z > 1, np.nan, np.floor(3 * z) % 7)])
    categorical = np.arange(9) == 8
    alarms, held = 0, 0
    for seed in range(5):
        rows = np.random.default_rng(seed).permutation(len(X))
        seen = domain(told[rows[:700]], told[rows[700:1_000]], categorical, seed)
        assert seen is not None
        alarms += seen.differs
        held += seen.low <= 0.5 <= seen.high
        assert seen.share > 0.9 and word(seen) == "expected"
    assert alarms <= 1 and held >= 4


def test_a_known_tilt_is_measured_and_the_old_score_is_reweighed(houses):
    """California tilted by exp(0.8 z) in income: domain AUC 0.74, and the weights are those of the tilt."""
    X, y, z = houses
    tilt = np.exp(0.8 * np.clip(z, -2, 3))
    old, rest = np.arange(3_000), np.arange(3_000, len(X))
    new = np.random.default_rng(1).choice(rest, 3_000, p=tilt[rest] / tilt[rest].sum())
    seen = domain(X[old], X[new], np.zeros(8, bool))
    assert seen is not None and seen.differs
    assert seen.auc == pytest.approx(0.74, abs=0.02)
    assert seen.carried[0][0] == INCOME
    assert seen.share == pytest.approx(kish(tilt[old]) / len(old), abs=0.06)  # 0.39
    assert np.corrcoef(seen.weight, tilt[old])[0, 1] > 0.93
    answer = np.column_stack([np.full(len(y), 11.0) + 0.45 * z + 0.2 * np.abs(z)])  # worse for the rich
    found = worth(METRICS["rmse"], y[old], answer[old], seen)
    truth, plain = METRICS["rmse"].value(y[new], answer[new]), METRICS["rmse"].value(y[old], answer[old])
    assert found is not None and found.word == "expected" and found.plain == pytest.approx(plain)
    assert abs(found.value - truth) < 0.5 * abs(plain - truth)
    assert found.low <= truth <= found.high
    promised = worth(METRICS["rmse"], y[old], answer[old], seen, honest=plain + 0.1)
    assert promised is not None and promised.value == pytest.approx(found.value + 0.1)


def test_rows_without_common_ground_say_nothing(houses):
    X, y, z = houses
    poor, rich = np.flatnonzero(z < 0)[:800], np.flatnonzero(z > 0.3)[:800]
    seen = domain(X[poor], X[rich], np.zeros(8, bool))
    assert seen is not None and seen.auc > 0.98 and seen.alone > 0.9 and seen.effective < 100
    assert word(seen) == "nothing" and worth(METRICS["rmse"], y[poor], y[poor, None], seen) is None
    half = np.concatenate([rich[:100], poor[400:]])
    some = domain(X[poor[:400]], X[half], np.zeros(8, bool))
    assert some is not None and word(some) == "at best" and 0.1 < some.alone < 0.3


def test_too_little_to_tell():
    assert domain(np.zeros((100, 2)), np.zeros((100, 2)), np.zeros(2, bool)) is None
    assert domain(np.arange(10.0)[:, None], np.arange(10.0)[:, None], np.zeros(1, bool)) is None
    assert domain(np.empty((100, 0)), np.empty((100, 0)), np.zeros(0, bool)) is None
    odd = np.column_stack([np.full(60, np.nan), np.tile([np.nan, 1.0, np.inf], 20)])
    seen = domain(odd, np.zeros((60, 2)), np.zeros(2, bool))
    assert seen is not None and np.isfinite(seen.weight).all()


def test_two_samples_and_many_of_them():
    random = np.random.default_rng(0)
    p = [samples.numbers(random.normal(size=80), random.normal(size=50))[1] for _ in range(200)]
    assert np.mean(np.array(p) < 0.05) < 0.1
    p = [
        samples.counts(random.multinomial(80, [0.7, 0.2, 0.09, 0.01]), random.multinomial(60, [0.7, 0.2, 0.09, 0.01]))[1]
        for _ in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) < 0.1
    assert samples.numbers(random.normal(size=200), 1 + random.normal(size=200))[0] == pytest.approx(0.38, abs=0.1)
    assert samples.counts(np.array([50, 50]), np.array([90, 10])) == (pytest.approx(0.4), pytest.approx(2e-9, rel=1))
    assert samples.counts(np.array([1, 0]), np.array([0, 1]))[1] == 1.0  # nothing can be told of two rows
    assert samples.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert samples.holm([]) == []
    assert samples.more_than(5, 100, 0.01) == pytest.approx(0.0034, abs=1e-4)
    wrong = [samples.too_small(random.random(200))[1] < 0.05 for _ in range(200)]
    assert np.mean(wrong) < 0.1
    assert samples.too_small(random.random(200) ** 2)[1] < 1e-3
