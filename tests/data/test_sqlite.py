"""SQLite as a source: what lies in a database is read as it would be from a CSV file, and what is wrong is told by name."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import etabli.examples
from etabli.data import batched, sources
from etabli.data.sources import sqlite
from etabli.errors import DataError, EtabliError, UsageError
from tests.data.test_sources import frame, same, write

PENGUINS = etabli.examples.path("penguins.csv")
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a database of SQL: make("CREATE TABLE …", ("INSERT …", rows))."""

    def made(*steps: Any, name: str = "my.db") -> Path:
        path = tmp_path / name
        with closing(sqlite3.connect(path)) as connection:
            for step in steps:
                connection.executemany(*step) if isinstance(step, tuple) else connection.execute(step)
            connection.commit()
        return path

    return made


def test_the_contract(make: Make, tmp_path: Path) -> None:
    """The table of the other sources' contract, written into SQLite as CSV would have it, comes out the same."""
    table = frame()
    rows = [
        tuple(
            None if v is None else str(v).lower() if isinstance(v, bool) else str(v) if not isinstance(v, int | float) else v
            for v in row.values()
        )
        for row in table.to_pylist()
    ]
    path = make(
        "CREATE TABLE t (id TEXT, x REAL, n INTEGER, city TEXT, ok BOOLEAN, day DATE, big INTEGER)",
        ("INSERT INTO t VALUES (?,?,?,?,?,?,?)", rows),
        name="data.bin",
    )
    other = sources.read(write("csv", tmp_path / "x.csv"))
    same(sources.read(path), other)
    same(sources.read(f"{path}::t", tmp_path / "run" / "data"), other)
    assert sources.read(path).source == "data.bin::t"
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["data"]


def test_staging_on_disk_changes_nothing(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = make("CREATE TABLE t (a, b)", ("INSERT INTO t VALUES (?, ?)", [(i, f"k{i % 7}") for i in range(5000)]))
    before = sources.read(path)
    monkeypatch.setattr(batched, "IN_MEMORY", 1)
    monkeypatch.setattr(batched, "GROUP", 2000)
    monkeypatch.setattr(sqlite, "ROWS", 300)
    same(before, sources.read(path, tmp_path / "data"))


def test_types_are_what_the_cells_are(make: Make) -> None:
    path = make(
        "CREATE TABLE t (whole TEXT, mixed INTEGER, real, none, blobs, half, zip)",
        ("INSERT INTO t VALUES (?,?,?,?,?,?,?)", [(3, 5, 1.5, None, b"x", b"x" if i == 3 else 1, f"0{i % 9}100") for i in range(40)]),
        "UPDATE t SET whole = NULL WHERE rowid = 1",
        "UPDATE t SET mixed = 'many' WHERE rowid % 2",
    )
    table = sources.read(path)
    kinds = {column.name: column.kind for column in table.columns}
    assert "blobs" not in kinds and "half" not in kinds
    assert {name for note in table.notes if note.code == "unsupported-column" for name in note.columns} == {"blobs", "half"}
    assert kinds["zip"] == "category" and min(table.levels["zip"]) == "00100"  # leading zeros stay
    assert table.column("whole").missing_count == 1 and table.column("none").missing_count == 40
    assert set(table.levels["mixed"]) == {"5", "many"}


def test_views_tables_without_rowid_keys_and_shadows(make: Make) -> None:
    path = make(
        "CREATE TABLE a (k TEXT PRIMARY KEY, v REAL) WITHOUT ROWID",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a TEXT REFERENCES a(k) ON DELETE CASCADE)",
        ("INSERT INTO a VALUES (?, ?)", [(f"k{i:02d}", i / 2) for i in range(20)]),
        ("INSERT INTO b VALUES (?, ?)", [(i, f"k{i % 20:02d}") for i in range(60)]),
        "CREATE VIEW both AS SELECT b.id, a.k, a.v FROM a JOIN b ON a.k = b.a",
        "CREATE VIEW broken AS SELECT * FROM gone",
        "CREATE VIRTUAL TABLE words USING fts5(text)",
    )
    before = path.read_bytes()
    assert sources.read(f"{path}::a").rows == 20 and sources.read(f"{path}::both").rows == 60
    with pytest.raises(UsageError) as several:
        sources.read(path)
    assert several.value.got.endswith("holds a (20 rows), b (60 rows), both (60 rows), broken (cannot be read), words (0 rows)")
    assert "my.db::a" in several.value.hint
    with pytest.raises(DataError, match="gone"):
        sources.read(f"{path}::broken")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ['a "b"', "é è", "x;DROP TABLE y", "::", "SELECT", "?#%25", " "])
