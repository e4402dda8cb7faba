from __future__ import annotations

import numpy as np
import pytest

from etabli.errors import DataError
from etabli.judge.draws import blocks, means
from etabli.judge.honesty import SHARED, _pairs, bbc, bbc_auc, honest, interval
from etabli.judge.metrics import METRICS


def scores(kind: str, seed: int, n: int = 200, C: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.permutation(n) % 2
    E = rng.normal(size=(n, C)) if kind == "useless" else np.sqrt(0.8) * rng.normal(size=(n, 1)) + np.sqrt(0.2) * rng.normal(size=(n, C))
    if kind == "equal":
        E = E + np.sqrt(2) * 0.5244 * y[:, None]  # an AUC of .70 each
    return y, E, rng.permutation(n) % 5


@pytest.mark.parametrize(("kind", "truth"), [("useless", 0.5), ("equal", 0.7)])
def test_bbc_auc_removes_the_flattery(kind, truth):
    """A reduced bench/uncertain/bbc_check.py: truth is known, the leaderboard is flattered, the honest score is not."""
    found = [bbc_auc(*scores(kind, seed), seed=seed, draws=200) for seed in range(20)]
    flattery = np.mean([one.leaderboard for one in found]) - truth
    error = np.array([one.value for one in found]) - truth
    assert flattery > 0.02
    assert abs(error.mean()) < max(0.35 * flattery, 2.5 * error.std() / np.sqrt(len(error)))
    assert sum(one.low <= truth <= one.high for one in found) >= 18


def test_noise_is_hardly_ever_better_than_nothing():
    """The interval of useless candidates must not exclude an AUC of one half in more than 5 % of the seeds."""
    found = [bbc_auc(*scores("useless", 100 + seed, n=120, C=15), seed=seed, draws=150).low > 0.5 for seed in range(40)]
    assert sum(found) <= 2


def test_bbc_of_losses_is_close_to_the_truth():
    """Fifty equally good candidates of squared loss 1: the leaderboard claims less, the honest score does not."""
    errors, flattered, held = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = bbc(rng.normal(size=(200, 50)) ** 2, seed=seed, draws=300)
        errors.append(found.value - 1)
        flattered.append(found.leaderboard - 1)
        held.append(found.low <= 1 <= found.high)
    assert np.mean(flattered) < -0.15
    assert abs(np.mean(errors)) < 0.03
    assert sum(held) >= 18


def test_exact_and_linear_auc_agree(monkeypatch):
    y, P, fold = scores("equal", 3, n=600, C=10)
    assert len(_pairs(y, fold)[0]) > 0
    exact = bbc_auc(y, P, fold, draws=500)
    monkeypatch.setattr("etabli.judge.honesty.PAIRS", 0)
    linear = bbc_auc(y, P, fold, draws=500)
    assert linear.leaderboard == pytest.approx(exact.leaderboard, rel=1e-12)
    assert linear.value == pytest.approx(exact.value, abs=0.004)
    assert (linear.low, linear.high) == pytest.approx((exact.low, exact.high), abs=0.01)
    assert np.abs(linear.picks - exact.picks).max() < 0.1


def test_one_good_candidate_is_picked_and_broken_ones_never():
    losses = np.random.default_rng(0).random((300, 4))
    losses[:, 2] -= 0.5
    losses[7, 0] = np.inf
    found = bbc(losses)
    assert found.winner == 2 and found.picks[2] == 1 and found.picks[0] == 0
    assert found.value == pytest.approx(losses[:, 2].mean(), abs=0.01)
    with pytest.raises(DataError):
        bbc(np.full((5, 2), np.nan))


def test_groups_widen_the_interval_and_few_groups_more():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 10)
    losses = rng.normal(size=(40, 1))[groups] + 0.1 * rng.normal(size=(400, 1)) + 5
    alone, whole = bbc(losses), bbc(losses, groups)
    assert whole.high - whole.low > 2 * (alone.high - alone.low)
    few = bbc(losses[:50], groups[:50])
    assert few.high - few.low > whole.high - whole.low
    assert bbc(losses[:10], groups[:10]).value == pytest.approx(losses[:10].mean(), abs=0.2)  # one group: rows are drawn


