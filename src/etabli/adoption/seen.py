"""Whether the rows given are those the model was fitted on: then its score on them flatters, and so would intervals and calibration.

A fitted model keeps traces of its rows. Each test here can only say "yes, these", by something that other rows would not satisfy
by chance: stored rows that come again (neighbours, support vectors, Gaussian processes), leaves of trees that hold exactly as many
of the rows as they held in training, normal equations that the residuals solve. A model without such a trace is believed.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from etabli.records import Array

SHARE = 0.5  # of stored rows that come again
LEAST = 8  # leaves or coefficients below which agreement could be chance
SMALL = 1e-6  # of the scale of the gradient


def seen(estimator: Any, x: Any, y: Array, classes: int) -> str:
    """Why these rows are those of the fit, "" when nothing says so. x: rows as the estimator takes them. y: values or class numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # inner steps are asked without the names of columns
        model, z = _last(estimator, x)
        for test in (_stored, _leaves, _equations):
            try:
                reason = test(model, z, y, classes)
            except Exception:  # a model without these traces, or one that refuses these rows
                continue
            if reason:
                return reason
    return ""


def _last(estimator: Any, x: Any) -> tuple[Any, Array]:
    """The last step of pipelines, and what it is given."""
    while hasattr(estimator, "steps"):
        if len(estimator.steps) > 1:
            x = estimator[:-1].transform(x)
        estimator = estimator.steps[-1][1]
    for attribute in ("best_estimator_", "regressor_"):
        if hasattr(estimator, attribute):
            return _last(getattr(estimator, attribute), x)
    x = x.toarray() if hasattr(x, "toarray") else x
    return estimator, x


def _stored(model: Any, x: Any, y: Array, classes: int) -> str:
    """Rows that the model itself keeps."""
    for attribute in ("_fit_X", "X_train_", "support_vectors_", "X_fit_"):
        kept = getattr(model, attribute, None)
        if kept is None or not len(kept):
            continue
        known = {row.tobytes() for row in np.ascontiguousarray(kept, np.float64)}
        given = {row.tobytes() for row in np.ascontiguousarray(x, np.float64)}
        again = len(known & given)
        if again > SHARE * min(len(known), len(given)) and again >= LEAST:
            return f"{again} of them are stored in the model itself"
    return ""


def _leaves(model: Any, x: Any, y: Array, classes: int) -> str:
    """Leaves that hold exactly as many rows as in training: of single trees, of boosting without subsampling, of LightGBM."""
    counts = _counted(model, x)
    if not counts:
        return ""
    kept, found = (np.concatenate(part) for part in zip(*counts, strict=True))
    if len(kept) >= LEAST and np.array_equal(kept, found):
        return f"each of {len(kept)} leaves holds exactly as many of them as when the model was fitted"
    return ""


def _counted(model: Any, x: Any) -> list[tuple[Array, Array]]:
    """(rows in each leaf at the fit, rows given in each leaf), for some trees."""
    if hasattr(model, "booster_") or type(model).__module__.startswith("lightgbm"):
        booster = getattr(model, "booster_", model)
        leaves = np.asarray(booster.predict(x, pred_leaf=True)).reshape(len(x), -1)[:, :3]
        table = booster.dump_model(num_iteration=3)["tree_info"]
        return [_both(_lightgbm(tree["tree_structure"]), leaves[:, place]) for place, tree in enumerate(table[: leaves.shape[1]])]
    trees = [model] if hasattr(model, "tree_") else []
    if hasattr(model, "init_") and getattr(model, "subsample", 0) == 1.0:  # gradient boosting sees every row in every tree
        trees = list(np.ravel(model.estimators_))[:3]
    if hasattr(model, "estimators_") and getattr(model, "bootstrap", True) is False:
        trees = list(np.ravel(model.estimators_))[:3]
    rounded = np.ascontiguousarray(x, np.float32) if trees else x
    made = []
    for tree in trees:
        leaf = tree.tree_.children_left < 0
        held = dict(zip(np.flatnonzero(leaf).tolist(), tree.tree_.n_node_samples[leaf].tolist(), strict=True))
        made.append(_both(held, tree.tree_.apply(rounded)))
    return made


def _lightgbm(node: Any) -> dict[int, int]:
    if "leaf_index" in node:
        return {int(node["leaf_index"]): int(node["leaf_count"])}
    if "left_child" not in node:
        return {}
    return _lightgbm(node["left_child"]) | _lightgbm(node["right_child"])


def _both(held: dict[int, int], leaves: Array) -> tuple[Array, Array]:
    found = {int(leaf): int(count) for leaf, count in zip(*np.unique(leaves, return_counts=True), strict=True)}
    return np.array(list(held.values())), np.array([found.get(leaf, 0) for leaf in held])


def _equations(model: Any, x: Any, y: Array, classes: int) -> str:
    """The gradient of a linear model's own loss vanishes on the rows it was fitted on, and on no others."""
    name = type(model).__name__
    if not hasattr(model, "coef_") or name not in ("LinearRegression", "Ridge", "RidgeCV", "LogisticRegression"):
        return ""
    x = np.asarray(x, np.float64)
    weights = np.atleast_2d(model.coef_)
    if name == "LogisticRegression":
        if classes > 2 or getattr(model, "l1_ratio", 0) not in (0, None) or model.class_weight is not None:
            return ""
        residual = model.predict_proba(x)[:, 1] - y
        pull = weights[0] / model.C if np.isfinite(model.C) else 0 * weights[0]
    else:
        residual = np.ravel(model.predict(x)) - y
        pull = weights[0] * {"LinearRegression": 0.0, "Ridge": getattr(model, "alpha", 0.0), "RidgeCV": getattr(model, "alpha_", 0.0)}[name]
    gradient = x.T @ residual + pull
    size = np.abs(x).T @ np.abs(residual) + np.abs(pull)
    if (
        len(gradient)
        and (np.abs(gradient) <= (1e-3 if name == "LogisticRegression" else SMALL) * size).all()
        and abs(residual.sum()) <= (1e-3 * np.abs(residual).sum())
    ):
        return "its residuals on them solve the very equations of its fit"
    return ""
