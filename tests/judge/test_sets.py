from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.sets import coverage, fit
from tests.judge.heads import run_head


def case(n: int, K: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calibrated scores of unequal classes."""
    rng = np.random.default_rng(seed)
    z = 1.5 * rng.normal(size=(n, K)) + np.linspace(0, -2, K)
    P = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = (rng.random((n, 1)) > P.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return y, P[:, 1:] if K == 2 else P, rng.permutation(n) % 5


@pytest.mark.parametrize("K", [2, 5])
@pytest.mark.parametrize("by_class", [True, False])
def test_head_equals_numpy_and_is_never_empty(K, by_class):
    y, S, _ = case(3_000, K)
    learned = fit(y, S, K, by_class)
    P = np.hstack([1 - S, S]) if K == 2 else S
    sizes = []
    for level in (0.0, 0.3, 0.8, 0.9, 0.95, 0.9999, 1.0):
        got, nodes = run_head(lambda g: {"set": (learned.write(g, "p", "c"), "bool", K)}, p=P, c=np.array(level))
        want = learned.apply(S, level)
        assert np.array_equal(got["set"], want)
        assert want[np.arange(len(P)), P.argmax(axis=1)].all()
        assert nodes <= 10
        sizes.append(want.sum())
    assert sizes == sorted(sizes) and sizes[-1] == len(P) * K


def test_coverage_of_new_rows_for_every_class():
    """Per-class sets keep the promise for the rarest class, which one quantile for all does not."""
    rare = {True: [], False: []}
    for seed in range(20):
        y, S, _ = case(800, 2, seed)
        new, T, _ = case(4_000, 2, 1_000 + seed)
        for by_class, found in rare.items():
            inside = fit(y, S, 2, by_class).apply(T, 0.9)
            found.append(inside[new == 1, 1].mean())
            assert inside[np.arange(4_000), new].mean() > 0.86
    assert 0.88 < np.mean(rare[True]) < 0.93
    assert np.mean(rare[False]) < 0.82


def test_measured_coverage_is_within_its_band_and_names_the_class():
    kept = 0
    for seed in range(20):
        y, S, fold = case(800, 2, seed)
        found = coverage(y, S, fold, 2, names=("no", "yes"))
        kept += all(one.low <= one.got for one in found) and found[2].got <= found[2].high  # at 80 % the top label alone covers more
    assert kept >= 17
    marginal = coverage(*case(3_000, 2), 2, by_class=False, names=("no", "yes"))[1]
    assert marginal.worst_group == "yes" and not marginal.kept


def test_rare_classes_share_one_quantile():
    y, S, fold = case(200, 5)
    assert not fit(y, S, 5).by_class
    assert coverage(y, S, fold, 5)[0].worst is None or coverage(y, S, fold, 5)[0].worst_group in "01234"
    missing = fit(np.zeros(100, np.int64), np.tile(np.eye(3)[:1], (100, 1)), 3, by_class=True)
    assert missing.apply(np.eye(3), 0.9)[:, 1:].all()  # nothing is known of the others: they stay in


def test_a_last_digit_does_not_decide_for_the_rows_that_set_the_threshold():
    rng = np.random.default_rng(3)
    p = rng.random((2_000, 1))
    y = (rng.random(2_000) < p[:, 0]).astype(np.int64)
    found = fit(y, p, 2)
    for level in (0.8, 0.9, 0.95):
        assert np.array_equal(found.apply(p, level), found.apply(np.clip(p - 1e-14, 0, 1), level))
