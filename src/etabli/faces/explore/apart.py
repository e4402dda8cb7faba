"""A question in SQL is answered here, in a process of its own that lives for that one question.

Why apart: DuckDB's makers say that SQL is code, and that who runs other people's should bound the process. Its `interrupt()` waits for
the function at work (a `levenshtein` of two long texts went on for 25 s), deep nesting can overflow its stack, and some plans hang
for good; a process can be ended whatever it does, and its fall takes no page with it. It gets the question as JSON on standard input
and writes the answer as JSON on standard output; it has an empty environment and nothing of the server's memory.
"""

from __future__ import annotations

import datetime
import decimal
import json
import sys
import time
import uuid
from typing import Any

from etabli.faces.explore.allowed import Refused, look
from etabli.faces.explore.fence import fenced, limited

LONGEST = 100_000  # characters of a cell
LARGEST = 32_000_000  # characters of an answer


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """asked: text (with $name for what is filled in, no ";" at its end), given (name -> text or None), setup (SQL that makes the views and locks), readable
    (paths), rows, memory (bytes for DuckDB), space (bytes for the process), cpu (seconds).

    Returns names, types, rows, more and seconds; or refused and name; or error (DuckDB's words)."""
    import duckdb

    limited(asked["space"], asked["cpu"])
    connection = duckdb.connect(config=settings(asked["memory"]))  # one thread: the fence holds for threads that begin behind it
    try:
        fenced(asked["readable"])
        for statement in ("SET threads = 2", "SET TimeZone = 'UTC'", *asked["setup"]):
            connection.execute(statement)
        try:
            examined(connection, asked["text"])
            began = time.perf_counter()
            done = _run(connection, asked["text"], asked["given"])
            return {**_rows(done, asked["rows"]), "seconds": time.perf_counter() - began}
        except Refused as no:
            return {"refused": no.code, "name": no.name}
        except RecursionError:
            return {"refused": "deep", "name": ""}
        except (duckdb.Error, MemoryError) as error:
            return {"error": str(error) or type(error).__name__}
    finally:
        connection.close()


def settings(memory: int) -> dict[str, str]:
    """How DuckDB begins: nothing from outside is loaded, nothing is spilled, one thread."""
    return {
        "threads": "1",
        "async_threads": "0",
        "memory_limit": f"{memory}B",
        "temp_directory": "",
        "max_temp_directory_size": "0B",
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_unsigned_extensions": "false",
        "allow_persistent_secrets": "false",
    }


def examined(connection: Any, text: str) -> None:
    """One statement, a SELECT, made of what is allowed. Refused otherwise; an error of DuckDB's where it is no SQL."""
    import duckdb

    found = connection.extract_statements(text)
    if len(found) != 1:
        raise Refused("several" if found else "empty")
    if found[0].type != duckdb.StatementType.SELECT:
        raise Refused("statement", found[0].type.name.replace("_", " "))
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?, skip_null := true, skip_empty := true)", [text]).fetchone()[0])
    if tree.get("error"):
        raise Refused("form", str(tree.get("error_message", "")))
    look(tree)


def _run(connection: Any, text: str, given: dict[str, Any]) -> Any:
    """Texts are compared with numbers as numbers; where DuckDB cannot choose (`:n + 1`), what looks like a number is one."""
    import duckdb

    try:
        done = connection.execute(text, given or None)
    except duckdb.BinderException:
        numbers = {name: _number(value) for name, value in given.items()}
        if numbers == given:
            raise
        given = numbers
        done = connection.execute(text, given)
    types = [str(column[1]) for column in done.description]
    if not any("WITH TIME ZONE" in kind for kind in types):
        return done
    names = [column[0] for column in done.description]  # DuckDB asks for another package to show moments with a zone: it writes them itself
    inner = ", ".join(f"c{i}" for i in range(len(types)))
    outer = ", ".join(
        f"c{i}{'::VARCHAR' if 'WITH TIME ZONE' in kind else ''} AS " + '"' + name.replace('"', '""') + '"'
        for i, (kind, name) in enumerate(zip(types, names, strict=True))
    )
    return connection.execute(f"SELECT {outer} FROM (\n{text}\n) AS _({inner})", given or None)


def _number(text: str | None) -> str | int | float | None:
    for kind in (int, float):
        try:
            return kind(text)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return text


def _rows(done: Any, most: int) -> dict[str, Any]:
    names = [str(column[0]) for column in done.description]
    types = [str(column[1]) for column in done.description]
    rows: list[list[Any]] = []
    size, more = 0, False
    while block := done.fetchmany(1000):
        for row in block:
            if len(rows) == most or size > LARGEST:
                more = True
                break
            rows.append([plain(value) for value in row])
            size += sum(len(value) if isinstance(value, str) else 8 for value in rows[-1])
        if more:
            break
    return {"names": names, "types": types, "rows": rows, "more": more}


def plain(value: Any) -> Any:
    """A cell as JSON has it: dates as ISO text, what is nested as JSON text, bytes as hexadecimal digits, long texts cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        value = value.hex()
    elif isinstance(value, list | tuple | dict):
        value = json.dumps(value, default=_inside, ensure_ascii=False)
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _inside(value: Any) -> Any:
    return float(value) if isinstance(value, decimal.Decimal) else value.hex() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    assert uuid  # DuckDB's values need it, and nothing can be imported behind the fence
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
