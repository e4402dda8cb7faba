"""CatBoost: symmetric and free trees, categories as one-hot values and as statistics, multi-class and several quantiles.

Raw values are equal bit for bit: float32 numbers meet float32 borders, leaves are doubles and are added in the order of the trees, then
`sum * scale + bias`. A model with categories is written from the texts of the data given (see `catboost_columns.py`); the file has no
hashes and no exporter of CatBoost's has categories at all. Refused by name: losses whose answer is neither a value nor a class
(survival, RMSEWithUncertainty's two numbers, several labels), texts and embeddings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.catboost_columns import matrix
from etabli.estimators.catboost_trees import grow, outputs, saved
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array

IDENTITY = frozenset(
    "RMSE MAE Quantile MultiQuantile MAPE Lq Huber Expectile LogCosh MultiRMSE MultiRMSEWithMissingValues QueryRMSE QuerySoftMax "
    "PairLogit PairLogitPairwise YetiRank YetiRankPairwise LambdaMart StochasticFilter StochasticRank".split()
)
EXP = frozenset(["Poisson", "Tweedie"])


@writes("catboost.core.CatBoost")
def catboost(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """CatBoostRegressor, CatBoostClassifier, CatBoostRanker, and models that were loaded."""
    if not estimator.is_fitted():
        raise Refused(estimator, "it is not fitted")
    if estimator.get_text_feature_indices() or estimator.get_embedding_feature_indices():
        raise Refused(estimator, "texts and embeddings are not written", "encode them beforehand, as columns of numbers")
    whole = saved(estimator)
    width = len(estimator.feature_names_)
    if frame.width != width:
        raise Refused(estimator, f"it takes {width} columns and was given {frame.width}")
    loss = _loss(estimator, whole)
    x, asked = matrix(estimator, whole, graph, frame)
    made = trees.Trees()
    grow(whole, asked, made)
    raw = trees.write(graph, x, made.arrays(), outputs(whole))
    scale, bias = float(whole["scale_and_bias"][0]), np.ravel(whole["scale_and_bias"][1]).astype(np.float64)
    if scale != 1.0:
        raw = graph.op("Mul", raw, graph.const(scale, np.float64))
    if bias.any():
        raw = graph.op("Add", raw, graph.const(bias[None, :]))

    def native(rows: Any) -> Array:
        from catboost import CatBoost  # a ranker's own `predict` takes no such word

        found = CatBoost.predict(estimator, rows, prediction_type="RawFormulaVal", thread_count=1)
        return np.asarray(found, np.float64).reshape(len(rows), -1)

    return _answer(estimator, loss, graph, raw, native, outputs(whole))


def _loss(estimator: Any, whole: dict[str, Any]) -> str:
    """The loss by name; Refused when what it means is not known here."""
    loss = whole.get("model_info", {}).get("params", {}).get("loss_function", {})
    name = str(loss.get("type", "") if isinstance(loss, dict) else loss)
    if name not in IDENTITY | EXP | {"Logloss", "CrossEntropy", "MultiClass"}:
        raise Refused(estimator, f'the loss "{name}" is not written' if name else "its loss is not in the model")
    return name


def _answer(estimator: Any, loss: str, graph: Graph, raw: str, native: Any, count: int) -> Answer:
    if loss in IDENTITY | EXP:
        return Answer(raw, "exp" if loss in EXP else "identity", native, exact=True, outputs=count)
    labels = getattr(estimator, "classes_", None)
    classes = tuple(np.asarray(labels).tolist()) if labels is not None and len(labels) else tuple(range(max(count, 2)))
    if loss == "MultiClass" and count > 2:
        return Answer(raw, "softmax", native, exact=True, classes=classes, outputs=count)
    if loss == "MultiClass":  # two values for two classes: what counts is the difference
        first, second = graph.ops("Split", raw, count=2, axis=1, num_outputs=2)
        return Answer(graph.op("Sub", second, first), "sigmoid", lambda rows: np.diff(native(rows), axis=1), exact=True, classes=classes)
    share = getattr(estimator, "get_probability_threshold", lambda: None)()
    share = 0.5 if share is None else float(share)
    limit = graph.const(-np.log(1 / share - 1) if 0 < share < 1 else np.inf * (share - 0.5), np.float64)
    label = graph.op("Cast", graph.op("Greater", raw, limit), to=7)
    return Answer(raw, "sigmoid", native, exact=True, classes=classes, label=label)
