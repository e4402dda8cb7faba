from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, near, ran

X, Y, BINARY, THREE = data()
FOUR = np.digitize(Y, [-1, 0, 1])
TARGETS = {"two": np.array(["no", "yes"])[BINARY], "three": THREE, "four": FOUR}
MEMBERS = {
    "linear": make_pipeline(StandardScaler(), LogisticRegression()),
    "svm": make_pipeline(StandardScaler(), LinearSVC()),
    "forest": RandomForestClassifier(8, random_state=0),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("kind", [OneVsRestClassifier, OneVsOneClassifier])
def test_classes_by_pairs(target, member, kind):
    agrees(kind(MEMBERS[member]).fit(X, TARGETS[target]), X)


def test_pairs_of_regressors():
    model = OneVsOneClassifier(LinearRegression()).fit(X, THREE)
    made, found = ran(model, X)
    assert np.array_equal(np.array(made.classes)[found["label"][:, 0]], model.predict(X))
    near(found["raw"], model.decision_function(X))


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_several_labels_and_code_words_are_refused():
    labels = np.column_stack([BINARY, 1 - BINARY])
    for model in (
        OneVsRestClassifier(LogisticRegression(max_iter=500)),
        MultiOutputClassifier(LogisticRegression(max_iter=500)),
        ClassifierChain(LogisticRegression(max_iter=500)),
    ):
        with pytest.raises(Refused, match="several labels"):
            ran(model.fit(X, labels), X)
    with pytest.raises(Refused, match="code word"):
        ran(OutputCodeClassifier(LogisticRegression(max_iter=500), random_state=0).fit(X, THREE), X)


def test_several_numbers_of_trees_are_equal_bit_for_bit():
    both = np.column_stack([Y, -2 * Y, X[:, 0]])
    model = MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=10)).fit(X, both)
    made, found = ran(model, X)
    assert made.exact and made.outputs == 3
    assert np.array_equal(found["raw"], model.predict(X))
    assert not agrees(MultiOutputRegressor(Ridge()).fit(X, both), X).exact


@pytest.mark.parametrize("order", [None, [2, 0, 1]])
@pytest.mark.parametrize("member", [Ridge(), RandomForestRegressor(5, random_state=0)])
def test_a_chain_of_numbers(order, member):
    agrees(RegressorChain(member, order=order).fit(X, np.column_stack([Y, -2 * Y, X[:, 0]])), X)
