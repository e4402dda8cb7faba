"""One contract for every source: the same data come out, wherever they lay."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from etabli.data import batched, cells, dialect, sources, store
from etabli.data.sources import csv as csv_source
from etabli.errors import DataError, EtabliError, UsageError
from etabli.records import Column, Table

N = 300


def frame() -> pa.Table:
    rng = np.random.default_rng(5)
    return pa.table(
        {
            "id": pa.array([f"k{i:05d}" for i in range(N)]),
            "x": pa.array([None if i % 17 == 0 else float(v) for i, v in enumerate(rng.normal(size=N).round(6))]),
            "n": pa.array(rng.integers(0, 40, N)),
            "city": pa.array([None if i % 11 == 0 else ["Évry", "Nîmes", 'a "b"', "c,d", "line\nbreak"][i % 5] for i in range(N)]),
            "ok": pa.array([bool(v) for v in rng.integers(0, 2, N)]),
            "day": pa.array(np.datetime64("2020-01-01") + rng.integers(0, 900, N)),
            "big": pa.array([2**60 + i * 7 for i in range(N)]),
        }
    )


def write(kind: str, path: Path) -> Path:
    table = frame()
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=100)
    elif kind == "parquet dictionary":
        columns = [c.dictionary_encode() if name == "city" else c for name, c in zip(table.column_names, table.columns, strict=True)]
        pq.write_table(pa.table(columns, table.column_names), path)
    else:
        pyarrow.csv.write_csv(table, path)
        if kind == "csv.gz":
            path.write_bytes(gzip.compress(path.read_bytes()))
    return path


KINDS = ("csv", "csv.gz", "parquet", "parquet dictionary")


def same(one: Table, other: Table) -> None:
    assert [(c.name, c.kind, c.distinct, c.missing_count) for c in one.columns] == [
        (c.name, c.kind, c.distinct, c.missing_count) for c in other.columns
    ]
    for column in one.columns:
        np.testing.assert_array_equal(one.values[column.name], other.values[column.name])
        if not column.is_double:
            assert list(one.levels[column.name]) == list(other.levels[column.name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stored", [True, False])
def test_the_contract(kind: str, stored: bool, tmp_path: Path) -> None:
    path = write(kind, tmp_path / "data.bin")  # the name says nothing
    folder = tmp_path / "run" / "data" if stored else None
    made = sources.read(path, folder)
    assert made.rows == N and made.source == "data.bin"
    assert made.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [c.kind for c in made.columns] == ["identifier", "number", "number", "category", "flag", "date", "identifier"]
    expected = frame()
    for column in made.columns:
        values = made.values[column.name]
        assert len(values) == N and values.dtype == (np.float64 if column.is_double else np.int32)
        assert column.missing_count == expected[column.name].null_count
        json.dumps(dict(column.reading))
        if not column.is_double:
            levels = list(made.levels[column.name])
            assert levels == sorted(levels)
            assert [levels[c] if c >= 0 else None for c in values] == [
                None if v is None else str(v) for v in expected[column.name].to_pylist()
            ]
    np.testing.assert_array_equal(made.values["x"], expected["x"].to_numpy(zero_copy_only=False).astype(float))
    np.testing.assert_array_equal(made.values["day"], expected["day"].to_numpy().astype("datetime64[s]").astype(float))
    if stored:
        assert isinstance(made.values["x"].base, np.memmap)
        same(store.load(folder), made)
        assert [p.name for p in folder.parent.iterdir()] == ["data"]  # nothing left aside


def test_all_sources_agree(tmp_path: Path) -> None:
    tables = [sources.read(write(kind, tmp_path / f"{i}.bin")) for i, kind in enumerate(KINDS)]
    for other in tables[1:]:
        same(tables[0], other)


def test_staging_on_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("csv", tmp_path / "x.csv")
    before = sources.read(path)
    monkeypatch.setattr(batched, "IN_MEMORY", 1)
    monkeypatch.setattr(batched, "GROUP", 2000)
    monkeypatch.setattr(csv_source, "BLOCK", 1 << 12)
    same(before, sources.read(path, tmp_path / "run" / "data"))


def test_more_different_texts_than_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from etabli.data import staging

    path = tmp_path / "x.csv"
    days = [f"{1 + i % 12:02d}/{1 + i // 12 % 12:02d}/2021 10:{i % 60:02d}" for i in range(400)] + ["25/03/2021 10:00"]
    path.write_text("a,b,when\n" + "".join(f"k{i},{i},{day}\n" for i, day in enumerate(days)))
    before = sources.read(path)
    monkeypatch.setattr(staging, "CAP", 20)
    monkeypatch.setattr(staging, "KEEP", 100)
    after = sources.read(path)
    assert [c.kind for c in before.columns] == [c.kind for c in after.columns] == ["identifier", "identifier", "date"]
    assert after.column("when").reading["order"] == "dmy"
    np.testing.assert_array_equal(before.values["when"], after.values["when"])
    assert after.column("a").distinct == 401 and len(after.levels["a"]) == 0  # an identifier's texts stay in the source


def read_again(path: Path, columns: tuple[Column, ...]) -> dict[str, list[object]]:
    """As the model's loader does it, with numpy and the standard library alone."""
    found = dialect.sniff(path)
    rows = list(dialect.rows(path, found))
    out: dict[str, list[object]] = {}
    for facts in json.loads(json.dumps([c.__dict__ for c in columns])):
        texts = [row[found.names.index(facts["name"])] for row in rows]
        if facts["reading"]["parse"] == "text":
            out[facts["name"]] = list(cells.texts(texts, facts["reading"], facts["missing"]))
        else:
            out[facts["name"]] = cells.values(texts, facts["reading"], facts["missing"])[0].tolist()
    return out


