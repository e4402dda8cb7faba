"""What our reader made of a file, kept as Parquet: a folder for each file, its size, its time and the way it was read.

Written aside and renamed, so that two starts at once are safe: whoever comes second uses what is there. A changed file has another
key; folders that nobody opened for a month are swept away.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from etabli import __version__
from etabli.errors import DataError, StorageError
from etabli.faces.explore.opened import ROW, SAMPLE, sql_names, stamp
from etabli.records import Array, Column, Finding, Table, digest

FORMAT = 1
BLOCK = 983_040  # rows written at once
GROUP = 122_880  # rows a row group: DuckDB's own
KEPT = 30 * 86400.0  # seconds an unused folder stays
CALENDAR = -62_135_596_800.0, 253_402_300_799.999  # seconds from 1970 to the ends of Python's calendar
DATA, DRAWN, FACTS = "data.parquet", "sample.parquet", "opened.json"


def place(path: Path, reading: Any = None) -> Path:
    """The folder of a file as it is now, read in that way (a JSON-able value)."""
    return root() / digest([str(path.resolve()), *stamp(path), reading, FORMAT, __version__])


def root() -> Path:
    """Where the folders are: XDG_CACHE_HOME, or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "etabli" / "explore"


def kept(folder: Path, make: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of a folder; `make` fills a folder aside and returns them where there is none yet. StorageError: no room, no right."""
    with contextlib.suppress(OSError, ValueError):
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text("utf-8"))
        os.utime(folder / FACTS)
        return facts
    aside = folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.{os.getpid()}.", suffix=".part", dir=folder.parent))
        made = make(aside)
        (aside / FACTS).write_text(json.dumps(made, ensure_ascii=False), "utf-8")
        with contextlib.suppress(OSError):  # another start was faster: its folder holds the same
            aside.rename(folder)
        return json.loads((folder / FACTS).read_text("utf-8"))  # type: ignore[no-any-return]
    except OSError as error:
        raise StorageError(
            "Explore keeps a copy of the table that it can scan.",
            f"{folder.parent}: {error.strerror or error}",
            "make room there, or set XDG_CACHE_HOME to a folder with room",
        ) from error
    finally:
        if aside != folder:
            shutil.rmtree(aside, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Removes what nobody opened for a month, and what a start that was ended left aside."""
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):
            if folder.name.endswith(".part"):
                unused = not _alive(int(folder.name.split(".")[2]))
            else:
                facts = folder / FACTS
                unused = time.time() - (facts if facts.exists() else folder).stat().st_mtime > KEPT
            if unused:
                shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    """Whether a process of that number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def there(folder: Path) -> bool:
    """Whether a folder is ready."""
    return (folder / FACTS).is_file()


def drop(folder: Path) -> None:
    """Removes a folder that is needed no more."""
    shutil.rmtree(folder, ignore_errors=True)


def store(table: Table, folder: Path) -> None:
    """A table as two Parquet files: all rows, block by block, and a sample with their numbers."""
    import pyarrow.parquet as pq

    in_calendar(table.columns)
    writer = None
    try:
        for start in range(0, table.rows, BLOCK):
            block = arrow(table, slice(start, start + BLOCK))
            writer = writer or pq.ParquetWriter(folder / DATA, block.schema)
            writer.write_table(block, row_group_size=GROUP)
    finally:
        if writer is not None:
            writer.close()
    draw(table, folder / DRAWN)


def in_calendar(columns: tuple[Column, ...]) -> None:
    """DataError for dates that no calendar here can write."""
    for column in columns:
        if column.kind == "date" and not (CALENDAR[0] <= (column.low or 0.0) and (column.high or 0.0) <= CALENDAR[1]):
            got = f'"{column.name}" has dates beyond'
            raise DataError(
                "Dates lie between the years 1 and 9999.", got, f"correct them, or leave them as texts: --kind {column.name}=text"
            )


def draw(table: Table, path: Path, numbers: Array | None = None) -> None:
    """Writes a sample of a table's rows. numbers: the rows of the file that the table's are, where it is a sample already."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _some(table.rows)
    made = arrow(table, rows).add_column(0, ROW, pa.array(rows if numbers is None else numbers, pa.int64()))
    pq.write_table(made, path)


