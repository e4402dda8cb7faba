from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from tests.estimators.oracle import agrees, data

X, Y, BINARY, THREE = data()
TARGETS = {"two": np.array(["no", "yes"])[BINARY], "three": THREE}
MEMBERS = {
    "svm": make_pipeline(StandardScaler(), LinearSVC()),
    "forest": RandomForestClassifier(8, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=5),
    "bayes": GaussianNB(),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("member", MEMBERS)
def test_every_method_over_every_kind_of_score(target, method, member):
    agrees(CalibratedClassifierCV(MEMBERS[member], method=method, cv=3).fit(X, TARGETS[target]), X)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_one_member_and_a_fitted_one(target, method):
    y = TARGETS[target]
    agrees(CalibratedClassifierCV(MEMBERS["svm"], method=method, cv=3, ensemble=False).fit(X, y), X)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:200], y[:200])
    agrees(CalibratedClassifierCV(FrozenEstimator(fitted), method=method).fit(X[200:], y[200:]), X)


@pytest.mark.parametrize(
    "member, target",
    [
        (GradientBoostingClassifier(n_estimators=5, loss="exponential", random_state=0), "two"),
        (GradientBoostingClassifier(n_estimators=5, random_state=0), "three"),
        (AdaBoostClassifier(n_estimators=5, random_state=0), "two"),
        (AdaBoostClassifier(n_estimators=5, random_state=0), "three"),
    ],
)
def test_boosting_whose_margin_is_not_its_decision(member, target):
    agrees(CalibratedClassifierCV(member, cv=3).fit(X, TARGETS[target]), X)
