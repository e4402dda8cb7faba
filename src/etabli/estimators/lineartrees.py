"""LightGBM's linear trees (Shi, Li & Li 2019): a leaf holds a weighted sum of a few columns.

One TreeEnsemble answers with the number of the leaf that each tree reaches, [rows, trees]; tables give that leaf's constant and its
coefficients, and a product with the row gives its value. A leaf one of whose columns is missing answers with its plain value. The tables
are picked for every row and tree at once, [rows, trees, columns]: large models want small batches. Equal to LightGBM within rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array

Facts = Mapping[str, str]


def write(graph: Graph, x: str, blocks: Sequence[Facts], features: int, outputs: int) -> str:
    """[rows, outputs] double: the sum of the trees. blocks: the facts of each tree of the text model. ValueError for zero_as_missing."""
    from etabli.estimators import lightgbm

    made, reading, first = trees.Trees(), lightgbm.Reading(), 0
    for number, facts in enumerate(blocks):
        leaves = int(facts["num_leaves"])
        lightgbm.grow(facts, made, np.arange(first, first + leaves, dtype=np.float64), number, reading)
        first += leaves
    if len(reading.zeros):
        raise ValueError("linear trees whose zeros are missing are not written")
    x = lightgbm.seen(graph, x, features, reading.categories)
    reached = graph.op("Cast", trees.write(graph, x, made.arrays(), len(blocks)), to=7)
    values = _values(graph, x, reached, *_tables(blocks, features))  # [rows, trees]
    rounds = graph.op("Reshape", values, graph.const([0, len(blocks) // outputs, outputs], np.int64))
    return graph.op("ReduceSum", rounds, graph.const([1], np.int64), keepdims=0)


def _tables(blocks: Sequence[Facts], features: int) -> tuple[Array, Array, Array]:
    """By leaf: its plain value, its constant, its coefficients [leaves, features]; NaN where a feature has none."""
    from etabli.estimators.lightgbm import numbers

    plain, constant, coefficients = [], [], []
    for facts in blocks:
        value = numbers(facts, "leaf_value")
        table = np.full((len(value), features), np.nan)
        linear = facts.get("is_linear", "0") != "0"
        if linear:
            counts = numbers(facts, "num_features", int)
            leaf = np.repeat(np.arange(len(value)), counts)
            table[leaf, numbers(facts, "leaf_features", int).astype(np.int64)] = numbers(facts, "leaf_coeff")
        plain.append(value)
        constant.append(numbers(facts, "leaf_const") if linear else value)
        coefficients.append(table)
    return np.concatenate(plain), np.concatenate(constant), np.concatenate(coefficients)


def _values(graph: Graph, x: str, reached: str, plain: Array, constant: Array, coefficients: Array) -> str:
    """The value of each leaf reached, at the row."""
    used = np.flatnonzero(~np.isnan(coefficients).all(axis=0))
    table = coefficients[:, used]
    axis, zero = graph.const([2], np.int64), graph.const(0.0, np.float64)
    x = graph.op("Gather", x, graph.const(used, np.int64), axis=1)
    empty = graph.op("IsNaN", x)
    row = graph.op("Unsqueeze", graph.op("Where", empty, zero, x), axis)  # [rows, columns, 1]
    gaps = graph.op("Unsqueeze", graph.op("Cast", empty, to=11), axis)

    def picked(values: Array) -> str:
        return graph.op("Gather", graph.const(values, np.float64), reached, axis=0)

    product = graph.op("Squeeze", graph.op("MatMul", picked(np.nan_to_num(table)), row), axis)
    missing = graph.op("Squeeze", graph.op("MatMul", picked(~np.isnan(table)), gaps), axis)
    linear = graph.op("Add", picked(constant), product)
    return graph.op("Where", graph.op("Greater", missing, zero), picked(plain), linear)
