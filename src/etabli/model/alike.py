"""The same kind out: answers as a frame of the library that the rows came in, a pandas index kept.

By duck typing, as `frames.py`: a caller who gave a frame has its library. What has no frame of its own (a path, an array, a dict, rows)
gets a dict of columns; a DuckDB relation gets a pyarrow table, which DuckDB queries by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Kind:
    """Of which library rows were. index: of a pandas frame, else None."""

    library: str = ""
    index: Any = None

    def frame(self, columns: Mapping[str, Array]) -> Any:
        """Columns of equal length as a frame of that library; a dict where there is none."""
        if self.library == "pandas":
            import pandas

            return pandas.DataFrame(dict(columns), index=self.index)
        if self.library == "polars":
            import polars

            return polars.DataFrame({name: values.tolist() if values.dtype == object else values for name, values in columns.items()})
        if self.library in ("pyarrow", "duckdb"):
            import pyarrow

            return pyarrow.table(
                {name: pyarrow.array(values.tolist() if values.dtype == object else values) for name, values in columns.items()}
            )
        return dict(columns)


def kind_of(data: Any) -> Kind:
    """The kind of what was given."""
    library = type(data).__module__.partition(".")[0].strip("_")
    if library == "narwhals":
        return kind_of(data.to_native())
    return Kind(library, data.index if library == "pandas" and hasattr(data, "iloc") else None)
