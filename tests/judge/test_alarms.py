from __future__ import annotations

import numpy as np

from etabli.judge.alarms import bounded, grouped, later, residuals, serial


def test_planted_groups_and_order_are_found():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        groups = rng.integers(0, 60, 400)
        assert grouped(rng.normal(size=400) * 0.8 + 0.6 * rng.normal(size=60)[groups], groups, seed).rings
        wave = np.zeros(400)
        for i in range(1, 400):
            wave[i] = 0.9 * wave[i - 1] + rng.normal() * 0.5
        assert serial(wave + rng.normal(size=400), seed).rings


def test_clean_tables_stay_quiet():
    rings = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        r = rng.standard_t(3, size=300)
        rings += grouped(r, rng.integers(0, 50, 300), seed).rings + serial(r, seed).rings
    assert rings <= 3  # 80 tests at 1 %


def test_a_tiny_effect_on_many_rows_is_no_alarm():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 20, 20_000)
    found = grouped(rng.normal(size=20_000) + 0.06 * rng.normal(size=20)[groups], groups)
    assert found.p < 0.01 and not found.rings


def test_classes_and_degenerate_groups():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    P = rng.dirichlet(np.ones(3), 200)
    R = residuals(y, P, "multiclass")
    assert R.shape == (200, 3) and np.abs(R.sum(axis=1)).max() < 1e-12
    assert residuals(y % 2, P[:, :1], "binary").shape == (200, 1)
    assert grouped(R, y).rings  # the target itself as the group
    assert grouped(R, np.zeros(200)).p == grouped(R, np.arange(200)).p == 1.0
    assert serial(np.zeros(10)).p == 1.0
    clipped = residuals(np.append(np.zeros(199), 1e9), np.zeros((200, 1)), "regression")
    assert clipped.max() < 1e9


def test_rows_that_follow_each_other_within_groups_only():
    """The hours of a storm: no mean of its own, but each hour like the last; in one long series the borders do not matter."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 30)

    def wave(start):
        r = rng.normal(size=3000)
        for i in range(1, 3000):
            r[i] += 0 if start[i] else 0.7 * r[i - 1]
        return r

    storms = wave(np.append(True, groups[1:] != groups[:-1]))
    assert bounded(storms, groups).rings and bounded(np.column_stack([storms, -storms]), groups).rings
    assert not bounded(wave(np.zeros(3000, bool)), groups).rings
    assert not bounded(rng.normal(size=3000), groups).rings
    assert not bounded(storms, np.zeros(3000)).rings and not bounded(storms, np.arange(3000)).rings


def test_the_smallest_p_that_permutations_can_have_rings():
    groups = np.repeat(np.arange(20), 20)
    found = grouped(groups + np.random.default_rng(0).normal(size=400), groups, draws=999, level=0.01 / 10)
    assert found.p == 0.001 and found.rings


def test_later_rows_that_are_harder_are_told_and_others_are_not():
    rings = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        loss = rng.exponential(size=1_000)
        rings += later(loss, seed).rings + later(np.where(np.arange(1_000) < 800, 1.5 * loss, loss), seed).rings  # the past was harder
        assert later(np.where(np.arange(1_000) < 800, loss, 1.5 * loss), seed).rings
    assert rings <= 3
    small = later(np.where(np.arange(20_000) < 16_000, 1.0, 1.09) * rng.exponential(size=20_000))
    assert small.p < 0.01 and not small.rings  # certain, and too little to matter
    assert not later(np.empty(0)).rings and not later(np.zeros(50)).rings and not later(np.ones(3)).rings
