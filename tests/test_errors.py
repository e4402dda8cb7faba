"""What an error tells who named a column that is not there, or an option."""

from __future__ import annotations

import pytest

from etabli.cli import main
from etabli.errors import columns_hint

COLUMNS = ["species", "Body Mass (g)", "island, of three", "sex"]


def test_columns_named_together_are_given_one_by_one() -> None:
    assert columns_hint("--ignore", "species,sex", COLUMNS) == "one option a column: --ignore species --ignore sex"
    assert columns_hint("--ignore", "sex, Body Mass (g)", COLUMNS) == 'one option a column: --ignore sex --ignore "Body Mass (g)"'


def test_otherwise_the_nearest_names_or_those_there_are() -> None:
    assert columns_hint("--ignore", "specie", COLUMNS) == 'did you mean "species"?'
    assert columns_hint("--by", "zzz", COLUMNS) == "columns: " + ", ".join(COLUMNS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "a.csv"], "which column is to be predicted?"),
        (["predict", "m.onnx", "a.csv", "--target", "y"], "--target is an option of fit, adopt, explore, publish, not of this command"),
        (["status", "run", "--jsno"], 'did you mean "--json"'),
        (["status"], "see: etabli status --help"),
    ],
)
def test_an_option_is_told_where_it_belongs(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert f"hint: {said}" in capsys.readouterr().err
