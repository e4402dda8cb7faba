"""Any frame as named columns: pandas, polars, pyarrow, a dict of columns, a list of dict rows, a numpy array, anything narwhals knows.

By duck typing, so that none of those libraries is ever needed or imported here: a caller who has a frame has its library.
A header may be empty or repeated: headers are a list beside a list of columns, never the keys of a dict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import UsageError

_HINT = "give a path to a CSV or Parquet file, a frame (pandas, polars, pyarrow), a dict of columns, or a list of dicts"


@dataclass(frozen=True)
class Frame:
    """Columns side by side. columns[i] is a sequence or a 1-d array of `rows` cells, under headers[i].
    original: the source's own columns, where these are of another kind (arrow), to be written out again unchanged."""

    headers: list[str]
    columns: list[Any]
    rows: int
    original: list[Any] | None = None


def frame(data: Any, names: Sequence[str] = ()) -> Frame:
    """`data` as columns. names: those of a plain [rows, columns] numpy array, which has none of its own. UsageError for what is no frame."""
    if isinstance(data, Frame):
        return data
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, np.ndarray):
        return _from_array(data, names)
    if hasattr(data, "collect") and not hasattr(data, "get_columns"):  # a lazy frame (polars)
        data = data.collect()
    if hasattr(data, "column_names") and hasattr(data, "schema"):  # a pyarrow table or batch
        return _frame(data.column_names, [_arrow(column) for column in data.columns])
    if hasattr(data, "get_columns"):  # polars
        return _frame(data.columns, [column.to_numpy() if _is_plain(column.dtype) else column.to_list() for column in data.get_columns()])
    if hasattr(data, "iloc") and hasattr(data, "columns"):  # pandas
        return _frame(data.columns, [_pandas(data.iloc[:, i]) for i in range(len(data.columns))])
    if isinstance(data, (list, tuple)) or (
        isinstance(data, Iterable) and not isinstance(data, (str, bytes)) and not hasattr(data, "__dataframe__")
    ):
        return _from_rows(list(data))
    return _from_any(data)


def _frame(headers: Iterable[Any], columns: list[Any]) -> Frame:
    titles = [str(header) for header in headers]
    # pandas names a column with an empty header by its place
    titles = ["" if title == f"Unnamed: {place}" else title for place, title in enumerate(titles)]
    rows = {len(column) for column in columns}
    if len(rows) > 1:
        sizes = ", ".join(f"{title!r}: {len(column)}" for title, column in list(zip(titles, columns, strict=True))[:8])
        raise UsageError("all columns must have the same number of rows", sizes, "")
    return Frame(titles, columns, rows.pop() if rows else 0)


def _from_mapping(data: Mapping[Any, Any]) -> Frame:
    columns = []
    for value in data.values():
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == 1:
            value = value[:, 0]
        elif hasattr(value, "to_numpy") and not isinstance(value, np.ndarray):  # a pandas, polars or pyarrow column
            value = value.to_numpy()
        elif isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
            value = [value]
        columns.append(value)
    return _frame(data.keys(), columns)


def _from_rows(rows: list[Any]) -> Frame:
    if not all(isinstance(row, Mapping) for row in rows):
        first = next(row for row in rows if not isinstance(row, Mapping))
        raise UsageError("a list of rows must hold dicts, one a row", f"{type(first).__name__}: {first!r:.80}", _HINT)
    headers = list(dict.fromkeys(key for row in rows for key in row))
    return Frame([str(header) for header in headers], [[row.get(header) for row in rows] for header in headers], len(rows))


def _from_array(data: np.ndarray[Any, Any], names: Sequence[str]) -> Frame:
    if data.dtype.names:
        return _frame(data.dtype.names, [data[name] for name in data.dtype.names])
    if data.ndim != 2 or data.shape[1] != len(names):
        raise UsageError(
            f"an array must be [rows, {len(names)}], one column for each the model reads, in the card's order", f"shape {data.shape}", _HINT
        )
    return _frame(names, [data[:, i] for i in range(data.shape[1])])


def _from_any(data: Any) -> Frame:
    try:
        import narwhals

        table = narwhals.from_native(data)
        table = table.collect() if isinstance(table, narwhals.LazyFrame) else table
    except (ImportError, TypeError):
        raise UsageError("rows are given as a table", f"{type(data).__name__}", _HINT) from None
    return _frame(table.columns, [table[name].to_list() for name in table.columns])


def _pandas(series: Any) -> Any:
    numpy = isinstance(series.dtype, np.dtype)
    return series.to_numpy() if numpy else series.to_numpy(dtype=object)  # categories and masked integers keep their values


def _is_plain(dtype: Any) -> bool:  # polars: numbers and flags convert as they are; the rest as Python objects
    return bool(dtype.is_numeric()) and not dtype.is_decimal()


def _arrow(column: Any) -> Any:
    kind = str(column.type)
    if column.null_count == 0 and kind in ("double", "float", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "bool"):
        return column.to_numpy() if hasattr(column, "chunks") else column.to_numpy(zero_copy_only=False)
    if kind.startswith("timestamp"):
        return column.to_numpy() if hasattr(column, "chunks") else column.to_numpy(zero_copy_only=False)
    return column.to_pylist()
