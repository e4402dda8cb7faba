"""The card: the JSON that a model file carries about itself, and the rows it can test itself with.

JSON has no NaN and no infinity, and readers in other languages must get the very same doubles. So a number is written with
17 significant digits (Python's `repr`), and the three that JSON lacks are the strings "nan", "inf" and "-inf". Whether a
string is a text or such a number is told by the type of the input or output it belongs to, never by its spelling.
This module imports only errors, numpy and the standard library: it runs wherever the file runs. See docs/model-file.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from etabli.errors import DataError

CARD, SELFTEST = "etabli.card", "etabli.selftest"  # the keys in the file's metadata_props
SCHEMA = 1  # of the card; raised only when an old reader would misread a new card

Array = np.ndarray[Any, np.dtype[Any]]


def dumps(value: Any) -> str:
    """JSON text of mappings, sequences, numbers, texts and numpy arrays, by the rule for numbers above."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def lines(card: Mapping[str, Any]) -> str:
    """The same as a file for people: a line a key, and a line a record where a key holds records (the columns)."""
    made = []
    for key, value in card.items():
        records = isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)
        made.append(f" {dumps(key)}: " + ("[\n  " + ",\n  ".join(map(dumps, value)) + "\n ]" if records else dumps(value)))
    return "{\n" + ",\n".join(made) + "\n}\n"


def plain(value: Any) -> Any:
    """The same value made of dict, list, str, int, float, bool and None alone; what JSON lacks becomes a string."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else "nan" if value != value else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int)):
        return value
    return str(value)


def array(nested: Any, kind: str) -> Array:
    """The array that `plain` made a nested list of. kind: "double", "string", "bool", "int64" or "uint8"."""
    if kind == "double":
        return np.array(nested, dtype=object).astype(np.float64) if _has_text(nested) else np.array(nested, np.float64)
    return np.array(nested, dtype={"string": object, "bool": np.bool_, "int64": np.int64, "uint8": np.uint8}[kind])


def _has_text(nested: Any) -> bool:
    return any(map(_has_text, nested)) if isinstance(nested, list) else isinstance(nested, str)


def self_test(feeds: Mapping[str, Array], outputs: Mapping[str, Array], confidence: float = 0.9) -> str:
    """The text for `metadata_props["etabli.selftest"]`: rows as they go in, and the answers the proven model gave."""
    return dumps({"feeds": dict(feeds), "outputs": dict(outputs), "confidence": confidence})


def shape(values: Array, bins: int = 10) -> dict[str, list[float]]:
    """What `etabli check` compares a number column with: {"edges": [k], "shares": [k + 1]}, the share of training values at or
    below the first edge, between it and the second, and so on; {} for a column without two values. values: float64 [rows], NaN missing."""
    filled = values[np.isfinite(values)]
    edges = np.unique(np.quantile(filled, np.linspace(0, 1, bins + 1)[1:-1])) if len(filled) else filled
    if len(edges) and (width := float(np.ptp(filled))) > 0:  # six digits of the range: thousands of columns go into the file
        edges = np.unique(np.round(edges, 5 - math.floor(math.log10(width))))
    edges = edges[edges < filled.max()] if len(filled) else edges
    if not len(edges):
        return {}
    counts = np.bincount(np.searchsorted(edges, filled, side="left"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "shares": (counts / len(filled)).round(7).tolist()}


def read(text: str | None, path: str) -> dict[str, Any]:
    """The card of a file, checked. DataError when there is none, or when it is newer than this reader."""
    if not text:
        raise DataError(
            "the file is an ONNX model, but not one of établi: it has no card",
            path,
            'its metadata_props have no "etabli.card"; a model fitted elsewhere becomes one with `etabli adopt`',
        )
    try:
        card = json.loads(text)
        schema = int(card["schema"])
    except (ValueError, KeyError, TypeError) as problem:
        raise DataError(
            "the model file's card cannot be read", f"{path}: {problem!r}", "the file is damaged; make or copy it again"
        ) from None
    if schema > SCHEMA:
        raise DataError(
            f"this établi reads model files up to schema {SCHEMA}",
            f"{path}: schema {schema}, written by établi {card.get('etabli', '?')}",
            "update with `pip install --upgrade etabli`; any ONNX runtime can still run the file itself",
        )
    return dict(card)
