"""Linear projections against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import decomposition, neighbors, random_projection

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, TWO, THREE = data()
HELD = data(1000, seed=1)[0]


@pytest.mark.parametrize(
    "model",
    [
        decomposition.PCA(3),
        decomposition.PCA(3, whiten=True),
        decomposition.PCA(0.9),
        decomposition.IncrementalPCA(3, whiten=True),
        decomposition.TruncatedSVD(3, random_state=0),
        decomposition.FastICA(3, random_state=0),
        decomposition.FastICA(whiten=False, random_state=0),
        decomposition.FactorAnalysis(2),
        decomposition.SparsePCA(3, random_state=0, max_iter=20),
        decomposition.MiniBatchSparsePCA(3, random_state=0, max_iter=5),
        random_projection.GaussianRandomProjection(4, random_state=0),
        random_projection.SparseRandomProjection(4, random_state=0),
    ],
    ids=str,
)
def test_projections(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    agrees(model, HELD)


def test_single_precision_keeps_the_library_s_own_constants():
    agrees(decomposition.PCA(3, whiten=True).fit(X.astype(np.float32)), HELD)


def test_neighbourhood_components():
    agrees(neighbors.NeighborhoodComponentsAnalysis(2, random_state=0, max_iter=5).fit(X, THREE), HELD)


def test_iterative_ones_are_refused():
    with pytest.raises(Refused, match="by iteration"):
        ran(decomposition.NMF(2, max_iter=500, tol=1e-2).fit(np.abs(X)), np.abs(HELD))
