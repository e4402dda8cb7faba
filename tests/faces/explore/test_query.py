"""The SQL page's sandbox, attacked: each layer alone, then all of them together with what public reports have tried."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.faces.explore import query as asking
from etabli.faces.explore.allowed import Refused
from etabli.faces.explore.apart import examined, settings
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.query import Answer, QueryError, ask, kind, query
from etabli.records import Column

SECRET = "the secret of the house"
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """200 rows: a number, a text, a date, a name with blanks. Beside it lie files that must stay unread."""
    folder = tmp_path_factory.mktemp("sql")
    (folder / "secret.csv").write_text(f"a,b\n1,{SECRET}\n")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT i::DOUBLE AS age, 'k' || (i % 5) AS city, TIMESTAMP '2020-01-01' + INTERVAL (i) DAY AS day, "
            'nullif(i % 7, 0)::DOUBLE AS "body mass" FROM range(200) r(i)'
        )
        connection.execute(f"COPY t TO '{folder / 'data.parquet'}'")
        connection.execute(f"COPY (SELECT row_number() OVER () - 1 AS _row, * FROM t LIMIT 100) TO '{folder / 'sample.parquet'}'")
        connection.execute(f"COPY (SELECT '{SECRET}' AS b) TO '{folder / 'other.parquet'}'")
    columns = tuple(Column(name, of) for name, of in (("age", "number"), ("city", "category"), ("day", "date"), ("body mass", "number")))
    return Opened("t", folder / "data.parquet", folder / "sample.parquet", 200, columns, sampled=100)


@pytest.fixture
def asks(file: Opened) -> Ask:
    return lambda text, most=1000, wall=20.0, **given: ask(file, text, given, most, wall)


def test_answers(asks: Ask) -> None:
    found = asks('SELECT city, count(*) AS n, avg("body mass") AS mass, min(day) AS first FROM data GROUP BY ALL ORDER BY city; -- done')
    assert found.names == ("city", "n", "mass", "first") and found.kinds == ("text", "number", "number", "date")
    assert [row[:2] for row in found.rows] == [(f"k{i}", 40) for i in range(5)] and not found.more
    assert found.rows[1][3].isoformat() == "2020-01-02T00:00:00"
    assert len(asks("FROM data", most=7).rows) == 7 and asks("FROM data", most=7).more
    assert not asks("FROM sample", most=100).more
    assert asks("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT max(n) FROM t").rows == ((9,),)
    assert [row[0] for row in asks("DESCRIBE data").rows] == ["age", "city", "day", "body mass"]
    assert len(asks("SUMMARIZE sample").rows) == 5
    assert asks("SELECT * FROM data PIVOT (count(*) FOR city IN ('k0', 'k1'))", most=1).names[-2:] == ("k0", "k1")


def test_every_type_has_a_cell(asks: Ask) -> None:
    found = asks(
        "SELECT now() AS zoned, [now()] AS within, uuid() AS id, 170141183460469231731687303715884105727 AS huge, 12.5::DECIMAL(4, 1) AS dec,"
        " DATE '2020-02-03' AS day, TIME '10:00' AS hour, INTERVAL 36 HOUR AS span, [1, NULL] AS list, {'a': 1.5} AS struct, MAP {'k': 2} AS map,"
        " '\\xAA'::BLOB AS blob, '101'::BIT AS bit, 'nan'::DOUBLE AS nan, 'infinity'::DATE AS ever, TRUE AS flag, NULL AS none, 1 AS a, 2 AS a"
    )
    row = dict(zip(found.names, found.rows[0], strict=True))
    assert row["huge"] == pytest.approx(1.7e38, rel=0.01) and row["dec"] == 12.5 and row["blob"] == "aa" and row["bit"] == "101"
    assert row["list"] == "[1, null]" and json.loads(row["struct"]) == {"a": 1.5} and row["flag"] is True and row["none"] is None
    assert row["zoned"].startswith("20") and found.names[-2:] == ("a", "a")
    assert [kind(of) for of in ("BIGINT", "UHUGEINT", "INTERVAL", "DECIMAL(4,1)", "INTEGER[]", "TIMESTAMP_NS", "STRUCT(a INTEGER)")] == [
        "number", "number", "text", "number", "text", "date", "text",
    ]  # fmt: skip


def test_what_is_filled_in(asks: Ask) -> None:
    assert asks("SELECT age FROM data WHERE age < :least AND city = :city", least="8", city="k1").rows == ((1.0,), (6.0,))
    assert asks("SELECT :n + 1 AS n", n="41").rows == ((42,),)  # DuckDB cannot choose for a text
    assert asks("SELECT count(*) FROM data LIMIT :n", n="1").rows == ((200,),)
    assert asks("SELECT :nothing IS NULL AS x", nothing="").rows == ((True,),)
    assert asks("SELECT :x AS x", x="'; DROP VIEW data; --").rows == (("'; DROP VIEW data; --",),)
    with pytest.raises(QueryError, match="0,5"):
        asks("SELECT * FROM data WHERE age > :least", least="0,5")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT :a, :b, :a", ("a", "b")),
        (
            "SELECT x::INT, l[1:n], l[m():n], {'a':b}, ':no', \":no\", $$ :no $$, E'\\' :no' -- :no\n FROM t /* :no */ WHERE y=:yes",
            ("yes",),
        ),
        ("SELECT 'it''s :no', f(a := 1), :Été_2 ; ", ()),
        ("SELECT (:a)::DATE, l[:a]", ("a",)),
    ],
)
def test_names_to_fill_in(text: str, names: tuple[str, ...]) -> None:
    assert query(text).names == names
    assert len(query(text).text) == len(text)


@given(st.text(alphabet="ab:;$'\"-/* \n[]()\\e1", max_size=30))
def test_reading_a_question_keeps_every_place(text: str) -> None:
    read = query(text)
    assert len(read.text) == len(text)
    assert all(old == new or (old, new) in ((":", "$"), (";", " ")) for old, new in zip(text, read.text, strict=True))


# the layers, each alone ----------------------------------------------------------------------------------------------


def locked(file: Opened) -> Any:
    connection = duckdb.connect(config=settings(1 << 28))
    for statement in file.setup:
        connection.execute(statement)
    return connection


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM '{folder}/other.parquet'",
        "SELECT * FROM read_csv('{folder}/../{name}/secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM query('FROM ''{folder}/secret.csv''')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM ''{folder}/secret.csv'''))",
        "COPY data TO '{folder}/stolen.csv'",
        "COPY (SELECT 1) TO '{folder}/data.parquet'",
        "ATTACH '{folder}/new.db'",
        "EXPORT DATABASE '{folder}/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET memory_limit = '64GB'",
        "RESET lock_configuration",
        "SELECT * FROM enable_logging(storage = 'file', storage_config = {{'path': '{folder}'}})",
        "SELECT * FROM 'http://127.0.0.1:{port}/x.parquet'",
        "SELECT * FROM secrets",
    ],
)
def test_the_locked_connection_alone(file: Opened, text: str) -> None:
    secrets = {"a": [SECRET]}  # a frame of Python's must not be found by its name
    assert secrets
    before = sorted(path.name for path in file.path.parent.iterdir())
    with locked(file) as connection, pytest.raises(duckdb.Error):
        connection.execute(text.format(folder=file.path.parent, name=file.path.parent.name, port=9)).fetchall()
    assert sorted(path.name for path in file.path.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("-- nothing", "empty"),
        ("SELECT 1; SELECT 2", "several"),
        ("SELECT 1; DROP VIEW data", "several"),
        *((text, "statement") for text in (
            "DROP VIEW data", "CREATE TABLE t AS FROM data", "INSERT INTO data VALUES (1)", "UPDATE data SET age = 1", "DELETE FROM data",
            "COPY data TO 'x'", "ATTACH 'x'", "DETACH memory", "INSTALL httpfs", "LOAD httpfs", "SET threads = 9", "RESET threads",
            "PRAGMA version", "CALL pragma_version()", "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "CHECKPOINT", "BEGIN", "VACUUM",
            "PREPARE p AS SELECT 1", "EXECUTE p", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "USE memory", "CREATE MACRO f() AS 1",
            "ALTER VIEW data RENAME TO x", "TRUNCATE data", "COMMENT ON VIEW data IS 'x'", "SET VARIABLE a = 1", "PIVOT data ON city USING count(*)",
            "CREATE SECRET (TYPE http)", "MERGE INTO data USING sample ON true WHEN MATCHED THEN DELETE",
        )),
        ("WITH a AS (INSERT INTO data VALUES (1) RETURNING *) SELECT * FROM a", "form"),
        ("WITH a AS (DELETE FROM data RETURNING *) FROM a", "form"),
        ("SELECT * FROM (PIVOT data ON city USING count(*))", "statement"),
        ("SHOW TABLES", "form"),
        ("SHOW ALL TABLES", "form"),
        ("DESCRIBE '/etc/passwd'", "table"),
        ("SUMMARIZE 'secret.csv'", "table"),
        *((text, "table") for text in (
            "FROM '/etc/passwd'", "SELECT * FROM \"/etc/passwd\"", "FROM '../x.csv'", "FROM 'http://h/x.csv'", "FROM 's3://b/x.parquet'",
            "TABLE '/etc/passwd'", "FROM information_schema.tables", "FROM pg_catalog.pg_class", "FROM sqlite_master", "FROM duckdb_settings",
            "FROM numbered", "FROM memory.main.data", "FROM main.data", "SELECT (SELECT max(a) FROM '/x.csv')",
            "SELECT * FROM data WHERE age IN (FROM '/x.csv')", "SELECT * FROM data, LATERAL (FROM '/x.csv')", "FROM data UNION ALL FROM '/x.csv'",
            "WITH a AS (FROM '/x.csv') FROM a", "SELECT * FROM (WITH \"/x.csv\" AS (SELECT 1) SELECT 1) a, '/x.csv'",
            "WITH RECURSIVE t AS (SELECT 1 UNION ALL FROM '/x.csv') FROM t", "SELECT list_transform([1], lambda x: (SELECT max(a) FROM '/x.csv'))",
            "UNPIVOT '/x.csv' ON a", "FROM data ASOF JOIN '/x.csv' USING (age)", "VALUES ((SELECT 1 FROM '/x.csv'))", "FROM data LIMIT (SELECT 1 FROM '/x.csv')",
            "FROM data ORDER BY (SELECT 1 FROM '/x.csv')", "SELECT count(*) FILTER (EXISTS (FROM '/x.csv')) FROM data",
            "SELECT sum(age) OVER (ORDER BY (SELECT 1 FROM '/x.csv')) FROM data", "FROM data QUALIFY EXISTS (FROM '/x.csv')",
            "SELECT DISTINCT ON ((SELECT 1 FROM '/x.csv')) 1", "SELECT CASE WHEN true THEN (SELECT 1 FROM '/x.csv') END",
        )),
        *((f"SELECT * FROM {text}", "function") for text in (
            "read_csv('x')", "read_csv_auto('x')", "READ_CSV('x')", "\"read_csv\"('x')", "main.read_csv('x')", "read_parquet('x')", "parquet_scan('x')",
            "read_json('x')", "read_ndjson('x')", "read_text('x')", "read_blob('x')", "glob('*')", "sniff_csv('x')", "parquet_metadata('x')",
            "parquet_schema('x')", "parquet_kv_metadata('x')", "read_duckdb('x')", "duckdb_secrets()", "duckdb_settings()", "duckdb_extensions()",
            "duckdb_temporary_files()", "duckdb_logs()", "pragma_version()", "pragma_database_size()", "query('SELECT 1')", "query_table('data')",
            "json_execute_serialized_sql('x')", "enable_logging()", "checkpoint()", "which_secret('x', 'y')", "pandas_scan(1)", "arrow_scan(1, 2, 3)",
            "repeat('x', 1000000000)", "histogram(data, age)", "test_all_types()", "pg_timezone_names()", "python_map_function(1)",
            "register_external_resource('x')", "copy_database('a', 'b')", "seq_scan('data')",
        )),
        *((f"SELECT {text}", "function") for text in (
            "getenv('HOME')", "current_setting('temp_directory')", "getvariable('x')", "nextval('s')", "sleep_ms(100000)", "pg_sleep(100)",
            "write_log('x')", "json_serialize_plan('SELECT 1')", "inet_server_addr()", "current_query()", "main.getenv('HOME')",
            "list_transform(['HOME'], lambda x: getenv(x))", "(SELECT getenv('HOME'))", "count(*) FILTER (getenv('HOME') = 'x')",
        )),
    ],
)  # fmt: skip
def test_the_look_at_the_tree_alone(text: str, code: str) -> None:
    """No lock, no fence: the question itself is refused."""
    with duckdb.connect() as connection, pytest.raises(Refused) as no:
        examined(connection, text)
    assert no.value.code == code


def test_what_a_later_duckdb_adds_is_refused_until_it_is_known() -> None:
    from etabli.faces.explore.allowed import look

    with pytest.raises(Refused, match="MATCH_RECOGNIZE"):
        look({"node": {"type": "SELECT_NODE", "from_table": {"type": "MATCH_RECOGNIZE", "source": "/etc/passwd"}}})


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * EXCLUDE (day) REPLACE (age + 1 AS age) FROM data",
        "SELECT COLUMNS('a.*|c.*') FROM data",
        "SELECT city, row_number() OVER (PARTITION BY city ORDER BY age DESC) AS n FROM data QUALIFY n <= 2",
        "SELECT city, avg(age) FILTER (age > 10), quantile_cont(age, [0.1, 0.9]), histogram(age) FROM data GROUP BY CUBE (city)",
        "SELECT * FROM data USING SAMPLE 10 ROWS",
        "SELECT * FROM data TABLESAMPLE reservoir(10 ROWS)",
        "FROM data SELECT city WHERE age > 3 ORDER BY ALL LIMIT 10%",
        "SELECT DISTINCT ON (city) city, age FROM data ORDER BY age DESC",
        "WITH a AS MATERIALIZED (FROM data WHERE age > 3), b AS (FROM a) SELECT * FROM b JOIN data USING (age)",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n + 1 FROM t WHERE n < 5) FROM t",
        'SELECT * FROM (UNPIVOT (SELECT age, "body mass" FROM data) ON COLUMNS(*))',
        'UNPIVOT data ON age, "body mass"',
        "SELECT * FROM data PIVOT (avg(age) FOR city IN ('k0', 'k1'))",
        "SELECT a.age FROM data a ASOF JOIN sample b ON a.day >= b.day",
        "SELECT * FROM data POSITIONAL JOIN sample",
        "SELECT * FROM data SEMI JOIN sample USING (age)",
        "FROM data EXCEPT SELECT * EXCLUDE (_row) FROM sample",
        "SELECT [x + 1 FOR x IN range(5) IF x > 2], list_transform([1, 2], lambda x: x * 2), {'a': age}.a, map([1], [2]) FROM data",
        "SELECT unnest(string_split(city, 'k')) FROM data",
        "SELECT * FROM range(3) r(i), LATERAL (SELECT i * 2 AS j), generate_series(1, 2), unnest([1, 2])",
        "SELECT key, value FROM json_each('{\"a\": 1}')",
        "SELECT age::DECIMAL(9, 2), city::ENUM('k0', 'k1', 'k2', 'k3', 'k4'), CAST(day AS DATE), TRY_CAST(city AS INTEGER) FROM data",
        "SELECT strftime(day, '%Y'), date_trunc('month', day), day + INTERVAL 3 DAY, regexp_extract(city, '[0-9]') FROM data",
        'SELECT corr(age, "body mass"), regr_slope(age, "body mass"), mode(city), arg_max(city, age), approx_quantile(age, 0.5) FROM data',
        "SELECT age, (SELECT max(age) FROM sample s WHERE s.city = d.city) FROM data d WHERE EXISTS (FROM sample s WHERE s.age = d.age)",
        "SELECT CASE city WHEN 'k0' THEN 1 ELSE 2 END, coalesce(age, 0), age BETWEEN 1 AND 2, city IN ('a', 'b'), city LIKE 'k%' FROM data",
        "SELECT sum(age) OVER (ORDER BY day RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND CURRENT ROW) FROM data",
        "VALUES (1, 'a'), (2, 'b')",
        "TABLE data",
        'SELECT "AGE" FROM DATA',
        "DESCRIBE SELECT age FROM data",
        "SUMMARIZE SELECT age FROM data",
    ],
)
def test_what_people_ask_is_answered(file: Opened, text: str) -> None:
    with locked(file) as connection:
        examined(connection, text)
        assert connection.execute(text).fetchone() is not None


FENCED = """
import json, socket, subprocess, sys
from etabli.faces.explore.fence import fenced, limited
limited(2 << 30, 30)
version = fenced([sys.argv[1]])
tried = {}
def attempt(name, act):
    try:
        act()
        tried[name] = "done"
    except OSError as error:
        tried[name] = type(error).__name__
