"""Bars, levels and intervals: every row is counted once, every bin is on round numbers, every interval is the textbook's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import etabli.examples
from etabli.data.sources import read
from etabli.faces.explore.aim import Aim, aim
from etabli.faces.explore.bins import bins
from etabli.faces.explore.cache import arrow
from etabli.faces.explore.calendar import begins, steps
from etabli.faces.explore.intervals import means
from etabli.faces.explore.parts import Part, difference, grouped, is_scaled, levels, presence, sampled
from etabli.records import Table

PENGUINS = etabli.examples.path("penguins.csv")
NUMBERS = st.lists(
    st.floats(-1e12, 1e12, allow_subnormal=False) | st.integers(-5, 5).map(float) | st.just(0.0) | st.just(float("nan")), max_size=300
)


@given(NUMBERS, st.sampled_from(["", "log", "linear"]))
@example([0.0] * 90 + [10.0**k for k in range(9)] * 2, "log")
@example([1e300, -1e300, 0.0, 1.0] * 9 + list(map(float, range(20))), "")
@settings(max_examples=150, deadline=None)
def test_bins_hold_every_value_once(values: list[float], scale: str) -> None:
    array = np.array(values, np.float64)
    made = bins(array, scale=scale)
    of = made.of(array)
    assert (np.diff(made.edges) > 0).all()
    assert ((of == -1) == np.isnan(array)).all()
    assert of.max(initial=-1) <= made.count and made.count <= 60
    inside = (of >= 0) & (of < made.count)
    assert (array[inside] >= made.edges[of[inside]]).all() and (array[inside] < made.edges[of[inside] + 1]).all()
    if made.spike is not None:
        assert (array[of == made.count] == made.spike).all() and not (array[inside] == made.spike).any()


@given(st.integers(-6 * 10**10, 25 * 10**10), st.integers(0, 10**10))
@settings(max_examples=150, deadline=None)
def test_dates_are_cut_at_the_calendar(low: int, reach: int) -> None:
    name, edges = steps(float(low), float(low + reach), 24)
    assert edges[0] <= low and edges[-1] > low + reach and (np.diff(edges) > 0).all()
    assert len(edges) <= 24 * 12 + 3
    if name == "month":
        assert all(str(np.datetime64(int(edge), "s"))[8:] == "01T00:00:00" for edge in edges)


def test_weeks_begin_on_mondays() -> None:
    monday = float(np.datetime64("2026-11-23", "s").astype(int))
    assert begins(monday + 3 * 86400, monday + 5 * 86400, "week").tolist() == [monday, monday + 7 * 86400]


@pytest.mark.parametrize(("hits", "rows"), [(0, 1), (0, 40), (3, 9), (40, 40), (5000, 20000), (1, 2)])
def test_rates_have_wilsons_interval(hits: int, rows: int) -> None:
    from scipy.stats import binomtest

    known = binomtest(hits, rows).proportion_ci(0.95, "wilson")
    made = means(np.array([rows]), np.array([hits]), np.array([hits]), share=True)
    assert made.low[0] == pytest.approx(known.low, abs=1e-12) and made.high[0] == pytest.approx(known.high, abs=1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_means_have_students_interval(values: list[float]) -> None:
    from scipy.stats import sem, t

    y = np.array(values)
    made = means(np.array([y.size]), np.array([y.sum()]), np.array([(y**2).sum()]), share=False)
    half = t.ppf(0.975, y.size - 1) * sem(y)
    loose = 1e-6 * max(1.0, np.abs(y).max())  # sums of squares lose digits where the mean is large
    assert made.value[0] == pytest.approx(y.mean(), abs=loose)
    assert made.high[0] - made.value[0] == pytest.approx(half, abs=1e3 * loose, rel=1e-6)


def test_one_row_has_a_mean_and_no_interval() -> None:
    made = means(np.array([1, 0]), np.array([3.0, 0.0]), np.array([9.0, 0.0]), share=False)
    assert made.value[0] == 3 and np.isnan([made.low[0], made.high[0], made.value[1]]).all()


def test_a_difference_is_newcombes() -> None:
    """His own example: 56 of 70 against 48 of 80 is 0.2 (0.0524 to 0.3339)."""
    a, b = (means(np.array([n]), np.array([k]), np.array([k]), True) for k, n in ((48, 80), (56, 70)))
    found = difference(*(Part("level", 1, value=m.value[0], low=m.low[0], high=m.high[0]) for m in (a, b)))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def _views(table: Table) -> Any:
    connection, held = duckdb.connect(), arrow(table, np.arange(table.rows))
    connection.register("held", held)
    connection.execute("CREATE TABLE data AS SELECT * FROM held")
    return connection


@pytest.mark.parametrize("target", ["species", "body_mass_g", "sex"])
def test_the_sample_and_all_rows_count_alike(target: str) -> None:
    """Numpy over the sample and DuckDB over the file are two ways to one answer, where the sample is the file."""
    table = read(PENGUINS)
    made = aim(table, target)
    assert isinstance(made, Aim)
    with _views(table) as connection:
        for column in table.columns:
            sql = f'"{column.name}"'
            mine = sampled(table, column, made, top=200)
            assert sum(part.rows for part in mine.every) == mine.rows == table.rows
            assert sum(part.known for part in mine.every) == (~np.isnan(made.values)).sum()
            if is_scaled(column):
                assert mine.bins is not None
                other = grouped(connection, sql, mine.bins, made)
            else:
                other = levels(connection, sql, made, 200)
            for a, b in zip(mine.every, other.every, strict=True):
                assert (a.kind, a.rows, a.known) == (b.kind, b.rows, b.known)
                assert (a.value is None) == (b.value is None) and (a.value is None or a.value == pytest.approx(b.value))
                assert (a.low is None) == (b.low is None) and (a.low is None or a.low == pytest.approx(b.low, abs=1e-6))
            filled, missing = presence(connection, sql, made)
            assert filled.rows + missing.rows == table.rows


def test_rare_levels_are_one_part() -> None:
    table = read(PENGUINS)
    column = table.column("species")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE data AS SELECT CASE WHEN i < 60 THEN 'a' WHEN i < 80 THEN 'b' WHEN i < 95 THEN 'r' || i END AS x FROM range(100) t(i)"
        )
        made = levels(connection, "x", None, 2)
    assert [(p.name, p.rows) for p in made.bars] == [("a", 60), ("b", 20)]
    assert (
        made.others is not None
        and (made.others.rows, made.others.levels) == (15, 15)
        and made.missing is not None
        and made.missing.rows == 5
    )
    assert column.name == "species"


def test_what_the_bars_of_real_columns_look_like(shared: Path) -> None:
    table = read(shared / "adult_income.csv")
    made = aim(table, "income")
    assert isinstance(made, Aim) and (made.label, made.share) == (">50K", True)
    gain, age, edu = (sampled(table, table.column(name), made) for name in ("capital_gain", "age", "education_num"))
    assert gain.bins is not None and gain.bins.log and gain.spike is not None and gain.spike.begin == 0 and gain.spike.rows == 44807
    assert age.bins is not None and not age.bins.log and age.bins.edges[1] - age.bins.edges[0] == 5 and age.spike is None
    assert edu.bins is not None and edu.bins.values == tuple(map(float, range(1, 17)))
    assert sum(part.rows for part in age.every) == 48842
