"""Naive Bayes against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import naive_bayes

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, TWO, THREE = data()
HELD = data(1000, seed=1)[0]
RANDOM = np.random.default_rng(0)
COUNTS, HELD_COUNTS = RANDOM.poisson(2.0, (400, 6)).astype(float), RANDOM.poisson(3.0, (500, 6)).astype(float)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_gaussian(y):
    agrees(naive_bayes.GaussianNB().fit(X, y), HELD)
    agrees(
        naive_bayes.GaussianNB(priors=np.full(len(np.unique(y)), 1 / len(np.unique(y)))).fit(X, y, sample_weight=np.linspace(0, 1, len(y))),
        HELD,
    )


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("model", [naive_bayes.MultinomialNB(), naive_bayes.ComplementNB(), naive_bayes.ComplementNB(norm=True)], ids=str)
def test_counts(model, y):
    agrees(model.fit(COUNTS, y), HELD_COUNTS)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("threshold", [0.0, 2.0, None])
def test_bernoulli(threshold, y):
    x = COUNTS if threshold is not None else (COUNTS > 1) * 1.0
    agrees(naive_bayes.BernoulliNB(binarize=threshold).fit(x, y), HELD_COUNTS if threshold is not None else (HELD_COUNTS > 1) * 1.0)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_categorical(y):
    codes = np.minimum(COUNTS, [3, 4, 5, 6, 2, 1])
    held = np.minimum(HELD_COUNTS, codes.max(0))
    model = naive_bayes.CategoricalNB().fit(codes, y)
    agrees(model, held)
    agrees(model, held + 0.7 * (held < 1))  # cut towards zero
    unseen = held[:3].copy()
    unseen[1, 0], unseen[2, 1] = 99, np.nan
    assert np.isnan(ran(model, unseen)[1]["raw"][:, 0]).tolist() == [False, True, True]


def test_a_table_without_smoothing_is_refused():
    model = naive_bayes.BernoulliNB(alpha=0.0, force_alpha=True).fit((COUNTS > -1) * 1.0, TWO)
    with pytest.raises(Refused, match="exactly 0 or 1"):
        ran(model, HELD_COUNTS)
