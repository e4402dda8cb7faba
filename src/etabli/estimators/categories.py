"""A column of categories as the codes that a boosting library gives its levels: one LabelEncoder, from texts or from numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from etabli.estimators.writing import Part, Refused
from etabli.graph.graph import Graph


def coded(owner: Any, graph: Graph, column: Part, known: Iterable[Any]) -> str:
    """[rows, 1] double: the place of the cell in `known`, NaN when it is missing or not there.

    known: texts, or numbers and flags; None and NaN among them are missing values. Refused when kinds do not fit.
    """
    from onnx import TensorProto, numpy_helper

    levels = [(place, level) for place, level in enumerate(known) if level is not None and level == level]
    if not levels:  # nothing but missing values were seen
        levels = [(0, "" if column.kind == "string" else 0.0)]
        places = [np.nan]
    else:
        places = [float(place) for place, _ in levels]
        _check(owner, column, [level for _, level in levels])
    if column.kind == "string":
        keys = TensorProto(name="keys", data_type=TensorProto.STRING, dims=[len(levels)])
        keys.string_data.extend(str(level).encode() for _, level in levels)
    else:
        keys = numpy_helper.from_array(np.array([float(level) for _, level in levels]), "keys")
    values = numpy_helper.from_array(np.array(places), "values")
    default = numpy_helper.from_array(np.array([np.nan]), "default")
    return graph.op("LabelEncoder", column.tensor, keys_tensor=keys, values_tensor=values, default_tensor=default)


def _check(owner: Any, column: Part, levels: list[Any]) -> None:
    texts = [isinstance(level, str) for level in levels]
    if any(texts) and not all(texts):
        raise Refused(owner, "a column mixes texts and numbers as categories")
    if (column.kind == "string") != any(texts):
        raise Refused(owner, f"a column of categories was fitted on {'texts' if any(texts) else 'numbers'} and is given the other kind")
    if "" in levels:
        raise Refused(owner, "a column has the empty text as a category, which a file reads as missing")
    if not any(texts):
        try:
            [float(level) for level in levels]
        except (TypeError, ValueError):
            raise Refused(owner, f"categories that are neither texts nor numbers ({type(levels[0]).__name__}) are not written") from None
