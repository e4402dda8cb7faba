"""Accumulated local effects against functions whose effects are known, above all where columns are related."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge.cells import Cells
from etabli.judge.effects import accumulated, alike, bin_of, edges, halves, surface
from etabli.records import Array

Function = Callable[[Array, Array], Array]


def _related(rows: int = 4000, seed: int = 0) -> tuple[Array, Array]:
    """Two columns with a correlation of 0.9."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=rows)
    return a, 0.9 * a + np.sqrt(1 - 0.81) * rng.normal(size=rows)


def _curve(x: Array, other: Array, f: Function, **more: int) -> tuple[Array, Array, Array, Array]:
    points = edges(x)
    place = bin_of(x, points)
    change = f(points[place + 1], other) - f(points[place], other)
    made = accumulated(change, place, np.ones(len(x)), halves(place, len(points), np.ones(len(x))), **more)
    return points, made.value, made.low, made.high


@settings(max_examples=20)
@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 5))
def test_the_effect_of_a_sum_is_its_own_term(slope: float, bend: float, seed: int) -> None:
    """f = g(a) + 5 b: related as they are, nothing of b leaks into the curve of a."""
    a, b = _related(600, seed)
    points, value, low, high = _curve(a, b, lambda x, y: slope * x + bend * np.sin(x) + 5 * y, count=20)
    own = slope * points + bend * np.sin(points)
    assert value - value[0] == pytest.approx(own - own[0], abs=1e-9)
    assert (low <= value + 1e-9).all() and (value <= high + 1e-9).all()


def test_a_product_of_related_columns_has_the_effect_that_theory_says() -> None:
    """f = a b with correlation r: the effect of a is r (a² - 1) / 2 in the limit (Apley & Zhu 2020, section 3), not 0 as partial dependence says."""
    a, b = _related()
    points, value, _, _ = _curve(a, b, lambda x, y: x * y)
    inner, middle = np.abs(points) < 2, np.abs(points).argmin()
    assert (value - value[middle])[inner] == pytest.approx(0.45 * (points**2 - points[middle] ** 2)[inner], abs=0.1)


def test_the_interval_holds_the_truth() -> None:
    """200 rows of f = a b, pointwise: the limit lies in 95 % of the intervals, up to chance."""
    held = []
    for seed in range(40):
        a, b = _related(200, seed)
        points, _, low, high = _curve(a, b, lambda x, y: x * y, count=200)
        _, truth, _, _ = _fixed(points)
        held.append(((low <= truth) & (truth <= high)).mean())
    assert np.mean(held) > 0.88


def _fixed(points: Array) -> tuple[Array, Array, Array, Array]:
    """The curve at these very points, from many rows."""
    a, b = _related(20_000, 99)
    inside = (a > points[0]) & (a <= points[-1])
    a, b = a[inside], b[inside]
    place = bin_of(a, points)
    made = accumulated(
        points[place + 1] * b - points[place] * b, place, np.ones(len(a)), halves(place, len(points), np.ones(len(a))), count=2
    )
    return points, made.value, made.low, made.high


@given(st.lists(st.floats(-1e6, 1e6) | st.just(0.0) | st.just(float("nan")), max_size=200), st.integers(2, 20))
def test_bins_hold_every_known_value_once_and_none_is_nearly_empty(values: list[float], bins: int) -> None:
    x = np.array(values, np.float64)
    points = edges(x, bins)
    known = ~np.isnan(x)
    assert (np.diff(points) > 0).all() and len(points) <= max(bins, 5) + bins + 1
    if len(points) > 1:
        place = bin_of(x, points)
        assert (place[~known] == -1).all() and (place[known] >= 0).all() and points[0] == x[known].min() and points[-1] == x[known].max()
        assert ((points[place[known]] <= x[known]) & (x[known] <= points[place[known] + 1])).all()
        if len(points) > 2:
            assert np.bincount(place[known]).min() >= 10


def test_weights_are_rows() -> None:
    a, b = _related(300)
    times = np.random.default_rng(1).integers(1, 4, 300)
    points = edges(a)
    place = bin_of(a, points)
    change = (points[place + 1] - points[place]) * b
    heavy = accumulated(change, place, times, halves(place, len(points), times), count=2)
    rows = np.repeat(np.arange(300), times)
    many = accumulated(change[rows], place[rows], np.ones(len(rows)), halves(place[rows], len(points), np.ones(len(rows))), count=2)
    assert heavy.value == pytest.approx(many.value)


def test_levels_that_are_alike_are_neighbours() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 5, 2000)
    size = np.array([3.0, 0.0, 4.0, 1.0, 2.0])[code] + rng.normal(size=2000)
    others = [
        Cells("size", "number", np.where(rng.random(2000) < 0.1, np.nan, size)),
        Cells("flag", "category", (size > 2).astype(int), ["n", "y"]),
    ]
    order = alike(code, np.arange(5), others).tolist()
    assert order in ([1, 3, 4, 0, 2], [2, 0, 4, 3, 1])
    assert alike(code, np.array([4, 2]), others).tolist() == [4, 2]


def test_a_surface_is_what_two_columns_do_only_together() -> None:
    a, b = _related(3000)
    x, y = edges(a, 6), edges(b, 6)
    i, j = bin_of(a, x), bin_of(b, y)
    shape, w = (len(x) - 1, len(y) - 1), np.ones(3000)

    def second(f: Function) -> Array:
        return f(x[i + 1], y[j + 1]) - f(x[i + 1], y[j]) - f(x[i], y[j + 1]) + f(x[i], y[j])

    none = surface(second(lambda u, v: np.exp(u) + 3 * v), i, j, shape, w)
    assert none.size == pytest.approx(0, abs=1e-9)
    b = np.random.default_rng(2).normal(size=3000)  # unrelated, so that no cell is empty
    y = edges(b, 6)
    j, shape = bin_of(b, y), (len(x) - 1, len(y) - 1)
    some = surface(second(lambda u, v: 2 * u * v + np.exp(u)), i, j, shape, w)
    pure = 2 * np.outer(x, y)
    corner = some.value[1:, 1:] - some.value[1:, :-1] - some.value[:-1, 1:] + some.value[:-1, :-1]
    assert corner == pytest.approx(pure[1:, 1:] - pure[1:, :-1] - pure[:-1, 1:] + pure[:-1, :-1])
    assert some.size > 0.3
