"""Naive Bayes: joint log likelihoods as products with stored tables; the probabilities are their softmax.

For two classes the answer is the difference of the two, in which what they share (the squares of far rows) cancels in the library and
here alike. Categorical naive Bayes looks every cell up; a category that was not seen at fitting makes scikit-learn raise and the file say NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of, margins, matrix, versus, versus_array
from etabli.estimators.recipes import above, affine, differences, number, place, square, total
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array


def _answer(estimator: Any, graph: Graph, joint: str) -> Answer:
    """From joint log likelihoods [rows, classes]."""
    classes = len(classes_of(estimator))
    label = place(graph, joint)
    return margins(estimator, versus(graph, joint, classes), lambda x: versus_array(estimator.predict_joint_log_proba(x)), label=label)


def _finite(estimator: Any, table: Array) -> Array:
    if not np.isfinite(table).all():
        raise Refused(estimator, "a probability of its table is exactly 0 or 1", "smooth it: alpha above 0")
    return table


@writes("sklearn.naive_bayes.GaussianNB")
def gaussian(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Squared differences over variances, one table a class."""
    x = matrix(estimator, graph, frame)
    variances = np.asarray(estimator.var_)
    constants = np.log(estimator.class_prior_) - 0.5 * np.sum(np.log(2.0 * np.pi * variances), axis=1)
    squares = graph.op("Div", square(graph, differences(graph, x, estimator.theta_)), number(graph, variances[None]))
    far = graph.op("Mul", total(graph, squares, axis=2, keep=False), number(graph, 0.5))
    return _answer(estimator, graph, graph.op("Sub", number(graph, constants), far))


@writes("sklearn.naive_bayes.MultinomialNB")
def multinomial(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Counts times log probabilities."""
    x, table = matrix(estimator, graph, frame), _finite(estimator, estimator.feature_log_prob_)
    return _answer(estimator, graph, affine(graph, x, table.T, estimator.class_log_prior_))


@writes("sklearn.naive_bayes.ComplementNB")
def complement(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Counts times weights; the prior plays no part with two classes or more."""
    x, table = matrix(estimator, graph, frame), _finite(estimator, estimator.feature_log_prob_)
    return _answer(estimator, graph, affine(graph, x, table.T))


@writes("sklearn.naive_bayes.BernoulliNB")
def bernoulli(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Columns above a threshold, as 0 and 1."""
    x, table = matrix(estimator, graph, frame), np.asarray(estimator.feature_log_prob_)
    with np.errstate(divide="ignore"):
        against = _finite(estimator, np.log(1 - np.exp(table)))
    if estimator.binarize is not None:
        x = graph.op("Cast", above(graph, x, float(estimator.binarize)), to=11)
    bias = estimator.class_log_prior_ + against.sum(axis=1)
    return _answer(estimator, graph, affine(graph, x, (_finite(estimator, table) - against).T, bias))


@writes("sklearn.naive_bayes.CategoricalNB")
def categorical(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """One table a column; cells are cut to whole numbers as scikit-learn cuts them."""
    x, tables = matrix(estimator, graph, frame), [np.asarray(table) for table in estimator.feature_log_prob_]
    sizes = np.array([table.shape[1] for table in tables])
    starts = np.cumsum([0, *sizes[:-1]])
    whole = graph.op("Mul", graph.op("Sign", x), graph.op("Floor", graph.op("Abs", x)))
    known = graph.op("And", graph.op("Less", whole, number(graph, sizes)), graph.op("GreaterOrEqual", whole, number(graph, 0.0)))
    spot = graph.op("Where", known, graph.op("Add", whole, number(graph, starts)), number(graph, sizes.sum()))
    # the last row of the table: NaN, for categories that are none
    rows = np.vstack([*[table.T for table in tables], np.full((1, len(tables[0])), np.nan)])
    found = graph.op("Gather", number(graph, rows), graph.op("Cast", spot, to=7), axis=0)  # [rows, columns, classes]
    joint = graph.op("Add", total(graph, found, axis=1, keep=False), number(graph, estimator.class_log_prior_))
    return _answer(estimator, graph, joint)
