"""A Parquet file scanned where it lies: what is asked of its columns in SQL so that they read as our own reader reads them.

Kinds come from a sample, drawn at once from a few places of the file and then anew from all of it; the number of missing cells and the range
come from every row. Texts that hold numbers or dates, and what SQL cannot say, are left to the reader: then there are no `cells`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from etabli.data import cells as reading
from etabli.data import dialect as dialects
from etabli.data.sources import read
from etabli.data.staging import Stage, build
from etabli.faces.explore import cache
from etabli.faces.explore.opened import ROW, SAMPLE, literal, quoted
from etabli.records import Column, Table

QUICK = 200_000  # rows up to which everything is looked at before the first page
PLACES, STRETCH = 10, 2_000  # of the file where the first sample is drawn, and rows at each
MISSING = tuple(sorted(reading.STANDARD | reading.HIDDEN | {""}))
ODD = r"^[\t\r\n\f\v\x{A0}\x{2000}-\x{200A}\x{202F}\x{3000}]|[\t\r\n\f\v\x{A0}\x{2000}-\x{200A}\x{202F}\x{3000}]$"  # blanks that SQL's trim leaves
DISTINCT = 5_000  # levels in a sample beyond which all rows are asked how many there are


def rows(path: Path) -> int:
    """How many rows a Parquet file has. DataError when it is damaged or empty."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found: int = pq.ParquetFile(path).metadata.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, EOFError):
        found = 0
    if not found:
        read(path)  # says what is wrong
    return found


