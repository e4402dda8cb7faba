"""p-values of scores: uniform for usual rows, small beyond them; Benjamini-Hochberg as defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge.odds import adjusted, fit, flagged
from etabli.records import Array


def _drawn(random: np.random.Generator, law: str, count: int) -> Array:
    laws = {
        "chisquare": random.chisquare(5, count),
        "lognormal": random.lognormal(size=count),
        "exponential": random.exponential(size=count),
    }
    return np.asarray(laws[law])


@pytest.mark.parametrize("law", ["chisquare", "lognormal", "exponential"])
def test_new_usual_rows_have_uniform_p_and_clean_tables_are_seldom_flagged(law: str) -> None:
    shares, alarms, found = [], [], []
    for seed in range(20):
        random = np.random.default_rng(seed)
        scores, new = (_drawn(random, law, count) for count in (1000, 4000))
        odds = fit(scores)
        shares.append([(odds.apply(new) <= level).mean() for level in (0.1, 0.3, 0.5, 0.8)])
        alarms.append(flagged(odds.apply(scores), 0.1)[0].any())
        far = np.append(scores[:990], np.full(10, 60 * np.quantile(scores, 0.95)))
        found.append(flagged(fit(far).apply(far), 0.1)[0][-10:].mean())
    assert np.mean(shares, axis=0) == pytest.approx([0.1, 0.3, 0.5, 0.8], abs=0.0144)  # four standard errors
    assert np.mean(alarms) <= 0.2  # 0.1 and two standard errors
    assert np.mean(found) > 0.5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=400))
def test_p_falls_as_the_score_rises_and_is_never_zero(values: list[float]) -> None:
    odds = fit(np.array(values))
    p = odds.apply(np.linspace(-60, 1e6, 500))
    assert (np.diff(p) <= 0).all()
    assert p.min() > 0
    assert p.max() <= 1
    if not odds.extended:
        assert p.min() >= 1 / (len(values) + 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=40), st.floats(0.01, 0.5))
def test_rows_are_flagged_as_benjamini_and_hochberg_say(values: list[float], rate: float) -> None:
    p: Array = np.array(values)
    most = max((k for k in range(1, len(p) + 1) if (p <= rate * k / len(p)).sum() >= k), default=0)
    assert flagged(p, rate)[0].sum() == (0 if not most else (p <= np.sort(p)[most - 1]).sum())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=40))
def test_a_q_value_is_the_least_rate_that_flags_the_row(values: list[float]) -> None:
    p = np.array(values)
    q = adjusted(p)
    for rate in (0.05, 0.2, float(np.median(q))):
        assert (flagged(p, min(rate, 0.999))[0] == (q <= min(rate, 0.999))).all()
    assert ((q >= p) | np.isclose(q, p)).all()


def test_scores_of_rows_known_to_be_usual_give_shares_alone() -> None:
    scores = np.random.default_rng(0).lognormal(size=999)
    odds = fit(scores, reference=True)
    assert not odds.extended
    assert odds.apply(np.array([1e9]))[0] == pytest.approx(1 / 1000)
    assert odds.apply(np.array([-1.0]))[0] == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_rounding_moves_no_p_of_a_row_that_is_in_the_reference_itself(values: list[float]) -> None:
    scores = np.array(values)
    odds = fit(scores, reference=True)
    rounding = 1e-13 * (np.abs(scores) + scores.std())
    p = odds.apply(scores)
    assert np.array_equal(odds.apply(scores + rounding), p) and np.array_equal(odds.apply(scores - rounding), p)
    assert (p >= [(1 + (scores >= score).sum()) / (len(scores) + 1) - 1e-12 for score in scores]).all()  # a tie counts as at least as high


@pytest.mark.parametrize("law", ["chisquare", "lognormal", "exponential"])
def test_nor_of_a_row_of_the_file_where_the_tail_is_continued(law: str) -> None:
    scores = _drawn(np.random.default_rng(0), law, 3000)
    odds = fit(scores)
    assert odds.extended
    rounding = 1e-13 * (np.abs(scores) + scores.std())
    p = odds.apply(scores)
    assert np.array_equal(odds.apply(scores + rounding), p) and np.array_equal(odds.apply(scores - rounding), p)
