from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge.conformal import KINDS, choose, coverage, crossfit, fit, score
from etabli.judge.coverage import band, measured
from etabli.judge.ranks import ranks
from tests.judge.heads import run_head


def numbers(n: int, seed: int = 0, spread: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, and targets whose noise grows with the prediction when spread > 0."""
    rng = np.random.default_rng(seed)
    p = rng.normal(size=n)
    return p + rng.standard_t(4, size=n) * (1 + spread * np.abs(p + 1.5)), p[:, None], rng.permutation(n) % 5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3_000), st.floats(0, 1), st.integers(20, 2_000), st.booleans())
def test_table_is_the_conformal_quantile_or_the_next_above(n, level, knots, falling):
    scores = np.random.default_rng(n).normal(size=n)
    rank = max(1, int(np.ceil((n + 1) * level - 1e-9)))
    ordered = np.append(np.sort(-scores if falling else scores), np.inf)
    got = ranks([scores], knots=knots, sign=-1.0 if falling else 1.0).at(level)[0] * (-1 if falling else 1)
    assert got >= ordered[min(rank, n + 1) - 1]
    if n <= knots:
        assert got == ordered[min(rank, n + 1) - 1]
    elif rank <= n:
        assert got <= ordered[min(rank + n // knots + 1, n) - 1]


def test_nineteen_rows_carry_95_percent_and_eighteen_do_not():
    assert np.isfinite(ranks([np.arange(19.0)]).at(0.95)[0])
    assert np.isinf(ranks([np.arange(18.0)]).at(0.95)[0])
    assert np.isinf(ranks([np.arange(18.0), np.empty(0)]).at(0.5)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_head_equals_numpy_at_any_level(kind):
    y, S, _ = numbers(4_000, spread=0.5)
    learned = fit(kind, y, S)
    rows = np.vstack([S, [[-1e6], [1e6], [0.0]], learned.edges[:, None], np.nextafter(learned.edges, np.inf)[:, None]])
    for level in (0.0, 0.5, 0.8, 0.9, 0.95, 0.999, 1.0):

        def write(g):
            low, high = learned.write(g, "p", "c")
            return {"lower": (low, "double", 1), "upper": (high, "double", 1)}

        got, nodes = run_head(write, p=rows, c=np.array(level))
        for name, want in zip(("lower", "upper"), learned.apply(rows, level), strict=True):
            assert np.array_equal(np.isinf(got[name]), np.isinf(want))
            off = np.abs(np.nan_to_num(got[name], posinf=0, neginf=0) - np.nan_to_num(want, posinf=0, neginf=0))
            assert off[:4_000].max() <= 1e-12 and off.max() <= 1e-12 * np.abs(rows).max()
        assert nodes <= {"constant": 8, "mondrian": 13, "normalised": 20}[kind]
        assert (got["lower"] <= got["upper"]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_coverage_on_new_rows_is_what_was_promised(kind):
    """Learned on 500 rows, twenty times: the mean coverage of new rows is the level."""
    got = {0.8: [], 0.95: []}
    for seed in range(20):
        y, S, _ = numbers(500, seed, 0.5)
        learned = fit(kind, y, S)
        new, T, _ = numbers(2_000, 1_000 + seed, 0.5)
        for level, found in got.items():
            low, high = learned.apply(T, level)
            found.append(np.mean((new >= low[:, 0]) & (new <= high[:, 0])))
    for level, found in got.items():
        assert level - 0.012 < np.mean(found) < level + 0.025, (kind, level)


@pytest.mark.parametrize("kind", KINDS)
def test_measured_coverage_is_within_its_band(kind):
    kept = 0
    for seed in range(20):
        y, S, fold = numbers(500, seed)
        kept += all(one.low <= one.got <= one.high for one in coverage(kind, y, S, fold))
    assert kept >= 17


def test_width_follows_the_noise_when_it_pays():
    y, S, fold = numbers(2_000, 1, 1.0)
    assert choose(y, S, fold).kind != "constant"
    means = {kind: score(y, *crossfit(kind, y, S, fold, 0.9), 0.9).mean() for kind in KINDS}
    assert min(means["mondrian"], means["normalised"]) < 0.97 * means["constant"]
    constant, mondrian = coverage("constant", y, S, fold)[1], coverage("mondrian", y, S, fold)[1]
    assert constant.worst < 0.85 < mondrian.worst
    assert not constant.kept and mondrian.kept
    plain = [choose(*numbers(1_000, seed)).kind for seed in range(10)]
    assert plain.count("constant") >= 7


def test_few_rows_and_equal_predictions():
    y, S, fold = numbers(60)
    assert choose(y, S, fold).kind == "constant"
    assert choose(np.tile(y, 10), np.zeros((600, 1)), np.tile(fold, 10)).kind == "constant"
    for kind in KINDS:
        low, high = fit(kind, y, np.zeros((60, 1))).apply(np.ones((3, 1)), 0.8)
        assert np.isfinite(low).all() and (low <= high).all()
        low, high = fit(kind, np.zeros(60), np.zeros((60, 1))).apply(np.ones((3, 1)), 0.8)
        assert (low == 1).all() and (high == 1).all()
    assert coverage("constant", y[:15], S[:15], fold[:15])[2].size == np.inf  # 12 rows cannot carry 95 %


def test_groups_widen_the_band():
    hit = np.repeat(np.random.default_rng(0).random(40) < 0.9, 25)
    names = np.zeros(1_000)
    alone, whole = measured(hit, 0.9, 1.0, names), measured(hit, 0.9, 1.0, names, np.repeat(np.arange(40), 25))
    assert whole.high - whole.low > 3 * (alone.high - alone.low)
    assert band(0.9, 500) == pytest.approx((0.874, 0.926), abs=0.003)
