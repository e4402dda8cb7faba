from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.race import keep, patience
from etabli.judge.ties import ties


def test_noise_is_hardly_ever_told_apart():
    """Ten equal candidates, forty tables: a given one is excluded in at most 5 % of them, up to chance."""
    excluded = 0
    for seed in range(40):
        losses = np.random.default_rng(seed).normal(size=(150, 10)) + np.random.default_rng(1000 + seed).normal(size=(150, 1))
        excluded += 4 not in ties(losses, int(losses.mean(axis=0).argmin()), seed=seed, draws=300).tied
    assert excluded <= 5  # binomial(40, .05) exceeds this in 1.4 % of cases; the true rate is well below 5 %


def test_clear_differences_are_told_apart_and_margins_forgive():
    rng = np.random.default_rng(0)
    base = rng.random((500, 1))
    losses = np.hstack([base, base + 0.02 + 0.01 * rng.normal(size=(500, 1)), base + 1, base])
    found = ties(losses, 0)
    assert set(found.tied) == {0, 3}
    assert found.difference[2] == pytest.approx(1)
    assert found.low[1] <= found.difference[1] <= found.high[1]
    assert set(ties(losses, 0, margin=0.03).tied) == {0, 1, 3}


def test_a_broken_candidate_is_not_tied():
    losses = np.random.default_rng(0).random((50, 3))
    losses[3, 1] = np.nan
    found = ties(losses, 0)
    assert 1 not in found.tied and np.isnan(found.low[1])


def test_groups_make_ties():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(6), 100)
    shift = np.array([1.0, -0.6, 0.8, -0.7, 0.9, -0.4])[groups]
    losses = np.column_stack([rng.random(600), rng.random(600) + shift])
    assert set(ties(losses, 0).tied) == {0}
    assert set(ties(losses, 0, groups).tied) == {0, 1}


def test_hopeless_candidates_are_dropped_and_new_ones_stay():
    rng = np.random.default_rng(0)
    losses = rng.random((200, 4)) + np.array([0, 0.01, 0.5, 0.5])
    losses[100:, 3] = np.nan
    kept = keep(losses, np.array([4, 4, 4, 1]))
    assert kept.tolist() == [True, True, False, True]
    assert keep(losses).tolist() == [True, True, False, False]
    losses[0, 1] = np.inf
    assert not keep(losses)[1]
    assert keep(np.full((5, 2), np.nan)).all()
    assert keep(np.full((5, 2), np.inf)).any()  # somebody leads


def test_patience_grows_with_the_rows():
    assert [patience(n) for n in (1, 100, 500, 2_500, 10_000, 10**6)] == [4, 4, 8, 15, 40, 40]
    assert all(patience(n) <= patience(n + 100) for n in range(50, 12_000, 100))
