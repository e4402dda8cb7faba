"""A file opened: DuckDB sees exactly what `fit` reads, from Parquet in place, from text and from a run; the cache is never stale."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import etabli.examples
from etabli.data.sources import read
from etabli.errors import EtabliError, StorageError, UsageError
from etabli.faces.explore import opening, scanned
from etabli.faces.explore.opened import Opened
from etabli.records import Table, quiet

PENGUINS = etabli.examples.path("penguins.csv")


def same(opened: Opened, table: Table) -> None:
    """Every cell of the view `data` is the reader's."""
    assert [(c.name, c.kind, c.missing_count, c.low, c.high) for c in opened.columns] == [
        (c.name, c.kind, c.missing_count, c.low, c.high) for c in table.columns
    ]
    with opened.connect() as connection:
        for column in table.columns:
            name = opened.sql(column.name)
            shown = f"epoch({name})" if column.kind == "date" else name
            found = [value for (value,) in connection.execute(f"SELECT {shown} FROM numbered ORDER BY _row").fetchall()]
            values = np.asarray(table.values[column.name])
            if column.is_double:
                np.testing.assert_allclose(np.array(found, float), values, rtol=1e-15)
            else:
                assert found == [None if code < 0 else table.levels[column.name][code] for code in values.tolist()]


@pytest.mark.parametrize(
    "name", ["ames_housing.parquet", "diamonds.parquet", "electricity_victoria.parquet", "horse_colic.csv", "penguins_raw.csv"]
)
def test_pages_see_what_fit_reads(shared: Path, look: Any, name: str) -> None:
    same(look(shared / name), read(shared / name))


