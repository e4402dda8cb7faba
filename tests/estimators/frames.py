"""Transformers of data frames with texts and missing cells: written, run, compared with the library's own `transform`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from etabli.estimators import Answer, Frame, Part, write
from etabli.graph.graph import Graph
from etabli.graph.run import run


def feeds(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """A column as the file takes it: doubles, or texts with "" for missing."""
    made = {}
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column):
            made[str(name)] = column.to_numpy(np.float64)[:, None]
        else:
            made[str(name)] = np.array([["" if pd.isna(cell) else cell] for cell in column], object)
    return made


def written(estimator: Any, table: pd.DataFrame) -> tuple[Frame | Answer, dict[str, np.ndarray]]:
    """What was written, one part a column, and its tensors on the table: of a Frame one output a part, of an Answer raw and label."""
    graph, given = Graph(), feeds(table)
    parts = []
    for name, column in given.items():
        kind = "string" if column.dtype == object else "double"
        parts.append(Part(graph.input(name, kind, (None, 1)), 1, kind))
    made = write(estimator, graph, Frame(tuple(parts), tuple(given)))
    if isinstance(made, Frame):
        outputs = {f"part{i}": (part.tensor, part.kind, part.width) for i, part in enumerate(made.parts)}
    else:
        outputs = {"raw": (made.raw, "double", made.outputs)}
        if made.label:
            outputs["label"] = (made.label, "int64", 1)
    model = graph.model(outputs)
    found = run(model, given)
    for at in range(0, len(table), max(len(table) // 5, 1)):  # a row alone is the same row
        single = run(model, {name: column[at : at + 1] for name, column in given.items()})
        for name, array in found.items():
            if array.dtype == object:
                assert np.array_equal(single[name], array[at : at + 1])
            else:
                assert np.allclose(single[name], array[at : at + 1], rtol=1e-12, atol=1e-12, equal_nan=True)
    return made, found


def dense(values: Any) -> np.ndarray:
    """Of an array, a sparse matrix or a data frame."""
    return values.toarray() if hasattr(values, "toarray") else np.asarray(values)


def same(estimator: Any, table: pd.DataFrame, bound: float = 0.0) -> Frame:
    """The written transformer gives the library's columns: numbers within bound (0: the same bits), texts equal."""
    made, found = written(estimator, table)
    assert isinstance(made, Frame)
    theirs = dense(estimator.transform(table.iloc[:, 0] if getattr(estimator, "analyzer", None) else table))
    assert theirs.shape == (len(table), made.width)
    start = 0
    for array in found.values():
        part = theirs[:, start : start + array.shape[1]]
        start += array.shape[1]
        if array.dtype == object:
            assert np.array_equal(array, np.array([["" if pd.isna(cell) else cell for cell in row] for row in part], object))
            continue
        part = part.astype(np.float64)
        assert np.array_equal(np.isnan(array), np.isnan(part))
        error, scale = np.nanmax(np.abs(array - part), initial=0.0), np.nanmax(np.abs(part), initial=0.0)
        assert error <= bound * scale, f"{error:.1e} of {scale:.1e}"
    return made


def table(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Numbers of unlike scales, one with missing cells; texts of few and of many levels, with letters outside ASCII and missing cells."""
    random = np.random.default_rng(seed)
    colours = np.array(["red", "green", "blue", "Ü", "violet"], object)
    made = pd.DataFrame(
        {
            "a": random.normal(size=rows),
            "b": 50 + 10 * random.normal(size=rows),
            "whole": random.integers(-2, 4, rows).astype(float),
            "m": random.normal(size=rows),
            "c": colours[random.choice(5, rows, p=[0.5, 0.3, 0.1, 0.07, 0.03])],
            "d": np.array([f"z{i}" for i in random.integers(0, 20, rows)], object),
            "e": colours[random.integers(0, 3, rows)],
        }
    )
    made.loc[random.random(rows) < 0.15, "m"] = np.nan
    made.loc[random.random(rows) < 0.15, "e"] = np.nan
    return made
