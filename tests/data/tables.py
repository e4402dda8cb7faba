"""Tables for tests, read with pyarrow alone: real data sets, and small ones made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.feeds import feeds
from etabli.graph.run import run
from etabli.records import PREPARED, Column, Prepared, Table, Target, Wants

TEXTS = ("text", "tweet_location")


def table_of(cells: dict[str, Any], kinds: dict[str, str] | None = None) -> Table:
    """A table of arrays: floats are numbers (or what `kinds` says), lists of strings are categories (None is missing)."""
    columns, values, levels = [], {}, {}
    kinds = kinds or {}
    for name, array in cells.items():
        if isinstance(array, np.ndarray) and array.dtype.kind in "fiub":
            values[name] = array.astype(np.float64)
            columns.append(Column(name, kinds.get(name, "number")))  # type: ignore[arg-type]
        else:
            texts = [None if text in (None, "", "?", " ") else str(text) for text in array]
            known = sorted({text for text in texts if text is not None})
            number = {text: i for i, text in enumerate(known)}
            values[name] = np.array([-1 if text is None else number[text] for text in texts], np.int32)
            levels[name] = known
            columns.append(Column(name, kinds.get(name, "category")))  # type: ignore[arg-type]
    return Table(tuple(columns), len(next(iter(values.values()))), values, levels)


def real(shared: Path, name: str, drop: tuple[str, ...] = (), kinds: dict[str, str] | None = None) -> tuple[Table, Target]:
    """A data set of the shared folder with its target."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    facts = json.loads((shared / "datasets.json").read_text())
    facts = {entry["name"]: entry for entry in (facts if isinstance(facts, list) else facts["datasets"])}[name]
    path = shared / facts["file"]
    if path.suffix == ".csv":
        arrow = pc.read_csv(path, parse_options=pc.ParseOptions(delimiter=facts.get("separator", ","), newlines_in_values=True))
    else:
        arrow = pq.read_table(path)
    cells: dict[str, Any] = {}
    kinds = dict(kinds or {})
    for column in arrow.column_names:
        if column in drop or column in facts.get("id_columns", ()):
            continue
        array = arrow[column].combine_chunks()
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
            cells[column] = array.cast(pa.timestamp("s")).cast(pa.int64()).cast(pa.float64()).to_numpy(zero_copy_only=False)
            kinds[column] = "date"
        elif pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
            cells[column] = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        elif pa.types.is_boolean(array.type):
            cells[column] = array.cast(pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False)
            kinds[column] = "flag"
        else:
            cells[column] = array.cast(pa.string()).to_pylist()
            if column in TEXTS and column in facts.get("text_columns", (column,)):
                kinds[column] = "text"
    own = facts["target"]
    outcome = cells[own]
    table = table_of(cells, kinds)
    if isinstance(outcome, np.ndarray):
        return table, Target(own, "regression", outcome.astype(np.float64))
    classes = tuple(table.levels[own])
    if len(classes) == 2 and classes[1] != facts.get("positive", classes[1]):
        classes = classes[::-1]
    number = {label: i for i, label in enumerate(classes)}
    y = np.array([number[text] for text in outcome], np.int64)
    return table, Target(own, "binary" if len(classes) == 2 else "multiclass", y, classes)


RECIPES = [
    Wants(),
    Wants(filled=True),
    Wants("scaled", True, "one-hot"),
    Wants("scaled", False, "target"),
    Wants("rank", True, "frequency"),
    Wants("rank", False, "target", dates="seconds", text="none"),
    Wants(crosses=5),
    Wants("rank", True, "one-hot", crosses=5),
    Wants(map=2, clusters=3),
    Wants("rank", True, "one-hot", map=3, clusters=2),
    Wants("scaled", True, "target", clusters=4),
]


def raw_matrix(made: Prepared, table: Table, rows: np.ndarray, columns) -> np.ndarray:
    return run(made.raw, feeds(table, columns, rows))[PREPARED]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Bit for bit, any NaN like any other."""
    return a.shape == b.shape and bool(np.all((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))))


def halves(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[: count * 3 // 4]), np.sort(order[count * 3 // 4 :])


def column_of(made: Prepared, x: np.ndarray, name: str) -> np.ndarray:
    return x[:, [feature.name for feature in made.features].index(name)]