def test_texts_with_gaps_dates_and_flags_in_parquet(look: Any, tmp_path: Path) -> None:
    table = pa.table(
        {
            "word": [" a ", "?", "b", None, "", "NA"] * 20,
            "flag": [True, False, None, True, False, True] * 20,
            "day": pa.array([0, 1, 2, None, 4, 5] * 20, pa.date32()),
            "moment": pa.array([0, 1, 2, None, 4, 10**9] * 20, pa.timestamp("ms", "UTC")),
            "whole": pa.array([1, 2, None, 3, 4, 2**40] * 20, pa.int64()),
            "real": [1.5, float("nan"), float("inf"), None, -2.0, 3.0] * 20,
            "coded": pa.array(["x", "y", "x", None, "y", "x"] * 20).dictionary_encode(),
            "A": [1, 2, 3, 4, 5, 6] * 20,
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    same(look(tmp_path / "t.parquet"), read(tmp_path / "t.parquet"))
    assert look(tmp_path / "t.parquet").path == tmp_path / "t.parquet"


def test_names_that_sql_cannot_tell_apart(look: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('A,a,_row,"b""c","",a__gt\n' + "1,2,3,4,5,6\n" * 12 + "7,8,9,10,11,12\n")
    pq.write_table(pa.table([[1, 2], [3, 4]], names=["A", "a"]), tmp_path / "t.parquet")
    same(look(tmp_path / "t.csv"), read(tmp_path / "t.csv"))
    same(look(tmp_path / "t.parquet"), read(tmp_path / "t.parquet"))


def test_a_large_parquet_is_shown_from_a_few_places_then_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanned, "QUICK", 1000)
    rows = 150_000
    values = {
        "n": np.arange(rows),
        "gap": ["?" if i == 77_777 else "ab"[i % 2] for i in range(rows)],
        "x": np.random.default_rng(0).normal(size=rows),
    }
    pq.write_table(pa.table(values), tmp_path / "t.parquet", row_group_size=10_000)
    first, later = opening.begun(tmp_path / "t.parquet", opening.Wish())
    assert (first.rows, first.sampled, first.counted) == (rows, 20_000, 20_000) and not first.whole and later is not None
    whole = later(quiet)
    assert (whole.sampled, whole.counted) == (100_000, rows)
    assert whole.by_name["gap"].missing_count == 1 and whole.by_name["n"].kind == "identifier" and whole.by_name["n"].high == rows - 1
    again, nothing = opening.begun(tmp_path / "t.parquet", opening.Wish())
    assert nothing is None and again.columns == whole.columns


def test_a_large_text_is_shown_from_its_head_then_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LARGE", 1000)
    monkeypatch.setattr(opening, "HEAD", 1000)
    (tmp_path / "t.csv").write_text("a;b;c\n" + "1,5;x;1\n2,5;y;0\n" * 450_000)
    first, later = opening.begun(tmp_path / "t.csv", opening.Wish())
    assert first.part and 0 < first.rows < 900_000 and later is not None
    whole = later(quiet)
    assert not whole.part and whole.rows == 900_000 and whole.by_name["a"].high == 2.5 and whole.first[0] == ("1,5", "x", "1")


def test_a_changed_file_is_read_anew(look: Any, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n" + "1,x\n" * 12)
    old = look(file)
    file.write_text("a,b\n" + "2,y\n" * 12)
    os.utime(file, ns=(1, 1))
    assert old.changed and not look(file).changed
    assert look(file).by_name["a"].low == 2 and look(file, kinds={"a": "category"}).by_name["a"].kind == "category"


def test_starts_at_once_share_the_cache(tmp_path: Path, cache: Path) -> None:
    made = list[Any]()
    threads = [threading.Thread(target=lambda: made.append(opening.opened(PENGUINS).rows)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [344] * 4
    assert len([path for path in (cache / "etabli" / "explore").iterdir()]) == 1


def test_no_room_for_the_cache(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("etabli.faces.explore.cache.store", full)
    with pytest.raises(StorageError, match="copy") as error:
        opening.opened(PENGUINS)
    assert "No space left" in str(error.value) and list((cache / "etabli" / "explore").iterdir()) == []


def test_what_was_left_aside_by_a_start_that_was_ended_is_swept(cache: Path) -> None:
    left = cache / "etabli" / "explore" / ".abc.999999999.x.part"
    left.mkdir(parents=True)
    opening.opened(PENGUINS)
    assert not left.exists()


def test_a_later_start_recalls_what_the_audit_said(monkeypatch: pytest.MonkeyPatch) -> None:
    first = opening.opened(PENGUINS, "species")

    def again(*_: Any) -> None:
        raise AssertionError("audited twice")

    monkeypatch.setattr(opening, "looked", again)
    assert opening.opened(PENGUINS, "species").findings == first.findings != ()
    with pytest.raises(AssertionError, match="twice"):
        opening.opened(PENGUINS, "sex")  # another target has findings of its own


def test_a_server_starts_without_pandas(tmp_path: Path) -> None:
    script = (
        "import sys; from etabli.faces.explore import server; server._without_pandas(); from etabli.faces.explore.opening import opened; "
        f"assert opened({str(PENGUINS)!r}, 'species').table.rows == 344; assert not {{'pandas', 'sklearn', 'scipy.stats'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)


def test_what_cannot_be_opened_teaches(tmp_path: Path) -> None:
    for file, target in ((tmp_path / "nothing.csv", None), (tmp_path, None), (PENGUINS, "specie")):
        with pytest.raises(UsageError):
            opening.opened(file, target)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + b"\0" * 50)
    with pytest.raises(EtabliError, match="whole"):
        opening.opened(tmp_path / "cut.parquet")


def test_a_run_shows_its_data_and_target(tmp_path: Path) -> None:
    from etabli.study import explore, fit

    run = fit(PENGUINS, "species", effort="glance", families=("tree",), ignore=("year",), out=tmp_path / "p.etabli").folder
    found = opening.opened(run)
    assert (found.name, found.target, found.rows, found.run) == ("penguins.csv", "species", 344, run)
    same(found, read(PENGUINS))
    text, facts = explore(run)
    assert facts["rows"] == 344 and "bill_length_mm" in text and "year" in text
