"""Encoders of categories: one-hot, ordinal, by the target.

A category meets a LabelEncoder (text to number, number to number) once a column; what follows is arithmetic. In a Frame a missing
text is "", so None and NaN are one category here: an encoder that learned both, or that learned "" itself, is refused. Where the
library raises (handle_unknown="error" and a category it never saw) the file gives NaN.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.estimators.blocks import asked, block, columns, in_double, number, row
from etabli.estimators.imputing import is_missing
from etabli.estimators.writing import Frame, Part, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.steps import one_hot
from etabli.records import Array


def lookup(owner: Any, graph: Graph, column: Part, categories: Array, values: Sequence[float] | Array, unseen: float) -> str:
    """[rows, 1] double: values[i] where the cell is categories[i], `unseen` elsewhere. A missing category stands for missing cells."""
    from onnx import numpy_helper

    known = [(cell, float(values[i])) for i, cell in enumerate(categories) if not is_missing(cell)]
    empty = [float(values[i]) for i, cell in enumerate(categories) if is_missing(cell)]
    if len(empty) > 1:
        raise Refused(owner, "it learned None and NaN as two categories, which the file reads as one")
    if column.kind == "string":
        if not all(isinstance(cell, str) for cell, _ in known):
            raise Refused(owner, "its categories are not texts, and it is given a column of texts")
        if any(cell == "" for cell, _ in known):
            raise Refused(owner, "the empty text is one of its categories, which the file reads as missing")
        keys = [str(cell) for cell, _ in known] + [""] * len(empty)
        return _encoded(graph, column, numpy_helper.from_array(np.array(keys, object), "keys"), [v for _, v in known] + empty, unseen)
    if not all(isinstance(cell, (numbers.Real, np.bool_)) for cell, _ in known):
        raise Refused(owner, "its categories are not numbers, and it is given a column of numbers")
    made = number(graph, unseen)
    if known:
        keys_tensor = numpy_helper.from_array(np.array([float(cell) for cell, _ in known], np.float64), "keys")
        made = _encoded(graph, column, keys_tensor, [v for _, v in known], unseen)
    # a missing number is set apart: whether NaN equals NaN in a table is the runtime's choice
    return graph.op("Where", graph.op("IsNaN", column.tensor), number(graph, empty[0] if empty else unseen), made)


def _encoded(graph: Graph, column: Part, keys: Any, values: Sequence[float], unseen: float) -> str:
    from onnx import numpy_helper

    return graph.op(
        "LabelEncoder",
        column.tensor,
        keys_tensor=keys,
        values_tensor=numpy_helper.from_array(np.array(values, np.float64), "values"),
        default_tensor=numpy_helper.from_array(np.array([unseen], np.float64), "default"),
    )


def _grouped(estimator: Any, feature: int) -> tuple[Array, int, bool]:
    """(the code of each category after rare ones are grouped, how many codes, whether there is a group). A group is the last code.

    An ordinal encoder's missing category is not grouped and keeps its place.
    """
    count = len(estimator.categories_[feature])
    mapping = estimator._default_to_infrequent_mappings[feature] if getattr(estimator, "_infrequent_enabled", False) else None
    if mapping is None:
        return np.arange(count), count, False
    codes = np.arange(count)
    codes[: len(mapping)] = mapping
    return codes, int(np.max(mapping)) + 1, True


@writes("sklearn.preprocessing._encoders.OneHotEncoder")
def one_hot_encoder(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """A column a category, rare ones together, dropped ones left out."""
    asked(estimator, frame.width)
    in_double(estimator, estimator.dtype)
    if estimator.handle_unknown not in ("error", "ignore", "infrequent_if_exist", "warn"):
        raise Refused(estimator, f"handle_unknown={estimator.handle_unknown!r} is not known")
    codes: list[str] = []
    source: list[int] = []
    shown: list[float] = []
    for feature, column in enumerate(columns(frame, graph)):
        mapped, count, grouped = _grouped(estimator, feature)
        unseen = -1.0
        if estimator.handle_unknown == "error":
            unseen = np.nan
        elif grouped and estimator.handle_unknown in ("infrequent_if_exist", "warn"):
            unseen = count - 1.0
        codes.append(lookup(estimator, graph, column, estimator.categories_[feature], mapped, unseen))
        dropped = None if estimator.drop_idx_ is None else estimator.drop_idx_[feature]
        kept = [code for code in range(count) if dropped is None or code != mapped[int(dropped)]]
        source += [feature] * len(kept)
        shown += [float(code) for code in kept]
    matrix = graph.op("Concat", *codes, axis=1) if len(codes) > 1 else codes[0]
    made = one_hot(graph, matrix, source, shown)
    if estimator.handle_unknown == "error":  # 0 * NaN makes the columns of a category it never saw NaN
        taken = graph.op("Gather", matrix, graph.const(source, np.int64), axis=1)
        made = graph.op("Add", made, graph.op("Mul", taken, number(graph, 0.0)))
    return block(made, len(shown))


@writes("sklearn.preprocessing._encoders.OrdinalEncoder")
def ordinal_encoder(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """A category's place; its own numbers for missing and for unseen."""
    asked(estimator, frame.width)
    in_double(estimator, estimator.dtype)
    unseen = float(estimator.unknown_value) if estimator.handle_unknown == "use_encoded_value" else np.nan
    made = []
    for feature, column in enumerate(columns(frame, graph)):
        categories = estimator.categories_[feature]
        values = np.array(_grouped(estimator, feature)[0], np.float64)
        for place, cell in enumerate(categories):
            if is_missing(cell) and cell is not None:  # None is a category like any other
                values[place] = float(estimator.encoded_missing_value)
        made.append(Part(lookup(estimator, graph, column, categories, values, unseen), 1))
    return Frame(tuple(made))


