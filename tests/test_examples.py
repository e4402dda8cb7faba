"""The data that come with the package are whole, and say where they come from."""

from __future__ import annotations

import csv

import pytest

import etabli.examples
from etabli.errors import UsageError


def test_penguins_are_complete() -> None:
    with etabli.examples.path("penguins.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "year"]
    assert len(rows) == 344
    assert {row[0] for row in rows} == {"Adelie", "Chinstrap", "Gentoo"}
    assert {len(row) for row in rows} == {8}
    licence = (etabli.examples.path("penguins.csv").parent / "README.md").read_text(encoding="utf-8")
    assert "CC0" in licence
    assert "Gorman" in licence


def test_an_unknown_example_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no such example") as caught:
        etabli.examples.path("pinguins.csv")
    assert caught.value.hint == 'did you mean "penguins.csv"?'
