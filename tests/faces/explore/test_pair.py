"""/pair: the picture that fits the kinds, the words that go with it, and cells that lead to just their rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.faces.explore import pairs
from etabli.faces.explore.moments import time_ticks
from etabli.judge.cells import Cells

PENGUINS = Path(str(resources.files("etabli").joinpath("examples/penguins.csv")))


@pytest.fixture
def penguins(look: Callable[..., Any], ask: Callable[..., Any]) -> Any:
    return ask(look(PENGUINS))


def found(page: str) -> int:
    """How many rows /rows says it found."""
    return int(re.search(r"([\d,]+) of 344 rows", page).group(1).replace(",", ""))


def number(x: Any) -> Cells:
    return Cells("x", "number", np.asarray(x, float))


def test_two_numbers_rise(penguins):
    page = penguins.get("/pair?x=flipper_length_mm&y=body_mass_g").text
    assert "flipper_length_mm and body_mass_g rise together (0.84)" in page
    low, high, start, end = (
        float(v.replace(",", ""))
        for v in re.search(r"goes from ([\d.,]+) to ([\d.,]+), body_mass_g goes from ([\d.,]+) to ([\d.,]+) on", page).groups()
    )
    assert 181 < low < 186 and 220 < high < 226 and 3200 < start < 3600 and 5300 < end < 5700


def test_the_levels_go_against_the_whole(penguins):
    """Simpson's paradox of the penguins' bills, known since the data were published."""
    page = penguins.get("/pair?x=bill_length_mm&y=bill_depth_mm&colour=species").text
    assert "bill_depth_mm falls as bill_length_mm rises" in page and "Within every level of species it goes the other way" in page
    assert "Within every level" not in penguins.get("/pair?x=bill_length_mm&y=bill_depth_mm&colour=sex").text


@pytest.mark.parametrize(
    "address", ["x=flipper_length_mm&y=body_mass_g", "x=species&y=body_mass_g", "x=body_mass_g&y=sex", "x=island&y=species"]
)
def test_cells_lead_to_just_their_rows(penguins, address):
    """The cells part the rows: over all of them /rows finds each row that has both once."""
    page = penguins.get(f"/pair?{address}").text
    wide = re.findall(r"<svg.*?</svg>", page, re.S)[0]
    links = [unescape(link) for link in re.findall(r'<a href="(/rows[^"]+)"', wide)]
    rows = int(re.search(r"From ([\d,]+) rows that have both", page).group(1))
    assert len(links) == len(set(links))
    some = links if len(links) < 20 else links[:: len(links) // 12]
    counts = [found(penguins.get(link).text) for link in some]
    tips = [int(n) if n != "one row" else 1 for n in re.findall(r"(?:: |, )(\d+|one row)(?: rows|</title>)", wide.split("</title>", 1)[1])]
    if len(some) == len(links):
        assert sum(counts) >= rows  # a level's rows may lack the number
    assert counts == [tips[links.index(link)] for link in some] or "body_mass_g" in address


def test_data_of_a_pair(penguins):
    sheet = json.loads(penguins.get("/pair.json?x=island&y=species").text)
    rows = {(row[0], row[1]): row[2:] for row in sheet["rows"]}
    assert rows[("Biscoe", "Gentoo")][0] == 124 and rows[("Biscoe", "Gentoo")][2] == pytest.approx(60.6, abs=0.1)
    assert sum(row[0] for row in rows.values()) == 344


@pytest.mark.parametrize(
    ("address", "hint"), [("x=specis&y=sex", "did you mean"), ("x=sex&y=sex", "two columns"), ("x=sex&y=island&colour=nope", "colour=")]
)
def test_a_wrong_address_teaches(penguins, address, hint):
    answer = penguins.get(f"/pair?{address}")
    assert answer.status_code == 400 and hint in answer.text


def test_without_columns_it_shows_two(penguins):
    assert penguins.get("/pair").status_code == 200


def test_a_trend_is_near_the_truth_and_its_band_holds_it():
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.uniform(0, 10, 600)
        made = pairs.trend(x, 3 * x + rng.normal(size=600), np.linspace(0, 10, 33))
        held += [((made.low <= 3 * made.x) & (3 * made.x <= made.high)).mean()]
        assert np.abs(made.y - 3 * made.x).max() < 0.7
    assert 0.9 < np.mean(held) < 0.98


def test_what_turns_back_is_seen():
    x = np.linspace(-1, 1, 500)
    noise = np.random.default_rng(0).normal(size=500)
    assert pairs.bends(number(x), number(x**2)) > 0.8
    assert pairs.bends(number(x), number(x)) < 0.05 and pairs.bends(number(x), number(noise)) < pairs_limit()


def pairs_limit() -> float:
    from etabli.faces.explore.pages.pair import BENT

    return BENT


def test_residuals_of_nothing_are_small():
    rng = np.random.default_rng(3)
    a, b = (Cells(name, "category", rng.integers(0, 5, 3_000), tuple("abcde")) for name in "ab")
    seen = pairs.shares(a, b)
    assert np.abs(seen.residuals).max() < 4 and seen.counts.sum() == 3_000
    assert seen.shares.sum(1) == pytest.approx(np.ones(5))


def test_far_values_do_not_flatten_the_picture():
    x = np.append(np.random.default_rng(0).normal(size=5_000), 1e9)
    seen = pairs.grid(number(x), number(np.arange(5_001)))
    assert seen.across[-1] < 10 and seen.outside > 0 and seen.counts.sum() + seen.outside == 5_001


@pytest.mark.parametrize("values", [[5.0] * 30, [np.nan] * 29 + [1.0], [1.0, 2.0] * 15, [1e308, -1e308] * 15])
def test_odd_numbers_are_drawn(look, ask, tmp_path, values):
    lines = "\n".join(f"{v},{i % 11},{'ab'[i % 2]},{2000 + i % 9}-01-{1 + i % 28:02d}" for i, v in enumerate(values))
    (tmp_path / "odd.csv").write_text("v,n,c,d\n" + lines)
    opened = look(tmp_path / "odd.csv", kinds={"v": "number", "d": "date"})
    for x, y in (("v", "n"), ("c", "v"), ("d", "n"), ("d", "c"), ("c", "n")):
        answer = ask(opened).get(f"/pair?x={x}&y={y}")
        assert answer.status_code in (200, 400), answer.text
        assert "fault of ours" not in answer.text and "nan" not in "".join(re.findall(r"<svg.*?</svg>", answer.text, re.S))


@pytest.mark.parametrize(("width", "dark"), [(1100, True), (390, False)])
def test_in_a_browser(tab, tmp_path, monkeypatch, width, dark):
    from tests.browser import served

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with served("explore", str(PENGUINS), "--no-open", "--lang", "en") as address:
        seen = tab(width=width, dark=dark)
        for query in ("x=bill_length_mm&y=bill_depth_mm&colour=species", "x=species&y=body_mass_g", "x=island&y=species"):
            seen.open(f"{address.rstrip('/')}/pair?{query}")
            seen.fits()
            seen.accessible()
        seen.page.locator("svg a:visible").first.click()
        assert "/rows?island__eq=" in seen.page.url
        seen.fine()


@given(st.floats(-6e10, 2.5e11), st.floats(0.5, 3e10), st.integers(3, 9))
@settings(max_examples=60, deadline=None)
def test_ticks_of_time_are_few_and_inside(low, span, about):
    made = time_ticks(low, low + span, about)
    assert len(made) <= about + 1 and all(low <= at <= low + span for at, _ in made)
    assert [at for at, _ in made] == sorted({at for at, _ in made})


def test_ticks_stand_on_beginnings():
    year = 365.25 * 86400
    assert [text for _, text in time_ticks(38.9 * year, 43.9 * year, 8)] == ["2009", "2010", "2011", "2012", "2013"]
    assert [text for _, text in time_ticks(0, 86400, 5)] == ["01-01 00:00", "01-01 06:00", "01-01 12:00", "01-01 18:00", "01-02 00:00"]


def test_over_time_the_seasons_stay(look, ask, shared):
    client = ask(look(shared / "meteo_orleans.csv"))
    page = client.get("/pair?x=MAX_TEMPERATURE_C&y=DATE").text  # time runs across, whatever was asked first
    assert re.search(r"lowest around \d{4}-(12|01|02) \(.+\) and highest around \d{4}-0[678] ", page)
    link = unescape(re.findall(r'<a href="(/rows\?DATE__ge[^"]+)"', page)[100])
    rows = json.loads(client.get(link.replace("/rows?", "/rows.json?")).text)["rows"]
    assert rows
