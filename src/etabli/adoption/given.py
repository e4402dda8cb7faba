"""The rows given to `adopt`: as columns of a table, and again as the estimator itself wants them.

Nothing is inferred beyond what the estimator's own user had: a column of numbers is a number, everything else is text, and a cell is
missing exactly where pandas would read it as missing. (The reader of `fit` knows better ("?" is missing, "1 234 €" is a number), but a
model fitted elsewhere never saw those readings.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data import cells
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.model.frames import Frame as Cells
from etabli.model.frames import frame as cells_of
from etabli.records import Array, Column, Table

PLAIN = {"parse": "number", "decimal": "."}
BLANK = frozenset(  # what pandas.read_csv reads as missing
    "|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null".split("|")
)
KEPT = sorted((cells.STANDARD | cells.HIDDEN) - BLANK)  # levels here, though `fit` would read them as missing


@dataclass(frozen=True)
class Given:
    """table: the columns of the data. wanted: those the estimator was fitted with, in its order; columns: those of them that it
    looks at. named: it takes a data frame with names, otherwise an array. types: pandas types of columns that must come as they were
    (categories)."""

    table: Table
    wanted: tuple[str, ...]
    columns: tuple[str, ...]
    named: bool
    types: dict[str, Any]

    def native(self, table: Table | None = None, rows: Array | None = None) -> Any:
        """Rows as the estimator takes them: a pandas (or polars) frame when it was fitted with names, else an array."""
        source = self.table if table is None else table
        pick = slice(None) if rows is None else rows
        made: dict[str, Array] = {}
        for name in self.columns:
            values = np.asarray(source.values[name])[pick]
            if source.column(name).is_double:
                made[name] = np.array(values, np.float64)
            else:
                levels = np.array([*source.levels[name], np.nan], object)
                made[name] = levels[values]
        if not self.named:
            if all(self.table.column(name).is_double for name in self.columns):
                return np.column_stack(list(made.values()))
            together = np.empty((len(next(iter(made.values()))), len(made)), object)
            for place, column in enumerate(made.values()):
                together[:, place] = column
            return together
        return _frame(made, self.types)


def _frame(columns: dict[str, Array], types: dict[str, Any]) -> Any:
    try:
        import pandas
    except ImportError:
        try:
            import polars
        except ImportError:
            raise UsageError(
                "a model fitted on a data frame is asked with one, by pandas or polars", "neither is installed here", "pip install pandas"
            ) from None
        return polars.DataFrame({name: values.tolist() for name, values in columns.items()})
    made = pandas.DataFrame(columns)
    for name, kind in types.items():
        made[name] = made[name].astype(kind)
    return made


def given(data: Any, estimator: Any, target: str | None) -> Given:
    """The rows of `data` (a path, a data frame, a dict of columns, or an array [rows, features], to which a target cannot belong by name).

    UsageError when columns that the estimator takes are not there; DataError for cells that are neither numbers nor texts.
    """
    wanted, named = asks(estimator)
    if isinstance(data, np.ndarray) and data.ndim == 2 and not data.dtype.names:
        names = wanted if len(wanted) == data.shape[1] and all(wanted) else [f"x{i}" for i in range(data.shape[1])]
        read, source = cells_of({name: data[:, i] for i, name in enumerate(names)}), "array"
    elif isinstance(data, str | Path):
        from etabli.model.tables import whole

        read, source = whole(Path(data)), Path(data).name
    else:
        read, source = cells_of(data), "frame"
    names = [header or f"column {place + 1}" for place, header in enumerate(read.headers)]
    if len(set(names)) < len(names):
        again = sorted({name for name in names if names.count(name) > 1})
        raise DataError("columns have different names", f"{source}: {', '.join(again)} more than once", "rename them")
    if target is not None and target not in names:
        raise UsageError("--target takes a column of the data", f'"{target}"', did_you_mean(target, names) or ", ".join(names[:20]))
    there = [name for name in names if name != target]
    if getattr(estimator, "told", None):  # a network, and which columns its inputs take
        there = estimator.dealt(there)
    everything = tuple(wanted) if named else tuple(there)
    taken = _taken(estimator, wanted, named, there)
    words = _worded(estimator, everything) if isinstance(data, str | Path) else set(names)  # a frame says itself what is text
    table = _table(names, read, source, words)
    types = _types(data, taken) | _categories(estimator, taken, table)
    return Given(table, everything, taken, named, types)


def _looked_at(estimator: Any, wanted: Sequence[str]) -> list[str]:
    """The columns that are looked at: a ColumnTransformer in first place drops those it was given no step for."""
    first = estimator
    while hasattr(first, "steps"):
        first = first.steps[0][1]
    places = getattr(first, "_transformer_to_input_indices", None)
    if not places or not hasattr(first, "transformers_"):
        return list(wanted)
    kept = {
        place for name, step, _ in first.transformers_ if not (isinstance(step, str) and step == "drop") for place in places.get(name, ())
    }
    return [name for place, name in enumerate(wanted) if place in kept]


def asks(estimator: Any) -> tuple[list[str], bool]:
    """(names of the columns an estimator takes, or as many blanks as it takes columns; whether it was fitted with names)."""
    for attribute in ("feature_names_in_", "feature_name_", "feature_names_", "feature_names"):
        names = getattr(estimator, attribute, None)
        if names is not None and not callable(names) and len(names):
            texts = [str(name) for name in names]
            numbered = texts in ([f"{stem}{i}" for i in range(len(texts))] for stem in ("Column_", "", "f"))
            return texts, not numbered
    if callable(getattr(estimator, "feature_name", None)):  # a LightGBM booster
        texts = list(estimator.feature_name())
        return texts, texts != [f"Column_{i}" for i in range(len(texts))]
    for attribute in ("n_features_in_", "num_features"):
        count = getattr(estimator, attribute, None)
        count = count() if callable(count) else count
        if count is not None:
            return [""] * int(count), False
    if hasattr(estimator, "features") and hasattr(estimator, "setting"):  # a Fitted of ours
        return [""] * len(estimator.features), False
    return [], False


def _taken(estimator: Any, wanted: Sequence[str], named: bool, there: Sequence[str]) -> tuple[str, ...]:
    """The columns it looks at, in the estimator's order."""
    if named:
        wanted = _looked_at(estimator, wanted)
    if named and set(wanted) <= set(there):
        return tuple(wanted)
    if named:
        lacking = [name for name in wanted if name not in there]
        raise UsageError(
            "the data have the columns that the model was fitted with",
            f"{len(lacking)} of {len(wanted)} are missing: " + ", ".join(lacking[:8]) + (" …" if len(lacking) > 8 else ""),
            did_you_mean(lacking[0], there) or "columns here: " + ", ".join(there[:20]),
        )
    if wanted and len(wanted) != len(there):
        raise UsageError(
            f"a model fitted without names takes {len(wanted)} columns, in their order",
            f"{len(there)} beside the target: " + ", ".join(there[:20]),
            "give exactly those columns, in the order of the fit",
        )
    return tuple(_looked_at(estimator, there))


