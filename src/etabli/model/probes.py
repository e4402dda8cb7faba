"""Rows made to catch a wrong file: numbers at every split of the trees and one ulp beside it, nothing, too much, never seen.

Held-out rows hardly ever lie exactly on a split, and that is where exporters are wrong without a word (thresholds rounded to
float32, `<` for `<=`). So real rows get their numbers replaced by the thresholds of the trees in the file. A tree reads a
prepared matrix; where a feature of that matrix is a raw column passed on unchanged, `sources` traces it back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.records import Array, Column, Table

if TYPE_CHECKING:
    import onnx

UNSEEN = "never seen \u2603 <b>&"  # a level that no data set has
Source = tuple[str, int]  # an input of the file and the column within it


def probe_table(model: bytes, table: Table, columns: Sequence[Column] | None = None, limit: int = 1000, seed: int = 0) -> Table:
    """A table of `limit` probe rows, with the same columns and levels, that both the file and its reference can answer.

    Real rows (drawn with `seed`); in the first half every column that trees read raw is set to a probe at once, in the other
    half one column each; in a tenth of the rows one more cell is missing; the last row has nothing but missing cells.
    """
    random = np.random.default_rng(seed)
    chosen = tuple(table.columns if columns is None else columns)
    picked = random.integers(0, table.rows, limit)
    values: dict[str, Array] = {column.name: np.array(table.values[column.name][picked]) for column in table.columns}
    tried = {name: random.permutation(found) for name, found in column_probes(model, chosen).items() if name in values}
    half = (limit + 1) // 2
    alone = random.permutation(np.arange(limit - half) % max(len(tried), 1))
    for place, (name, found) in enumerate(tried.items()):
        values[name][:half] = np.resize(found, half)
        mine = half + np.flatnonzero(alone == place)
        values[name][mine] = np.resize(found[::-1], len(mine))
    for row in random.permutation(limit)[: limit // 10]:
        column = chosen[random.integers(len(chosen))]
        values[column.name][row] = np.nan if column.is_double else -1
    for column in chosen:
        values[column.name][-1:] = np.nan if column.is_double else -1
    return dataclasses.replace(table, rows=limit, values=values, notes=())


def probe_feeds(feeds: Mapping[str, Array], seed: int = 0) -> dict[str, Array]:
    """Inputs that only the file can answer: each row of `feeds` with a few cells infinite, enormous, tiny, or of a level nobody saw.

    No reference exists for these; the file must answer them all the same, with finite numbers and probabilities that add up.
    """
    random = np.random.default_rng(seed)
    odd = np.array([np.inf, -np.inf, 1e12, -1e12, 5e-324, -0.0, np.nan])  # a linear model of 1e308 is rightly infinite
    made = {}
    for name, array in feeds.items():
        if array.ndim != 2:
            continue
        array = np.array(array)
        hit = random.random(array.shape) < 0.3
        if array.dtype == object:
            array[hit] = random.choice(np.array([UNSEEN, "", " ", "é" * 300], object), int(hit.sum()))
        else:
            array[hit] = random.choice(odd, int(hit.sum()))
        made[name] = array
    return made


def column_probes(model: bytes, columns: Sequence[Column]) -> dict[str, Array]:
    """By column that some tree reads unchanged: the values that try it, infinities left out."""
    import onnx

    from etabli.graph import trees

    whole = onnx.load_from_string(model)
    widths = _widths(whole)  # once: of a file with tens of megabytes of trees it takes a quarter of a second each time
    doubles = [column.name for column in columns if column.is_double]
    found: dict[str, list[Array]] = {}
    for node in whole.graph.node:
        if node.op_type != "TreeEnsemble":
            continue
        read = sources(whole, node.input[0], widths)
        alone = onnx.ModelProto()
        alone.graph.node.append(node)
        for feature, (split, members) in trees.thresholds(alone).items():
            source = read[feature] if feature < len(read) else None
            if source is None:
                continue
            name = source[0] if source[0] in doubles or source[1] >= len(doubles) else doubles[source[1]]
            found.setdefault(name, []).append(trees.probes(split, members))
    return {name: np.unique(np.concatenate(parts)) for name, parts in found.items()}


def sources(model: onnx.ModelProto, tensor: str, widths: Mapping[str, int]) -> list[Source | None]:
    """What each column of a tensor [rows, k] is: (input, column) of a number input that comes through unchanged (but for
    infinities and sentinels made missing), or None. An empty list when the widths cannot be told. widths: of the tensors of the model that are known."""
    makers = {name: node for node in model.graph.node for name in node.output}
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    inputs = {value.name: value.type.tensor_type for value in model.graph.input}

    def trace(name: str) -> list[Source | None] | None:
        if name in inputs:
            width = inputs[name].shape.dim[1].dim_value if len(inputs[name].shape.dim) == 2 else 0
            return [(name, i) for i in range(width)] if width else None
        node = makers.get(name)
        if node is None:
            return None
        found: list[Source | None] | None = None
        if node.op_type in ("Identity", "Cast"):
            found = trace(node.input[0])
        elif node.op_type == "Where" and node.input[1] in constants:  # an infinity or a sentinel becomes NaN
            found = trace(node.input[2])
        elif node.op_type == "Gather" and _attribute(node, "axis") == 1 and node.input[1] in constants:
            whole = trace(node.input[0])
            found = None if whole is None else [whole[i] for i in _values(constants[node.input[1]]).ravel().tolist()]
        elif node.op_type == "Concat":
            parts = [trace(part) for part in node.input]
            if all(part is not None for part in parts):
                found = [source for part in parts for source in part or ()]
        if found is None and widths.get(name):
            found = [None] * widths[name]
        return found

    return trace(tensor) or []


def _attribute(node: Any, name: str) -> int | None:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == name), None)


def _values(tensor: Any) -> Array:
    from onnx import numpy_helper

    return np.asarray(numpy_helper.to_array(tensor))


def _widths(model: onnx.ModelProto) -> dict[str, int]:
    """Second dimension of every tensor where onnx's own shape inference knows it; a look-up is one column wide."""
    import onnx

    widths = {name: 1 for node in model.graph.node if node.op_type == "LabelEncoder" for name in node.output}
    for value in onnx.shape_inference.infer_shapes(model).graph.value_info:
        shape = value.type.tensor_type.shape.dim
        if len(shape) == 2 and shape[1].dim_value:
            widths[value.name] = int(shape[1].dim_value)
    return widths
