"""The predictive distribution: the file's head, calibration on new rows, both directions, and the CRPS against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge import conformal
from etabli.judge.conformal import KINDS
from etabli.judge.distribution import crps, fit
from etabli.judge.metrics.crps import ensemble

LEVELS = np.array([0.001, 0.05, 0.1, 0.5, 0.77, 0.9, 0.999])


def numbers(n: int, seed: int = 0, whole: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, and targets with skewed noise that grows with the prediction; whole: rounded to whole numbers, with ties."""
    rng = np.random.default_rng(seed)
    p = rng.normal(size=n)
    y = p + (rng.exponential(size=n) - 1) * (1 + 0.7 * np.abs(p + 1.5))
    return (np.round(y), np.round(p)[:, None], rng.permutation(n) % 5) if whole else (y, p[:, None], rng.permutation(n) % 5)


def close(got: np.ndarray, want: np.ndarray) -> bool:
    return np.array_equal(np.isfinite(got), np.isfinite(want)) and np.allclose(got, want, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_head_equals_numpy(kind, whole):
    y, S, _ = numbers(1_500, whole=whole)
    learned = fit(kind, y, S)
    rows = np.vstack([S[:300], [[-1e6], [1e6], [0.0]], learned.shape.edges[:, None]])
    each = np.linspace(-8, 12, len(rows))[:, None]
    for at in (np.array(0.5), each, np.array(np.nan), np.array(3.0)):

        def write(g):
            quantile, cdf = learned.write(g, "p", "q", "at")
            return {"quantile": (quantile, "double", len(LEVELS)), "cdf": (cdf, "double", 1)}

        got = _run(write, p=rows, q=LEVELS, at=at)
        assert close(got["quantile"], learned.quantile(rows, LEVELS))
        assert close(got["cdf"], learned.cdf(rows, at))
        assert (np.diff(got["quantile"], axis=1) >= 0).all()


def _run(write, p, q, at):
    """As `run_head`, with a vector among the inputs."""
    from etabli.graph.graph import Graph
    from etabli.graph.run import session

    graph = Graph()
    graph.input("p")
    graph.parameter("q", [0.5], (None,))
    graph.parameter("at", float("nan"), None)
    ready = session(graph.model(write(graph)))
    names = [value.name for value in ready.get_outputs()]
    return dict(zip(names, ready.run(names, {"p": p, "q": q, "at": at}), strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 900), st.floats(0.02, 0.98), st.sampled_from(KINDS))
def test_the_cdf_at_a_quantile_is_its_level(n, level, kind):
    y, S, _ = numbers(n, n)
    learned = fit(kind, y, S)
    value = learned.quantile(S, [level])
    inside = np.isfinite(value[:, 0])
    assert np.allclose(learned.cdf(S, value)[inside], level, atol=1e-6)
    steps = np.linspace(y.min() - 9, y.max() + 9, 40)
    table = np.hstack([learned.cdf(S[:5], float(at)) for at in steps])
    assert (np.diff(table, axis=1) >= -1e-12).all() and (table > 0).all() and (table < 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_quantiles_of_new_rows_are_true(kind):
    """Twenty analyses of 500 rows: so many new values lie below the quantile as it says; their cdf is uniform."""
    under = np.zeros((20, 3))
    for seed in range(20):
        y, S, _ = numbers(500, seed)
        new, T, _ = numbers(2_000, 500 + seed)
        learned = fit(kind, y, S)
        under[seed] = (new[:, None] <= learned.quantile(T, [0.1, 0.5, 0.9])).mean(0)
        assert abs(learned.cdf(T, new[:, None]).mean() - 0.5) < 0.05
    assert np.abs(under.mean(0) - [0.1, 0.5, 0.9]).max() < 0.015


def test_ends_of_intervals_are_quantiles_where_there_are_two_tails():
    y, S, _ = numbers(399)  # (n + 1) / 20 is whole: no rank is rounded
    low, high = conformal.fit("normalised", y, S).apply(S, 0.9)
    assert np.allclose(np.hstack([low, high]), fit("normalised", y, S).quantile(S, [0.05, 0.95]), rtol=1e-9)


def test_weighted_rows_move_the_quantiles():
    y, S, _ = numbers(2_000)
    heavy = np.where(y - S[:, 0] > 0, 3.0, 1.0)
    assert fit("constant", y, S, heavy).quantile(S[:1], [0.5])[0, 0] > fit("constant", y, S).quantile(S[:1], [0.5])[0, 0] + 0.1
    assert np.allclose(fit("constant", y, S, np.full(2_000, 7.0)).table, fit("constant", y, S).table)


def test_crps_is_its_integral():
    """(F(x) - 1{x >= y})^2 summed over a fine grid; and twice the mean pinball loss of all quantiles."""
    rng = np.random.default_rng(0)
    values, y = np.sort(rng.normal(size=40)), rng.normal(size=25) * 2
    x = np.linspace(-9, 9, 360_001)
    share = np.searchsorted(values, x, side="right") / 40
    for outcome, got in zip(y, ensemble(values, y), strict=True):
        assert got == pytest.approx(np.sum((share - (x >= outcome)) ** 2) * (x[1] - x[0]), abs=2e-4)
    assert ensemble(np.array([1.0]), np.array([3.5]))[0] == 2.5


def test_crps_of_a_good_model_is_lower_than_its_error_and_than_knowing_nothing():
    y, S, fold = numbers(1_500)
    own, plain = crps("normalised", y, S, fold)
    constant, _ = crps("constant", y, S, fold)
    assert own.mean() < 0.9 * np.abs(y - S[:, 0]).mean() and own.mean() < 0.95 * plain.mean()
    assert own.mean() < constant.mean()


def test_few_rows():
    for n in (1, 2, 5):
        learned = fit("constant", np.arange(float(n)), np.zeros((n, 1)))
        assert np.isfinite(learned.quantile(np.zeros((1, 1)), [0.5])).all()
        assert np.isinf(learned.quantile(np.zeros((1, 1)), [0.01, 0.99])).all()
        assert 0 < learned.cdf(np.zeros((1, 1)), 0.0)[0, 0] < 1