attempt("mine", lambda: open(sys.argv[1], "rb").read())
attempt("other", lambda: open(sys.argv[2], "rb").read())
attempt("write", lambda: open(sys.argv[1], "wb").write(b"gone"))
attempt("new", lambda: open(sys.argv[2] + ".new", "wb").write(b"x"))
attempt("program", lambda: subprocess.run(["/bin/sh", "-c", "true"]))
attempt("port", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[3])), 2))
print(json.dumps({"version": version, **tried}))
"""


def test_the_fence_alone(tmp_path: Path) -> None:
    """The operating system refuses, whatever DuckDB would allow."""
    mine, other = tmp_path / "mine.txt", tmp_path / "other.txt"
    mine.write_text("mine")
    other.write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = [sys.executable, "-c", FENCED, str(mine), str(other), str(server.getsockname()[1])]
        seen = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    assert seen["mine"] == "done" and mine.read_text() == "mine"
    if seen["version"] == 0:
        pytest.skip("this kernel has no Landlock")
    assert {seen[name] for name in ("other", "write", "new", "program")} == {"PermissionError"}
    assert seen["version"] < 4 or seen["port"] == "PermissionError"


def test_the_process_apart_has_nothing_of_ours(asks: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were getenv allowed, it would find an empty environment."""
    monkeypatch.setenv("ETABLI_TOKEN", SECRET)
    seen: dict[str, Any] = {}
    run = subprocess.run

    def spied(*words: Any, **options: Any) -> Any:
        seen.update(options)
        return run(*words, **options)

    monkeypatch.setattr(subprocess, "run", spied)
    assert asks("SELECT 1").rows == ((1,),)
    assert set(seen["env"]) == {"PYTHONPATH"}


