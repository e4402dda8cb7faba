"""Conformalised quantile regression: the head, its coverage, and ends that are no good."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge import conformal
from etabli.judge.cqr import fit
from tests.judge.heads import run_head


def numbers(n: int, seed: int = 0, off: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Targets whose noise follows a column that the prediction does not show, and (prediction, low, high); off: how wrong the ends are."""
    rng = np.random.default_rng(seed)
    p, scale = rng.normal(size=n), np.exp(rng.normal(size=n))
    return p + scale * rng.normal(size=n), np.column_stack([p, p - 1.64 * scale + off, p + 1.64 * scale - off])


def test_head_equals_numpy():
    y, S = numbers(1_000, off=0.4)
    learned = fit(y, S)
    S[:5, 1], S[:5, 2] = 9.0, -9.0  # ends the wrong way round
    for level in (0.1, 0.5, 0.9, 0.99, 1.0):
        for half in (1.0, 1.7):

            def write(g):
                ends = learned.write(g, "p", "c", "h", ("l", "u"))
                return {name: (one, "double", 1) for name, one in zip(("lower", "upper"), ends, strict=True)}

            got, _ = run_head(write, p=S[:, :1], l=S[:, 1:2], u=S[:, 2:], c=np.array(level), h=np.array(half))
            for name, want in zip(("lower", "upper"), learned.apply(S, level, half), strict=True):
                assert np.allclose(got[name], want, rtol=1e-13, atol=1e-13)
            assert (got["lower"] <= S[:, :1]).all() and (got["upper"] >= S[:, :1]).all()


@pytest.mark.parametrize("off", [0.0, 0.8, -2.0])
def test_any_level_is_kept_whatever_the_ends(off):
    got = {0.5: [], 0.9: []}
    for seed in range(20):
        learned = fit(*numbers(400, seed, off))
        new, T = numbers(2_000, 900 + seed, off)
        for level, found in got.items():
            low, high = learned.apply(T, level)
            found.append(np.mean((new >= low[:, 0]) & (new <= high[:, 0])))
    for level, found in got.items():
        assert level - 0.012 < np.mean(found) < level + 0.02


def test_width_follows_what_the_prediction_does_not_show():
    y, S = numbers(2_000)
    fold = np.arange(2_000) % 5
    own = conformal.score(y, *conformal.crossfit("cqr", y, S, fold, 0.9), 0.9).mean()
    rest = min(conformal.score(y, *conformal.crossfit(kind, y, S[:, :1], fold, 0.9), 0.9).mean() for kind in conformal.KINDS)
    assert own < 0.75 * rest
    assert all(one.low <= one.got <= one.high for one in conformal.coverage("cqr", y, S, fold))


def test_forward_coverage_uses_earlier_rows_alone():
    """Noise that doubles in the last fold: quantiles from all other folds would not change for the folds before."""
    rng = np.random.default_rng(0)
    fold = np.repeat(np.arange(5), 200)
    y = rng.normal(size=1_000) * np.where(fold == 4, 3.0, 1.0)
    S = np.zeros((1_000, 1))
    (one,) = conformal.coverage("constant", y, S, fold, levels=(0.9,), forward=True)
    assert [window.place for window in one.windows] == [1, 2, 3, 4] and all(window.rows == 200 for window in one.windows)
    assert all(window.low <= window.got for window in one.windows[:3]) and one.windows[3].got < one.windows[3].low < 0.9
    assert not conformal.coverage("constant", y, S, fold, levels=(0.9,))[0].windows
