"""Tails: values and shares are each other's inverse, many columns at once are as one by one, and odd values do not hide themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge.tails import FLAT, Tail, columns, curve, tail

LAWS = {
    "normal": lambda random, n: random.normal(size=n),
    "exponential": lambda random, n: random.exponential(size=n),
    "lognormal": lambda random, n: random.lognormal(size=n),
    "cauchy": lambda random, n: random.standard_cauchy(n),
}


def _inverse(law: Tail) -> None:
    values, levels = law.knots(law.end, 100)
    assert values[0] == law.end
    assert (np.diff(values) > 0).all()
    assert law.above(values) == pytest.approx(levels, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(LAWS)), st.integers(100, 3000), st.integers(0, 1000), st.booleans())
def test_the_share_beyond_a_knot_is_its_level(name: str, n: int, seed: int, odd: bool) -> None:
    law = tail(np.sort(LAWS[name](np.random.default_rng(seed), n)), high=0.98, odd=odd)
    assert law is not None
    _inverse(law)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1e-3, 0.5, 1.0]), st.floats(1e-3, 1e3), st.floats(1e-6, 1)), min_size=1, max_size=5))
def test_so_it_is_of_any_mixture_of_laws(parts: list[tuple[float, float, float]]) -> None:
    shapes, scales, weights = (np.array(part) for part in zip(*parts, strict=True))
    _inverse(Tail(3.0, 3.0, shapes, scales, 0.02 * weights / weights.sum()))


def test_one_law_is_inverted_exactly() -> None:
    values, levels = Tail(0.0, 0.0, np.array([FLAT]), np.array([2.0]), np.array([0.01])).knots(0.0, 20)
    assert values == pytest.approx(4 * (np.sqrt(0.01 / levels) - 1), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 260), st.sampled_from([16, 60, 200]), st.integers(0, 1000))
def test_columns_at_once_are_as_one_by_one(n: int, most: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = np.column_stack([*(LAWS[name](random, n) for name in LAWS), random.poisson(2, n), np.ones(n)])
    for j, (knots, heights) in enumerate(columns(x, most)):
        alone, high = curve(x[:, j], most)
        at = np.concatenate([knots, alone, x[:, j], alone[:1] - 1, alone[-1:] + 1])
        assert np.interp(at, knots, heights) == pytest.approx(np.interp(at, alone, high), rel=1e-6, abs=1e-6)
        assert (np.diff(knots) > 0).all()


def test_odd_values_do_not_make_the_law_of_the_usual_ones_longer() -> None:
    """What one usual value in a thousand lies beyond, told where one value in a hundred lies far outside: near one in a thousand, not several."""
    told: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(20):
        usual = np.random.default_rng(seed).exponential(size=5000)
        mixed = np.sort(np.append(usual, np.full(50, 30.0)))
        for odd in told:
            law = tail(mixed, enough=1000, odd=odd)
            assert law is not None
            told[odd].append(float(law.above(np.array([-np.log(0.001)]))[0]))
    assert 0.0005 < np.median(told[True]) < 0.003  # shapes below the exponential are not offered
    assert np.median(told[False]) > 1.5 * np.median(told[True])
