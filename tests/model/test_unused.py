"""A composed graph leaves out inputs that nothing reads: the proof feeds only what the file takes."""

from __future__ import annotations

import numpy as np

from etabli.graph.graph import Graph
from etabli.model.prove import prove
from etabli.records import Array, Column, Table


def test_columns_that_no_node_reads() -> None:
    columns = (Column("s", "category"), Column("x", "number"))
    values: dict[str, Array] = {"s": np.zeros(60, np.int32), "x": np.arange(60.0)}
    table = Table(columns, 60, values, {"s": ["a"]})
    graph = Graph(columns, table.levels)
    graph.lookup("s", [1.0], 0.0, 0.0)
    doubled = graph.op("Mul", graph.numbers(["x"]), graph.const(2.0))
    filled = graph.op("Where", graph.op("IsNaN", doubled), graph.const(-1.0), doubled)
    model = graph.model({"prediction": (filled, "double", 1)}).SerializeToString()

    def reference(rows_of: Table, rows: Array) -> dict[str, Array]:
        x = rows_of.values["x"][rows] * 2.0
        return {"prediction": np.where(np.isnan(x), -1.0, x)[:, None]}

    assert prove(model, table, np.arange(60), reference, columns=columns, probes=50).verdict == "exact"
