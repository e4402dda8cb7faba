from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, BINARY, THREE = data()
LINEAR = make_pipeline(StandardScaler(), LogisticRegression())
FOREST = RandomForestClassifier(8, random_state=0)
SVM = make_pipeline(StandardScaler(), LinearSVC())
MEMBERS = [("l", LINEAR), ("f", FOREST), ("t", DecisionTreeClassifier(max_depth=3, random_state=0))]
TARGETS = {"two": np.array(["no", "yes"])[BINARY], "three": THREE}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weights", [None, [2, 1, 0.5]])
def test_soft_voting(target, weights):
    made = agrees(VotingClassifier(MEMBERS, voting="soft", weights=weights).fit(X, TARGETS[target]), X)
    assert made.link == "probability" and made.bound == 1e-13


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weights", [None, [2, 1, 0.5]])
def test_hard_voting_is_counted_exactly(target, weights):
    model = VotingClassifier(MEMBERS, voting="hard", weights=weights).fit(X, TARGETS[target])
    made, found = ran(model, X)
    assert made.exact and made.link == "identity"
    assert np.array_equal(found["raw"], made.native(X)) and np.array_equal(found["values"], found["raw"])
    assert np.array_equal(np.array(made.classes)[found["label"][:, 0]], model.predict(X))


def test_votes_of_trees_that_tie():
    trees = [(str(i), DecisionTreeClassifier(max_depth=2, max_features=1, random_state=i)) for i in range(4)]
    for voting in ("soft", "hard"):
        agreed = VotingClassifier(trees, voting=voting).fit(X, BINARY)
        made, found = ran(agreed, X)
        assert np.array_equal(np.array(made.classes)[found["label"][:, 0]], agreed.predict(X))


def test_voting_with_a_dropped_member():
    agrees(VotingClassifier([("l", LINEAR), ("d", "drop"), ("f", FOREST)], voting="soft", weights=[1, 7, 2]).fit(X, THREE), X)


@pytest.mark.parametrize("weights", [None, [2.0, 1.0]])
def test_voting_of_values(weights):
    agrees(VotingRegressor([("r", Ridge()), ("f", RandomForestRegressor(8, random_state=0))], weights=weights).fit(X, Y), X)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["auto", "predict_proba", "predict"])
@pytest.mark.parametrize("passthrough", [False, True])
def test_stacking(target, method, passthrough):
    last = make_pipeline(StandardScaler(), LogisticRegression())
    members = [("l", LINEAR), ("f", FOREST), ("d", "drop")] + ([("s", SVM)] if method == "auto" else [])
    agrees(StackingClassifier(members, last, stack_method=method, passthrough=passthrough, cv=2).fit(X, TARGETS[target]), X)


@pytest.mark.parametrize("target", TARGETS)
def test_stacking_of_decisions_under_trees(target):
    members = [("l", LINEAR), ("s", SVM), ("h", HistGradientBoostingClassifier(max_iter=5))]
    model = StackingClassifier(members, DecisionTreeClassifier(max_depth=4, random_state=0), stack_method="decision_function", cv=2)
    agrees(model.fit(X, TARGETS[target]), X)


def test_stacking_of_fitted_members():
    fitted = [("l", LINEAR.fit(X, BINARY)), ("f", FOREST.fit(X, BINARY))]
    agrees(StackingClassifier(fitted, LogisticRegression(), cv="prefit").fit(X, BINARY), X)
    texts = [("l", LINEAR.fit(X, TARGETS["two"]))]
    agrees(StackingClassifier(texts, LogisticRegression(), cv="prefit").fit(X, TARGETS["two"]), X)


@pytest.mark.parametrize("passthrough", [False, True])
def test_stacking_of_values(passthrough):
    members = [("r", Ridge()), ("f", RandomForestRegressor(8, random_state=0))]
    agrees(StackingRegressor(members, passthrough=passthrough, cv=2).fit(X, Y), X)


def test_several_labels_are_refused():
    labels = np.column_stack([BINARY, 1 - BINARY])
    with pytest.raises(Refused, match="several labels"):
        ran(StackingClassifier([("f", FOREST)], RandomForestClassifier(5), cv=2).fit(X, labels), X)
