"""Support vector machines of libsvm: the kernel against the stored vectors, then one weighted sum a pair of classes.

With several classes libsvm trains one machine a pair and predicts by votes, the first class among equals; scikit-learn's
`decision_function` adds the votes up, with the margins as tie breaks (`ovr`), or gives the pairs (`ovo`). The label is what `predict`
says, so it follows the votes unless `break_ties` is set, also where probabilities are known: libsvm couples those from the pairs by
other means and they may name another class (`coupling.py`).

libsvm adds up one vector after the other, the positive weights first; where they are large against the margins the sum loses digits, and the
bound of the answer says how many (`answers.summation`): above 1e-13 from weights of some 200 in all for margins of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of, decision, detector, matrix, native, probabilities, summation, value
from etabli.estimators.coupling import coupled
from etabli.estimators.kernels import pairwise
from etabli.estimators.recipes import above, affine, dense, number, place
from etabli.estimators.writing import Answer, Frame, Part, writes
from etabli.graph.graph import Graph
from etabli.records import Array


def _kernel(estimator: Any, graph: Graph, frame: Frame) -> str:
    x = matrix(estimator, graph, frame)
    return pairwise(estimator, graph, x, estimator.support_vectors_, estimator.kernel, estimator._gamma, estimator.degree, estimator.coef0)


def pairs(classes: int) -> list[tuple[int, int]]:
    """The pairs of classes in libsvm's order."""
    return [(i, j) for i in range(classes) for j in range(i + 1, classes)]


def pair_weights(estimator: Any) -> Array:
    """[support vectors, pairs]: `dual_coef_` spread out. Of a vector of class i, row j - 1 of it is for the pair with a later class j
    and row j for the pair with an earlier one."""
    dual = dense(estimator.dual_coef_)
    ends = np.cumsum([0, *estimator.n_support_])
    couples = pairs(len(ends) - 1)
    weights = np.zeros((ends[-1], len(couples)))
    for k, (i, j) in enumerate(couples):
        weights[ends[i] : ends[i + 1], k] = dual[j - 1, ends[i] : ends[i + 1]]
        weights[ends[j] : ends[j + 1], k] = dual[i, ends[j] : ends[j + 1]]
    return weights


def _bound(estimator: Any, weights: Array, gain: float = 0.0) -> float:
    """Of the sums against the scale of the answers at the support vectors; gain: what multiplies the sums in an answer of scale 1."""
    vectors = dense(estimator.support_vectors_)
    if not len(vectors):
        return 1e-13
    norm = float((vectors**2).sum(axis=1).max())
    size = {"linear": norm, "poly": (estimator._gamma * norm + abs(estimator.coef0)) ** estimator.degree}.get(estimator.kernel, 1.0)
    if gain:
        return summation(weights, size * gain, 1.0)
    answers = getattr(estimator, "decision_function", estimator.predict)(estimator.support_vectors_)
    return summation(weights, size, float(np.abs(answers).max()))


@writes("sklearn.svm._classes.SVR", "sklearn.svm._classes.NuSVR")
def regression(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Support vector regression."""
    kernel, weights = _kernel(estimator, graph, frame), dense(estimator.dual_coef_).T
    return value(estimator, affine(graph, kernel, weights, dense(estimator.intercept_)), bound=_bound(estimator, weights))


@writes("sklearn.svm._classes.OneClassSVM")
def one_class(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A detector of outliers; exactly on the boundary is outside."""
    kernel, weights = _kernel(estimator, graph, frame), dense(estimator.dual_coef_).T
    raw = affine(graph, kernel, weights, dense(estimator.intercept_))
    return detector(estimator, graph, raw, or_equal=False, bound=_bound(estimator, weights))


@writes("sklearn.svm._classes.SVC", "sklearn.svm._classes.NuSVC")
def classification(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Support vector classification; with probabilities when it was fitted with probability=True."""
    classes, kernel = len(classes_of(estimator)), _kernel(estimator, graph, frame)
    if classes == 2:
        weights = dense(estimator.dual_coef_).T
        raw = affine(graph, kernel, weights, dense(estimator.intercept_))
        label, values, between = above(graph, raw), Part(raw, 1), graph.op("Neg", raw)  # the pair is of the first class against the second
    else:
        weights = pair_weights(estimator)
        between = affine(graph, kernel, weights, dense(estimator.intercept_))
        votes, summed = _votes(graph, between, classes)
        raised = graph.op("Mul", graph.op("Add", graph.op("Abs", summed), number(graph, 1.0)), number(graph, 3.0))
        ranked = graph.op("Add", votes, graph.op("Div", summed, raised))
        label = place(graph, ranked if estimator.break_ties else votes)
        values = Part(ranked, classes) if estimator.decision_function_shape == "ovr" else Part(between, len(pairs(classes)))
    if hasattr(estimator, "predict_proba"):
        made, gain = coupled(estimator, graph, between, classes), max(1.0, float(np.abs(estimator.probA_).max()))
        return probabilities(estimator, graph, made, label=label, values=values, bound=_bound(estimator, weights, gain))
    bound = _bound(estimator, weights)
    if values.width != classes and classes > 2:  # the pairs: decision() would take them for classes
        asked = native(estimator.decision_function)
        names = classes_of(estimator)
        return Answer(values.tensor, "identity", asked, classes=names, label=label, values=values, outputs=values.width, bound=bound)
    return decision(estimator, graph, values.tensor, label, bound)


def _votes(graph: Graph, between: str, classes: int) -> tuple[str, str]:
    """([rows, classes] pairs won, [rows, classes] margins summed). A margin of exactly 0 is a vote for the later class."""
    couples = pairs(classes)
    first, second = np.zeros((len(couples), classes)), np.zeros((len(couples), classes))
    for k, (i, j) in enumerate(couples):
        first[k, i] = second[k, j] = 1.0
    won = graph.op("Cast", graph.op("Greater", between, number(graph, 0.0)), to=11)
    votes = affine(graph, won, first - second, second.sum(axis=0))
    return votes, affine(graph, between, first - second)
