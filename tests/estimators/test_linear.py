"""Linear estimators against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import cross_decomposition, linear_model, svm

from etabli.estimators import Answer, Refused
from tests.estimators.oracle import agrees, data, near, ran

X, Y, TWO, THREE = data()
HELD, _, _, _ = data(1000, seed=1)
Z = (X - X.mean(0)) / X.std(0)
ZHELD = (HELD - X.mean(0)) / X.std(0)


def fitted(model, x, y, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y, **more)


@pytest.mark.parametrize(
    "model",
    [
        linear_model.LinearRegression(),
        linear_model.LinearRegression(fit_intercept=False),
        linear_model.Ridge(),
        linear_model.RidgeCV(),
        linear_model.Lasso(0.01),
        linear_model.LassoCV(cv=3),
        linear_model.ElasticNet(0.01),
        linear_model.ElasticNetCV(cv=3),
        linear_model.Lars(),
        linear_model.LarsCV(cv=3),
        linear_model.LassoLars(0.01),
        linear_model.LassoLarsCV(cv=3),
        linear_model.LassoLarsIC(),
        linear_model.OrthogonalMatchingPursuit(),
        linear_model.OrthogonalMatchingPursuitCV(cv=3),
        linear_model.BayesianRidge(),
        linear_model.ARDRegression(),
        linear_model.HuberRegressor(),
        linear_model.SGDRegressor(random_state=0),
        linear_model.TheilSenRegressor(random_state=0, max_subpopulation=100),
        linear_model.QuantileRegressor(alpha=0.01),
        linear_model.RANSACRegressor(random_state=0),
        linear_model.TweedieRegressor(power=0),
        svm.LinearSVR(random_state=0),
    ],
    ids=lambda m: type(m).__name__,
)
def test_regressions(model):
    assert agrees(fitted(model, Z, Y), ZHELD).link == "identity"


@pytest.mark.parametrize(
    "model",
    [
        linear_model.PoissonRegressor(),
        linear_model.GammaRegressor(),
        linear_model.TweedieRegressor(power=1.5),
        linear_model.TweedieRegressor(power=0, link="log"),
    ],
)
def test_generalised_linear_models_give_the_logarithm(model):
    assert agrees(fitted(model, Z, np.exp(Y / 3)), ZHELD).link == "exp"


@pytest.mark.parametrize(
    "model",
    [
        linear_model.LinearRegression(),
        linear_model.Ridge(),
        linear_model.RidgeCV(),
        linear_model.MultiTaskLasso(0.01),
        linear_model.MultiTaskElasticNetCV(cv=3),
        linear_model.RANSACRegressor(random_state=0),
        cross_decomposition.PLSRegression(3),
        cross_decomposition.PLSCanonical(2),
        cross_decomposition.CCA(2),
    ],
    ids=lambda m: type(m).__name__,
)
def test_several_targets(model):
    made = agrees(fitted(model, X, np.c_[Y, -Y + X[:, 0]]), HELD)
    assert made.outputs == 2


def test_least_squares_of_partial_structures():
    agrees(cross_decomposition.PLSRegression(3).fit(X, Y), HELD)
    agrees(cross_decomposition.PLSRegression(2, scale=False).fit(X, Y), HELD)
    agrees(cross_decomposition.PLSSVD(2).fit(X, np.c_[Y, X[:, 0]]), HELD)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    "model",
    [
        linear_model.LogisticRegression(),
        linear_model.LogisticRegression(C=1e4, fit_intercept=False),
        linear_model.LogisticRegressionCV(Cs=3, cv=3, use_legacy_attributes=False, scoring="neg_log_loss"),
        linear_model.SGDClassifier(loss="log_loss", random_state=0),
        linear_model.SGDClassifier(loss="modified_huber", random_state=0),
        linear_model.SGDClassifier(loss="hinge", random_state=0),
        linear_model.RidgeClassifier(),
        linear_model.RidgeClassifierCV(),
        linear_model.Perceptron(random_state=0),
        svm.LinearSVC(random_state=0),
    ],
    ids=lambda m: type(m).__name__ + getattr(m, "loss", ""),
)
def test_classifications(model, y):
    made = agrees(fitted(model, Z, y), ZHELD)
    if not hasattr(model, "predict_proba"):
        assert made.values is not None and made.label


def test_classes_that_all_get_nothing_share_alike():
    model = fitted(linear_model.SGDClassifier(loss="modified_huber", random_state=0), Z, THREE)
    model.intercept_ = model.intercept_ - 1e6
    _, found = ran(model, ZHELD)
    assert np.array_equal(found["score"], np.full((len(ZHELD), 3), 1 / 3))
    near(found["score"], model.predict_proba(ZHELD))


def test_weights_sparse_coefficients_and_single_precision():
    weighted = linear_model.Ridge().fit(Z, Y, sample_weight=np.linspace(0, 2, len(Y)))
    agrees(weighted, ZHELD)
    sparse = fitted(linear_model.SGDClassifier(penalty="l1", random_state=0), Z, THREE).sparsify()
    agrees(sparse, ZHELD)
    agrees(linear_model.LogisticRegression().fit(Z.astype(np.float32), TWO), ZHELD)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # leaves scikit-learn with 1.10
def test_passive_aggressive():
    agrees(linear_model.PassiveAggressiveRegressor(random_state=0).fit(Z, Y), ZHELD)
    agrees(linear_model.PassiveAggressiveClassifier(random_state=0).fit(Z, THREE), ZHELD)


def test_a_detector():
    made = agrees(linear_model.SGDOneClassSVM(nu=0.2, random_state=0).fit(Z), ZHELD)
    assert made.classes == (-1, 1)


def test_what_is_refused():
    several = linear_model.RidgeClassifier().fit(Z, np.c_[TWO, 1 - TWO, TWO])
    with pytest.raises(Refused, match="several labels"):
        ran(several, ZHELD)
    with pytest.raises(Refused, match="5 columns and is given 4"):
        ran(linear_model.Ridge().fit(Z, Y), ZHELD[:, :4])


def test_a_missing_value_stays_missing():
    holed = ZHELD[:3].copy()
    holed[1, 2] = np.nan
    made, found = ran(linear_model.Ridge().fit(Z, Y), holed)
    assert isinstance(made, Answer)
    assert np.isnan(found["raw"][:, 0]).tolist() == [False, True, False]
