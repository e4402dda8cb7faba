from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, BINARY, THREE = data()
YES = np.array(["no", "yes"])[BINARY]
POSITIVE = np.exp(Y / 3)


@pytest.mark.parametrize("search", [GridSearchCV, HalvingGridSearchCV])
def test_searches(search):
    extra = {"random_state": 0} if search is HalvingGridSearchCV else {}
    agrees(
        search(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1]}, cv=2, **extra).fit(X, THREE), X
    )
    agrees(search(Ridge(), {"alpha": [0.1, 1]}, cv=2, **extra).fit(X, Y), X)


def test_random_search_and_no_refit():
    agrees(RandomizedSearchCV(Ridge(), {"alpha": [0.1, 1]}, n_iter=2, cv=2).fit(X, Y), X)
    with pytest.raises(Refused, match="refit"):
        ran(GridSearchCV(Ridge(), {"alpha": [0.1]}, cv=2, refit=False).fit(X, Y), X)


def test_frozen_and_self_training():
    agrees(FrozenEstimator(Ridge().fit(X, Y)), X)
    some = np.where(np.random.default_rng(0).random(len(X)) < 0.5, -1, BINARY)
    agrees(SelfTrainingClassifier(LogisticRegression(max_iter=300)).fit(X, some), X)


@pytest.mark.parametrize("positive", [None, 0, 1])
@pytest.mark.parametrize("method", ["auto", "predict_proba", "decision_function"])
@pytest.mark.parametrize("bound", ["auto", 0.3])
def test_fixed_threshold(positive, method, bound):
    model = FixedThresholdClassifier(LogisticRegression(max_iter=300), threshold=bound, pos_label=positive, response_method=method)
    agrees(model.fit(X, BINARY), X)


def test_threshold_of_texts_forests_and_tuned_ones():
    agrees(FixedThresholdClassifier(LogisticRegression(max_iter=300), threshold=0.7, pos_label="no").fit(X, YES), X)
    agrees(FixedThresholdClassifier(RandomForestClassifier(8, random_state=0), threshold=0.25).fit(X, BINARY), X)
    agrees(TunedThresholdClassifierCV(LogisticRegression(max_iter=300), cv=3).fit(X, BINARY), X)
    agrees(TunedThresholdClassifierCV(LinearDiscriminantAnalysis(), cv=3, response_method="decision_function").fit(X, BINARY), X)


@pytest.mark.parametrize(
    "func, inverse",
    [(np.log1p, np.expm1), (np.log, np.exp), (np.sqrt, np.square), (np.exp, np.log), (np.reciprocal, np.reciprocal), (None, None)],
)
def test_target_through_a_function(func, inverse):
    y = POSITIVE if func is not np.exp else np.log(POSITIVE + 3)
    model = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()), func=func, inverse_func=inverse, check_inverse=False)
    agrees(model.fit(X, y), X)


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        MinMaxScaler((2, 5)),
        MaxAbsScaler(),
        RobustScaler(),
        QuantileTransformer(n_quantiles=60),
        PowerTransformer(),
        PowerTransformer(standardize=False),
        PowerTransformer(method="box-cox"),
        make_pipeline(FunctionTransformer(np.log, np.exp), StandardScaler()),
    ],
)
def test_target_through_a_transformer(transformer):
    agrees(TransformedTargetRegressor(LinearRegression(), transformer=transformer, check_inverse=False).fit(X, POSITIVE), X)


def test_target_of_two_numbers_and_unknown_ways_back():
    both = np.column_stack([POSITIVE, -Y])
    agrees(TransformedTargetRegressor(Ridge(), transformer=StandardScaler()).fit(X, both), X)
    with pytest.raises(Refused, match="lambda"):
        ran(TransformedTargetRegressor(Ridge(), func=lambda y: y + 1, inverse_func=lambda y: y - 1).fit(X, Y), X)
    with pytest.raises(Refused, match="normal"):
        normal = QuantileTransformer(n_quantiles=20, output_distribution="normal")
        ran(TransformedTargetRegressor(Ridge(), transformer=normal, check_inverse=False).fit(X, Y), X)
