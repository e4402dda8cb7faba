"""/rows: what an address asks for is what is shown, whatever the columns are called and the cells hold."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import etabli.examples
from etabli.data.sources import read
from etabli.faces.explore import filters
from etabli.faces.explore.page import State

PENGUINS = etabli.examples.path("penguins.csv")
HOSTILE = [
    "<script>alert(1)</script>",
    'a"b',
    "'; DROP VIEW data; --",
    "a__gt",
    "a",
    "\u202etxt.exe",
    "_sort",
    "é à",
    "{{ 7*7 }}",
    "line\nbreak",
]


def everything(client: Any, address: str) -> list[list[Any]]:
    """The rows of all pages, following `next`."""
    rows: list[list[Any]] = []
    while address:
        found = client.get(address).json()
        rows, address = rows + found["rows"], found.get("next", "")
    return rows


def test_filters_mean_what_they_say(look: Any, ask: Any) -> None:
    client, table = ask(look(PENGUINS)), read(PENGUINS)
    mass, species = table.values["body_mass_g"], np.array([*table.levels["species"], None])[table.values["species"]]
    for query, expected in {
        "body_mass_g__gt=4000": mass > 4000,
        "body_mass_g__ge=4000&body_mass_g__lt=4100": (mass >= 4000) & (mass < 4100),
        "body_mass_g__le=4%20000": mass <= 4000,
        "body_mass_g__missing=1": np.isnan(mass),
        "body_mass_g__present=1": ~np.isnan(mass),
        "body_mass_g__ne=4000": mass != 4000,
        "body_mass_g__in=4000,4050": np.isin(mass, (4000, 4050)),
        "body_mass_g__starts=40": (mass >= 4000) & (mass < 4100),
        "species=Gentoo": species == "Gentoo",
        "species__contains=TOO": species == "Gentoo",
        "species__in=%5B%22Gentoo%22%2C%22Adelie%22%5D": (species == "Gentoo") | (species == "Adelie"),
        "_search=gent": species == "Gentoo",
        "_row__eq=3": np.arange(344) == 3,
        "_row__in=3,5,9": np.isin(np.arange(344), (3, 5, 9)),
    }.items():
        page = client.get(f"/rows?{query}&_size=1")
        assert page.status_code == 200, (query, page.text)
        assert f">{int(expected.sum())} of 344 rows" in page.text, query
        whole = list(csv.reader(io.StringIO(client.get(f"/rows.csv?{query}").text)))
        assert len(whole) == 1 + expected.sum(), query


@pytest.mark.parametrize("order", ["", "&_sort=body_mass_g", "&_desc=body_mass_g", "&_sort=sex", "&_desc=species&body_mass_g__gt=4000"])
def test_pages_together_are_the_whole_in_order(look: Any, ask: Any, order: str) -> None:
    client = ask(look(PENGUINS))
    paged = everything(client, f"/rows.json?_size=37{order}")
    whole = everything(client, f"/rows.json?_size=1000{order}")
    assert paged == whole and len(whole) > 100
    if "body_mass_g" in order.split("&")[1] if order else "":
        place = client.get("/rows.json?_size=1").json()["columns"].index("body_mass_g")
        known = [row[place] for row in whole]
        filled = [value for value in known if value is not None]
        assert filled == sorted(filled, reverse="_desc" in order) and known[: len(filled)] == filled


def test_facets_count_every_level_at_once(look: Any, ask: Any) -> None:
    page = ask(look(PENGUINS)).get("/rows?_facet=species&_facet=sex&_facet=body_mass_g&year__ge=2008").text
    counts = re.findall(r'<bdi>([^<]*)</bdi></a></td><td class="n">([\d,]+)</td>', page)
    table = read(PENGUINS)
    late = table.values["year"] >= 2008
    for place, level in enumerate(table.levels["species"]):
        assert (level, str(int((late & (table.values["species"] == place)).sum()))) in counts
    mass = [(label, int(n)) for label, n in counts if "–" in label]
    assert sum(n for _, n in mass) == int((late & ~np.isnan(table.values["body_mass_g"])).sum())
    for label, n in mass:
        low, high = map(float, label.split(" – "))
        assert n == int((late & (table.values["body_mass_g"] >= low) & (table.values["body_mass_g"] < high)).sum())


def test_dates_are_filtered_and_counted_by_their_length(look: Any, ask: Any, tmp_path: Path) -> None:
    days = [f"{1 + i % 28:02d}/{1 + i // 28 % 12:02d}/{2001 + i // 336}" for i in range(3000)]
    (tmp_path / "t.csv").write_text("day;x\n" + "".join(f"{day};{i},5\n" for i, day in enumerate(days)))
    client = ask(look(tmp_path / "t.csv"))
    assert ">336 of 3,000 rows" in client.get("/rows?day__ge=01/01/2002&day__lt=2003-01-01").text
    facets = client.get("/rows?_facet=day").text
    assert "day__ge=2002-01-01&amp;day__lt=2003-01-01" in facets and ">2002</bdi>" in facets
    assert ">1 of 3,000 rows" in client.get("/rows?x__eq=7,5").text


def test_the_form_becomes_an_address(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    answer = client.get("/rows?_sort=year&_column=species&_op=eq&_value=Gentoo&_search=")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rows?_sort=year&species__eq=Gentoo")
    assert client.get("/rows?_column=&_op=eq&_value=&_search=gent").headers["location"] == "/rows?_search=gent"
    assert client.get("/rows?_column=sex&_op=missing&_value=").headers["location"] == "/rows?sex__missing=1"
    assert client.get("/rows?_column=year&_op=gt&_value=x").status_code == 400


def test_columns_are_shown_and_hidden(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    assert client.get("/rows.json?_col=year&_col=sex").json()["columns"] == ["sex", "year"]
    assert "year" not in client.get("/rows.json?_nocol=year").json()["columns"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/rows?specis__eq=x", "species"),
        ("/rows?species__eqq=x", "eq"),
        ("/rows?_sort=specie", "species"),
        ("/rows?_sizes=3", "_size"),
        ("/rows?_size=x", "whole number"),
        ("/rows?_size=100000", "1,000"),
        ("/rows?_after=-1", "whole number"),
        ("/rows?_after=344", "343"),
        ("/rows?year__gt=abc", "numbers"),
        ("/rows?year__gt=inf", "numbers"),
        ("/rows?year__in=[1", "JSON"),
        ("/rows?_row__eq=1e999", "numbers"),
        ("/rows?nothing", "columns"),
        ("/rows.json?nothing=1", "columns"),
        ("/rows?_facet=<script>", "columns"),
    ],
)
def test_what_is_not_there_teaches(look: Any, ask: Any, address: str, said: str) -> None:
    answer = ask(look(PENGUINS)).get(address)
    assert answer.status_code == 400 and said in answer.text and "Traceback" not in answer.text and "<script>" not in answer.text


def test_no_page_there(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    assert client.get("/rowz").status_code == 404 and "/rows" in client.get("/rowz").text
    assert client.get("/rows?_format=xls").status_code == 404 and client.get("/rows.csv?_sheet=no").status_code == 404


@pytest.fixture(params=["csv", "parquet"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file whose names and cells mean harm."""
    cells = [[f"{name}{i % 3}" for name in HOSTILE] for i in range(30)]
    path = tmp_path / f"<b>h&amp;.{request.param}"
    if request.param == "csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([HOSTILE, *cells])
    else:
        pq.write_table(pa.table([list(column) for column in zip(*cells, strict=True)], names=HOSTILE), path)
    return path