def test_a_new_file_is_read_as_the_first_was(shared: Path) -> None:
    """Every CSV of ours: cells.values and dialect.rows give what fitting saw, bit for bit."""
    read = 0
    for path in sorted([*shared.glob("*.csv"), *(shared / "broken").glob("*.csv")]):
        try:
            table = sources.read(path)
        except EtabliError:
            continue
        read += 1
        again = read_again(path, table.columns)
        for column in table.columns:
            values = table.values[column.name]
            if column.is_double:
                np.testing.assert_array_equal(np.asarray(again[column.name]), values, err_msg=f"{path.name} {column.name}")
            else:
                levels = ["", *table.levels[column.name]]
                assert again[column.name] == [levels[code + 1] for code in values], (path.name, column.name)
    assert read >= 30


def test_columns_by_themselves_and_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "income.csv").write_text("age\n41\n39\n\n22\n")
    table = sources.read(tmp_path / "income.csv")
    assert np.asarray(table.values["age"]).tolist() == [41, 39, 22]
    with pytest.raises(UsageError, match=r'did you mean "income\.csv"'):
        sources.read(tmp_path / "incomes.csv")
    with pytest.raises(UsageError, match="folder"):
        sources.read(tmp_path)


def test_a_failed_reading_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(DataError, match="line 3 has 1"):
        sources.read(path, tmp_path / "run" / "data")
    with pytest.raises(UsageError):
        path.write_text("a,b\n1,2\n3,4\n")
        sources.read(path, tmp_path / "run" / "data", {"c": "number"})
    assert not (tmp_path / "run").exists() or list((tmp_path / "run").iterdir()) == []


def test_saving_and_loading(tmp_path: Path) -> None:
    table = sources.read(write("csv", tmp_path / "x.csv"))
    saved = store.save(table, tmp_path / "again")
    same(table, saved)
    assert saved.columns == table.columns and saved.notes == table.notes and saved.fingerprint == table.fingerprint
    with pytest.raises(DataError):
        store.load(tmp_path / "nowhere")


def test_very_many_levels_are_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LARGE", 3)
    table = sources.read(write("csv", tmp_path / "x.csv"), tmp_path / "data")
    levels = table.levels["city"]
    assert isinstance(levels, store.Levels)
    assert list(levels) == ["Nîmes", 'a "b"', "c,d", "line\nbreak", "Évry"]
    assert levels[-1] == "Évry" and levels[2:4] == ("c,d", "line\nbreak")