def _some(rows: int) -> Array:
    """At most 100 000 row numbers, in file order."""
    if rows <= SAMPLE:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SAMPLE).choice(rows, SAMPLE, replace=False))


def arrow(table: Table, rows: Array | slice) -> Any:
    """Rows of a table as Arrow: doubles, timestamps and texts; missing is null."""
    import pyarrow as pa

    columns = []
    for column in table.columns:
        values = np.asarray(table.values[column.name][rows])
        if not column.is_double:
            codes, places = np.unique(values, return_inverse=True)
            known = [None if code < 0 else table.levels[column.name][code] for code in codes.tolist()]
            columns.append(
                pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(known, pa.string())).dictionary_decode()
            )
            continue
        missing = np.isnan(values)
        if column.kind == "date":
            ticks = np.round(np.where(missing, 0.0, values) * 1e6).astype(np.int64)
            columns.append(pa.array(ticks, pa.timestamp("us"), mask=missing))
        else:
            columns.append(pa.array(values, mask=missing))
    return pa.table(columns, names=list(sql_names([column.name for column in table.columns]).values()))


def recalled(file: Path, make: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """Findings of a file of the cache; made and written where it is not there yet. What cannot be written is made again next time."""
    with contextlib.suppress(OSError, ValueError):
        return _findings(json.loads(file.read_text("utf-8")))
    made = make()
    aside = file.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}.part")
    with contextlib.suppress(OSError):
        aside.write_text(json.dumps([asdict(one) for one in made], ensure_ascii=False), "utf-8")
        aside.replace(file)
    return made


def held(folder: Path) -> int:
    """Rows of a stored sample."""
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(folder / DRAWN).metadata.num_rows)


def _findings(facts: Any) -> tuple[Finding, ...]:
    return tuple(Finding(**{**one, "columns": tuple(one["columns"])}) for one in facts)


def to_json(columns: tuple[Column, ...], notes: tuple[Finding, ...]) -> dict[str, Any]:
    """Records as JSON has them."""
    return {"columns": [asdict(column) for column in columns], "notes": [asdict(note) for note in notes]}


def from_json(facts: Mapping[str, Any]) -> tuple[tuple[Column, ...], tuple[Finding, ...]]:
    """The records again."""
    columns = tuple(Column(**{**column, "missing": tuple(column["missing"])}) for column in facts["columns"])
    return columns, _findings(facts["notes"])


def drawn(path: Path, columns: tuple[Column, ...], notes: tuple[Finding, ...] = (), source: str = "") -> Table:
    """A stored sample as a table again: what the audit and the target look at."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    held = pq.ParquetFile(path).read()  # pq.read_table would load pandas where it is installed
    values: dict[str, Array] = {}
    levels: dict[str, Any] = {}
    for column, name in zip(columns, sql_names([column.name for column in columns]).values(), strict=True):
        cells = held.column(name).combine_chunks()
        if column.is_double:
            made = (cells.cast(pa.int64()) if pa.types.is_timestamp(cells.type) else cells).cast(pa.float64(), safe=False)
            values[column.name] = made.to_numpy(zero_copy_only=False) / (1e6 if column.kind == "date" else 1.0)
            continue
        coded = cells.dictionary_encode()
        found = coded.dictionary.to_pylist()
        order = sorted(range(len(found)), key=found.__getitem__)
        rank = np.full(len(found) + 1, -1, np.int32)
        rank[order] = np.arange(len(found), dtype=np.int32)
        values[column.name] = rank[coded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)]
        levels[column.name] = [found[place] for place in order]
    return Table(columns, held.num_rows, values, levels, source=source, notes=notes)
