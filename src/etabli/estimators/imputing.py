"""Imputers: what stands for a missing cell, and flags of where one was.

In a Frame a missing number is NaN and a missing text "". KNNImputer is refused: among donors at equal distance the library keeps
whichever its partition leaves first, and in its distances (a difference of large products) rounding decides what is equal.
IterativeImputer is its own loop unrolled: rounds x columns small predictions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators.blocks import asked, block, clipped, columns, row
from etabli.estimators.members import value
from etabli.estimators.writing import Frame, Part, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array


def is_missing(cell: Any) -> bool:
    """None, NaN, pandas' NA and NaT."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, (float, np.floating)) and bool(np.isnan(cell))


def blanks(owner: Any, graph: Graph, part: Part, missing: Any) -> str:
    """[rows, width] bool: where the cells are `missing` (the estimator's missing_values)."""
    if part.kind == "double":
        if is_missing(missing):
            return graph.op("IsNaN", part.tensor)
        if isinstance(missing, str):
            raise Refused(owner, "its missing_values is a text and it is given numbers")
        return graph.op("Equal", part.tensor, graph.const(float(missing), np.float64))
    if not is_missing(missing) and not isinstance(missing, str):
        raise Refused(owner, "its missing_values is a number and it is given texts")
    return graph.op("Equal", part.tensor, graph.const([["" if is_missing(missing) else missing]]))


def _flags(graph: Graph, masks: list[tuple[str, int]], kept: Array) -> Frame:
    """Of the columns in `kept`, as doubles."""
    whole = Frame(tuple(Part(graph.op("Cast", mask, to=11), width) for mask, width in masks))
    return whole.take(graph, [int(place) for place in kept])


@writes("sklearn.impute._base.SimpleImputer")
def simple(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """A stored value for each missing cell, columns without one dropped, flags behind."""
    asked(estimator, frame.width)
    statistics = np.asarray(estimator.statistics_, object)
    made, masks, start = [], [], 0
    for part in frame.parts:
        mask = blanks(estimator, graph, part, estimator.missing_values)
        masks.append((mask, part.width))
        stored = statistics[start : start + part.width]
        start += part.width
        gone = [is_missing(cell) for cell in stored]
        made.append(Part(_stood_in(estimator, graph, part, mask, stored), part.width, part.kind))
        if any(gone) and not estimator.keep_empty_features:
            left = [place for place, empty in enumerate(gone) if not empty]
            made[-1:] = Frame((made[-1],)).take(graph, left).parts
    whole = Frame(tuple(made))
    return whole + _flags(graph, masks, estimator.indicator_.features_) if estimator.add_indicator else whole


def _stood_in(owner: Any, graph: Graph, part: Part, mask: str, stored: Array) -> str:
    if part.kind == "string":
        texts = ["" if is_missing(cell) else cell for cell in stored]
        if not all(isinstance(cell, str) for cell in texts):
            raise Refused(owner, "it fills a column of texts with a number")
        return graph.op("Where", mask, graph.const([texts]), part.tensor)
    if any(isinstance(cell, str) for cell in stored):
        raise Refused(owner, "it fills a column of numbers with a text")
    return graph.op("Where", mask, row(graph, [np.nan if is_missing(cell) else float(cell) for cell in stored]), part.tensor)


@writes("sklearn.impute._base.MissingIndicator")
def indicator(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """1 where a cell is missing, of the columns it kept."""
    masks = [(blanks(estimator, graph, part, estimator.missing_values), part.width) for part in frame.parts]
    return _flags(graph, masks, estimator.features_)


@writes("sklearn.impute._knn.KNNImputer")
def nearest(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Refused."""
    raise Refused(
        estimator,
        "which of several equally far donors it takes depends on rounding inside the library",
        "SimpleImputer(add_indicator=True), or IterativeImputer",
    )


@writes("sklearn.impute._iterative.IterativeImputer")
def iterative(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Each column from the others, round after round; only missing cells change."""
    asked(estimator, frame.width)
    if estimator.sample_posterior:
        raise Refused(estimator, "sample_posterior=True draws at random", "sample_posterior=False")
    x = frame.matrix(graph, estimator)
    mask = blanks(estimator, graph, Part(x, frame.width), estimator.missing_values)
    start = estimators.transformed(estimator.initial_imputer_, graph, block(x, frame.width))
    empty = [is_missing(cell) for cell in estimator.initial_imputer_.statistics_]
    if any(empty):
        raise Refused(estimator, "a column had no value at all in training", "drop that column")
    cells = [part.tensor for part in columns(start.take(graph, range(frame.width)), graph)]
    low = np.broadcast_to(np.asarray(estimator._min_value, np.float64), frame.width)
    high = np.broadcast_to(np.asarray(estimator._max_value, np.float64), frame.width)
    for step in estimator.imputation_sequence_ if estimator.n_iter_ else ():
        feature, others = int(step.feat_idx), [int(place) for place in step.neighbor_feat_idx]
        joined = graph.op("Concat", *[cells[place] for place in others], axis=1) if len(others) > 1 else cells[others[0]]
        guess = value(graph, estimators.predictor(step.estimator, graph, block(joined, len(others))), step.estimator)
        guess = clipped(graph, guess, low[feature], high[feature])
        here = graph.op("Gather", mask, graph.const([feature], np.int64), axis=1)
        cells[feature] = graph.op("Where", here, guess, cells[feature])
    whole = block(graph.op("Concat", *cells, axis=1) if len(cells) > 1 else cells[0], frame.width)
    if not estimator.add_indicator:
        return whole
    return whole + _flags(graph, [(mask, frame.width)], estimator.indicator_.features_)