@writes("sklearn.preprocessing._target_encoder.TargetEncoder")
def target_encoder(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The shrunk mean of the target by category, in double; the overall mean for a category never seen."""
    asked(estimator, frame.width)
    made = []
    classes = len(estimator.classes_) if estimator.target_type_ == "multiclass" else 1
    means = np.ravel(estimator.target_mean_)
    for feature, column in enumerate(columns(frame, graph)):
        categories = estimator.categories_[feature]
        tables = estimator.encodings_[feature * classes : (feature + 1) * classes]
        if classes == 1:
            made.append(Part(lookup(estimator, graph, column, categories, tables[0], float(means[0])), 1))
            continue
        count = len(categories)
        code = graph.op("Cast", lookup(estimator, graph, column, categories, np.arange(count), float(count)), to=7)
        table = np.column_stack([np.append(values, mean) for values, mean in zip(tables, means, strict=True)])
        rows = graph.op("Squeeze", code, graph.const([1], np.int64))
        made.append(Part(graph.op("Gather", graph.const(np.asarray(table, np.float64)), rows, axis=0), classes))
    return Frame(tuple(made))


@writes("sklearn.preprocessing._label.LabelBinarizer")
def label_binarizer(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Of one column of labels; unseen labels are all negative."""
    low, high = float(estimator.neg_label), float(estimator.pos_label)
    count = len(estimator.classes_)
    if frame.width != 1 or estimator.y_type_ not in ("binary", "multiclass") or count < 2:
        raise Refused(estimator, "only one column of two or more labels is written")
    code = lookup(estimator, graph, frame.parts[0], estimator.classes_, np.arange(count), -1.0)
    shown = [1.0] if count == 2 else [float(place) for place in range(count)]
    hit = one_hot(graph, code, [0] * len(shown), shown)
    made = graph.op("Add", graph.op("Mul", hit, number(graph, high - low)), row(graph, [low]))
    return block(made, len(shown))
