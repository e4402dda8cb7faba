"""A frame handed over in Python becomes a Parquet file: from there on there is one way in, and the run folder holds all that it read.

pandas, polars (lazy frames are collected once), pyarrow, DuckDB relations and whatever else narwhals knows, numpy arrays, dicts of columns, lists of
dict rows. The caller's frame is read and never written to. A pandas index is no column: `reset_index` makes it one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import DataError, UsageError
from etabli.model.frames import frame as cells_of
from etabli.work.asked import sha256
from etabli.work.journal import unwritable

FRAME, TEST = "frame.parquet", "test.parquet"


def arrow(data: Any, names: Sequence[str] = ()) -> Any:
    """The columns of a frame as a pyarrow table, in their order, types kept. names: those of a plain array (default x0, x1, ...).

    UsageError for what is no frame, for columns that share a name or have two-storeyed ones; DataError for a frame without rows.
    """
    import pyarrow as pa

    headers, columns = _columns(data, names)
    twice = sorted({header for header in headers if headers.count(header) > 1})
    if twice:
        raise UsageError(
            "the columns of a frame have names of their own",
            "more than one is called " + ", ".join(f'"{name}"' for name in twice[:5]),
            "rename or drop the others first",
        )
    made = [_arrow(header, column) for header, column in zip(headers, columns, strict=True)]
    rows = len(made[0]) if made else 0
    if not made or not rows:
        raise DataError("a frame has rows and columns", f"{rows} rows, {len(made)} columns", "was a filter too strict?")
    return pa.table(made, names=headers)


def stored(table: Any, path: Path) -> None:
    """Writes an Arrow table as a Parquet file. UsageError when Parquet has no such type."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(table, path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise _unread("the frame", str(problem)) from problem
    except OSError as error:
        raise unwritable(path, error) from error


@contextmanager
def kept(frames: Mapping[str, Any], folder: Path) -> Iterator[dict[str, str]]:
    """Keeps frames in their run folder under those file names; yields the kinds that their own types declare (categories of numbers).

    A folder made for them is gone again when nothing came of the run. UsageError when the folder holds the run of other frames, which
    are not written over. Errors: as `arrow`."""
    tables, made = {name: arrow(frame) for name, frame in frames.items()}, not folder.exists()
    plan = folder / "plan.json"
    if not made and not plan.exists():
        others = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else ["a file"]
        if others and "lock" not in others:
            raise UsageError(
                "a run folder is new, empty, or a run already", f"{folder} holds {', '.join(others[:5])}", "choose another: out="
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lock").touch()  # says that the folder is ours
        for name, table in tables.items():
            _place(table, folder / name, plan.exists())
        yield {name: kind for table in tables.values() for name, kind in declared(table).items()}
    finally:
        if made and not plan.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _place(table: Any, path: Path, there: bool) -> None:
    """there: a run has begun on what lies there, so that it must be the same."""
    aside = path.with_name(f".{path.name}.part")
    try:
        stored(table, aside)
        if there and not (path.exists() and sha256(path) == sha256(aside)):
            rule = f"{path.parent} holds another run and is not written over"
            raise UsageError(rule, "different: the data", "choose another folder: out=, or delete this one")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def declared(table: Any) -> dict[str, str]:
    """Column -> "category" where the type says so and the cells do not: categories that are numbers."""
    import pyarrow.types as at

    kinds = {field.name: field.type for field in table.schema if at.is_dictionary(field.type)}
    return {name: "category" for name, kind in kinds.items() if at.is_integer(kind.value_type) or at.is_floating(kind.value_type)}


def _columns(data: Any, names: Sequence[str]) -> tuple[list[str], list[Any]]:
    if isinstance(data, np.ndarray) and not data.dtype.names:
        if data.ndim != 2:
            raise UsageError("an array is [rows, columns]", f"shape {data.shape}", "X.reshape(-1, 1) makes one column")
        return list(names or (f"x{i}" for i in range(data.shape[1]))), [data[:, i] for i in range(data.shape[1])]
    if hasattr(data, "iloc") and hasattr(data, "columns"):  # pandas, and what is like it
        if getattr(data.columns, "nlevels", 1) > 1:
            some = ", ".join(map(str, list(data.columns)[:3]))
            raise UsageError(
                "the columns of a frame have one name each",
                f"{data.columns.nlevels} levels of names: {some}",
                'for instance: frame.columns = ["_".join(map(str, name)) for name in frame.columns]',
            )
        return [str(name) for name in data.columns], [data.iloc[:, i] for i in range(len(data.columns))]
    if hasattr(data, "column_names") and hasattr(data, "schema"):  # a pyarrow table or batch
        return list(data.column_names), list(data.columns)
    import narwhals

    known = narwhals.from_native(data, pass_through=True)
    if isinstance(known, narwhals.LazyFrame):
        known = known.collect(backend="pyarrow")
    if isinstance(known, narwhals.DataFrame):
        return list(known.columns), list(known.to_arrow().columns)
    plain = cells_of(data)
    return plain.headers, plain.columns


def _arrow(header: str, column: Any) -> Any:
    """One column as Arrow has it; objects of several types as the texts that a file would hold."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray | pa.Array):
        return column
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as problem:
        cells = list(column)
        if all(isinstance(cell, str | int | float | bool | np.generic) or cell is None for cell in cells) and not np.iscomplexobj(column):
            return pa.array([None if cell is None or cell != cell else str(cell) for cell in cells])
        raise _unread(f'column "{header}"', str(problem)) from problem


def _unread(what: str, problem: str) -> UsageError:
    return UsageError(
        "the cells of a frame are numbers, texts, flags, dates or missing",
        f"{what}: {problem.splitlines()[0][:160]}",
        "convert the column, or leave it out",
    )
