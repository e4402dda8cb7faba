"""scikit-learn's GradientBoosting (Friedman 2001): the start value is the first tree, every leaf is its value times the learning rate.

scikit-learn adds `learning_rate * value` to the start value, tree after tree; with the products as leaf weights the operator makes the
same sums. The exponential loss has probabilities expit(2 raw): start and leaves are doubled, which is exact. Two classes are decided by
raw >= 0, several by the largest raw score; the label is made of the raw scores too, so that a tie falls as it does there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators import sktrees
from etabli.estimators.answers import classes_of, matrix
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph import links, trees
from etabli.graph.graph import Graph

RANDOM = ("stratified", "uniform")  # strategies of DummyClassifier that draw


def _start(estimator: Any) -> Any:
    """The start value of each output, or None when the init estimator looks at the row."""
    init = estimator.init_
    if isinstance(init, str) or type(init).__name__ in ("DummyRegressor", "DummyClassifier"):
        if getattr(init, "strategy", "") in RANDOM:
            raise Refused(estimator, f"its init draws by chance (strategy {init.strategy!r})")
        return estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))[0]
    return None


def _boosted(estimator: Any, graph: Graph, x: str, start: Any, factor: float) -> str:
    outputs = estimator.estimators_.shape[1]
    made = trees.Trees()
    for k in range(outputs):
        made.constant(factor * float(start[k]), k)
    for stage in estimator.estimators_:
        for k, member in enumerate(stage):
            shape = sktrees.branches(member.tree_)
            shape.add(made, factor * (estimator.learning_rate * member.tree_.value[shape.leaves, 0, 0]), k)
    return trees.write(graph, sktrees.rounded(graph, x), made.arrays(), outputs)


@writes("sklearn.ensemble._gb.GradientBoostingRegressor")
def regressor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Every loss predicts the raw sum. An init estimator that looks at the row is written too, and added: equal within rounding."""
    from etabli.estimators import predictor

    x, start = matrix(estimator, graph, frame), _start(estimator)
    raw = _boosted(estimator, graph, x, np.zeros(1) if start is None else start, 1.0)
    if start is None:
        if any(getattr(value, "dtype", None) == np.float32 for value in vars(estimator.init_).values()):
            raise Refused(estimator, "its init estimator was given float32 and works in float32")
        first = predictor(estimator.init_, graph, Frame((Part(sktrees.rounded(graph, x), frame.width),)))
        if first.classes or first.outputs != 1:
            raise Refused(estimator, "its init estimator does not predict one number")
        raw = graph.op("Add", links.link(graph, first.raw, first.link), raw)
    return Answer(raw, "identity", lambda rows: np.reshape(estimator.predict(rows), (-1, 1)), exact=start is not None)


@writes("sklearn.ensemble._gb.GradientBoostingClassifier")
def classifier(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Margins: one of the second class, or one a class."""
    classes, start = classes_of(estimator), _start(estimator)
    if estimator.loss not in ("log_loss", "exponential"):
        raise Refused(estimator, f"the loss {estimator.loss!r} is not known")
    if start is None:
        raise Refused(estimator, "its init estimator is a model of its own; only constant starts of classifiers are written")
    factor = 2.0 if estimator.loss == "exponential" else 1.0
    raw = _boosted(estimator, graph, matrix(estimator, graph, frame), start, factor)

    def native(rows: Any) -> Any:
        margins = factor * estimator.decision_function(rows)
        return margins[:, None] if margins.ndim == 1 else margins

    if len(classes) > 2:
        label = graph.op("ArgMax", raw, axis=1, keepdims=1)
        return Answer(raw, "softmax", native, exact=True, classes=classes, label=label, outputs=len(classes))
    label = graph.op("Cast", graph.op("GreaterOrEqual", raw, graph.const(0.0, np.float64)), to=7)
    return Answer(raw, "sigmoid", native, exact=True, classes=classes, label=label)
