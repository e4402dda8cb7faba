"""A sheet as .json, .csv or .parquet, written while it is read: ten million rows pass through in blocks."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Sheet

BLOCK = 10_000
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def written(sheet: Sheet, opened: Opened, form: str) -> Iterator[bytes]:
    """The bytes of a sheet in one of the three forms. Of a sheet with pages, .json is the page and the others the whole."""
    return {"json": _json, "csv": _csv, "parquet": _parquet}[form](sheet, opened)


def _blocks(sheet: Sheet, opened: Opened, page: bool = False) -> Iterator[list[tuple[Any, ...]]]:
    if sheet.rows is not None:
        yield list(sheet.rows)
        return
    with opened.connect() as connection:
        done = connection.execute(*((sheet.page, sheet.page_parameters) if page and sheet.page else (sheet.sql, sheet.parameters)))
        while block := done.fetchmany(BLOCK):
            yield block


def plain(value: Any) -> Any:
    """A value as JSON and CSV have it: dates as ISO text (midnight as the day alone), whole numbers without ".0"."""
    if isinstance(value, datetime):
        midnight = value.hour == value.minute == value.second == value.microsecond == 0
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def _json(sheet: Sheet, opened: Opened) -> Iterator[bytes]:
    yield b'{"columns": ' + json.dumps(sheet.columns, ensure_ascii=False).encode("utf-8", "replace") + b', "rows": ['
    first = True
    for block in _blocks(sheet, opened, page=True):
        lines = (json.dumps([plain(value) for value in row], ensure_ascii=False) for row in block)
        yield ((b"" if first else b",") + b"\n" + ",\n".join(lines).encode("utf-8", "replace")) if block else b""
        first = first and not block
    yield b"\n]" + (b', "next": ' + json.dumps(sheet.next).encode() if sheet.next else b"") + b"}\n"


def _csv(sheet: Sheet, opened: Opened) -> Iterator[bytes]:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(sheet.columns)
    for block in _blocks(sheet, opened):
        out.writerows([plain(value) for value in row] for row in block)
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def _parquet(sheet: Sheet, opened: Opened) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryFile() as file:
        if sheet.rows is not None:
            columns = [list(column) for column in zip(*sheet.rows, strict=True)] or [[] for _ in sheet.columns]
            pq.write_table(pa.table([pa.array(column) for column in columns], names=list(sheet.columns)), file)
        else:
            with opened.connect() as connection:
                reader = connection.sql(sheet.sql, params=list(sheet.parameters)).to_arrow_reader(BLOCK * 10)
                with pq.ParquetWriter(file, reader.schema) as writer:
                    for batch in reader:
                        writer.write_batch(batch)
        file.seek(0)
        while block := file.read(1 << 20):
            yield block
