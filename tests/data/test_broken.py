"""The broken files: each is read, or refused, as broken.json says, up to the target (fitting is tested elsewhere)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from etabli.data import sources
from etabli.data.target import target
from etabli.errors import DataError, EtabliError, UsageError
from etabli.records import Finding, Table, Target

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "broken"
CASES = json.loads((FOLDER / "broken.json").read_text("utf-8")) if FOLDER.is_dir() else []
LATER = {
    "all_missing_column.csv",
    "target_in_disguise.csv",
    "repeated_rows.csv",
}  # the audit's business: here they only have to be read right
# file -> what the refusal must name
REFUSED = {
    "ragged.csv": ["ragged.csv", "line 11 has 5", "line 26 has 6", "line 41 has 2", "line 78 has 1", "4 of 120"],
    "empty.csv": ["empty.csv", "empty"],
    "header_only.csv": ["no rows", "4 columns", "age"],
    "one_class_target.csv": ['"bought"', '"yes"', "120"],
    "constant_target_regression.csv": ['"amount"', '"12.5"', "120"],
    "one_row.csv": ['"bought"', "1 row"],
    "target_all_empty.csv": ['"bought"', "120", "empty"],
    "no_target_column.csv": ['"bought"', '"age"', "did you mean", '"Bought_"'],
    "nul_bytes.csv": ["lines 13, 31, 51"],
    "no_header.csv": ["first line", "looks like data", "23028.69"],
    "html_page.csv": ["HTML"],
    "truncated.parquet": ["truncated.parquet", "damaged or incomplete"],
}
# file -> codes of findings that must be there
SAID = {
    "latin1.csv": {"encoding-guessed"},
    "duplicate_names.csv": {"duplicate-names"},
    "class_with_one_row.csv": {"single-row-class"},
    "infinite_values.csv": {"infinite-values"},
    "mixed_types.csv": {"words-as-missing"},
    "target_partly_missing.csv": {"target-missing"},
    "preamble.csv": {"preamble-skipped"},
    "currency_percent.csv": {"mixed-currencies"},
}


def start(case: dict[str, str]) -> tuple[Table, Target, tuple[Finding, ...]]:
    table = sources.read(FOLDER / case["file"])
    made, said = target(table, case["target"], case["task"])
    return table, made, (*table.notes, *said)


def test_there_are_thirty_three(shared: Path) -> None:
    assert {case["file"] for case in CASES} >= set(REFUSED) | set(SAID) and len(CASES) >= 33


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_as_the_page_says(case: dict[str, str]) -> None:
    file, expect = case["file"], case["expect"]
    if file in REFUSED:
        assert expect in ("refuse", "warn_or_refuse")
        with pytest.raises(EtabliError) as caught:
            start(case)
        assert isinstance(caught.value, DataError | UsageError) and caught.value.status in (2, 3)
        message = str(caught.value)
        assert all(word in message for word in REFUSED[file]), message
        assert str(FOLDER) not in message
        return
    assert expect != "refuse"
    _, made, said = start(case)
    loud = {finding.code for finding in said if finding.level != "note"}
    assert loud == SAID.get(file, set())
    assert expect == "ok" or loud or file in LATER
    assert made.task == "binary" and len(made.classes) == 2 and set(np.unique(made.y)) <= {-1, 0, 1}


def column(file: str, name: str) -> np.ndarray:
    table = sources.read(FOLDER / file)
    values = np.asarray(table.values[name])
    return values if table.column(name).is_double else np.array(["", *table.levels[name]])[values + 1]


def test_values_come_out_right(shared: Path) -> None:
    assert (
        "Saint-Étienne" in column("latin1.csv", "city")
        and "prix 12 €" in column("latin1.csv", "note")
        and "œuvre" in column("latin1.csv", "note")
    )
    np.testing.assert_array_equal(column("utf16_bom.csv", "note"), column("utf8_bom.csv", "note"))
    assert column("french_numbers.csv", "revenu")[0] == 21204.12 and column("french_numbers.csv", "taux")[0] == 0.078
    dates = column("french_dates.csv", "date_commande"), column("french_dates.csv", "livraison")
    assert dates[0][0] == np.datetime64("2021-04-03", "s").astype(float)
    np.testing.assert_array_equal(dates[1] - dates[0], 3 * 86400)  # delivered three days later, on every row
    assert (column("duplicate_names.csv", "income") > 3 * column("duplicate_names.csv", "income.2")).all()
    income = column("infinite_values.csv", "income")
    assert np.isnan(income).sum() == 5 and (income == -1e39).sum() == 1
    assert np.isnan(column("mixed_types.csv", "age")).sum() == 2 and np.isnan(column("mixed_types.csv", "income")).sum() == 3
    assert column("currency_percent.csv", "price")[:2].tolist() == [2041.74, 3868.77] and column("currency_percent.csv", "rate")[0] == 35.9
    assert column("big_ids.csv", "account")[0] == "9007199254740993" and column("big_ids.csv", "zip")[0] == "05158"
    assert "ligne 1\r\nligne 2\r\nligne 3" in column("quoted_newlines.csv", "commentaire")


def test_shapes_and_kinds(shared: Path) -> None:
    shapes = {
        "utf16_bom.csv": (60, 5),
        "quoted_newlines.csv": (120, 4),
        "cr_only.csv": (120, 4),
        "tabs_named.csv": (120, 4),
        "very_wide.csv.gz": (50, 3001),
        "preamble.csv": (120, 4),
    }
    for file, shape in shapes.items():
        table = sources.read(FOLDER / file)
        assert (table.rows, len(table.columns)) == shape, file
    assert sources.read(FOLDER / "utf8_bom.csv").columns[0].name == "age"
    assert sources.read(FOLDER / "big_ids.csv").column("account").kind == "identifier"
    assert {c.name: c.kind for c in sources.read(FOLDER / "all_missing_column.csv").columns}["phone"] == "constant"
    names = [c.name for c in sources.read(FOLDER / "hostile_names.csv").columns]
    assert names[2] == "column_3" and "<script>alert(1)</script>" in names and "line\nbreak" in names and "a\"b'c{d}:e,f" in names


def test_the_repeated_name_is_no_target(shared: Path) -> None:
    with pytest.raises(DataError, match="2 columns"):
        target(sources.read(FOLDER / "duplicate_names.csv"), "income")
