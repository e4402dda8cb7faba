from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from etabli.errors import UsageError
from etabli.judge.metrics import METRICS, labels, metric, probabilities, table


def case(task: str, n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    weight = rng.gamma(2, size=n)
    if task == "regression":
        y = rng.gamma(2, size=n)
        return y, np.abs(y + rng.normal(size=n))[:, None], weight
    K = 2 if task == "binary" else 4
    y = rng.integers(0, K, n)
    z = rng.normal(size=(n, K))
    z[np.arange(n), y] += 1
    P = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return y, P[:, 1:].round(2) if K == 2 else P, weight  # rounded: ties


ORACLES = {
    "log_loss": lambda y, S, w: sk.log_loss(y, probabilities(S), sample_weight=w),
    "brier": lambda y, S, w: np.average(
        ((probabilities(S) - np.eye(probabilities(S).shape[1])[y]) ** 2).sum(axis=1) / (2 if S.shape[1] == 1 else 1), weights=w
    ),
    "accuracy": lambda y, S, w: sk.accuracy_score(y, labels(S), sample_weight=w),
    "balanced_accuracy": lambda y, S, w: sk.balanced_accuracy_score(y, labels(S), sample_weight=w),
    "roc_auc": lambda y, S, w: (
        sk.roc_auc_score(y, S[:, 0], sample_weight=w)
        if S.shape[1] == 1
        else np.mean([sk.roc_auc_score(y == k, S[:, k], sample_weight=w) for k in range(S.shape[1])])
    ),
    "average_precision": lambda y, S, w: (
        sk.average_precision_score(y, S[:, 0], sample_weight=w)
        if S.shape[1] == 1
        else np.mean([sk.average_precision_score(y == k, S[:, k], sample_weight=w) for k in range(S.shape[1])])
    ),
    "f1": lambda y, S, w: sk.f1_score(y, labels(S), sample_weight=w, average="binary" if S.shape[1] == 1 else "macro"),
    "mcc": lambda y, S, w: sk.matthews_corrcoef(y, labels(S), sample_weight=w),
    "rmse": lambda y, S, w: sk.root_mean_squared_error(y, S[:, 0], sample_weight=w),
    "mae": lambda y, S, w: sk.mean_absolute_error(y, S[:, 0], sample_weight=w),
    "r2": lambda y, S, w: sk.r2_score(y, S[:, 0], sample_weight=w),
    "rmsle": lambda y, S, w: sk.root_mean_squared_log_error(y, S[:, 0], sample_weight=w),
    "mape": lambda y, S, w: sk.mean_absolute_percentage_error(y, S[:, 0], sample_weight=w),
}


@pytest.mark.parametrize(("name", "task"), [(name, task) for name, found in METRICS.items() for task in found.tasks])
def test_agrees_with_scikit_learn(name, task):
    y, S, weight = case(task)
    for w in (None, weight):
        assert METRICS[name].value(y, S, w) == pytest.approx(ORACLES[name](y, S, w), rel=1e-12)


@pytest.mark.parametrize(("name", "task"), [(n, t) for n, found in METRICS.items() if not found.exact for t in found.tasks])
def test_rows_of_an_inexact_metric_are_its_influence(name, task):
    """The mean of a resample of the rows moves as the metric of the resample does, up to a term of order 1/n."""
    y, S, _ = case(task, 2_000)
    fold = np.arange(len(y)) % 3 if name in ("roc_auc", "average_precision") else None
    rows, errors, moves = METRICS[name].rows(y, S, None, fold), [], []
    for seed in range(10):
        drawn = np.random.default_rng(seed).integers(0, len(y), len(y))
        counts = np.bincount(drawn, minlength=len(y))
        used = counts > 0
        true = METRICS[name].value(y[used], S[used], counts[used], None if fold is None else fold[used])
        errors.append(METRICS[name].report(rows[drawn].mean()) - true)
        moves.append(true - METRICS[name].value(y, S, None, fold))
    assert np.std(errors) < 0.15 * np.std(moves)
    assert abs(np.mean(errors)) < 0.005


def test_auc_compares_within_folds_only():
    """Two folds, each perfectly ordered, on scales that do not match."""
    y, S, fold = np.array([0, 1, 0, 1]), np.array([[0.1], [0.2], [0.8], [0.9]]), np.array([0, 0, 1, 1])
    assert METRICS["roc_auc"].value(y, S, None, fold) == 1.0
    assert METRICS["roc_auc"].value(y, S) == 0.75


def test_equal_scores_have_no_influence_on_the_auc():
    rows = METRICS["roc_auc"].rows(np.array([0, 1, 1, 0, 1]), np.full((5, 1), 0.3))
    assert rows == pytest.approx(np.full(5, 0.5), abs=1e-12)


def test_undefined_and_awkward_cases():
    assert np.isnan(METRICS["roc_auc"].value(np.ones(3, np.int64), np.full((3, 1), 0.5)))
    assert METRICS["mape"].value(np.array([0.0, 2.0]), np.array([[5.0], [1.0]])) == 0.5  # the row with target 0 is left out
    assert METRICS["log_loss"].value(np.array([0]), np.array([[1.0]])) == pytest.approx(34.5, abs=0.1)
    assert METRICS["mcc"].value(np.array([0, 1]), np.zeros((2, 1))) == 0.0
    with pytest.raises(UsageError, match="above -1"):
        METRICS["rmsle"].value(np.array([-2.0]), np.ones((1, 1)))


def test_names_teach():
    assert metric(None, "regression").name == "rmse"
    assert metric("AUC", "binary").name == "roc_auc"
    assert metric("neg_log_loss", "multiclass").name == "log_loss"
    with pytest.raises(UsageError) as caught:
        metric("acuracy", "binary")
    assert "accuracy" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        metric("rmse", "binary")
    assert "log_loss" in caught.value.hint and "rmse" not in caught.value.hint.split(", ")


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10_000))
def test_table_is_the_metric_by_column(n, seed):
    rng = np.random.default_rng(seed)
    y, S = rng.normal(size=n), rng.normal(size=(n, 3, 1))
    for name in ("rmse", "mae", "r2"):
        losses = table(METRICS[name], y, S)
        for c in range(3):
            assert METRICS[name].report(losses[:, c].mean()) == pytest.approx(METRICS[name].value(y, S[:, c]), rel=1e-9, abs=1e-12)
