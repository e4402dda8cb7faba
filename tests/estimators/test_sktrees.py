"""scikit-learn's trees, forests, boosting, bagging and isolation forests, written: the library's own bits."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from etabli.estimators import Refused
from tests.estimators.bits import assert_same, written


def data(rows=300, gaps=0.1, seed=0):
    """(x, a number, two classes, three classes named by texts, weights); rounded columns make ties."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 5)) * [1, 10, 100, 0.1, 1]
    x[:, :3] = x[:, :3].round(1)
    signal = x[:, 0] + np.sin(x[:, 1]) + x[:, 2] / 100 + 0.3 * random.normal(size=rows)
    x[random.random(x.shape) < gaps] = np.nan
    three = np.array(["low", "mid", "up"])[np.digitize(signal, [-0.6, 0.7])]
    return x, signal, (signal > 0.2).astype(int), three, random.uniform(0.1, 3, rows)


@pytest.mark.parametrize("kind", [DecisionTreeRegressor, ExtraTreeRegressor, RandomForestRegressor, ExtraTreesRegressor])
@pytest.mark.parametrize("outputs", [1, 2])
def test_regressors_of_trees(kind, outputs):
    x, y, _, _, weight = data()
    values = {"n_estimators": 15, "n_jobs": 2} if "Forest" in kind.__name__ or "Trees" in kind.__name__ else {}
    model = kind(random_state=0, **values).fit(x, np.stack([y, -y * y], 1) if outputs == 2 else y, sample_weight=weight)
    assert_same(model, data(seed=1)[0])


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, ExtraTreeClassifier, RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("leaf", [1, 7])
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers_of_trees(kind, leaf, classes):
    x, _, two, three, weight = data()
    values = {"n_estimators": 16, "n_jobs": 2} if "Forest" in kind.__name__ or "Trees" in kind.__name__ else {}
    y = two if classes == 2 else three
    model = kind(random_state=0, min_samples_leaf=leaf, **values).fit(x, y, sample_weight=None if leaf == 1 else weight)
    answer = assert_same(model, data(seed=1)[0])
    assert answer.classes == tuple(np.unique(y).tolist())


def test_a_mixed_forest_of_two_classes_decides_balanced_rows_as_the_library():
    """Rows whose two sums are equal but for rounding: the label is not that of the probability alone."""
    random = np.random.default_rng(0)
    x = random.integers(0, 3, (60, 3)).astype(float)
    model = RandomForestClassifier(40, max_depth=2, random_state=0).fit(x, random.integers(0, 2, 60))
    grid = np.stack(np.meshgrid(*[np.arange(-0.5, 3, 0.5)] * 3), -1).reshape(-1, 3)
    assert_same(model, grid)


def test_trees_without_missing_values_in_training_still_route_them():
    x, y, _, _, _ = data(gaps=0)
    assert_same(RandomForestRegressor(10, random_state=0).fit(x, y), data(seed=1)[0])


def test_unusual_classifiers_are_refused():
    x, _, two, three, _ = data()
    with pytest.raises(Refused, match="several labels"):
        written(DecisionTreeClassifier().fit(x, np.stack([two, two], 1)))
    with pytest.raises(Refused, match="one class only"):
        written(DecisionTreeClassifier().fit(x, np.zeros(len(x))))
    with pytest.raises(Refused, match="fitted on 5 columns and is given 4"):
        written(DecisionTreeClassifier().fit(x, three), width=4)


# boosting ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_gradient_boosting_of_numbers(loss):
    x, y, _, _, weight = data(gaps=0)
    model = GradientBoostingRegressor(loss=loss, n_estimators=30, learning_rate=0.07, random_state=0).fit(x, y, sample_weight=weight)
    assert_same(model, data(gaps=0, seed=1)[0], missing=False)


@pytest.mark.parametrize(("loss", "classes"), [("log_loss", 2), ("log_loss", 3), ("exponential", 2)])
@pytest.mark.parametrize("init", [None, "zero"])
def test_gradient_boosting_of_classes(loss, classes, init):
    x, _, two, three, _ = data(gaps=0)
    model = GradientBoostingClassifier(loss=loss, n_estimators=20, init=init, random_state=0).fit(x, two if classes == 2 else three)
    answer = assert_same(model, data(gaps=0, seed=1)[0], missing=False)
    assert answer.link == ("sigmoid" if classes == 2 else "softmax")


def test_probabilities_of_gradient_boosting_follow_from_the_margins():
    from etabli.graph.links import apply

    x, _, two, _, _ = data(gaps=0)
    model = GradientBoostingClassifier(loss="exponential", n_estimators=10, random_state=0).fit(x, two)
    answer, _ = written(model)
    assert np.allclose(apply(answer.native(x), answer.link)[:, 0], model.predict_proba(x)[:, 1], rtol=1e-13)


def test_gradient_boosting_from_a_model():
    x, y, two, _, _ = data(gaps=0)
    model = GradientBoostingRegressor(n_estimators=10, init=ExtraTreesRegressor(3, max_depth=2), random_state=0).fit(x, y)
    assert_same(model, data(gaps=0, seed=1)[0], bound=1e-13, missing=False)
    with pytest.raises(Refused, match="works in float32"):
        written(GradientBoostingRegressor(n_estimators=3, init=LinearRegression()).fit(x, y))
    with pytest.raises(Refused, match="init estimator is a model of its own"):
        written(GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()).fit(x, two))
    with pytest.raises(Refused, match="draws by chance"):
        written(GradientBoostingClassifier(n_estimators=3, init=DummyClassifier(strategy="stratified")).fit(x, two))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("depth", [1, 3])
