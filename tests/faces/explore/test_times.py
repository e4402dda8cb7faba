"""/time: periods of the calendar, gaps and irregular steps, seasons; counts add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.faces.explore import times


def stamps(text: str, count: int, unit: str) -> Any:
    """`count` beginnings of a unit from a date on, in seconds."""
    return (np.datetime64(text, unit) + np.arange(count)).astype("datetime64[s]").astype(np.float64)


@pytest.mark.parametrize(("unit", "name"), [("M", "month"), ("Y", "year"), ("D", "day"), ("h", "hour"), ("W", "week")])
def test_steps_of_the_calendar_are_regular_though_months_differ(unit: str, name: str) -> None:
    made = times.steps(stamps("1990-01", 60, unit))
    assert (made.name, made.regular, made.gaps, made.missing) == (name, 1.0, (), 0) and made.is_regular


def test_quarters_and_working_days() -> None:
    assert times.steps(stamps("1990-01", 120, "M")[::3]).name == "quarter"
    days = np.datetime64("2024-01-01") + np.arange(100)
    work = days[np.is_busday(days)].astype("datetime64[s]").astype(np.float64)
    assert (times.steps(work).name, times.steps(work).missing) == ("workday", 0)
    gone = times.steps(np.delete(work, [7, 8]))
    assert (gone.name, gone.missing, gone.gaps[0].steps) == ("workday", 2, 2)


@given(st.sets(st.integers(1, 298), max_size=60))
@settings(max_examples=60, deadline=None)
def test_every_missing_step_is_counted(gone: set[int]) -> None:
    every = stamps("2020-02-27T05", 300, "h")
    made = times.steps(np.delete(every, sorted(gone)))
    assert made.missing == len(gone) and made.step == 3600
    assert len(made.gaps) <= times.SHOWN and all(gap.steps >= 1 for gap in made.gaps)


def test_chance_times_are_irregular() -> None:
    made = times.steps(np.sort(np.random.default_rng(2).uniform(0, 1e7, 500)))
    assert not made.is_regular and made.name == "" and made.missing == 0


@given(st.integers(-2 * 10**10, 4 * 10**9), st.integers(1, 8 * 10**9), st.sampled_from(["", *times.PERIODS, "nonsense"]))
@settings(max_examples=120, deadline=None)
def test_periods_cover_the_range_and_are_not_too_many(low: int, reach: int, name: str) -> None:
    made = times.cut(float(low), float(low + reach), name)
    assert made.edges[0] <= low and made.edges[-1] > low + reach and made.count <= times.MOST + 3


def test_a_real_series(shared: Path, look: Any, ask: Any) -> None:
    """144 months of passengers, none missing; the month explains a part of it."""
    client = ask(look(shared / "air_passengers.csv", "passengers"))
    page = client.get("/time").text
    assert "Regular: every step is a month." in page and "By month" in page and "By day of the week" not in page
    sheet = client.get("/time.json?_period=year").json()
    assert [line[0] for line in sheet["rows"]][:2] == ["1949", "1950"] and len(sheet["rows"]) == 12
    assert {line[sheet["columns"].index("rows")] for line in sheet["rows"]} == {12}


def test_several_columns_of_dates_and_gaps(tmp_path: Path, look: Any, ask: Any) -> None:
    path = tmp_path / "visits.csv"
    first = np.datetime64("2022-01-03T00:00:00")
    lines = [
        f"{first + k * np.timedelta64(1, 'h')},{first.astype('datetime64[D]') + k % 900},{k % 17}\n"
        for k in range(900)
        if not 300 <= k < 330
    ]
    path.write_text("seen,born,y\n" + "".join(lines))
    client = ask(look(path, "y"))
    page = client.get("/time").text
    assert "30 steps of an hour are missing." in page and "<bdi>born</bdi>" in page
    other = client.get("/time?_by=born")
    assert other.status_code == 200 and client.get("/time?_by=y").status_code == 400 and client.get("/time?_number=nope").status_code == 400
    sheet = client.get("/time.json").json()
    assert sum(line[sheet["columns"].index("rows")] for line in sheet["rows"]) == 870


def test_without_dates_it_says_so(look: Any, ask: Any) -> None:
    import etabli.examples

    assert "No column of dates." in ask(look(etabli.examples.path("penguins.csv"))).get("/time").text


def test_the_time_page_looks_right(tab: Any, shared: Path) -> None:
    from tests.browser import served

    with served("explore", str(shared / "meteo_orleans.csv"), "--target", "MAX_TEMPERATURE_C", "--no-open") as address:
        for width, dark in ((1100, False), (390, True)):
            page = tab(width=width, dark=dark).open(address.rstrip("/") + "/time")
            page.fine()
            page.fits()
            page.accessible()
            page.kept(f"time-{width}")
