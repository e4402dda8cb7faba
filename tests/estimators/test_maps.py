"""Kernel maps against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import decomposition, kernel_approximation, kernel_ridge, semi_supervised

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, TWO, THREE = data()
MEAN, SCALE = X.mean(0), X.std(0)
X = (X - MEAN) / SCALE
HELD = (data(500, seed=1)[0] - MEAN) / SCALE
KERNELS = ["linear", "rbf", "poly", "sigmoid", "laplacian", "cosine"]


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel(kernel):
    if kernel != "sigmoid":  # not positive definite: no ridge solution
        agrees(kernel_ridge.KernelRidge(kernel=kernel, alpha=1.0, gamma=0.1).fit(X, Y), HELD)
    if kernel != "laplacian":
        agrees(decomposition.KernelPCA(3, kernel=kernel, gamma=0.1).fit(X), HELD)
    flat = kernel in ("linear", "cosine")  # of rank five: more landmarks than that divide by rounding
    gamma, count = (None, 4) if flat else (0.2, 20)
    agrees(kernel_approximation.Nystroem(kernel, n_components=count, random_state=0, gamma=gamma).fit(X), HELD)


def test_defaults_and_several_targets():
    agrees(kernel_ridge.KernelRidge(kernel="rbf").fit(X, np.c_[Y, -Y]), HELD)
    agrees(decomposition.KernelPCA(4, kernel="poly").fit(X), HELD)
    agrees(kernel_approximation.Nystroem(n_components=20, random_state=0).fit(X), HELD)


def test_random_features():
    agrees(kernel_approximation.RBFSampler(gamma=0.5, n_components=60, random_state=0).fit(X), HELD)
    agrees(kernel_approximation.SkewedChi2Sampler(skewedness=8.0, n_components=30, random_state=0).fit(X), HELD)


@pytest.mark.parametrize("kind", [semi_supervised.LabelPropagation, semi_supervised.LabelSpreading])
def test_label_spreading(kind):
    some = np.where(np.arange(len(X)) % 4 == 0, np.digitize(Y, [-0.6, 0.7]), -1)
    agrees(kind(gamma=1.0, max_iter=5000).fit(X, some), HELD)
    agrees(kind(kernel="knn", max_iter=5000).fit(X, some), HELD)


def test_a_function_is_refused():
    with pytest.raises(Refused, match="a function of its own"):
        ran(kernel_ridge.KernelRidge(kernel=lambda a, b: float(a @ b)).fit(X[:20], Y[:20]), HELD)
    with pytest.raises(Refused, match="chi2"):
        ran(kernel_ridge.KernelRidge(kernel="chi2", gamma=1.0).fit(np.abs(X), Y), np.abs(HELD))
