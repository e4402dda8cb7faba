"""Gaussian processes against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Exponentiation,
    ExpSineSquared,
    Matern,
    PairwiseKernel,
    RationalQuadratic,
    WhiteKernel,
)

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, TWO, THREE = data(120)
MEAN, SCALE = X.mean(0), X.std(0)
X = (X - MEAN) / SCALE
HELD = (data(500, seed=1)[0] - MEAN) / SCALE
NOISE = WhiteKernel(0.3)
KERNELS = [
    RBF(2.0),
    RBF([1.0, 2.0, 3.0, 4.0, 5.0]),
    ConstantKernel(2.0) * RBF(2.0) + ConstantKernel(0.5),
    Matern(2.0, nu=0.5),
    Matern([1.0, 2.0, 3.0, 4.0, 5.0], nu=1.5),
    Matern(2.0, nu=2.5),
    Matern(2.0, nu=np.inf),
    RationalQuadratic(2.0, 0.7),
    DotProduct(1.0),
    Exponentiation(DotProduct(1.0), 2),
    PairwiseKernel(metric="laplacian", gamma=0.2),
    1.0 * RBF(3.0) * Matern(2.0) + ConstantKernel(0.0) * DotProduct(),
]


def fitted(model, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_every_kernel(kernel):
    agrees(fitted(GaussianProcessRegressor(kernel + NOISE, optimizer=None), X, Y), HELD)


def test_targets_scaled_and_several():
    agrees(fitted(GaussianProcessRegressor(RBF(2.0) + NOISE, normalize_y=True), X, 1000 + 50 * Y), HELD)
    made = agrees(fitted(GaussianProcessRegressor(RBF(2.0) + NOISE, normalize_y=True, optimizer=None), X, np.c_[Y, 5 - Y]), HELD)
    assert made.outputs == 2
    agrees(fitted(GaussianProcessRegressor(alpha=0.1, optimizer=None), X, Y), HELD)


def test_a_constant_kernel_answers_every_row_alike():
    agrees(fitted(GaussianProcessRegressor(ConstantKernel(2.0) + NOISE, optimizer=None), X, Y + 5), HELD)


def test_a_periodic_kernel_of_one_column():
    agrees(fitted(GaussianProcessRegressor(ExpSineSquared(2.0, 6.0) + NOISE, optimizer=None), X[:, :1], Y), HELD[:, :1])


@pytest.mark.parametrize("kernel", [None, RBF(2.0), ConstantKernel(3.0) * Matern(2.0, nu=1.5), DotProduct(1.0), RBF(2.0) + NOISE], ids=str)
def test_classification(kernel):
    """The library's sum of five terms of up to 1758 is rounded at 2e-13: two evaluations agree to a few of those."""
    for y in (TWO, THREE):
        assert agrees(fitted(GaussianProcessClassifier(kernel), X, y), HELD).bound > 1e-13


def test_what_is_refused():
    with pytest.raises(Refused, match="Bessel"):
        ran(fitted(GaussianProcessRegressor(Matern(nu=2.0) + NOISE, optimizer=None), X, Y), HELD)
    with pytest.raises(Refused, match="not fitted"):
        ran(GaussianProcessRegressor(), HELD)
    with pytest.raises(Refused, match="one_vs_one"):
        ran(fitted(GaussianProcessClassifier(multi_class="one_vs_one"), X, THREE), HELD)

    class Own(RBF):
        pass

    with pytest.raises(Refused, match="Own is not known"):
        ran(fitted(GaussianProcessRegressor(Own(2.0) + NOISE, optimizer=None), X, Y), HELD)
