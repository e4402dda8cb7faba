"""`etabli.Classifier` and `etabli.Regressor`: the whole of établi as estimators of scikit-learn.

`fit` asks what `etabli fit` asks and keeps the finished model file's bytes: predictions come from that file, a pickle holds it and no fitted object of any
library. scikit-learn is imported at the top, since its classes are the bases: nothing imports this module before a name of it is asked for.

Rows are dealt as the caller says (`groups=` of `fit`, `time_column`), never by an alarm of the residuals: who cross-validates deals rows himself.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import _safe_indexing, check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    assert_all_finite,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from etabli.data.cells import HIDDEN, STANDARD
from etabli.errors import EtabliError
from etabli.model.alike import kind_of
from etabli.model.frames import Frame
from etabli.model.load import Model, load
from etabli.records import Array, quiet
from etabli.study import Study, fit, never
from etabli.work.handed import arrow

WHERE = "local?keep=60"  # a cross-validation fits often: the worker waits for the next
UNREAD = frozenset(word.casefold() for word in STANDARD | HIDDEN)


class Refusal(EtabliError, ValueError):
    """An error of établi as the ValueError that scikit-learn's tools expect: the same rule, what came, and a hint."""


class Base(BaseEstimator):  # type: ignore[misc]
    """What both share. Abstract: use `Classifier` or `Regressor`."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    # fitting -----------------------------------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Array, name: str, task: str, sample_weight: Any, groups: Any) -> None:
        """y: as the run reads it, under that name."""
        table = self._table(X, reset=True)
        self._numeric = not _is_frame(X) and np.asarray(X).dtype.kind in "biuf"
        names = list(table.column_names)
        called = {role: _free(role, names) for role in (name, "weight", "group")}
        for role, values in ((name, y), ("weight", sample_weight), ("group", groups)):
            if values is not None:
                table = table.append_column(called[role], arrow({"": values}).column(0))
        options = {
            key: value for key, value in self.get_params(deep=False).items() if value is not None and key not in ("out", "random_state")
        }
        options |= {key: tuple(options[key]) for key in ("families", "ignore", "increasing", "decreasing", "together") if key in options}
        options["kinds"] = (dict.fromkeys(names, "number") if self._numeric else {}) | dict(options.get("kinds") or {})
        folder = Path(self.out) if self.out else Path(tempfile.mkdtemp(prefix="etabli-")) / "run.etabli"
        if not self.out:
            weakref.finalize(self, shutil.rmtree, folder.parent, True)
        options |= {"weights": None if sample_weight is None else called["weight"], "group": "none" if groups is None else called["group"]}
        options = {"time_column": "none"} | self._told(options)
        self.study_ = _refused(
            fit, table, called[name], watch=quiet, interrupted=never, out=str(folder), task=task, seed=_seed(self.random_state), **options
        )
        self._onnx = (folder / "model.onnx").read_bytes()
        self.model_: Model = load(self._onnx)  # the very file that `save` writes

    def _table(self, X: Any, reset: bool) -> Any:
        """X as Arrow; names and number of columns are noted (reset) or compared, by scikit-learn's own rules."""
        if _is_frame(X):
            frame = _eager(X)
            table = _refused(arrow, frame)
            _check_feature_names(self, frame, reset=reset)
            _check_n_features(self, np.empty((1, table.num_columns)), reset=reset)
            return table
        _check_feature_names(self, X, reset=reset)
        array = check_array(X, dtype=None, ensure_all_finite="allow-nan", estimator=self)
        _check_n_features(self, array, reset=reset)
        return _refused(arrow, array, getattr(self, "feature_names_in_", ()))

    def _answers(self, X: Any, **asked: Any) -> dict[str, Array]:
        check_is_fitted(self)
        table, model = self._table(X, reset=False), self.model_
        columns = [column.to_numpy() if self._numeric else column.to_pylist() for column in table.columns]
        read = _refused(model.rows, Frame(list(table.column_names), columns, table.num_rows))
        return dict(_refused(model.run, read.feeds, read.rows, **asked))

    def _told(self, options: dict[str, Any]) -> dict[str, Any]:
        """Options as `etabli.fit` takes them."""
        return options

    # what was fitted ---------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Writes the model file: every onnxruntime reads it, without établi."""
        check_is_fitted(self)
        Path(path).write_bytes(self._onnx)
        return Path(path)

    def novelty(self, X: Any) -> Array:
        """[rows]: the share of training rows that are as unlike the others; below 0.01 a row is unlike all that was learned from."""
        return self._answers(X)["novelty"][:, 0]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_onnx")

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "_onnx" in state:
            del state["model_"]
            state["study_"] = Study(self.study_.folder, self.study_.result)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_onnx" in state:
            self.model_ = load(self._onnx)


