"""`explore --text|--json`: nothing raw from the file, valid JSON, both languages."""

from __future__ import annotations

import json

import numpy as np

from etabli.data.audit import audit
from etabli.faces.explore_text import explore_json, explore_text
from etabli.records import Column, Finding, Table


def table() -> Table:
    columns = (
        Column("age\n\x1b[31m", "number", "age", missing_count=1, distinct=3, low=18.5, high=61.0, reason="all numbers"),
        Column("city", "category", distinct=3),
        Column("when", "date", distinct=4, low=0.0, high=1e9),
        Column("far", "date", distinct=4, low=-1e300, high=float("nan")),
        Column("note", "text", distinct=4),
    )
    values = {
        "age\n\x1b[31m": np.array([18.5, np.nan, 61, 20]),
        "city": np.array([1, 1, 0, -1], np.int32),
        "when": np.array([0, 1e9, 5, 6]),
        "far": np.full(4, -1e300),
        "note": np.arange(4, dtype=np.int32),
    }
    return Table(columns, 4, values, {"city": ["Paris", "Saint-Étienne", "unused"], "note": ["a\tb", "c", "d", "e"]})


FINDING = Finding(
    "leak",
    ("city",),
    {"en": "a question", "fr": "une question"},
    {"en": "--ignore city"},
    "warn",
    {"score": np.float64("nan"), "n": np.int64(3)},
)


def test_text_shows_columns_and_findings_in_both_languages():
    english, french = explore_text(table(), (FINDING,)), explore_text(table(), (FINDING,), "fr")
    assert "\x1b" not in english and len([line for line in english.splitlines() if line.startswith("age")]) == 1
    assert (
        "4 rows, 5 columns" in english
        and "18.5 to 61" in english
        and "1970-01-01 to 2001-09-09T01:46:40" in english
        and "25.0 %" in english
    )
    assert "Saint-Étienne, Paris" in english and "unused" not in english
    assert "warning: a question\n    → --ignore city" in english
    assert (
        "4 lignes" in french and "18,5 à 61" in french and "25,0 %" in french and "attention: une question\n    → --ignore city" in french
    )
    assert explore_text(table(), ()).endswith("nothing to report\n")
    assert all(line == line.rstrip() for line in english.splitlines())


def test_json_is_json():
    got = json.loads(json.dumps(explore_json(table(), (FINDING,)), allow_nan=False))
    assert got["rows"] == 4 and [c["kind"] for c in got["columns"]] == ["number", "category", "date", "date", "text"]
    age, city, when, far, note = got["columns"]
    assert (age["missing"], age["low"], age["high"], age["reason"], age["header"]) == (1, 18.5, 61.0, "all numbers", "age")
    assert city["levels"] == ["Saint-Étienne", "Paris"] and note["levels"] == [] and when["high"] == "2001-09-09T01:46:40"
    assert far["high"] is None
    assert got["warnings"] == [
        {
            "code": "leak",
            "level": "warn",
            "columns": ["city"],
            "text": "a question",
            "cure": "--ignore city",
            "evidence": {"score": None, "n": 3},
        }
    ]
    assert explore_json(table(), (FINDING,), "fr")["warnings"][0]["text"] == "une question"


def test_thousands_of_columns_stay_a_page():
    rng = np.random.default_rng(0)
    columns = tuple(Column(f"x{k}", "number", distinct=50, low=-1.0, high=1.0) for k in range(3000))
    wide = Table(columns, 50, {c.name: rng.normal(size=50) for c in columns}, {})
    text = explore_text(wide, audit(wide))
    assert text.count("\n") < 120 and "and 2,900 more columns" in text and len(explore_json(wide, ())["columns"]) == 3000