def _worded(estimator: Any, wanted: Sequence[str]) -> set[str]:
    """Columns of a file that are texts though all of their cells may look like numbers: CatBoost's categories."""
    places = estimator.get_cat_feature_indices() if hasattr(estimator, "get_cat_feature_indices") else []
    return {wanted[place] for place in places if place < len(wanted)}


def _table(names: Sequence[str], read: Cells, source: str, words: set[str]) -> Table:
    columns, values, levels = [], {}, {}
    for name, cell in zip(names, read.columns, strict=True):
        doubles = _doubles(cell, name in words)
        if doubles is not None:
            finite = doubles[np.isfinite(doubles)]
            values[name] = doubles
            kind = Column(name, "number", name, PLAIN, low=_end(finite, np.min), high=_end(finite, np.max))
            distinct = len(np.unique(finite))
        else:
            values[name], levels[name] = _codes(cell)
            kind = Column(name, "category", name, {"parse": "text", "keep": KEPT})
            distinct = len(levels[name])
        gone = np.isnan(values[name]) if doubles is not None else values[name] < 0
        columns.append(replace(kind, missing_count=int(gone.sum()), distinct=distinct, reason="as the model's own data"))
    return Table(tuple(columns), read.rows, values, levels, source=source)


def _end(values: Array, which: Any) -> float | None:
    return float(which(values)) if len(values) else None


def _doubles(column: Any, words: bool) -> Array | None:
    """float64 [rows] of a column of numbers, flags or texts that are all numbers; None for any other. words: texts stay texts."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiub":
        return column.astype(np.float64)
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        raise DataError("a model is adopted with columns of numbers and texts", "a column of dates", "make it a number before the model")
    made = np.full(len(column), np.nan)
    for place, value in enumerate(column):
        if isinstance(value, str):
            cell = value.strip()
            if cell in BLANK:
                continue
            if words:
                return None
            try:
                made[place] = float(cell) if "_" not in cell else float("x")
            except ValueError:
                return None
        elif _missing(value):
            continue
        elif isinstance(value, bool | int | float | np.generic):
            made[place] = float(value)
        else:
            return None
    return made


def _missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas' NA
        return True


def _codes(column: Any) -> tuple[Array, tuple[str, ...]]:
    """int32 codes and levels in the order of their texts. Every cell is a text or missing."""
    texts: list[str | None] = []
    for value in column.tolist() if isinstance(column, np.ndarray) else column:
        if isinstance(value, str):
            texts.append(None if value in BLANK else value)
        elif _missing(value):
            texts.append(None)
        else:
            raise DataError(
                "a column holds numbers alone, or texts alone", f"{value!r} ({type(value).__name__}) among texts", "make it one of the two"
            )
    known = sorted({text for text in texts if text is not None})
    place = {text: code for code, text in enumerate(known)}
    return np.array([-1 if text is None else place[text] for text in texts], np.int32), tuple(known)


def _types(data: Any, columns: Sequence[str]) -> dict[str, Any]:
    """pandas types to give back: categories keep their order of levels."""
    if not hasattr(data, "dtypes") or not hasattr(data, "iloc"):
        return {}
    return {name: data[name].dtype for name in columns if str(data[name].dtype) == "category"}


def _categories(estimator: Any, columns: Sequence[str], table: Table) -> dict[str, Any]:
    """Of a booster's own columns of texts, when the data came as a file: the categories that LightGBM kept, or those of the data. Of
    CatBoost's categories that are numbers: that they are whole."""
    kind = type(estimator).__module__.partition(".")[0]
    if kind == "catboost":  # whole numbers, or texts of such: floats are no categories to it
        places = set(estimator.get_cat_feature_indices())
        return {name: "int64" for place, name in enumerate(columns) if place in places and table.column(name).is_double}
    texts = [name for name in columns if not table.column(name).is_double]
    if kind not in ("lightgbm", "xgboost") or not texts:
        return {}
    import pandas

    booster = getattr(estimator, "booster_", estimator)
    kept = getattr(booster, "pandas_categorical", None) or []
    known = kept if len(kept) == len(texts) else [list(table.levels[name]) for name in texts]
    return {name: pandas.CategoricalDtype(levels) for name, levels in zip(texts, known, strict=True)}
