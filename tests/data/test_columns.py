"""What columns are taken for, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from etabli.data import sources
from etabli.errors import UsageError
from etabli.records import Table


def table(tmp_path: Path, kinds: dict[str, str] | None = None, **columns: list[str]) -> Table:
    path = tmp_path / "x.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([";".join(columns), *(";".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return sources.read(path, kinds=kinds)


def codes(table: Table) -> set[str]:
    return {note.code for note in table.notes}


N = 40
CYCLE = ["a", "b", "c", "d"] * 10


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([str(i) for i in range(1, N + 1)], "identifier"),
        ([f"C-{i * 7919 % 1000:04d}" for i in range(N)], "identifier"),
        ([str(2**60 + i * 3) for i in range(N)], "identifier"),
        ([str(i * 37 % 101 + 0.5) for i in range(N)], "number"),
        (["1", "2", "3", "7"] * 10, "number"),
        (["0", "1"] * 20, "flag"),
        (["TRUE", "FALSE"] * 20, "flag"),
        (["vrai", "faux"] * 20, "flag"),
        (["yes", "no"] * 20, "category"),
        (["01234", "04567", "12345", "98765"] * 10, "category"),
        (["2021-04-03", "2021-05-03", "2020-01-01", "2019-12-31"] * 10, "date"),
        (["1998 Q1", "1998 Q2", "1998 Q3", "1998 Q4"] * 10, "date"),
        (["same"] * N, "constant"),
        ([""] * N, "constant"),
        ([f"the dog number {i} ran away" for i in range(N)], "text"),
        (["35 kg", "36 kg", "37.5 kg", "41 kg"] * 10, "number"),
        (["unknown", "1.5", "unknown", "2.5"] * 10, "number"),
        (["A1", "B2", "13", "14"] * 10, "category"),
        (["None", "Gd", "TA", "Ex"] * 10, "category"),
    ],
)
def test_kinds(tmp_path: Path, cells: list[str], kind: str) -> None:
    column = table(tmp_path, x=cells, y=CYCLE).column("x")
    assert (column.kind, bool(column.reason), 0 < column.sure <= 1) == (kind, True, True)


def test_zeros_and_large_numbers_keep_their_digits(tmp_path: Path) -> None:
    big = [str(2**53 + 1 + 2 * i) for i in range(N)]
    made = table(tmp_path, account=big, zip=["01234", "04567", "12345", "98765"] * 10)
    assert [made.levels["account"][code] for code in made.values["account"]] == big
    assert list(made.levels["zip"]) == ["01234", "04567", "12345", "98765"]
    assert "digits-kept" in codes(made)


def test_a_level_called_none_stays_and_hidden_gaps_go(tmp_path: Path) -> None:
    made = table(tmp_path, fence=["None", "?", "Gd", "-"] * 10, y=CYCLE)
    assert list(made.levels["fence"]) == ["Gd", "None"]
    column = made.column("fence")
    assert (column.missing, column.missing_count, column.distinct) == (("-", "?"), 20, 2)
    assert "hidden-missing" in codes(made)


def test_namibia_is_a_country(tmp_path: Path) -> None:
    made = table(tmp_path, country=["NA", "FR", "DE", "ES"] * 10, grade=["NA", "good", "bad", "fair"] * 10)
    assert "NA" in made.levels["country"] and made.column("country").reading["keep"] == ["NA"]
    assert "NA" not in made.levels["grade"]


def test_the_order_of_dates_is_decided_for_the_whole_column(tmp_path: Path) -> None:
    base = ["03/04/2021", "05/06/2021", "07/08/2021"]
    days = table(tmp_path, when=[*base, "25/03/2021"] * 10, y=CYCLE)
    months = table(tmp_path, when=[*base, "03/25/2021"] * 10, y=CYCLE)
    assert (days.column("when").reading["order"], months.column("when").reading["order"]) == ("dmy", "mdy")
    assert days.values["when"][3] == months.values["when"][3] and days.values["when"][0] != months.values["when"][0]
    assert not codes(days) & {"date-order-assumed"}
    assert "date-order-assumed" in codes(table(tmp_path, when=[*base, base[0]] * 10, y=CYCLE))
    mixed = table(tmp_path, when=["03/04/2021", "25/03/2021", "03/25/2021", "01/02/2021"] * 10, y=CYCLE)
    assert mixed.column("when").kind == "category" and "date-order-mixed" in codes(mixed)
    told = table(tmp_path, {"when": "date:mdy"}, when=[*base, base[0]] * 10, y=CYCLE)
    assert told.values["when"][0] == months.values["when"][0]


def test_decimal_marks_go_by_the_column_then_by_the_file(tmp_path: Path) -> None:
    made = table(tmp_path, a=["1.234", "2.345", "3.456", "10"] * 10, b=["0,5", "12,25", "3,1", "4,75"] * 10, c=["41", "39", "12", "7"] * 10)
    assert made.values["a"][0] == 1234.0 and "decimal-guessed" in codes(made)  # the file writes decimals with a comma
    assert made.values["b"][1] == 12.25
    assert made.column("c").reading["decimal"] == ","  # whole here; the rows to come may say 41,5
    plain = table(tmp_path, a=["1,234", "2,345,678", "3,456.5", "10"] * 10, y=CYCLE)
    assert plain.values["a"][:3].tolist() == [1234.0, 2345678.0, 3456.5] and "decimal-guessed" not in codes(plain)


def test_words_among_numbers_are_listed_with_their_counts(tmp_path: Path) -> None:
    made = table(tmp_path, x=["12k", "inf", *(str(i + 0.5) for i in range(38))], y=CYCLE)
    found = {note.code: note for note in made.notes}
    assert found["words-as-missing"].evidence["columns"]["x"] == {"12k": 1}
    assert found["infinite-values"].evidence["columns"]["x"] == {"inf": 1}
    assert made.column("x").missing_count == 2
    for note in made.notes:
        assert set(note.text) == {"en", "fr"}


def test_low_high_distinct_and_missing(tmp_path: Path) -> None:
    made = table(tmp_path, x=["", "-2.5", "7", "7"] * 10, y=["", "u", "v", "v"] * 10)
    x, y = made.column("x"), made.column("y")
    assert (x.low, x.high, x.distinct, x.missing_count) == (-2.5, 7.0, 2, 10)
    assert (y.low, y.distinct, y.missing_count) == (None, 2, 10)
    np.testing.assert_array_equal(np.asarray(made.values["y"])[:4], [-1, 0, 1, 1])


def test_kinds_can_be_given(tmp_path: Path) -> None:
    codes_ = ["1", "2", "3", "7"] * 10
    made = table(tmp_path, {"x": "category", "y": "identifier"}, x=codes_, y=CYCLE)
    assert made.column("x").kind == "category" and list(made.levels["x"]) == ["1", "2", "3", "7"]
    assert made.column("y").kind == "identifier"
    flag = table(tmp_path, {"x": "flag"}, x=["no", "yes"] * 20, y=CYCLE)
    assert np.asarray(flag.values["x"])[:2].tolist() == [0.0, 1.0]
    with pytest.raises(UsageError, match="did you mean"):
        table(tmp_path, {"X_": "category"}, x=codes_, y=CYCLE)
    with pytest.raises(UsageError, match="categ"):
        table(tmp_path, {"x": "categ"}, x=codes_, y=CYCLE)
