"""What an error tells who named a column that is not there."""

from __future__ import annotations

from etabli.errors import columns_hint

COLUMNS = ["species", "Body Mass (g)", "island, of three", "sex"]


def test_columns_named_together_are_given_one_by_one() -> None:
    assert columns_hint("--ignore", "species,sex", COLUMNS) == "one option a column: --ignore species --ignore sex"
    assert columns_hint("--ignore", "sex, Body Mass (g)", COLUMNS) == 'one option a column: --ignore sex --ignore "Body Mass (g)"'


def test_otherwise_the_nearest_names_or_those_there_are() -> None:
    assert columns_hint("--ignore", "specie", COLUMNS) == 'did you mean "species"?'
    assert columns_hint("--by", "zzz", COLUMNS) == "columns: " + ", ".join(COLUMNS)