def test_rmse_is_reported_as_a_root_and_blocks_are_neighbours():
    rng = np.random.default_rng(2)
    y, S = rng.normal(size=500), np.zeros((500, 3, 1))
    found = honest(METRICS["rmse"], y, S + 0.01 * rng.normal(size=S.shape))
    assert found.value == pytest.approx(1, abs=0.1) and found.low < found.value < found.high
    assert len(np.unique(blocks(1_000))) == 100
    single = interval(METRICS["rmse"], y, S[:, 0], groups=blocks(500))
    assert single.low < single.value < single.high


def test_interval_of_an_outer_test_holds_the_truth():
    held = []
    for seed in range(40):
        y = (np.random.default_rng(seed).random(400) < 0.3).astype(np.int64)
        found = interval(METRICS["brier"], y, np.full((400, 1), 0.3), seed=seed, draws=300)
        held.append(found.low <= 0.21 <= found.high)
    assert 34 <= sum(held) <= 40


def taught(own: float, forward: bool, seed: int, n: int = 80, C: int = 30, folds: int = 5) -> np.ndarray:
    """Losses [n, C] of useless candidates, in which what row i taught about j is what j taught about i (or only the earlier taught)."""
    rng = np.random.default_rng(seed)
    fold = rng.permutation(n) % folds
    pair = rng.normal(size=(C, n, n)) * (fold[:, None] != fold)
    pair = np.tril(pair, -1) if forward else np.tril(pair, -1) + np.tril(pair, -1).transpose(0, 2, 1)
    shared = pair.sum(axis=2).T / np.sqrt(n * (1 - 1 / folds))
    return np.sqrt(1 - own) * shared + np.sqrt(own) * rng.normal(size=(n, C))


@pytest.mark.parametrize(("own", "forward", "beta"), [(0.0, False, 1 / 3), (0.5, False, 1 / 5), (1.0, False, 0.0), (0.0, True, 0.0)])
def test_rows_left_out_share_the_luck_of_rows_drawn(own, forward, beta):
    """The derivation at the head of judge/honesty.py: beta = q / (2 + q), and none where rows do not teach each other."""
    together = square = 0.0
    for seed in range(30):
        inside, outside = means(taught(own, forward, seed, C=80), seed=seed, draws=60)
        together, square = together + (inside * outside).sum(), square + (inside**2).sum()
    assert together / square == pytest.approx(beta, abs=0.05)


def test_the_correction_fades_where_the_lead_stays_and_leaves_the_better_end():
    y, P, fold = scores("useless", 1)
    plain, found = bbc_auc(y, P, fold, draws=200), bbc_auc(y, P, fold, draws=200, shared=SHARED)
    assert found.value < plain.value < plain.leaderboard and found.low < plain.low
    assert (found.high, found.leaderboard, found.winner) == (plain.high, plain.leaderboard, plain.winner)
    auc = METRICS["roc_auc"]
    assert honest(auc, y, P[:, :, None], fold, draws=200).value == found.value
    assert honest(auc, y, P[:, :, None], fold, draws=200, mutual=False).value == plain.value
    strong = P + 3 * y[:, None]
    lost = bbc_auc(y, strong, fold, draws=200).value - bbc_auc(y, strong, fold, draws=200, shared=SHARED).value
    assert 0 <= lost < 0.05 * (plain.value - found.value)
    losses = np.random.default_rng(4).normal(size=(100, 20)) ** 2
    near, far, unknown = (bbc(losses, shared=SHARED, draws=200, nothing=nothing).value for nothing in (1.0, 9.0, None))
    assert bbc(losses, draws=200).value < far < unknown < near


def test_single_precision_does_no_harm():
    values = 1e9 + np.random.default_rng(0).normal(size=(6_000, 2))
    inside, outside = means(values, draws=50)
    assert inside.std(axis=0) == pytest.approx(np.full(2, 1 / np.sqrt(6_000)), rel=0.4)
    assert np.isfinite(outside).all()
