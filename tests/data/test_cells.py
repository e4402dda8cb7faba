"""Numbers, flags, dates and missing texts as people write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.data import cells, dates

PLAIN = {"parse": "number"}


def one(text: str, **reading: object) -> float:
    values, unread = cells.values([text], {"parse": "number", **reading})
    assert not unread, text
    return float(values[0])


@pytest.mark.parametrize(
    ("text", "reading", "value"),
    [
        ("1e3", {}, 1000.0),
        ("−3,5", {"decimal": ","}, -3.5),
        ("21\u202f204,12", {"decimal": ","}, 21204.12),
        ("21 204", {}, 21204.0),
        ("1'234'567.5", {}, 1234567.5),
        ("1.234.567,5", {"decimal": ",", "group": "."}, 1234567.5),
        ("0,078", {"decimal": ","}, 0.078),
        ("$1,234.50", {"group": ",", "affixes": ["$"]}, 1234.5),
        ("-$5", {"affixes": ["$"]}, -5.0),
        ("1,234.50 €", {"group": ",", "affixes": ["$", "€"]}, 1234.5),
        ("(12.5)", {}, -12.5),
        ("12.5 %", {"affixes": ["%"]}, 12.5),
        ("35 kg", {"affixes": ["kg"]}, 35.0),
        (".5", {}, 0.5),
    ],
)
def test_numbers(text: str, reading: dict[str, object], value: float) -> None:
    assert one(text, **reading) == value


@pytest.mark.parametrize(
    "text", ["12k", "forty", "1_000", "inf", "-Infinity", "1e400", "12 34", "1,234", "١٢", "1.2.3", "--5", "5-", "(5", "0x10"]
)
def test_what_is_no_number_is_missing_and_listed(text: str) -> None:
    values, unread = cells.values(["1", text, "2"], PLAIN)
    assert np.isnan(values[1]) and values[[0, 2]].tolist() == [1, 2]
    assert unread == [text]


@pytest.mark.parametrize("text", ["", "  ", None, "NA", "n/a", "NaN", "null", "?", "-", ".", "None", "unknown", "Inconnu"])
def test_missing_texts_are_not_listed(text: str | None) -> None:
    values, unread = cells.values(["1", text], PLAIN)
    assert np.isnan(values[1]) and unread == []


def test_words_keep_what_numbers_lose() -> None:
    assert cells.texts([" None ", "NA", "?", "", "unknown", None]) == ["None", "", "", "", "unknown", ""]
    assert cells.texts(["NA", "FR"], {"keep": ["NA"]}) == ["NA", "FR"]
    assert cells.texts(["none given"], {}, ["none given"]) == [""]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_double_survives(numbers: list[float]) -> None:
    texts = [repr(number) for number in numbers]
    values, unread = cells.values(texts, PLAIN)
    assert unread == [] and values.tolist() == numbers
    slow, _ = cells.values(["n/a", *texts], PLAIN)  # one cell that needs thought sends all of them another way
    assert slow[1:].tolist() == numbers
    comma, unread = cells.values([text.replace(".", ",") for text in texts], {"parse": "number", "decimal": ","})
    assert unread == [] and comma.tolist() == numbers


@given(st.text())
def test_no_text_upsets_the_reading(text: str) -> None:
    for reading in (PLAIN, {"parse": "number", "decimal": ",", "group": "."}, {"parse": "flag", "words": ["no", "yes"]}, {"parse": "date"}):
        values, unread = cells.values([text, "1"], reading)
        assert len(values) == 2 and not np.isinf(values).any()
        assert not (unread and unread[0] == text.strip() and not math.isnan(values[0]))


def test_flags() -> None:
    values, unread = cells.values(["TRUE", "false", "1", "0.0", "", "vrai", "maybe"], {"parse": "flag", "words": ["FALSE", "TRUE"]})
    np.testing.assert_array_equal(values, [1, 0, 1, 0, np.nan, 1, np.nan])
    assert unread == ["maybe"]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2021-04-03", "2021-04-03T00:00:00"),
        ("2021/4/3 10:20", "2021-04-03T10:20:00"),
        ("2015-02-24 11:35:52 -0800", "2015-02-24T19:35:52"),
        ("2021-04-03T10:00:00.5Z", "2021-04-03T10:00:00.500000"),
        ("03/04/2021", "2021-04-03T00:00:00"),
        ("25.12.99", "1999-12-25T00:00:00"),
        ("6 avril 2021", "2021-04-06T00:00:00"),
        ("1er août 2021", "2021-08-01T00:00:00"),
        ("mardi 6 avril 2021 à 14h30", "2021-04-06T14:30:00"),
        ("April 6th, 2021 5:30 PM", "2021-04-06T17:30:00"),
        ("6-Apr-21", "2021-04-06T00:00:00"),
        ("Tue, 06 Apr 2021 10:00:00 GMT", "2021-04-06T10:00:00"),
        ("1998 Q2", "1998-04-01T00:00:00"),
        ("1949-01", "1949-01-01T00:00:00"),
    ],
)
def test_dates(text: str, iso: str) -> None:
    values, unread = cells.values([text], {"parse": "date", "order": "dmy"})
    assert not unread
    assert values[0] == datetime.fromisoformat(iso).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["31/04/2021", "2021-13-01", "2021-02-29", "12.5", "may be", "mars", "25:00", "2021-04-03 25:00", "12345678"]
)
def test_no_dates(text: str) -> None:
    assert dates.one(text) is None
    assert dates.uniform([text, text]) is None


@given(
    st.lists(st.datetimes(datetime(1000, 1, 1), datetime(2900, 1, 1)), min_size=1),
    st.sampled_from(["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%d.%m.%Y %H:%M"]),
)
def test_all_at_once_is_one_by_one(moments: list[datetime], layout: str) -> None:
    texts = [moment.strftime(layout) for moment in moments]
    at_once = dates.uniform(texts)
    assert at_once is not None
    assert at_once.tolist() == [dates.one(text) for text in texts]
    exact = datetime.strptime(texts[0], layout) - datetime(1970, 1, 1)
    assert timedelta(seconds=at_once[0]) == exact


def test_month_first_is_told_not_guessed() -> None:
    assert dates.one("03/04/2021", "mdy") == dates.one("2021-03-04")
    assert dates.evidence(["03/04/2021", "25/03/2021", "04/05/2021"]) == {"dmy": 1, "mdy": 0, "either": 2}
