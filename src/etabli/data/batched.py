"""Record batches of a source that can be read once, kept until every column has been looked at.

A small table stays in memory, a large one goes to a temporary Parquet file beside the store, so that memory holds one group of rows or
one column, never the table.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from etabli.data.staging import Stage

IN_MEMORY = 64 << 20  # bytes that stay in memory
GROUP = 16 << 20  # bytes a staged row group


def kept(
    batches: Iterable[Any], names: Sequence[str], headers: Sequence[str], folder: Path | None, stack: ExitStack, decimal: str = "."
) -> Stage | None:
    """The stage of these batches, whose columns are called c0, c1, ...; None when they hold no row. stack: closed when the stage is done
    with. folder: the store's, beside which a large table is staged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    held: list[Any] = []
    size = rows = 0
    writer: Any = None
    staged = None
    for batch in batches:
        held.append(batch)
        size, rows = size + batch.nbytes, rows + batch.num_rows
        if size > IN_MEMORY and writer is None:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix=".staging-", dir=_parent(folder)))
            staged = Path(place) / "rows.parquet"
            writer = stack.enter_context(pq.ParquetWriter(staged, batch.schema, compression="lz4", write_statistics=False))
        if writer is not None and sum(b.nbytes for b in held) >= GROUP:
            writer.write_table(pa.Table.from_batches(held))
            held = []
    if not rows:
        return None
    if writer is None:
        table = pa.Table.from_batches(held)
        return Stage(names, headers, rows, lambda i: iter(table.column(i).chunks), decimal)
    if held:
        writer.write_table(pa.Table.from_batches(held))
    held = []
    writer.close()
    pa.default_memory_pool().release_unused()

    def chunks(i: int) -> Iterator[Any]:
        with pq.ParquetFile(staged, memory_map=False) as file:
            for group in range(file.num_row_groups):
                yield from file.read_row_group(group, columns=[f"c{i}"], use_threads=False).column(0).chunks

    return Stage(names, headers, rows, chunks, decimal)


def _parent(folder: Path | None) -> Path | None:
    if folder is not None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder.parent
    return None
