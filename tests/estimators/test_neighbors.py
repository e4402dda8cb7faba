"""Neighbours against scikit-learn, on points that are equal, near and far."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import neighbors

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, near, ran

X, Y, TWO, THREE = data(700)
HELD = np.vstack([data(500, seed=1)[0], X[:50]])  # fifty of the training rows: distance 0
METRICS = [dict(p=2), dict(p=1), dict(p=3), dict(metric="cityblock"), dict(algorithm="ball_tree")]


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", METRICS, ids=str)
def test_nearest(metric, weights):
    agrees(neighbors.KNeighborsRegressor(weights=weights, **metric).fit(X, Y), HELD)
    agrees(neighbors.KNeighborsRegressor(3, weights=weights, **metric).fit(X, np.c_[Y, -Y]), HELD)
    agrees(neighbors.KNeighborsClassifier(weights=weights, **metric).fit(X, TWO), HELD)
    agrees(neighbors.KNeighborsClassifier(7, weights=weights, **metric).fit(X, THREE), HELD)


def test_brute_force_and_the_largest_difference():
    agrees(neighbors.KNeighborsClassifier(algorithm="brute").fit(X, THREE), HELD)
    agrees(neighbors.KNeighborsRegressor(algorithm="brute").fit(X, Y), HELD)
    some = [0, 1, 2, 4]  # without the rounded column, whose whole differences tie
    agrees(neighbors.KNeighborsRegressor(metric="chebyshev", weights="distance").fit(X[:, some], Y), HELD[:, some])


def test_few_points_and_many_columns():
    agrees(neighbors.KNeighborsRegressor(5).fit(X[:6], Y[:6]), HELD)
    wide = np.random.default_rng(0).normal(size=(300, 40))
    agrees(neighbors.KNeighborsClassifier(5).fit(wide[:200], TWO[:200]), wide)
    agrees(neighbors.KNeighborsClassifier(5, weights="distance", algorithm="ball_tree").fit(wide[:200], TWO[:200]), wide)
    with pytest.raises(Refused, match="distance 0"):
        ran(neighbors.KNeighborsClassifier(5, weights="distance").fit(wide[:200], TWO[:200]), wide)


def test_columns_far_from_zero_lose_no_neighbours():
    """The candidates come from a product whose rounding grows with the size of the columns; the mean is taken off first."""
    shift = np.array([1e6, 0, 0, 0, 1e5])
    agrees(neighbors.KNeighborsRegressor().fit(X + shift, Y), HELD + shift)


def test_tied_points_of_one_target():
    """Rounded columns make ties; where tied points agree in their target the order does not matter."""
    grid = np.round(np.random.default_rng(0).normal(size=(400, 2)) * 2)
    target = grid[:, 0] * 10 + grid[:, 1]
    agrees(neighbors.KNeighborsRegressor(1).fit(grid, target), grid[:100])
    agrees(neighbors.KNeighborsRegressor(3, weights="distance").fit(grid, target), grid[:100])


@pytest.mark.filterwarnings("ignore:One or more samples have no neighbors")
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", [dict(p=2), dict(p=1), dict(metric="chebyshev")], ids=str)
def test_within_a_radius(metric, weights):
    radius = 2.5
    agrees(neighbors.RadiusNeighborsRegressor(radius, weights=weights, **metric).fit(X, Y), HELD)
    agrees(neighbors.RadiusNeighborsClassifier(radius, weights=weights, outlier_label="mid", **metric).fit(X, THREE), HELD)
    agrees(neighbors.RadiusNeighborsClassifier(1e3, weights=weights, **metric).fit(X, TWO), HELD)


def test_a_radius_that_meets_points_exactly():
    grid = np.round(np.random.default_rng(0).normal(size=(300, 2)) * 2)
    agrees(neighbors.RadiusNeighborsRegressor(2.0).fit(grid, Y[:300]), grid[:100])


@pytest.mark.parametrize(
    "model",
    [
        neighbors.NearestCentroid(),
        neighbors.NearestCentroid(metric="manhattan"),
        neighbors.NearestCentroid(shrink_threshold=0.3),
        neighbors.NearestCentroid(priors="empirical"),
    ],
    ids=str,
)
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_centroids(model, y):
    agrees(model.fit(X, y), HELD)


@pytest.mark.parametrize("more", [dict(), dict(n_neighbors=5, p=1), dict(contamination=0.2)], ids=str)
def test_outlier_factor(more):
    agrees(neighbors.LocalOutlierFactor(novelty=True, **more).fit(X), HELD)


def test_what_is_refused():
    with pytest.raises(Refused, match="function of its own"):
        ran(neighbors.KNeighborsRegressor(weights=lambda d: d).fit(X, Y), HELD)
    with pytest.raises(Refused, match="canberra"):
        ran(neighbors.KNeighborsRegressor(metric="canberra").fit(X, Y), HELD)
    with pytest.raises(Refused, match="novelty"):
        ran(neighbors.LocalOutlierFactor().fit(X), HELD)
    with pytest.raises(Refused, match="several labels"):
        ran(neighbors.KNeighborsClassifier().fit(X, np.c_[TWO, TWO]), HELD)
    with pytest.raises(Refused, match="outlier label"):
        ran(neighbors.RadiusNeighborsClassifier(outlier_label=9).fit(X, TWO), HELD)


def test_a_row_without_neighbours_says_nothing():
    model = neighbors.RadiusNeighborsClassifier(0.1).fit(X, THREE)
    _, found = ran(model, HELD[:20])
    assert np.isnan(found["raw"]).any()
    near(
        ran(neighbors.RadiusNeighborsClassifier(1e3).fit(X, THREE), HELD[:20])[1]["raw"],
        neighbors.RadiusNeighborsClassifier(1e3).fit(X, THREE).predict_proba(HELD[:20]),
    )
