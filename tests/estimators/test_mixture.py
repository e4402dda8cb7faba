"""Gaussian mixtures against scikit-learn."""

from __future__ import annotations

import warnings

import pytest
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X = data()[0]
HELD = data(1000, seed=1)[0]


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_every_covariance(kind, count):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scaled, held = (X - X.mean(0)) / X.std(0), (HELD - X.mean(0)) / X.std(0)
        agrees(GaussianMixture(count, covariance_type=kind, random_state=0).fit(scaled), held)
        for prior in ("dirichlet_process", "dirichlet_distribution"):
            model = BayesianGaussianMixture(
                n_components=count, covariance_type=kind, weight_concentration_prior_type=prior, random_state=0, max_iter=20
            )
            agrees(model.fit(scaled), held)


def test_one_component_is_refused():
    with pytest.raises(Refused, match="one component"):
        ran(GaussianMixture(1).fit(X), HELD)