def test_any_name_of_a_table_and_of_a_column(make: Make, name: str) -> None:
    quoted = sqlite.quoted(name)
    path = make(f"CREATE TABLE {quoted} ({quoted} REAL, b REAL)", (f"INSERT INTO {quoted} VALUES (?, ?)", [(i, i) for i in range(9)]))
    assert sources.read(path).rows == 9
    if "::" not in name:
        assert sources.read(f"{path}::{name}").columns[0].header == name


def test_what_is_wrong_is_told(make: Make, tmp_path: Path) -> None:
    path = make("CREATE TABLE penguins (a)", "CREATE TABLE other (a)", "INSERT INTO other VALUES (1)")
    with pytest.raises(UsageError, match='did you mean "penguins"'):
        sources.read(f"{path}::penguin")
    with pytest.raises(UsageError, match="it holds: penguins"):
        sources.read(f"{path}::zzz")
    with pytest.raises(DataError, match="no rows"):
        sources.read(f"{path}::penguins")
    assert sources.read(f"{path}::OTHER").rows == 1
    with pytest.raises(DataError, match="holds none"):
        sources.read(make("PRAGMA user_version = 1", name="empty.db"))
    with pytest.raises(UsageError, match="Only a database"):
        sources.read(f"{PENGUINS}::x")
    with pytest.raises(UsageError, match=r'did you mean "my\.db"'):
        sources.read(f"{tmp_path / 'mi.db'}::a")
    whole = path.read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    for damaged in ("cut.db", "text.db"):
        with pytest.raises(DataError, match="whole"):
            sources.read(tmp_path / damaged)
    (tmp_path / "nothing.db").write_bytes(b"")
    with pytest.raises(EtabliError):
        sources.read(tmp_path / "nothing.db")


def test_texts_that_are_no_utf8_and_what_another_program_writes_meanwhile(make: Make) -> None:
    path = make(
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE t (a TEXT)",
        "INSERT INTO t VALUES (CAST(x'6368ff' AS TEXT))",
        "INSERT INTO t VALUES ('b')",
    )
    assert list(sources.read(path).levels["a"]) == ["b", "ch\ufffd"]
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO t VALUES ('c')")
        assert sources.read(path).rows == 2  # what is not committed is not there
        writer.commit()
        assert sources.read(path).rows == 3


def test_a_view_cannot_reach_out(make: Make, tmp_path: Path) -> None:
    path = make("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)", "CREATE VIEW v AS SELECT load_extension('x') AS a")
    with pytest.raises(DataError):
        sources.read(f"{path}::v")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            *[
                st.one_of(
                    st.none(),
                    st.integers(-(2**63), 2**63 - 1),
                    st.floats(allow_nan=False),
                    st.text(max_size=8).filter(lambda t: "\0" not in t and t.isprintable()),
                )
            ]
            * 2
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_the_cells_are_it_reads_or_teaches(rows: list[tuple[Any, Any]], tmp_path: Path) -> None:
    path = tmp_path / "any.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a, b)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
        connection.commit()
    table = sources.read(path)
    assert table.rows == len(rows)
    for column in table.columns:
        assert len(np.asarray(table.values[column.name])) == len(rows)


def test_fit_and_explore_by_the_command(make: Make, tmp_path: Path) -> None:
    with open(PENGUINS, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    path = make(
        f"CREATE TABLE penguins ({', '.join(head)})",
        (f"INSERT INTO penguins VALUES ({', '.join('?' * len(head))})", rows),
        "CREATE TABLE other (a)",
    )

    def etabli(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "etabli", *words], capture_output=True, text=True, cwd=tmp_path, check=False)

    told = etabli("explore", "my.db", "--json")
    assert told.returncode == 2 and "penguins (344 rows)" in told.stderr and "my.db::penguins" in told.stderr
    from_db, from_csv = (json.loads(etabli("explore", name, "--json").stdout) for name in ("my.db::penguins", str(PENGUINS)))
    assert from_db == from_csv
    done = etabli("fit", "my.db::penguins", "--target", "species", "--families", "ridge,naivebayes", "--effort", "glance", "-q")
    assert done.returncode == 0 and "penguins.etabli" in done.stdout, done.stderr
    kept = json.loads((tmp_path / "penguins.etabli" / "plan.json").read_text())
    assert kept["asked"]["file"] == "my.db::penguins"
    assert etabli("resume", "penguins.etabli", "-q").returncode == 0
    assert path.is_file()
