"""Dummies, the elliptic envelope, and the estimators that are refused by name."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from sklearn import covariance, dummy

from etabli.estimators import Frame, Part, Refused, write
from etabli.estimators.refusals import REASONS
from etabli.graph.graph import Graph
from tests.estimators.oracle import agrees, data, ran

X, Y, TWO, THREE = data()
HELD = data(300, seed=1)[0]


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("strategy", ["prior", "most_frequent", "constant"])
def test_dummy_classes(strategy, y):
    agrees(dummy.DummyClassifier(strategy=strategy, constant=y[0]).fit(X, y), HELD)


def test_dummy_numbers():
    for model in (dummy.DummyRegressor(), dummy.DummyRegressor(strategy="median"), dummy.DummyRegressor(strategy="quantile", quantile=0.3)):
        agrees(model.fit(X, Y), HELD)
    assert agrees(dummy.DummyRegressor().fit(X, np.c_[Y, 5 * Y]), HELD).outputs == 2


@pytest.mark.parametrize("strategy", ["uniform", "stratified"])
def test_random_dummies_are_refused(strategy):
    with pytest.raises(Refused, match="at random"):
        ran(dummy.DummyClassifier(strategy=strategy).fit(X, TWO), HELD)


def test_a_single_class_is_refused():
    with pytest.raises(Refused, match="one class"):
        ran(dummy.DummyClassifier().fit(X, np.zeros(len(X))), HELD)


def test_elliptic_envelope():
    agrees(covariance.EllipticEnvelope(random_state=0).fit(X), HELD)
    agrees(covariance.EllipticEnvelope(random_state=0, store_precision=False, contamination=0.3).fit(X), HELD)


@pytest.mark.parametrize("name", sorted(REASONS))
def test_refused_by_name(name):
    module, _, kind = name.rpartition(".")
    graph = Graph()
    estimator = object.__new__(getattr(importlib.import_module(module), kind))
    with pytest.raises(Refused, match=kind):
        write(estimator, graph, Frame((Part(graph.input("X", "double", (None, 3)), 3),)))