def test_hostile_names_and_cells_run_nothing_and_still_filter(hostile: Path, look: Any, ask: Any) -> None:
    opened = look(hostile)
    client = ask(opened)
    for page in (client.get("/"), client.get("/rows?" + urlencode([("_facet", name) for name in opened.by_name]))):
        assert page.status_code == 200
        scripts = re.findall(r"<script[^>]*>", page.text)
        assert scripts and all('src="/assets/' in script for script in scripts)
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", page.text) and "<b>" not in page.text and "{{ 7*7 }}" in page.text
    for place, column in enumerate(opened.columns):
        value = f"{HOSTILE[place]}1"
        found = client.get("/rows.json?" + urlencode({f"{column.name}__eq": value, "_sort": column.name}))
        assert found.status_code == 200, found.text
        rows = found.json()["rows"]
        assert len(rows) == 10 and {row[place] for row in rows} == {value}


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.sampled_from([f"species__{one}" for one in filters.OPERATORS] + ["_search", "_sort", "_size", "_after", "year__gt", "_facet"])
    | TEXTS,
    text=TEXTS,
)
def test_no_address_breaks_a_page(look: Any, ask: Any, key: str, text: str) -> None:
    answer = ask(look(PENGUINS)).get("/rows?" + urlencode([(key, text)]))
    assert answer.status_code in (200, 303, 400), answer.text


@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_a_link_says_what_the_state_is(pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import parse_qsl

    state = State("/rows", tuple(pairs))
    assert parse_qsl(state.link.partition("?")[2], keep_blank_values=True) == pairs


def test_sheets_hold_the_same_in_three_forms(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    from_json = client.get("/rows.json?species__eq=Gentoo&_size=1000").json()
    texts = list(csv.reader(io.StringIO(client.get("/rows.csv?species__eq=Gentoo").text)))
    parquet = pq.read_table(io.BytesIO(client.get("/rows.parquet?species__eq=Gentoo").content))
    assert texts[0] == from_json["columns"] == parquet.column_names
    assert texts[1:] == [["" if value is None else str(value) for value in row] for row in from_json["rows"]]
    assert [list(row.values()) for row in parquet.to_pylist()] == from_json["rows"]
