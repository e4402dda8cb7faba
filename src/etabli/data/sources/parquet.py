"""Parquet: typed columns, one at a time, row group by row group.

The types are trusted (a date is a date); texts go through the same reading as those of a CSV file, so that both answer alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etabli.data import dialect as dialects
from etabli.data import staging
from etabli.errors import DataError
from etabli.records import Table, Watch, quiet

suffixes = (".parquet", ".pq")
magic = (b"PAR1",)


def read(path: Path, folder: Path | None = None, kinds: Mapping[str, str] | None = None, watch: Watch = quiet) -> Table:
    """The table of a Parquet file. DataError when it is damaged, cut short or without rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    watch("reading", name=path.name)
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            if not rows or not len(schema):
                raise DataError(
                    "A data file has rows.", f"{path.name} has {len(schema)} columns and {rows} rows", "was the export interrupted?"
                )
            small = file.metadata.num_row_groups == 1 and sum(file.metadata.row_group(0).column(i).total_uncompressed_size for i in range(file.metadata.num_columns)) < 64 << 20  # fmt: skip
            whole = file.read(use_threads=False) if small else None

            def chunks(i: int) -> Iterator[Any]:
                if whole is not None:
                    yield from whole.column(i).chunks
                    return
                for group in range(file.num_row_groups):
                    part = file.read_row_group(group, columns=[schema.names[i]], use_threads=False)
                    yield from part.column(part.schema.names.index(schema.names[i])).chunks

            stage = staging.Stage(dialects.names(schema.names), schema.names, rows, chunks)
            return staging.build(stage, folder, kinds, watch, dialects.fingerprint(path), path.name)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, EOFError) as error:
        if isinstance(error, PermissionError):
            raise
        reason = str(error).split(". ")[0].replace(str(path), path.name)[:200]
        raise DataError("A Parquet file is whole.", f"{path.name} is damaged or incomplete: {reason}", "copy or export it again") from error