@final
class Classifier(ClassifierMixin, Base):  # type: ignore[misc]
    """Compares every family on X and y and keeps the best as one proven file. Arguments: options of `etabli.fit`; out: the run folder (default: a
    temporary one that goes with the estimator); random_state: the seed. cost: (truth, answer) -> what that mistake costs. class_weight: label ->
    weight, or "balanced": bends the fit, and calibration undoes it in the probabilities."""

    def __init__(
        self, *, effort: str = "standard", time: float | None = None, metric: str | None = None, families: Sequence[str] | None = None,
        time_column: str | None = None, gap: str | None = None, ignore: Sequence[str] | None = None, kinds: Mapping[str, str] | None = None,
        missing: Mapping[str, Sequence[str]] | None = None, increasing: Sequence[str] | None = None, decreasing: Sequence[str] | None = None,
        together: Sequence[str] | None = None, cost: Mapping[Any, float] | None = None, class_weight: Mapping[Any, float] | str | None = None,
        calibration: str | None = None, sets: str = "auto", guarantee: str | None = None, with_map: int = 0, with_clusters: int = 0, with_autoencoder: int = 0,
        random_state: Any = 0, out: str | None = None, where: str = WHERE,
    ) -> None:  # fmt: skip
        self.effort, self.time, self.metric, self.families, self.time_column = effort, time, metric, families, time_column
        self.gap, self.ignore, self.kinds, self.missing, self.increasing = gap, ignore, kinds, missing, increasing
        self.decreasing, self.together, self.cost, self.class_weight = decreasing, together, cost, class_weight
        self.calibration, self.sets, self.guarantee = calibration, sets, guarantee
        self.with_map, self.with_clusters, self.with_autoencoder = with_map, with_clusters, with_autoencoder
        self.random_state, self.out, self.where = random_state, out, where

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Classifier:
        """Fits. X: a frame (pandas, polars, pyarrow, DuckDB) or an array [rows, columns]. y: labels [rows]. groups: rows that stay together in
        every fold. Refusal (a ValueError) for what établi refuses."""
        X, labels, name, weight, groups = _given(self, X, y, sample_weight, groups)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise Refusal("a classifier needs two classes or more", f"1 class: {self.classes_[0]!r}", "are the rows sorted by class?")
        tokens = _tokens(self.classes_)
        told = [str(token).lower() if isinstance(token, bool) else str(token) for token in tokens.tolist()]
        self._words = {str(label): token for label, token in zip(self.classes_.tolist(), told, strict=True)}
        self._fit(X, tokens[codes], name, "binary" if len(tokens) == 2 else "multiclass", weight, groups)
        known = self.model_.classes
        self._order = np.array([known.index(token) if token in known else -1 for token in told])  # -1: too few rows to learn that class
        return self

    def predict(self, X: Any) -> Array:
        """[rows]: labels, of least cost where costs were given."""
        answers = self._answers(X)["prediction"][:, 0]
        place = {self.model_.classes[there]: here for here, there in enumerate(self._order)}
        return np.asarray(self.classes_[[place[str(answer)] for answer in answers.tolist()]])

    def predict_proba(self, X: Any) -> Array:
        """[rows, classes], calibrated, in the order of `classes_`."""
        return self._ordered(self._answers(X)["probability"])

    def predict_set(self, X: Any, confidence: float = 0.9) -> Any:
        """Which labels each row's answer may have, so that the truth is among them in that share of rows: bool [rows, classes] in the order of
        `classes_`; a frame for a frame, one column a class."""
        held = self._ordered(self._answers(X, confidence=confidence)["set"])
        return _like(X, held, [str(label) for label in self.classes_])

    def _told(self, options: dict[str, Any]) -> dict[str, Any]:
        weights, cost = options.pop("class_weight", None), options.pop("cost", None)
        if weights is not None:
            given = (
                {"balanced": 1.0} if isinstance(weights, str) else {self._words.get(str(key), str(key)): w for key, w in weights.items()}
            )
            options["class_weight"] = given
        if cost is not None:
            pairs = {key if isinstance(key, tuple) else tuple(str(key).split(">")): value for key, value in cost.items()}
            options["cost"] = {">".join(self._words.get(str(end), str(end)) for end in pair): value for pair, value in pairs.items()}
        return options

    def _ordered(self, answers: Array) -> Array:
        """Columns [rows, classes of the file] in the order of `classes_`; zeros for a class that the file does not know."""
        return np.where(self._order >= 0, answers[:, self._order], answers.dtype.type(0))


