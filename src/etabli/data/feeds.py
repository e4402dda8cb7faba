"""What a graph over some columns is fed: one array an input, rows first.

The table keeps strings as level numbers; a graph takes either those (`coded`) or the texts themselves, as the model file
does. Numbers beyond `graph.WIDE` columns enter side by side as one input.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from etabli.records import Array, Column, Table


def feeds(
    table: Table,
    columns: Sequence[Column] | Sequence[str],
    rows: Array | slice | None = None,
    coded: bool = False,
    wanted: Collection[str] | None = None,
) -> dict[str, Array]:
    """Input name -> array for those rows: what a `Graph(columns, ..., coded)` over exactly these columns needs.

    Doubles: float64 [rows, 1], or one float64 [rows, k] block when there are more than `WIDE`. Strings: object [rows, 1] with
    "" for missing; coded: int64 [rows, 1], -1 missing (text columns enter as strings in both, `Graph.strings`).
    rows: row numbers, a slice, or None for all. wanted: the names of the inputs to make, when not all are needed.
    """
    from etabli.graph.graph import Graph

    chosen = [table.column(column) if isinstance(column, str) else column for column in columns]
    pick = slice(None) if rows is None else rows
    graph = Graph(chosen)
    made: dict[str, Array] = {}
    if graph.block and (wanted is None or graph.block in wanted):
        count = len(table.values[graph.doubles[0]][pick])
        block = np.empty((count, len(graph.doubles)))
        for j, name in enumerate(graph.doubles):
            block[:, j] = table.values[name][pick]
        made[graph.block] = block
    for column in chosen:
        name = column.name
        if (column.is_double and graph.block) or (wanted is not None and name not in wanted):
            continue
        cells = np.asarray(table.values[name][pick])
        if column.is_double:
            made[name] = np.ascontiguousarray(cells, np.float64).reshape(-1, 1)
        elif coded and column.kind != "text":
            made[name] = cells.astype(np.int64).reshape(-1, 1)
        else:
            levels = table.levels[name]
            made[name] = np.array([levels[code] if code >= 0 else "" for code in cells.tolist()], object).reshape(-1, 1)
    return made
