"""Ten real data sets as matrices, cheap models around them, and what the judge's heads promise for their rows.

Rows are drawn at random into learning and test rows, so they are exchangeable even where a set has groups or an order: this asks whether
the promise holds where it was made. Columns are prepared without the target, numbers scaled and categories as indicators of their
most frequent levels. Learning rows are cross-fitted in five folds, the model is fitted again on all of them, the heads learn from the
out-of-fold column alone, and the test rows tell.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
KEPT = 6_000  # rows of a set, drawn once
LEARNED = 1_500
FOLDS = 5
LEVELS = 6  # indicators of a category


@dataclass(frozen=True)
class Real:
    """A set: its name, file, target and task; dropped: columns that are the answer or an identifier."""

    name: str
    file: str
    target: str
    task: str
    dropped: tuple[str, ...] = ()


SETS = (
    Real("california_housing", "california_housing.csv", "median_house_value", "regression"),
    Real("telco_churn", "telco_churn.csv", "Churn", "binary", ("customerID",)),
    Real("diamonds", "diamonds.parquet", "price", "regression"),
    Real("adult_income", "adult_income.csv", "income", "binary"),
    Real("ames_housing", "ames_housing.parquet", "price", "regression", ("Order", "PID")),
    Real("bank_marketing", "bank_marketing.parquet", "y", "binary", ("duration",)),
    Real("doctor_visits", "doctor_visits.parquet", "docvis", "regression", ("id",)),
    Real("storm_status", "storm_status.csv", "status", "multiclass", ("category", "name")),
    Real("beijing_pm25", "beijing_pm25.parquet", "pm2.5", "regression", ("No",)),
    Real("letters", "letters.parquet", "lettr", "multiclass"),
)


@cache
def matrix(one: Real, folder: Path) -> tuple[Array, Array]:
    """(X [n, d], y [n]) of at most 6 000 rows."""
    import pandas as pd

    path = folder / one.file
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    frame = frame[frame[one.target].notna()]
    frame = frame.sample(min(KEPT, len(frame)), random_state=0).reset_index(drop=True)
    if one.task == "regression":
        y = frame[one.target].to_numpy(np.float64)
    else:
        names, y = np.unique(frame[one.target].astype(str), return_inverse=True)
        often = np.bincount(y) >= 60  # a class must be in every part of every split
        frame, y = frame[often[y]].reset_index(drop=True), np.searchsorted(np.flatnonzero(often), y[often[y]])
        assert len(names) >= 2
    parts: list[Array] = []
    for name in frame.columns.difference([one.target, *one.dropped]):
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            values = column.to_numpy(np.float64, na_value=np.nan)
            values = np.where(np.isfinite(values), values, np.nanmedian(values) if np.isfinite(values).any() else 0.0)
            parts.append((values - values.mean()) / (values.std() or 1.0))
        else:
            text = column.astype(str)
            parts += [(text == level).to_numpy(np.float64) for level in text.value_counts().index[:LEVELS]]
    return np.column_stack(parts), y


def model(kind: str, task: str) -> Callable[[Array, Array, Array | None], Callable[[Array], Array]]:
    """fit(X, y, weight) -> scores of rows: [n, 1] a number or the probability of class 1, or [n, K]."""

    def made() -> Any:
        from lightgbm import LGBMClassifier, LGBMRegressor
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.naive_bayes import GaussianNB

        number = task == "regression"
        if kind == "linear":
            return Ridge(1.0) if number else LogisticRegression(C=0.3, max_iter=300)
        if kind == "forest":
            return (RandomForestRegressor if number else RandomForestClassifier)(60, min_samples_leaf=2, random_state=0, n_jobs=1)
        if kind == "bayes":
            return GaussianNB(var_smoothing=1e-3)
        boosted = LGBMRegressor if number else LGBMClassifier
        rounds = 60 if task != "multiclass" else 25
        return boosted(n_estimators=rounds, num_leaves=15, learning_rate=0.1, n_jobs=1, verbose=-1, deterministic=True, random_state=0)

    def fit(X: Array, y: Array, weight: Array | None) -> Callable[[Array], Array]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a logistic regression that stops early is a candidate like any other
            fitted = made().fit(X, y, sample_weight=weight)
        if task == "regression":
            return lambda Z: np.asarray(fitted.predict(Z), np.float64)[:, None]
        return lambda Z: np.asarray(fitted.predict_proba(Z), np.float64)[:, 1 if task == "binary" else 0 :]

    return fit


@dataclass(frozen=True)
class Cut:
    """One split with its model: learning rows (y, out-of-fold scores S, fold, weight) and test rows (truth, T)."""

    y: Array
    S: Array
    fold: Array
    weight: Array | None
    truth: Array
    T: Array
    test_weight: Array | None
    X: Array
    Z: Array


def cut(one: Real, folder: Path, kind: str, seed: int, weighted: bool = False) -> Cut:
    """A split at random into 1 500 learning rows and the rest, cross-fitted and fitted again. weighted: weights between 0.4 and 2.5 that
    follow the first column, as those of a survey would."""
    X, y = matrix(one, folder)
    rng = np.random.default_rng([seed, 77])
    order = rng.permutation(len(y))
    if one.task != "regression":  # every class in every part
        order = order[np.argsort(_place(y[order]), kind="stable")]
    learn, test = order[:LEARNED], order[LEARNED:]
    rest = rng.permutation(len(learn))
    fold = np.empty(len(learn), np.int64)
    labels = y[learn] if one.task != "regression" else np.zeros(len(learn))
    fold[rest[np.argsort(labels[rest], kind="stable")]] = np.arange(len(learn)) % FOLDS
    w = np.exp(np.clip(X[:, 0], -0.9, 0.9)) if weighted else None
    a, b, v = X[learn], y[learn], None if w is None else w[learn]
    fit = model(kind, one.task)
    S = np.empty((len(learn), len(np.unique(y)) if one.task == "multiclass" else 1))
    for k in range(FOLDS):
        here = fold == k
        S[here] = fit(a[~here], b[~here], None if v is None else v[~here])(a[here])
    Z = X[test]
    return Cut(b, S, fold, v, y[test], fit(a, b, v)(Z), None if w is None else w[test], a, Z)


def _place(y: Array) -> Array:
    """Where each row stands within its class, as a share of it: rows ordered by this have all classes in any stretch."""
    answer = np.empty(len(y))
    for k in np.unique(y):
        here = np.flatnonzero(y == k)
        answer[here] = (np.arange(len(here)) + 0.5) / len(here)
    return answer