# all of them together ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "not allowed"),
        ("FROM '/etc/passwd'", "two tables"),
        ("FROM dta", 'did you mean "data"'),
        ("DROP VIEW data", "Only one SELECT"),
        ("SELECT 1; SELECT 2", "One question at a time"),
        ("PIVOT data ON city USING count(*)", "PIVOT"),
        ("SELECT agee FROM data", "did you mean age?"),
        ('SELECT "body mas" FROM data', 'did you mean "body mass"?'),
        ('SELECT * FROM data WHERE city = "k1000x"', "'k1000x'"),
        ("SELECT body mass FROM data WHERE", '"body mass"'),
        ("SELECT repeat('x', 10000000000)", "4294967295"),
        ("SELECT list_sort(range(400000000))", "memory"),
        ("SELECT " + "(" * 4000 + "1" + ")" * 4000, "depth"),
        ("SELECT 1 --" + "x" * 10_000, "10,000 characters"),
    ],
)  # fmt: skip
def test_refusals_teach(asks: Ask, text: str, told: str) -> None:
    with pytest.raises(QueryError) as no:
        asks(text)
    assert told in str(no.value), str(no.value)
    assert "Traceback" not in str(no.value)


def test_the_place_of_an_error_is_shown(asks: Ask) -> None:
    with pytest.raises(QueryError) as no:
        asks("SELECT age,\n  agee\nFROM data WHERE age > :least;", least="3")
    lines = no.value.got.split("\n")
    assert lines[-2].endswith("agee") and "^" in lines[-1] and "LINE 2" in lines[-2]


