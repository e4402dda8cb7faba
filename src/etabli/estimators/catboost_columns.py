"""The matrix that CatBoost's trees read: numbers as float32, one-hot categories as places, and statistics of categories.

CatBoost knows a text only by a hash, and its file has no texts: those of the given data are hashed by the library itself, and a model is
refused unless they account for every hash in it. A statistic ("CTR") of a category, or of several categories and questions together,
is a table from the hash of their combination to counts of the target; every combination of known texts is hashed here, so the file
needs no hashing: it looks up the place of each text, makes one whole number of the places, and finds the row of the table. A text that
was not seen gets the value of empty counts, as in CatBoost. Values are computed in float32, (count + prior) / (total + prior) scaled,
as CatBoost computes them, before they meet a border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.estimators.catboost_trees import Questions, Saved, of_numbers, questions, saved
from etabli.estimators.writing import Frame, Refused
from etabli.graph.graph import Graph
from etabli.records import Array

NOTHING = np.uint64(2**64 - 1)  # an empty cell of a hash table
MAGIC = np.uint64(0x4906BA494954CB65)
WHOLE = range(-1_000, 100_000)  # whole numbers that stand for their texts, where categories come as numbers
MOST = 4_000_000  # combinations of texts that are tried for one statistic
HINT = "give the rows it was trained on, or train with one_hot_max_size=255 or categories encoded beforehand"


@dataclass(frozen=True)
class Category:
    """A categorical column. place: tensor [rows, 1] int64, the number of the text among `hashes`, len(hashes) for any other."""

    place: str
    hashes: Array  # int64, as CatBoost has them: signed 32 bits


def matrix(estimator: Any, whole: Saved, graph: Graph, frame: Frame) -> tuple[str, Questions]:
    """(what the trees read, [rows, columns] double; the questions about it)."""
    info = whole["features_info"]
    numbers = info.get("float_features", [])
    parts: list[str] = []
    single = ""
    if numbers:
        flat = [feature["flat_feature_index"] for feature in numbers]
        chosen = frame if flat == list(range(frame.width)) else frame.take(graph, flat)
        single = graph.op("Cast", graph.op("Cast", chosen.matrix(graph, estimator), to=1), to=11)
        parts.append(single)
    asked = of_numbers(whole)
    categories = {
        feature["feature_index"]: _category(estimator, graph, frame, feature)
        for feature in _used(info)
        if feature["flat_feature_index"] >= 0
    }
    column = len(numbers)
    for feature in info.get("categorical_features", []):
        if feature.get("values"):
            category = categories[feature["feature_index"]]
            places = [_place(estimator, category, value) for value in feature["values"]]
            asked += [(column, float(place), True, False) for place in places]
            parts.append(graph.op("Cast", category.place, to=11))
            column += 1
    for group in _groups(info):
        parts.append(_statistics(estimator, whole, graph, group, categories, single))
        for entry in group:
            asked += [(column, float(np.float32(border)), False, False) for border in entry["borders"]]
            column += 1
    x = parts[0] if len(parts) == 1 else graph.op("Concat", *parts, axis=1)
    return x, questions(asked)


# categories --------------------------------------------------------------------------------------------------------------


def _used(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The categorical columns that trees or statistics look at."""
    mixed = {element.get("cat_feature_index") for entry in info.get("ctrs", []) for element in entry["elements"]}
    return [one for one in info.get("categorical_features", []) if one.get("values") or one["feature_index"] in mixed]


