"""The address of a table in a Datasette as a source, against a real one."""

from __future__ import annotations

import csv
import http.server
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import etabli.examples
from etabli.data import sources
from etabli.data.sources import datasette as source
from etabli.errors import DataError, UsageError
from etabli.faces.explore.opening import opened
from tests.data.datasettes import datasette
from tests.data.test_sources import same

PENGUINS = etabli.examples.path("penguins.csv")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("datasette") / "zoo.db"
    with open(PENGUINS, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE penguins (id INTEGER PRIMARY KEY, {', '.join(head)})")
        connection.executemany(f"INSERT INTO penguins ({', '.join(head)}) VALUES ({', '.join('?' * len(head))})", rows)
        connection.execute('CREATE TABLE "a/b é" (a, b)')
        connection.execute("INSERT INTO \"a/b é\" VALUES (1, 'x'), (2, 'y'), (3, 'line\nbreak, \"quoted\"')")
        connection.execute("CREATE TABLE wide AS SELECT value AS n, hex(zeroblob(600)) AS text FROM (WITH RECURSIVE t(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM t WHERE value < 2500) SELECT value FROM t)")  # fmt: skip
        connection.execute("CREATE VIEW gentoo AS SELECT * FROM penguins WHERE species = 'Gentoo'")
        connection.commit()
    return path


@pytest.fixture(scope="module")
def streaming(database: Path) -> Iterator[str]:
    with datasette(database, "--setting", "max_csv_mb", "2") as home:
        yield home


@pytest.fixture(scope="module")
def paging(database: Path) -> Iterator[str]:
    with datasette(database, "--setting", "allow_csv_stream", "off") as home:
        yield home


@pytest.mark.parametrize("served", ["streaming", "paging"])
def test_a_table_comes_as_it_is(served: str, request: pytest.FixtureRequest, database: Path, tmp_path: Path) -> None:
    home = request.getfixturevalue(served)
    table = sources.read(f"{home}/zoo/penguins", tmp_path / "run" / "data")
    same(table, sources.read(f"{database}::penguins"))
    assert table.source == "penguins" and [p.name for p in (tmp_path / "run").iterdir()] == ["data"]
    assert sources.read(f"{home}/zoo/penguins.json?species=Gentoo&sex__exact=male&_size=3").rows == 61
    assert sources.read(f"{home}/zoo/gentoo").rows == 124
    odd = sources.read(f"{home}/zoo/a~2Fb~20~C3~A9")
    assert odd.rows == 3 and 'line\nbreak, "quoted"' in odd.levels["b"]
    assert sources.read(Path(f"{home}/zoo/penguins")).rows == 344  # a Path swallows a slash


@pytest.mark.parametrize(("served", "table", "least"), [("streaming", "penguins", 1), ("paging", "wide", 3)])
def test_it_says_how_far_it_is(
    served: str, table: str, least: int, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "SAID", 1 << 19)
    said: list[str] = []
    home = request.getfixturevalue(served)
    source.fetched(f"{home}/zoo/{table}", tmp_path / "t.csv", lambda event, **facts: said.append(facts["name"]["en"]))
    assert len(said) >= least and said[-1].startswith("fetching t, ")


def test_what_is_not_there_teaches(streaming: str) -> None:
    for address, said in (
        (f"{streaming}/zoo/penguin", 'did you mean "penguins"'),
        (f"{streaming}/zoo/xyzzy", "/zoo/penguins"),
        (f"{streaming}/zoo", "/zoo/penguins"),
        (streaming, "/zoo"),
        (f"{streaming}/x/y", "/zoo"),
    ):
        with pytest.raises(UsageError) as no:
            sources.read(address)
        assert said in no.value.hint, address


def test_what_is_cut_short_is_refused(streaming: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stops at 2 MB and writes why into the stream; nothing half is left."""
    with pytest.raises(DataError, match="came of 2,500"):
        source.fetched(f"{streaming}/zoo/wide", tmp_path / "wide.csv")
    with pytest.raises(DataError, match="cuts answers"):
        source.fetched(f"{streaming}/zoo?sql=select+*+from+wide", tmp_path / "wide.csv")
    monkeypatch.setattr(source, "LARGEST", 1000)
    with pytest.raises(DataError, match="At most"):
        source.fetched(f"{streaming}/zoo/penguins", tmp_path / "wide.csv")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def answering(status: int, kind: str, body: bytes, location: str = "") -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            if location:
                self.send_header("location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_no_datasette_is_said_to_be_none(tmp_path: Path) -> None:
    with answering(200, "text/html", b"<html>hello") as home, pytest.raises(UsageError, match="is none"):
        sources.read(f"{home}/a/b")
    with answering(200, "application/json", b"[1, 2]") as home, pytest.raises(UsageError, match="is none"):
        sources.read(f"{home}/a/b")
    with answering(404, "text/html", b"no") as home, pytest.raises(UsageError, match="no Datasette answers"):
        sources.read(f"{home}/a/b")
    with answering(500, "application/json", b'{"error": "burnt"}') as home, pytest.raises(DataError, match="500 burnt"):
        sources.read(f"{home}/a/b")
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with answering(302, "text/plain", b"", secret.as_uri()) as home, pytest.raises((DataError, UsageError)):
        sources.read(f"{home}/a/b")
    with pytest.raises(DataError, match="refused"):
        sources.read("http://127.0.0.1:9/a/b")


def test_it_is_explored(streaming: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    looked = opened(f"{streaming}/zoo/penguins?island=Dream")
    assert looked.rows == 124 and looked.name.startswith("penguins")
    with looked.connect() as connection:
        assert connection.execute("SELECT count(*) FROM data WHERE island = 'Dream'").fetchone() == (124,)
