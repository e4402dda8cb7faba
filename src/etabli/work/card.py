"""The card of a model file: what it says about itself, cut from the result of its run (docs/model-file.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from etabli.model.card import shape
from etabli.records import Column, Table
from etabli.work.material import Material
from etabli.work.result import SCHEMA

KEPT = (  # keys of the result
    "task",
    "target",
    "classes",
    "metric",
    "exposure",
    "weights",
    "honest",
    "baseline",
    "test",
    "cost",
    "coverage",
    "crps",
    "quantiles",
    "bounds",
    "own_interval",
    "guarantee",
    "split",
    "seed",
    "fingerprint",
    "rows",
    "versions",
    "hardware",
    "citations",
    "proof",
    "sentence",
    "command",
)


def _shape(table: Table, column: Column, levels: Sequence[str], used: bool) -> dict[str, Any]:
    """How the training values lie, for `etabli check` to compare new rows with."""
    if not used:
        return {}
    values = table.values[column.name]
    if column.is_double:
        return shape(np.asarray(values))
    order = {level: code for code, level in enumerate(table.levels[column.name])} if levels else {}
    counts = np.bincount(values[values >= 0], minlength=len(table.levels[column.name]) or 1)
    return {"shares": [float(counts[order[level]] / max(1, counts.sum())) for level in levels]} if levels else {}


def described_columns(table: Table, used: Collection[str], aside: Collection[str] = ()) -> list[dict[str, Any]]:
    """The columns as the card has them, less those aside; levels and shape of those in use."""
    columns = []
    for column in table.columns:
        if column.name in aside:
            continue
        levels: list[str] = []
        mine = column.name in used
        if mine and not column.is_double and column.kind == "category":
            codes = table.values[column.name]
            counts = np.bincount(codes[codes >= 0], minlength=len(table.levels[column.name]))
            levels = [table.levels[column.name][int(i)] for i in np.argsort(-counts, kind="stable")[:50]]
        columns.append(
            {
                "name": column.name,
                "header": column.header,
                "kind": column.kind,
                "reading": dict(column.reading),
                "missing": list(column.missing),
                "missing_count": column.missing_count,
                "distinct": column.distinct,
                "low": column.low,
                "high": column.high,
                "levels": levels,
                "used": mine,
                **_shape(table, column, levels, mine),
            }
        )
    return columns


def card(result: Mapping[str, Any], material: Material, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> dict[str, Any]:
    """What the file says about itself (docs/model-file.md). inputs: [{"input", "columns", "type"}]. outputs: their names."""
    table = material.table
    target = next((column for column in table.columns if column.name == material.target.name), None)
    return {
        "schema": SCHEMA,
        "etabli": result["versions"]["etabli"],
        **{key: result[key] for key in KEPT if key in result},
        "target_reading": {}
        if target is None
        else {"header": target.header, "kind": target.kind, "reading": dict(target.reading), "missing": list(target.missing)},
        "columns": described_columns(table, set(material.used), {material.target.name}),
        "inputs": [dict(one) for one in inputs],
        "outputs": list(outputs),
        "members": result["winner"]["members"] if "winner" in result else [],
        "threads": "one intra-op thread, or at most 50 rows a call, gives tree sums bit for bit",
        "licence": "the model belongs to whoever made it; this file needs onnxruntime alone",
    }
