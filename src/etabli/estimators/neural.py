"""Multi-layer perceptrons and the Boltzmann machine of scikit-learn: products, sums and activations, in double."""

from __future__ import annotations

from typing import Any

from etabli.estimators.answers import matrix, probabilities, value
from etabli.estimators.recipes import affine, logistic, number
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.links import link


def _activated(estimator: Any, graph: Graph, x: str, name: str) -> str:
    if name == "identity":
        return x
    if name == "logistic":
        return logistic(graph, x)
    if name == "softmax":
        return link(graph, x, "softmax")
    plain = {"relu": "Relu", "tanh": "Tanh", "exp": "Exp"}.get(name)
    if plain is None:
        raise Refused(estimator, f"its activation {name!r} is not known")
    return graph.op(plain, x)


def _forward(estimator: Any, graph: Graph, frame: Frame) -> tuple[str, int]:
    """The output layer and its width."""
    x, last = matrix(estimator, graph, frame), len(estimator.coefs_) - 1
    for layer, (weights, bias) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        name = estimator.out_activation_ if layer == last else estimator.activation
        x = _activated(estimator, graph, affine(graph, x, weights, bias), name)
    return x, estimator.coefs_[-1].shape[1]


@writes("sklearn.neural_network._multilayer_perceptron.MLPRegressor")
def regression(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """One target or several; with the Poisson loss the output is an exponential."""
    raw, outputs = _forward(estimator, graph, frame)
    return value(estimator, raw, outputs)


@writes("sklearn.neural_network._multilayer_perceptron.MLPClassifier")
def classification(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Logistic for two classes, softmax for more."""
    if estimator._label_binarizer.y_type_.startswith("multilabel"):
        raise Refused(estimator, "it predicts several labels a row")
    share, width = _forward(estimator, graph, frame)
    if width == 1:
        share = graph.op("Concat", graph.op("Sub", number(graph, 1.0), share), share, axis=1)
    return probabilities(estimator, graph, share)


@writes("sklearn.neural_network._rbm.BernoulliRBM")
def boltzmann(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The probabilities of the hidden units."""
    x = matrix(estimator, graph, frame)
    hidden = logistic(graph, affine(graph, x, estimator.components_.T, estimator.intercept_hidden_))
    return Frame((Part(hidden, len(estimator.components_)),))
