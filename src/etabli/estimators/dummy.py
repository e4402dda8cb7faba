"""Dummy estimators: the same answer for every row. Those that draw at random (stratified, uniform) are refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.answers import classes_of, probabilities, value
from etabli.estimators.recipes import repeated
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph


@writes("sklearn.dummy.DummyRegressor")
def regression(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The stored constant, of one target or several."""
    constant = np.ravel(estimator.constant_)
    return value(estimator, repeated(graph, frame.parts[0].tensor, constant), len(constant))


@writes("sklearn.dummy.DummyClassifier")
def classification(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The stored shares of the classes, or all of it for one class."""
    classes = classes_of(estimator)
    strategy = estimator.strategy
    if strategy == "prior":
        made = np.asarray(estimator.class_prior_)
    elif strategy == "most_frequent":
        made = np.eye(len(classes))[np.argmax(estimator.class_prior_)]
    elif strategy == "constant":
        made = (np.asarray(estimator.classes_) == np.ravel(estimator.constant)[0]).astype(float)
    else:
        raise Refused(estimator, f"strategy={strategy!r} draws its labels at random")
    return probabilities(estimator, graph, repeated(graph, frame.parts[0].tensor, made))