def quick(path: Path, kinds: Mapping[str, str], aside: Path) -> dict[str, Any]:
    """What a few stretches of the file tell, with their sample in `aside`. cells: None where the file must be read."""
    total = rows(path)
    starts = [(total - STRETCH) * place // (PLACES - 1) for place in range(PLACES)]
    parts = (f"(SELECT * FROM numbered WHERE {ROW} BETWEEN {at} AND {at + STRETCH - 1})" for at in starts)
    return _facts(path, kinds, aside, " UNION ALL ".join(parts))


def facts(path: Path, kinds: Mapping[str, str], aside: Path) -> dict[str, Any]:
    """What all of the file tells: a sample of 100 000 rows drawn by chance, missing cells and ranges of every row."""
    total = rows(path)
    if total <= SAMPLE:
        return _facts(path, kinds, aside, "SELECT * FROM numbered")
    drawn = f"SELECT * FROM numbered USING SAMPLE reservoir({SAMPLE} ROWS) REPEATABLE ({SAMPLE})"
    return _facts(path, kinds, aside, f"SELECT * FROM ({drawn}) ORDER BY {ROW}", exact=True)


def _facts(path: Path, kinds: Mapping[str, str], aside: Path, sql: str, exact: bool = False) -> dict[str, Any]:
    import duckdb
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    headers: list[str] = schema.names
    read_it: dict[str, Any] = {"cells": None, "columns": [], "notes": []}
    if "" in headers or len({name.casefold() for name in (*headers, ROW, "file_row_number")}) < len(headers) + 2:
        return read_it  # DuckDB would rename what it cannot tell apart
    try:
        with _raw() as connection:
            held = connection.sql(sql.replace("numbered", _scan(path))).to_arrow_table()
    except duckdb.ConversionException:  # moments beyond DuckDB's calendar
        return read_it
    stage = Stage(dialects.names(headers), headers, held.num_rows, lambda i: iter(_typed(held.column(i), schema.field(i).type).chunks))
    table = build(stage, None, kinds, source=path.name)
    by_name = {column.name: column for column in table.columns}
    cells: dict[str, str] = {}
    for i, name in enumerate(stage.names):
        if name in by_name:
            cell = _cell(by_name[name], schema.field(i).type, held.column(i))
            if cell is None:
                return read_it
            cells[name] = cell
    cache.draw(table, aside / cache.DRAWN, held.column(ROW).to_numpy())
    if exact:
        cells = {column.name: _exactly(path, column, cells[column.name]) for column in table.columns}
        table = _counted(path, table, cells)
    return {"cells": cells, **cache.to_json(table.columns, table.notes)}


def _typed(column: Any, kind: Any) -> Any:
    """A column as the file has it; DuckDB may have widened its type."""
    import pyarrow.types as at

    return column if at.is_dictionary(kind) or column.type == kind else column.cast(kind, safe=False)


def _scan(path: Path) -> str:
    return f"(SELECT *, file_row_number AS {ROW} FROM read_parquet({literal(str(path))}, file_row_number = true))"


def _raw() -> Any:
    import duckdb

    return duckdb.connect(config={"python_enable_replacements": "false"})


def _cell(column: Column, kind: Any, sample: Any) -> str | None:
    """SQL of a column's values; None when it must be read."""
    import pyarrow.compute as pc
    import pyarrow.types as at

    name, parse = quoted(column.header), column.reading["parse"]
    kind = kind.value_type if at.is_dictionary(kind) else kind
    if at.is_null(kind):
        return f"CAST({name} AS VARCHAR)"
    if at.is_string(kind) or at.is_large_string(kind):
        if parse != "text" or pc.any(pc.match_substring_regex(sample, ODD)).as_py():
            return None
        return _words(name, ("", *column.missing))
    if not column.is_double:
        return f"CAST({name} AS VARCHAR)" if at.is_integer(kind) or at.is_boolean(kind) else None
    if at.is_boolean(kind) or at.is_integer(kind) or at.is_decimal(kind):
        return f"CAST({name} AS DOUBLE)"
    if at.is_floating(kind):
        return f"CASE WHEN isfinite({name}) THEN CAST({name} AS DOUBLE) END"
    if at.is_date(kind) or (at.is_timestamp(kind) and column.kind == "date"):
        return f"make_timestamp(epoch_us({name}))" if at.is_timestamp(kind) and kind.tz else f"CAST({name} AS TIMESTAMP)"
    return None


def _words(name: str, missing: tuple[str, ...], padded: bool = True) -> str:
    """Texts without the blanks around them; nothing, and what means missing, is NULL. (Nested NULLIFs, as DuckDB keeps a dictionary
    through these and not through IN.)"""
    sql = f"trim({name})" if padded else name
    for text in missing:
        sql = f"NULLIF({sql}, {literal(text)})"
    return sql


def _exactly(path: Path, column: Column, cell: str) -> str:
    """The same for a column of words after a look at every row: only the texts that are there, and blanks only where there are any."""
    if column.is_double or not cell.startswith(("trim(", "NULLIF(")):
        return cell
    name = quoted(column.header)
    gone = [text for text in MISSING if text not in column.reading.get("keep", ())]
    with _raw() as connection:
        file = f"read_parquet({literal(str(path))})"
        padded = connection.execute(f"SELECT 1 FROM {file} WHERE {name} <> trim({name}) LIMIT 1").fetchone() is not None
        texts = f"trim({name})" if padded else name
        listed = ", ".join(map(literal, gone))
        found = connection.execute(f"SELECT DISTINCT {texts} FROM {file} WHERE {texts} IN ({listed}) ORDER BY 1").fetchall()
    return _words(name, tuple(text for (text,) in found), padded)


def _counted(path: Path, table: Table, cells: Mapping[str, str]) -> Table:
    """The table of a sample whose columns say what all rows hold: cells missing, the range, how many are different."""
    asked = []
    for column in table.columns:
        cell = cells[column.name]
        asked.append(f"count({cell})")
        ends = f"epoch(min({cell})), epoch(max({cell}))" if column.kind == "date" else f"min({cell}), max({cell})"
        asked.append(ends if column.is_double else "NULL, NULL")
        asked.append(f"approx_count_distinct({cell})" if column.distinct > DISTINCT else str(column.distinct))
    with _raw() as connection:
        total, *found = connection.execute(f"SELECT count(*), {', '.join(asked)} FROM read_parquet({literal(str(path))})").fetchone()
    made = []
    for place, column in enumerate(table.columns):
        filled, low, high, distinct = found[4 * place : 4 * place + 4]
        made.append(_seen(replace(column, missing_count=total - filled, low=low, high=high, distinct=min(distinct, filled)), total))
    return replace(table, columns=tuple(made))


def _seen(column: Column, total: int) -> Column:
    """A kind that the sample gave, corrected by the range of all rows."""
    low, high = column.low, column.high
    if low is None or high is None or column.reason == "given":
        return column
    if column.kind == "constant" and low != high:
        return replace(column, kind="number", reason="numbers, nearly always the same", sure=0.8)
    if column.kind == "flag" and column.reading.get("words") == ["0", "1"] and (low < 0 or high > 1):
        return replace(
            column,
            kind="number",
            reason="numbers, nearly always 0 or 1",
            sure=0.8,
            reading={"parse": "number", "decimal": ".", "group": ""},
        )
    if column.kind == "number" and not column.missing_count and high - low == total - 1 and column.distinct > 0.9 * total:
        return replace(
            column,
            kind="identifier",
            reason="every whole number of a range, once each",
            sure=0.9,
            reading={**column.reading, "as": "double"},
        )
    return column
