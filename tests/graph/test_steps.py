"""The shared recipes against numpy and datetime64: other implementations, not ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.graph.steps import CALENDAR, calendar, fill, finite, interpolate, one_hot, searchsorted

finite_doubles = st.floats(-1e9, 1e9, allow_nan=False)
any_doubles = st.one_of(st.just(np.nan), finite_doubles)


def answers(write, x: np.ndarray, width: int) -> np.ndarray:
    graph = Graph()
    graph.input("x", "double", (None, x.shape[1]))
    return run(graph.model({"out": (write(graph, "x"), "double", width)}), {"x": x})["out"]


@settings(max_examples=40, deadline=None)
@given(st.lists(arrays(np.float64, st.integers(0, 40), elements=finite_doubles, unique=True), min_size=1, max_size=4), st.data())
def test_searchsorted_is_numpys(tables, data):
    tables = [np.sort(table) for table in tables]
    x = data.draw(arrays(np.float64, (7, len(tables)), elements=any_doubles))
    # also at every knot, one step below and one above
    knots = np.concatenate(tables)
    edges = np.concatenate([knots, np.nextafter(knots, np.inf), np.nextafter(knots, -np.inf)])[:, None] * np.ones(len(tables))
    x = np.vstack([x, edges])
    got = answers(lambda g, t: searchsorted(g, t, tables), x, len(tables))
    for j, table in enumerate(tables):
        want = np.where(np.isnan(x[:, j]), len(table), np.searchsorted(table, x[:, j], side="left"))
        assert np.array_equal(got[:, j], want)


def test_searchsorted_adds_offsets():
    tables = [np.array([1.0, 2.0]), np.array([]), np.array([0.0])]
    got = answers(lambda g, t: searchsorted(g, t, tables, [0, 10, 20]), np.array([[1.5, 7.0, -1.0], [np.nan, np.nan, np.nan]]), 3)
    assert got.tolist() == [[1.0, 10.0, 20.0], [2.0, 10.0, 21.0]]


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.integers(1, 50), elements=st.integers(-1000, 1000).map(float), unique=True), st.data())
def test_interpolate_is_numpys(knots, data):
    knots = np.sort(knots)
    values = data.draw(arrays(np.float64, len(knots), elements=st.floats(-5, 5)))
    x = np.concatenate([data.draw(arrays(np.float64, 20, elements=st.floats(-1100, 1100))), knots, [1e308, -1e308]])
    got = answers(lambda g, t: interpolate(g, t, [knots], [values]), x[:, None], 1)[:, 0]
    np.testing.assert_allclose(got, np.interp(x, knots, values), rtol=0, atol=1e-13)


def test_interpolate_keeps_nan_and_flags():
    x = np.array([[0.0, np.nan], [1.0, 3.0], [np.nan, 1e308]])
    got = answers(lambda g, t: interpolate(g, t, [np.array([0.0, 1.0]), np.array([3.0])], [np.array([0.0, 1.0]), np.array([0.25])]), x, 2)
    assert np.array_equal(got, [[0.0, np.nan], [1.0, 0.25], [np.nan, 0.25]], equal_nan=True)


def test_one_hot_of_several_columns():
    codes = np.array([[0.0, 1.0], [1.0, -1.0], [np.nan, 0.0]])
    got = answers(lambda g, t: one_hot(g, t, [0, 0, 1, 1], [0.0, 1.0, 0.0, 1.0]), codes, 4)
    assert got.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]
    alone = answers(lambda g, t: one_hot(g, t, [0, 0], [0.0, 1.0]), codes[:, :1], 2)
    assert alone.tolist() == [[1, 0], [0, 1], [0, 0]]


def test_fill_and_finite():
    x = np.array([[np.nan, 1.0], [np.inf, np.nan]])
    assert np.array_equal(answers(finite, x, 2), [[np.nan, 1.0], [np.nan, np.nan]], equal_nan=True)
    assert np.array_equal(answers(lambda g, t: fill(g, t, np.array([5.0, 6.0]))[0], x, 2), [[5.0, 1.0], [np.inf, 6.0]])
    assert np.array_equal(answers(lambda g, t: fill(g, t, np.array([5.0, 6.0]), [1])[1], x, 1), [[0.0], [1.0]])
    assert np.array_equal(answers(lambda g, t: fill(g, t, np.array([5.0, 6.0]), [0, 1])[1], x, 2), [[1.0, 0.0], [0.0, 1.0]])


def parts_by_numpy(seconds: np.ndarray) -> dict[str, np.ndarray]:
    moment = np.floor(seconds).astype("datetime64[s]")
    day, month, year = (moment.astype(f"datetime64[{unit}]") for unit in "DMY")
    return {
        "year": year.astype(np.int64) + 1970,
        "month": (month - year).astype(np.int64) + 1,
        "day": (day - month).astype(np.int64) + 1,
        "weekday": (day.astype(np.int64) + 3) % 7,
        "day of year": (day - year).astype(np.int64) + 1,
        "hour": (moment - day).astype(np.int64) // 3600,
    }


@pytest.mark.parametrize("seconds", [
    np.arange(-150_000, 150_000, 1, dtype=np.float64) * 86_400.0,  # every day for eight centuries, leap days and centuries
    np.random.default_rng(0).integers(-(10**11), 10**11, 100_000).astype(np.float64),
    np.random.default_rng(1).uniform(-(10**10), 10**10, 100_000),
    np.arange(-50_000, 50_000, dtype=np.float64) * 3_600.0 - 1.0,
])  # fmt: skip
def test_calendar_is_datetime64(seconds):
    got = answers(lambda g, t: g.op("Concat", *calendar(g, t).values(), axis=1), seconds[:, None], len(CALENDAR))
    for j, (part, want) in enumerate(parts_by_numpy(seconds).items()):
        assert CALENDAR[j] == part
        np.testing.assert_array_equal(got[:, j], want, err_msg=part)


def test_calendar_keeps_nan_and_shares_nodes_between_dates():
    graph = Graph()
    graph.input("x", "double", (None, 3))
    model = graph.model({"out": (graph.op("Concat", *calendar(graph, "x").values(), axis=1), "double", 18)})
    assert len(model.graph.node) < 70  # for three dates as for one
    assert np.isnan(run(model, {"x": np.full((2, 3), np.nan)})["out"]).all()
