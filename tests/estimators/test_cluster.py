"""Clusterings against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn import cluster

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, near, ran

X, Y, TWO, THREE = data()
MEAN, SCALE = X.mean(0), X.std(0)
X = (X - MEAN) / SCALE
HELD = (data(1000, seed=1)[0] - MEAN) / SCALE


@pytest.mark.parametrize(
    "model",
    [
        cluster.KMeans(8, random_state=0, n_init=1),
        cluster.KMeans(250, random_state=0, n_init=1),  # many centres: distances by one product
        cluster.MiniBatchKMeans(8, random_state=0, n_init=1),
        cluster.BisectingKMeans(7, random_state=0),
        cluster.BisectingKMeans(1, random_state=0),
        cluster.Birch(n_clusters=5),
        cluster.Birch(n_clusters=None, threshold=1.0),
        cluster.MeanShift(bandwidth=1.5, bin_seeding=True),
        cluster.AffinityPropagation(random_state=0, damping=0.9),
    ],
    ids=str,
)
def test_clusters(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    made = agrees(model, HELD)
    assert made.label and made.values is not None


def test_centres_far_from_zero_keep_their_digits():
    """scikit-learn's own distances lose five digits here (|x|^2 - 2 x.c + |c|^2); the file's are those of differences."""
    shift = np.array([1e5, 0, 0, 0, 0])
    for count in (4, 250):
        model = cluster.KMeans(count, random_state=0, n_init=1).fit(X + shift)
        _, found = ran(model, HELD + shift)
        near(found["values"], cdist(HELD + shift, model.cluster_centers_), bound=1e-11)
        assert np.abs(model.transform(HELD + shift) - found["values"]).max() < 1e-3


def test_pooled_columns():
    agrees(cluster.FeatureAgglomeration(3).fit(X), HELD)
    with pytest.raises(Refused, match=r"numpy\.mean"):
        ran(cluster.FeatureAgglomeration(3, pooling_func=np.max).fit(X), HELD)


def test_what_is_refused():
    lost = cluster.AffinityPropagation(random_state=0)
    lost.cluster_centers_, lost.n_features_in_ = np.zeros((0, 5)), 5
    with pytest.raises(Refused, match="no centres"):
        ran(lost, HELD)