@final
class Regressor(RegressorMixin, Base):  # type: ignore[misc]
    """Compares every family on X and y and keeps the best as one proven file. Arguments: options of `etabli.fit`; out: the run folder (default: a
    temporary one that goes with the estimator); random_state: the seed."""

    def __init__(
        self, *, effort: str = "standard", time: float | None = None, metric: str | None = None, families: Sequence[str] | None = None,
        time_column: str | None = None, gap: str | None = None, ignore: Sequence[str] | None = None, kinds: Mapping[str, str] | None = None,
        missing: Mapping[str, Sequence[str]] | None = None, increasing: Sequence[str] | None = None, decreasing: Sequence[str] | None = None,
        together: Sequence[str] | None = None, exposure: str | None = None, distribution: bool = False, interval: str = "auto",
        guarantee: str | None = None, with_map: int = 0, with_clusters: int = 0, with_autoencoder: int = 0, random_state: Any = 0, out: str | None = None,
        where: str = WHERE,
    ) -> None:  # fmt: skip
        self.effort, self.time, self.metric, self.families, self.time_column = effort, time, metric, families, time_column
        self.gap, self.ignore, self.kinds, self.missing, self.increasing = gap, ignore, kinds, missing, increasing
        self.decreasing, self.together, self.exposure, self.distribution = decreasing, together, exposure, distribution
        self.interval, self.guarantee = interval, guarantee
        self.with_map, self.with_clusters, self.with_autoencoder = with_map, with_clusters, with_autoencoder
        self.random_state, self.out, self.where = random_state, out, where

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Regressor:
        """Fits. X: a frame (pandas, polars, pyarrow, DuckDB) or an array [rows, columns]. y: numbers [rows]. groups: rows that stay together in
        every fold. Refusal (a ValueError) for what établi refuses."""
        X, values, name, weight, groups = _given(self, X, y, sample_weight, groups)
        self._fit(X, values.astype(np.float64), name, "regression", weight, groups)
        return self

    def predict(self, X: Any) -> Array:
        """[rows]: the answers."""
        return self._answers(X)["prediction"][:, 0]

    def predict_interval(self, X: Any, confidence: float = 0.9) -> Any:
        """Lower and upper ends that hold the truth in that share of rows: [rows, 2]; a frame for a frame, with the columns lower and upper."""
        answers = self._answers(X, confidence=confidence)
        return _like(X, np.column_stack([answers["lower"], answers["upper"]]), ["lower", "upper"])

    def predict_quantiles(self, X: Any, quantiles: Sequence[float] = (0.1, 0.5, 0.9)) -> Any:
        """Quantiles of each answer's distribution, of an estimator with distribution=True: [rows, quantiles]; a frame for a frame."""
        return _like(X, self._answers(X, quantiles=quantiles)["quantile"], [f"quantile_{level:g}" for level in quantiles])


# what is given ---------------------------------------------------------------------------------------------------------


def _given(estimator: Base, X: Any, y: Any, sample_weight: Any, groups: Any) -> tuple[Any, Array, str, Array | None, Any]:
    """(X, y, its name, weights, groups), checked by scikit-learn's rules and with its words. Rows of weight 0 are as if they were not there."""
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    rows = (
        _eager(X) if _is_frame(X) else check_array(X, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2, estimator=estimator)
    )
    flat, name = column_or_1d(y, warn=True), getattr(y, "name", None)
    if flat.dtype.kind == "c":
        raise ValueError("Complex data not supported")
    assert_all_finite(flat, input_name="y")
    check_consistent_length(rows, flat, groups)
    weight = None if sample_weight is None else _check_sample_weight(sample_weight, np.empty((len(flat), 1)), ensure_non_negative=True)
    if weight is not None and not weight.all() and weight.any():
        some = np.flatnonzero(weight)
        X, flat, weight = _safe_indexing(rows, some), flat[some], weight[some]
        groups = None if groups is None else np.asarray(groups)[some]
    return X, flat, name if isinstance(name, str) and name else "target", weight, groups


def _tokens(classes: Array) -> Array:
    """The labels as the run's own words: whole numbers, flags, and texts that are read as they stand; class_0, class_1 ... for others."""
    if classes.dtype.kind in "biu":
        return classes
    plain = all(isinstance(label, str) and label == label.strip() and label[:1].isalpha() and ">" not in label for label in classes)
    plain = plain and not any(label.casefold() in UNREAD for label in classes)
    return classes if plain else np.array([f"class_{place}" for place in range(len(classes))])


def _is_frame(X: Any) -> bool:
    return kind_of(X).library in ("pandas", "polars", "pyarrow", "duckdb")


def _eager(X: Any) -> Any:
    """A lazy frame collected, a DuckDB relation as Arrow; an eager frame as it is."""
    if hasattr(X, "iloc"):  # pandas: names that are no names are refused by our own words
        return X
    import narwhals

    known = narwhals.from_native(X, pass_through=True)
    return known.collect().to_native() if isinstance(known, narwhals.LazyFrame) else X


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _seed(random_state: Any) -> int:
    return int(random_state) if isinstance(random_state, int | np.integer) else int(check_random_state(random_state).randint(2**31 - 1))


def _refused(call: Any, *given: Any, **asked: Any) -> Any:
    """établi's refusals as ValueErrors."""
    try:
        return call(*given, **asked)
    except EtabliError as error:
        raise Refusal(error.rule, error.got, error.hint) from error


def _like(X: Any, values: Array, names: Sequence[str]) -> Any:
    """Columns as a frame where X is one, else the array."""
    return kind_of(X).frame({name: values[:, i] for i, name in enumerate(names)}) if _is_frame(X) else values
