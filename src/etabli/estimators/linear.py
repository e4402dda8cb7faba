"""Linear models of scikit-learn: one product and one sum, then the link.

A classifier that knows probabilities gives its margins with their link; one that does not (ridge, perceptron, hinge) gives its decision
and its label. Stochastic gradient descent with several classes normalises one logistic a class, which is no softmax: its probabilities are
written out. A generalised linear model (Poisson, gamma, Tweedie) gives the logarithm of its value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import decision, detector, margins, matrix, native, probabilities, value
from etabli.estimators.recipes import affine, dense, logistic, number, shares, total
from etabli.estimators.writing import Answer, Frame, Part, Refused, writes
from etabli.graph.graph import Graph

_MODULE = "sklearn.linear_model."


def scores(estimator: Any, graph: Graph, frame: Frame) -> tuple[str, int]:
    """x @ coef_ + intercept_ and its width."""
    weights = np.atleast_2d(dense(estimator.coef_))
    bias = np.broadcast_to(dense(estimator.intercept_).reshape(-1), len(weights))
    return affine(graph, matrix(estimator, graph, frame), weights.T, bias), len(weights)


@writes(
    *(
        _MODULE + name
        for name in (
            "_base.LinearRegression _ridge.Ridge _ridge.RidgeCV _coordinate_descent.Lasso _coordinate_descent.LassoCV "
            "_coordinate_descent.ElasticNet _coordinate_descent.ElasticNetCV _coordinate_descent.MultiTaskElasticNet "
            "_coordinate_descent.MultiTaskElasticNetCV _coordinate_descent.MultiTaskLasso _coordinate_descent.MultiTaskLassoCV "
            "_least_angle.Lars _least_angle.LarsCV _least_angle.LassoLars _least_angle.LassoLarsCV _least_angle.LassoLarsIC "
            "_omp.OrthogonalMatchingPursuit _omp.OrthogonalMatchingPursuitCV _bayes.BayesianRidge _bayes.ARDRegression "
            "_huber.HuberRegressor _stochastic_gradient.SGDRegressor _passive_aggressive.PassiveAggressiveRegressor "
            "_theil_sen.TheilSenRegressor _quantile.QuantileRegressor"
        ).split()
    ),
    "sklearn.svm._classes.LinearSVR",
)
def regression(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Every linear regression with the identity link, of one target or several."""
    raw, outputs = scores(estimator, graph, frame)
    return value(estimator, raw, outputs)


@writes(*(_MODULE + "_glm.glm." + name for name in ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")))
def generalised(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A generalised linear model with the log or the identity link."""
    link = type(estimator._base_loss.link).__name__
    raw, _ = scores(estimator, graph, frame)
    if link == "IdentityLink":
        return value(estimator, raw)
    if link != "LogLink":
        raise Refused(estimator, f"its link {link} is not known")
    return Answer(raw, "exp", native(estimator._linear_predictor))


@writes(_MODULE + "_ransac.RANSACRegressor")
def ransac(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The model fitted to the consensus set."""
    from etabli.estimators import predictor

    return predictor(estimator.estimator_, graph, frame)


@writes(_MODULE + "_logistic.LogisticRegression", _MODULE + "_logistic.LogisticRegressionCV")
def logistic_regression(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Logistic for two classes, softmax for more."""
    return margins(estimator, scores(estimator, graph, frame)[0])


@writes(
    *(
        _MODULE + name
        for name in "_ridge.RidgeClassifier _ridge.RidgeClassifierCV _perceptron.Perceptron _passive_aggressive.PassiveAggressiveClassifier".split()
    ),
    "sklearn.svm._classes.LinearSVC",
)
def classification(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Linear classifiers without probabilities."""
    if getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        raise Refused(estimator, "it predicts several labels a row")
    return decision(estimator, graph, scores(estimator, graph, frame)[0])


@writes(_MODULE + "_stochastic_gradient.SGDClassifier")
def descent(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """By its loss: log_loss and modified_huber have probabilities, the others a decision only."""
    raw, width = scores(estimator, graph, frame)
    if estimator.loss == "log_loss" and width == 1:
        return margins(estimator, raw)
    if estimator.loss == "log_loss":
        parts = logistic(graph, raw)
    elif estimator.loss == "modified_huber":
        clipped = graph.op("Clip", raw, number(graph, -1.0), number(graph, 1.0))
        parts = graph.op("Div", graph.op("Add", clipped, number(graph, 1.0)), number(graph, 2.0))
    else:
        return decision(estimator, graph, raw)
    if width == 1:
        made = graph.op("Concat", graph.op("Sub", number(graph, 1.0), parts), parts, axis=1)
    else:  # where every class has 0, all get the same share
        none = graph.op("Equal", total(graph, parts), number(graph, 0.0))
        made = shares(graph, graph.op("Where", none, number(graph, 1.0), parts))
    by_decision = decision(estimator, graph, raw).label  # probabilities of 0 and 1 tie where decisions do not
    return probabilities(estimator, graph, made, label=by_decision, values=Part(raw, width))


@writes(_MODULE + "_stochastic_gradient.SGDOneClassSVM")
def one_class(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """A linear detector of outliers."""
    x = matrix(estimator, graph, frame)
    return detector(estimator, graph, affine(graph, x, dense(estimator.coef_).reshape(-1, 1), -dense(estimator.offset_).reshape(-1)))


@writes(*("sklearn.cross_decomposition._pls." + name for name in ("PLSRegression", "PLSCanonical", "CCA")))
def latent_structures(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Partial least squares and its kin: predict is linear in the centred columns, transform in the standardised ones."""
    x = matrix(estimator, graph, frame)
    raw = affine(graph, graph.op("Sub", x, number(graph, estimator._x_mean)), dense(estimator.coef_).T, estimator.intercept_)
    return value(estimator, raw, len(estimator.coef_), values=latent_scores(estimator, graph, x, estimator.x_rotations_))


@writes("sklearn.cross_decomposition._pls.PLSSVD")
def cross_covariance(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The scores only: it does not predict."""
    return Frame((latent_scores(estimator, graph, matrix(estimator, graph, frame), estimator.x_weights_),))


def latent_scores(estimator: Any, graph: Graph, x: str, rotations: Any) -> Part:
    """The standardised columns times the rotations."""
    standard = graph.op("Div", graph.op("Sub", x, number(graph, estimator._x_mean)), number(graph, estimator._x_std))
    return Part(affine(graph, standard, rotations), np.shape(rotations)[1])