def _category(estimator: Any, graph: Graph, frame: Frame, feature: Mapping[str, Any]) -> Category:
    """The texts of the column in the data given, as places in the list of those whose hash CatBoost gives."""
    from onnx import TensorProto, helper, numpy_helper

    flat = int(feature["flat_feature_index"])
    part = frame.take(graph, [flat]).parts[0]
    if part.kind == "string":
        levels = [str(level) for level in graph.levels.get(part.tensor, ())]
        if not levels:
            raise Refused(estimator, f"the texts of column {flat} are not known", HINT)
        known = _hashes(estimator, flat, [*levels, *([] if "" in levels else [""])])
        keys = helper.make_tensor("keys", TensorProto.STRING, [len(known)], [text.encode() for text in known])
    else:
        known = _hashes(estimator, flat, [str(number) for number in WHOLE])
        keys = numpy_helper.from_array(np.array([float(text) for text in known]), "keys")
    place = graph.op(
        "LabelEncoder",
        part.tensor,
        keys_tensor=keys,
        values_tensor=numpy_helper.from_array(np.arange(len(known), dtype=np.int64), "values"),
        default_tensor=numpy_helper.from_array(np.array([len(known)], np.int64), "default"),
    )
    return Category(place, np.array(list(known.values()), np.int64))


def _hashes(estimator: Any, flat: int, texts: Sequence[str]) -> dict[str, int]:
    """CatBoost's own hash of each text, by asking it to export the model with a pool of those texts."""
    import catboost

    width, categorical = _width(estimator), estimator.get_cat_feature_indices()
    row = [("" if place in categorical else 0.0) for place in range(width)]
    rows = [[text if place == flat else cell for place, cell in enumerate(row)] for text in texts]
    pool = catboost.Pool(rows, cat_features=categorical, feature_names=estimator.feature_names_)
    listed = saved(estimator, pool)["features_info"]["cat_features_hash"]
    found = {entry["value"]: int(np.uint32(entry["hash"]).view(np.int32)) for entry in listed}
    return {text: found[text] for text in texts}


def _width(estimator: Any) -> int:
    return len(estimator.feature_names_)


def _place(estimator: Any, category: Category, value: int) -> int:
    found = np.flatnonzero(category.hashes == value)
    if len(found) != 1:
        raise Refused(estimator, "a category of the training is not among the texts of the data given", HINT)
    return int(found[0])


# statistics --------------------------------------------------------------------------------------------------------------


