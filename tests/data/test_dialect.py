"""How files are written, found from their bytes."""

from __future__ import annotations

import codecs
import gzip
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.data import dialect
from etabli.errors import DataError

ROWS = "âge;ville;prix\n41;Nîmes;1,5\n39;Sète;2,25\n28;Évry;3,75\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_line_ends_and_gzip(tmp_path: Path, encoding: str, compressed: bool, newline: str) -> None:
    data = ROWS.replace("\n", newline).encode(encoding)
    path = tmp_path / "named.wrong"
    path.write_bytes(gzip.compress(data) if compressed else data)
    found = dialect.sniff(path)
    assert (found.separator, found.decimal, found.newline, found.names) == (";", ",", newline, ("âge", "ville", "prix"))
    assert codecs.lookup(found.encoding) == codecs.lookup(encoding)
    assert found.compression == ("gzip" if compressed else "")
    assert list(dialect.rows(path, found))[1] == ["39", "Sète", "2,25"]
    guessed = [note["code"] for note in found.notes]
    assert guessed == (["encoding-guessed"] if encoding in ("cp1252", "utf-16-le") else [])
    json.dumps(asdict(found))


def test_zstd(tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "x.csv"
    with pa.output_stream(path, compression="zstd") as out:
        out.write(ROWS.encode())
    found = dialect.sniff(path)
    assert found.compression == "zstd" and len(list(dialect.rows(path, found))) == 3


def test_preamble_blank_lines_and_exact_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('# made today; by hand\n\na,b\n1,"x\ny"\n\n2,z\n')
    found = dialect.sniff(path)
    assert (found.header, found.first, found.names) == (3, 4, ("a", "b"))
    assert list(dialect.numbered(path, found)) == [(4, ["1", "x\ny"]), (7, ["2", "z"])]
    assert found.notes[0]["code"] == "preamble-skipped" and "line 3" in found.notes[0]["en"]


def test_header_with_a_line_break(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,"b\nc"\n1,2\n3,4\n')
    found = dialect.sniff(path)
    assert found.headers == ("a", "b\nc") and found.first == 3
    assert list(dialect.rows(path, found)) == [["1", "2"], ["3", "4"]]


def test_stray_quotes_are_no_quoting(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\n" + '"open\t1\n' + "x\t2\n" * 9)
    found = dialect.sniff(path)
    assert found.quote == "" and len(list(dialect.rows(path, found))) == 10


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"<html><p>no", "HTML"),
        (b'{"a": 1}', "JSON"),
        (b"PK\x03\x04xx", "Excel"),
        (b"%PDF-1", "PDF"),
        (b"a,b\n1,2\n3,\x004\n", "line 3"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes, word: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=word):
        dialect.sniff(path)


def test_cut_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    data = gzip.compress(ROWS.encode() * 200)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"x\.csv\.gz"):
        dialect.sniff(path)


@pytest.mark.parametrize(
    ("first", "headless"),
    [("54,2.5,Lille", True), ("age,2.5,x", True), ("name,2019,2020", False), ("0,1,2", False), ("a,b,c", False), ("x,1a,b", False)],
)
def test_a_header_that_is_data(tmp_path: Path, first: str, headless: bool) -> None:
    path = tmp_path / "x.csv"
    path.write_text(first + "\n" + "41,3.5,7\n" * 5)
    assert dialect.sniff(path).headless is headless


@given(st.lists(st.sampled_from(["a", "b", "", " a", "a.2", "column_2", "a.3"]), min_size=1))
def test_names_are_unique_and_stable(headers: list[str]) -> None:
    names = dialect.names(headers)
    assert len(set(names)) == len(headers) and all(names)
    assert dialect.names(headers) == names
    for header in set(headers):  # the first of a name keeps it
        if header.strip():
            assert header.strip() in names


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]), max_size=8)] * 3),
        min_size=3,
    ),
    st.sampled_from(",;\t|"),
)
def test_what_the_csv_module_writes_comes_back(tmp_path: Path, table: list[tuple[str, ...]], separator: str) -> None:
    import csv

    path = tmp_path / "x.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["first", "second", "third"])
        writer.writerows(table)
    found = dialect.sniff(path)
    assert found.separator == separator
    assert [tuple(row) for row in dialect.rows(path, found)] == table


def test_two_columns_with_decimal_commas_are_parted_where_the_header_is(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("day;amount\n" + "".join(f"0{1 + i % 9}/02/2026;{i},5\n" for i in range(2000)))
    found = dialect.sniff(tmp_path / "t.csv")
    assert (found.separator, found.decimal, found.headers, found.header) == (";", ",", ("day", "amount"), 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_one_column_of_quoted_texts_is_one_column(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "notes.csv"
    cells = [f"note {i}, with a comma; and more" for i in range(30)]
    path.write_text(newline.join(["t", *(f'"{cell}"' for cell in cells)]) + newline, newline="")
    found = dialect.sniff(path)
    assert (found.names, found.quote, found.notes) == (("t",), '"', ())
    assert [row[0] for row in dialect.rows(path, found)] == cells