BOMBS = {
    "recursion": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
    "range": "SELECT count(*) FROM range(1000000000000)",
    "cross": "SELECT sum(a.age * b.age * c.age) FROM data a, data b, data c, data d, data e, data f, data g",
    "uninterruptible": "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))",
    "texts": "SELECT repeat('x', 1000000000) || repeat('y', 1000000000) || repeat('z', 1000000000) || repeat('w', 1000000000)",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_in_time(asks: Ask, name: str) -> None:
    began = time.monotonic()
    with pytest.raises(QueryError, match=r"Stopped after 1 seconds|memory"):
        asks(BOMBS[name], wall=1.0)
    assert time.monotonic() - began < 6  # 1 s, and a loaded machine's delay


def test_the_processor_is_guarded_too(asks: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "CPU", 1)
    with pytest.raises(QueryError, match="1 seconds of processor"):
        asks(BOMBS["range"], wall=60)


def test_a_fall_takes_nothing_with_it(asks: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends by a signal (a stack that overflows) is told as such, and the next question is answered."""
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda words, **more: run([sys.executable, "-c", "import os; os.abort()"], **more))
    with pytest.raises(QueryError, match="fell over"):
        asks("SELECT 1")
    monkeypatch.setattr(subprocess, "run", run)
    assert asks("SELECT 1").rows == ((1,),)


def test_deep_nesting_that_overflows_a_stack_is_survived(asks: Ask) -> None:
    deep = "SELECT 1"
    for i in range(130):
        deep = f"(WITH RECURSIVE r{i} AS (({deep}) UNION ALL SELECT 1 FROM r{i}) SELECT * FROM r{i})"
    with pytest.raises(QueryError):
        asks(f"SELECT * FROM {deep}", wall=5)
    assert asks("SELECT 1").rows == ((1,),)


def test_two_at_a_time_and_the_rest_wait_or_are_told(asks: Ask) -> None:
    """A third question waits for its turn no longer than it may last; what does not ask SQL never waits."""
    told: list[str] = []

    def bomb() -> None:
        try:
            asks(BOMBS["uninterruptible"], wall=2.0)
        except QueryError as error:
            told.append(error.rule)

    threads = [threading.Thread(target=bomb) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    with pytest.raises(QueryError, match="already"):
        asks("SELECT 1", wall=0.2)
    for thread in threads:
        thread.join()
    assert len(told) == 2 and all("Stopped" in one for one in told)
    assert asks("SELECT 1").rows == ((1,),)


def test_a_full_line_is_told_at_once(asks: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_LINE", threading.BoundedSemaphore(1))
    with asking._LINE:
        began = time.monotonic()
        with pytest.raises(QueryError, match="already"):
            asks("SELECT 1", wall=30.0)
        assert time.monotonic() - began < 5
    assert asks("SELECT 1").rows == ((1,),)


def test_an_answer_is_bounded_in_bytes_as_well(asks: Ask) -> None:
    found = asks("SELECT repeat('x', 1000000) AS x FROM data, range(3)", most=1000)
    assert found.more and sum(len(row[0]) for row in found.rows) < 40_000_000 and found.rows[0][0].endswith("…")