def _groups(info: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """Neighbouring statistics of one table (they differ in their prior)."""
    made: list[list[Mapping[str, Any]]] = []
    for entry in info.get("ctrs", []):
        if made and made[-1][0]["identifier"] == entry["identifier"]:
            made[-1].append(entry)
        else:
            made.append([entry])
    return made


def _statistics(
    estimator: Any, whole: Saved, graph: Graph, group: list[Mapping[str, Any]], categories: Mapping[int, Category], single: str
) -> str:
    """[rows, len(group)] double: the statistics that share a table."""
    from onnx import numpy_helper

    table = whole["ctr_data"][group[0]["identifier"]]
    cells = np.array([int(cell) for cell in table["hash_map"][:: table["hash_stride"]]], np.uint64)
    rest = [table["hash_map"][place :: table["hash_stride"]] for place in range(1, table["hash_stride"])]
    real = cells != NOTHING
    cells, counts = cells[real], np.array(rest, np.float64)[:, real]
    code, hashed = _combined(estimator, whole, graph, group[0]["elements"], categories, single)
    order = np.argsort(hashed, kind="stable")
    at = np.minimum(np.searchsorted(hashed[order], cells), len(hashed) - 1)
    if not (hashed[order][at] == cells).all():
        raise Refused(estimator, "a statistic counts categories that are not among the texts of the data given", HINT)
    row = graph.op(
        "LabelEncoder",
        code,
        keys_tensor=numpy_helper.from_array(order[at].astype(np.int64), "keys"),
        values_tensor=numpy_helper.from_array(np.arange(len(cells), dtype=np.int64), "values"),
        default_tensor=numpy_helper.from_array(np.array([len(cells)], np.int64), "default"),
    )
    values = np.column_stack([_values(estimator, entry, counts, table["counter_denominator"]) for entry in group])
    picked = graph.op("Gather", graph.const(values), row, axis=0)
    return graph.op("Reshape", picked, graph.const([-1, len(group)], np.int64))


def _values(estimator: Any, entry: Mapping[str, Any], counts: Array, denominator: float) -> Array:
    """float64 [rows of the table + 1] of float32 numbers; the last one is for what is not in the table."""
    kind, border = entry["ctr_type"], int(entry["target_border_idx"])
    none = np.zeros(1, np.float32)
    if kind == "Borders":
        good, total = counts[border + 1 :].sum(axis=0), counts.sum(axis=0)
    elif kind == "Buckets":
        good, total = counts[border], counts.sum(axis=0)
    elif kind in ("Counter", "FeatureFreq"):
        good, total, none = counts[0], np.full(counts.shape[1], denominator), np.full(1, denominator, np.float32)
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, total = counts
    else:
        raise Refused(estimator, f'statistics of the kind "{kind}" are not written')
    above = np.append(good.astype(np.float32), np.float32(0)) + np.float32(entry["prior_numerator"])
    under = np.append(total.astype(np.float32), none) + np.float32(entry["prior_denomerator"])
    return np.asarray((above / under + np.float32(entry["shift"])) * np.float32(entry["scale"]), np.float64)


def _combined(
    estimator: Any, whole: Saved, graph: Graph, elements: Sequence[Mapping[str, Any]], categories: Mapping[int, Category], single: str
) -> tuple[str, Array]:
    """(one whole number for the combination of a row, [rows, 1] int64; CatBoost's hash of each such number). The order of hashing is
    categories, questions of numbers, values of one-hot categories."""
    kinds = ("cat_feature_value", "float_feature", "cat_feature_exact_value")
    hashed, code = np.zeros(1, np.uint64), ""
    for element in sorted(elements, key=lambda element: kinds.index(_kind(estimator, element, kinds))):
        if _kind(estimator, element, kinds) == "cat_feature_value":
            category = categories[element["cat_feature_index"]]
            place, terms = category.place, np.append(category.hashes.view(np.uint64), NOTHING)  # an unseen text matches nothing
        elif element["combination_element"] == "float_feature":
            place, terms = _answered(whole, graph, element, single), np.arange(2, dtype=np.uint64)
        else:
            category = categories[element["cat_feature_index"]]
            value = graph.const(_place(estimator, category, int(element["value"])), np.int64)
            place, terms = graph.op("Cast", graph.op("Equal", category.place, value), to=7), np.arange(2, dtype=np.uint64)
        if len(hashed) * len(terms) > MOST:
            raise Refused(estimator, f"a statistic of more than {MOST:,} combinations of categories", HINT)
        with np.errstate(over="ignore"):
            hashed = (MAGIC * (hashed[:, None] + MAGIC * terms[None, :])).ravel()
        count = graph.const(len(terms), np.int64)
        code = graph.op("Add", graph.op("Mul", code, count), place) if code else place
    return code, hashed


def _kind(estimator: Any, element: Mapping[str, Any], kinds: Sequence[str]) -> str:
    kind = str(element["combination_element"])
    if kind not in kinds:
        raise Refused(estimator, f'statistics of "{kind}" are not written')
    return kind


def _answered(whole: Saved, graph: Graph, element: Mapping[str, Any], single: str) -> str:
    """[rows, 1] int64: 1 where a number is above a border (or missing, when missing numbers are)."""
    numbers = whole["features_info"]["float_features"]
    place = next(i for i, feature in enumerate(numbers) if feature["feature_index"] == element["float_feature_index"])
    column = graph.op("Gather", single, graph.const([place], np.int64), axis=1)
    border = graph.const(float(np.float32(element["border"])), np.float64)
    if numbers[place]["nan_value_treatment"] == "AsTrue":
        return graph.op("Cast", graph.op("Not", graph.op("LessOrEqual", column, border)), to=7)
    return graph.op("Cast", graph.op("Greater", column, border), to=7)
