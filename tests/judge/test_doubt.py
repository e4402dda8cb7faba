"""More contradictions than honest overlap makes: clean tables are quiet, planted slips are found, a target that is not known better is no slip."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from etabli.judge.doubt import floor, outliers


def table(seed: int, rows: int = 4000, slope: float = 4.0, flipped: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(labels, scores bolder than right): a logistic truth."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = (rng.random(rows) < expit(slope * x)).astype(np.int64)
    wrong = rng.random(rows) < flipped
    return np.where(wrong, 1 - y, y), expit(1.3 * slope * x)[:, None]


def test_clean_tables_are_quiet_and_slips_are_found():
    clean = [floor(*table(seed)) for seed in range(15)]
    assert sum(one.found for one in clean) == 0
    planted = [floor(*table(seed, flipped=0.05)) for seed in range(15)]
    assert sum(one.found for one in planted) >= 13
    assert np.mean([one.share for one in planted]) == pytest.approx(0.05, abs=0.012)
    assert np.mean([one.low <= 0.05 <= one.high for one in planted]) > 0.8


def test_noise_and_a_target_that_is_not_known_better_are_no_slips():
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 3000), rng.beta(3, 3, 3000)[:, None]
    assert not floor(y, p).found
    x = rng.normal(size=3000)
    y = (rng.random(3000) < np.where(x > 0, 0.8, 0.2)).astype(np.int64)
    assert not floor(y, expit(2 * x)[:, None]).found
    assert not floor(np.array([0, 1, 1]), np.array([[0.2], [0.7], [0.1]])).found


def test_several_classes():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 3000)
    x = 3.5 * np.eye(3)[truth] + rng.normal(size=(3000, 3))
    P = np.exp(3.5 * x) / np.exp(3.5 * x).sum(1, keepdims=True)
    assert not floor(truth, P).found
    wrong = rng.random(3000) < 0.05
    assert floor(np.where(wrong, (truth + 1) % 3, truth), P).found


@pytest.mark.parametrize("kind", ["normal", "t", "lognormal"])
def test_far_values_are_named_and_honest_tails_are_not(kind):
    rung = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = rng.normal(size=1500)
        r = {"normal": rng.normal(size=1500), "t": rng.standard_t(3, 1500), "lognormal": np.exp(rng.normal(size=1500)) - 1.6}[kind]
        rung += len(outliers(r * np.exp(p / 2), p)[0]) > 0
    assert rung <= 3
    r[[3, 700]] = [4e8, -9e8]
    rows, times = outliers(r, p)
    assert rows[:2].tolist() == [700, 3] and (np.diff(times[:2]) < 0).all() and len(rows) <= 4
    assert not len(outliers(r[:100], p[:100])[0]) and not len(outliers(np.zeros(600), np.arange(600.0))[0])