def test_adaboost_of_classes(classes, depth):
    x, _, two, three, weight = data(gaps=0)
    tree = DecisionTreeClassifier(max_depth=depth)
    model = AdaBoostClassifier(tree, n_estimators=15, random_state=0).fit(x, two if classes == 2 else three, sample_weight=weight)
    assert_same(model, data(gaps=0, seed=1)[0], missing=False)


@pytest.mark.parametrize("members", [1, 2, 15])
@pytest.mark.parametrize("loss", ["linear", "square"])
def test_adaboost_of_numbers_is_a_weighted_median(members, loss):
    x, y, _, _, _ = data(gaps=0)
    assert_same(AdaBoostRegressor(n_estimators=members, loss=loss, random_state=0).fit(x, y), data(gaps=0, seed=1)[0], missing=False)


def test_adaboost_of_equal_weights():
    """Half of the weight is reached exactly: the lower answer is due, as in the library."""
    x, y, _, _, _ = data(gaps=0)
    model = AdaBoostRegressor(n_estimators=4, random_state=0).fit(x, y)
    model.estimator_weights_ = np.ones(4)
    assert_same(model, data(gaps=0, seed=1)[0], missing=False)


def test_adaboost_of_other_members():
    x, y, two, three, _ = data(gaps=0)
    other = data(gaps=0, seed=1)[0]
    assert_same(AdaBoostClassifier(ExtraTreesClassifier(3, max_depth=2), n_estimators=4, random_state=0).fit(x, three), other, 1e-13, False)
    assert_same(AdaBoostClassifier(ExtraTreesClassifier(4, max_depth=2), n_estimators=4, random_state=0).fit(x, two), other, 1e-13, False)
    assert_same(AdaBoostRegressor(ExtraTreesRegressor(3, max_depth=3), n_estimators=5, random_state=0).fit(x, y), other, 1e-13, False)


# bagging and isolation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [1.0, 0.6])
def test_bagging_of_trees(features):
    x, y, two, three, _ = data()
    other = data(seed=1)[0]
    values = {"n_estimators": 12, "max_features": features, "random_state": 0}
    assert_same(BaggingRegressor(**values).fit(x, y), other)
    assert_same(BaggingClassifier(DecisionTreeClassifier(max_depth=3), **values).fit(x, two), other)
    assert_same(BaggingClassifier(**values).fit(x, three), other)


class Unweighted(ExtraTreesClassifier):
    """Without weights bagging hands each member its own rows, which may lack a class."""

    def fit(self, x, y):
        return super().fit(x, y)


class UnweightedTree(DecisionTreeClassifier):
    """The same for one tree."""

    def fit(self, x, y):
        return super().fit(x, y)


@pytest.mark.parametrize(("member", "bound"), [(UnweightedTree(min_samples_leaf=4), 0), (Unweighted(3, min_samples_leaf=4), 1e-13)])
def test_bagging_of_members_that_miss_a_class(member, bound):
    x, _, _, three, _ = data()
    rare = np.where(np.arange(len(x)) < 4, "rare", three)
    model = BaggingClassifier(member, n_estimators=9, max_samples=0.1, random_state=0).fit(x, rare)
    assert {len(member.classes_) for member in model.estimators_} == {3, 4}
    assert_same(model, data(seed=1)[0], bound)
    rare = np.where(np.arange(len(x)) < 4, 1, 0)
    model = BaggingClassifier(member, n_estimators=9, max_samples=0.1, random_state=0).fit(x, rare)
    assert {len(member.classes_) for member in model.estimators_} == {1, 2}
    assert_same(model, data(seed=1)[0], bound)


@pytest.mark.parametrize("features", [1.0, 0.6])
def test_bagging_of_other_members(features):
    x, y, two, three, _ = data()
    other, values = data(seed=1)[0], {"n_estimators": 5, "max_features": features, "random_state": 0, "max_samples": 0.2}
    assert_same(BaggingRegressor(ExtraTreesRegressor(5), **values).fit(x, y), other, 1e-13, False)
    assert_same(BaggingClassifier(ExtraTreesClassifier(5, min_samples_leaf=3), **values).fit(x, two), other, 1e-13, False)
    assert_same(BaggingClassifier(ExtraTreesClassifier(5, min_samples_leaf=3), **values).fit(x, three), other, 1e-13, False)
    assert_same(BaggingClassifier(RidgeClassifier(), **values).fit(np.nan_to_num(x), three), np.nan_to_num(other), 1e-13, False)


@pytest.mark.parametrize(
    "values",
    [{}, {"contamination": 0.1}, {"max_features": 0.6, "contamination": 0.05}, {"max_samples": 1}, {"bootstrap": True, "max_samples": 0.5}],
)
def test_isolation_forest(values):
    """The training rows themselves are asked, too: the offset is one of their scores, and its row must not become an outlier."""
    x = data(rows=201)[0]  # the tenth part of 200 is a whole number: a quantile is then a row's own score
    model = IsolationForest(n_estimators=20, random_state=0, **values).fit(x)
    assert_same(model, x, 1e-13, label=model.predict)
    assert_same(model, data(seed=1)[0], 1e-13, label=model.predict)


# speed -----------------------------------------------------------------------------------------------------------------


def test_a_forest_is_written_quickly():
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 8))
    model = RandomForestRegressor(60, random_state=0).fit(x, x[:, 0] + random.normal(size=2000))
    begin = time.process_time()
    nodes = sum(tree.tree_.node_count for tree in model.estimators_)
    size = len(written(model)[1].SerializeToString())
    assert nodes > 100_000
    assert time.process_time() - begin < 4.0  # measured 0.4
    assert size < 30 * nodes
