"""Neural networks against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, TWO, THREE = data()
MEAN, SCALE = X.mean(0), X.std(0)
X = (X - MEAN) / SCALE
HELD = (data(1000, seed=1)[0] - MEAN) / SCALE


def fitted(model, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_activations(activation):
    more = dict(activation=activation, hidden_layer_sizes=(20, 10), max_iter=30, random_state=0)
    agrees(fitted(MLPRegressor(**more), X, Y), HELD)
    agrees(fitted(MLPClassifier(**more), X, TWO), HELD)
    agrees(fitted(MLPClassifier(**more), X, THREE), HELD)


def test_outputs():
    more = dict(hidden_layer_sizes=(8,), max_iter=20, random_state=0)
    assert agrees(fitted(MLPRegressor(**more), X, np.c_[Y, -Y]), HELD).outputs == 2
    agrees(fitted(MLPRegressor(loss="poisson", **more), X, np.exp(Y / 3)), HELD)
    with pytest.raises(Refused, match="several labels"):
        ran(fitted(MLPClassifier(**more), X, np.c_[TWO, 1 - TWO]), HELD)


def test_boltzmann():
    agrees(BernoulliRBM(6, n_iter=2, random_state=0).fit(1 / (1 + np.exp(-X))), 1 / (1 + np.exp(-HELD)))
