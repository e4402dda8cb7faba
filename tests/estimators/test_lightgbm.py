"""LightGBM's models, written: objectives, categories, missing values, forests, linear trees."""

from __future__ import annotations

import time

import lightgbm
import numpy as np
import pandas as pd
import pytest

from etabli.estimators import Refused
from etabli.graph.links import apply
from etabli.graph.run import run
from tests.estimators.bits import assert_same, written

SMALL = {"n_estimators": 20, "num_leaves": 15, "min_child_samples": 8, "verbose": -1, "n_jobs": 1}
TRAIN = {"num_leaves": 15, "min_data_in_leaf": 8, "verbosity": -1, "num_threads": 1}


def data(rows=400, seed=0, gaps=0.1):
    """Numbers with ties, zeros and gaps, then two columns of category codes; a number."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 5)).round(1)
    x[:, 3], x[:, 4] = random.integers(0, 6, rows), random.integers(0, 70, rows)
    signal = x[:, 0] + np.sin(2 * x[:, 1]) + np.isin(x[:, 3], [1, 4]) + (x[:, 4] % 3 == 1) + 0.2 * random.normal(size=rows)
    x[random.random(x.shape) < gaps] = np.nan
    return x, signal


X, Y = data()
OTHER = data(seed=1)[0]


@pytest.mark.parametrize("categories", ["auto", [3, 4]])
@pytest.mark.parametrize("boosting", ["gbdt", "dart", "rf"])
def test_numbers(categories, boosting):
    more = {"bagging_freq": 1, "bagging_fraction": 0.6} if boosting == "rf" else {}
    model = lightgbm.LGBMRegressor(boosting_type=boosting, **more, **SMALL).fit(X, Y, categorical_feature=categories)
    answer = assert_same(model, OTHER)
    assert np.allclose(answer.native(X)[:, 0], model.predict(X), rtol=1e-15)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("categories", ["auto", [3, 4]])
@pytest.mark.parametrize("boosting", ["gbdt", "rf"])
def test_classes(classes, categories, boosting):
    more = {"bagging_freq": 1, "bagging_fraction": 0.6} if boosting == "rf" else {}
    labels = np.array(["a", "b", "c"])[np.digitize(Y, [0.5] if classes == 2 else [-0.2, 1.0])]
    model = lightgbm.LGBMClassifier(boosting_type=boosting, **more, **SMALL).fit(X, labels, categorical_feature=categories)
    answer = assert_same(model, OTHER)
    assert np.allclose(apply(answer.native(X), answer.link)[:, -1], model.predict_proba(X)[:, -1], rtol=1e-13)


@pytest.mark.parametrize(
    ("objective", "more", "link", "bound"),
    [
        ("poisson", {}, "exp", 0),
        ("gamma", {}, "exp", 0),
        ("tweedie", {"tweedie_variance_power": 1.3}, "exp", 0),
        ("regression_l1", {}, "identity", 0),
        ("huber", {}, "identity", 0),
        ("fair", {}, "identity", 0),
        ("mape", {}, "identity", 0),
        ("quantile", {"alpha": 0.9}, "identity", 0),
        ("regression", {"reg_sqrt": True}, "identity", 0),
        ("cross_entropy", {}, "identity", 1e-13),
        ("cross_entropy_lambda", {}, "identity", 1e-13),
        ("binary", {"sigmoid": 2.5}, "sigmoid", 0),
        ("multiclass", {"num_class": 3}, "softmax", 0),
        ("multiclassova", {"num_class": 3, "sigmoid": 1.7}, "probability", 1e-13),
    ],
)
@pytest.mark.parametrize("boosting", ["gbdt", "rf"])
def test_objectives_of_a_booster(objective, more, link, bound, boosting):
    y = {"binary": Y > 0.5, "multiclass": np.digitize(Y, [-0.2, 1]), "multiclassova": np.digitize(Y, [-0.2, 1])}.get(
        objective, np.exp(Y / 3)
    )
    y = 1 / (1 + np.exp(-Y)) if objective.startswith("cross") else y
    forest = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6} if boosting == "rf" else {}
    model = lightgbm.train({"objective": objective, **TRAIN, **more, **forest}, lightgbm.Dataset(X, y), 12)
    answer = assert_same(model, OTHER, bound)
    assert answer.link == link
    assert np.allclose(apply(answer.native(X), answer.link), np.reshape(model.predict(X), (len(X), -1)), rtol=1e-13)


def test_a_booster_from_its_text():
    model = lightgbm.train({"objective": "regression", **TRAIN}, lightgbm.Dataset(X, Y, categorical_feature=[3, 4]), 12)
    assert_same(lightgbm.Booster(model_str=model.model_to_string()), OTHER)


def test_ranking_and_the_users_own_objective():
    model = lightgbm.LGBMRanker(**SMALL).fit(X, np.digitize(Y, [-0.2, 1]), group=[100] * 4)
    assert assert_same(model, OTHER).link == "identity"

    def own(true, predicted):
        return predicted - true, np.ones_like(true)

    assert assert_same(lightgbm.LGBMRegressor(objective=own, **SMALL).fit(X, Y), OTHER).link == "identity"
    with pytest.raises(Refused, match="of the user's own"):
        written(lightgbm.LGBMClassifier(objective=own, **SMALL).fit(X, Y > 0.5))


def test_one_against_all_as_a_classifier():
    model = lightgbm.LGBMClassifier(objective="multiclassova", **SMALL).fit(X, np.digitize(Y, [-0.2, 1]))
    answer = assert_same(model, OTHER, 1e-13)
    assert answer.native(X).sum(axis=1).std() > 0.001  # they do not add to one, there as here


def test_early_stopping_keeps_the_best_iteration():
    noise = np.random.default_rng(3).normal(size=len(Y))
    known = lightgbm.Dataset(X, Y + noise)
    valid = known.create_valid(*data(seed=2))
    stopping = [lightgbm.early_stopping(5, verbose=False)]
    fast = {"objective": "regression", "learning_rate": 0.3, **TRAIN}
    model = lightgbm.train(fast, known, 200, valid_sets=[valid], callbacks=stopping, keep_training_booster=True)
    assert 0 < model.best_iteration < model.current_iteration()
    assert_same(model, OTHER)
    assert_same(lightgbm.Booster(model_str=model.model_to_string(num_iteration=-1)), OTHER)


def test_zero_as_missing():
    x, other = np.where(np.abs(X) < 0.35, 0, X), np.where(np.abs(OTHER) < 0.35, 0, OTHER)
    for rows in (x, np.nan_to_num(x)):
        model = lightgbm.LGBMRegressor(zero_as_missing=True, **SMALL).fit(rows, Y, categorical_feature=[3, 4])
        assert_same(model, other)
        assert_same(lightgbm.LGBMRegressor(use_missing=False, **SMALL).fit(rows, Y, categorical_feature=[3, 4]), other)


def test_weights_and_starting_scores():
    model = lightgbm.LGBMRegressor(**SMALL).fit(X, Y, sample_weight=np.arange(len(Y)), init_score=Y / 2)
    assert_same(model, OTHER)


def test_a_model_that_learned_nothing():
    assert_same(lightgbm.LGBMRegressor(**{**SMALL, "min_child_samples": 300}).fit(X, Y), OTHER)


# linear trees ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gaps", [0, 0.1])
def test_linear_trees(gaps):
    x, y = data(gaps=gaps)
    model = lightgbm.LGBMRegressor(linear_tree=True, **SMALL).fit(x, y, categorical_feature=[3, 4])
    assert "leaf_coeff" in model.booster_.model_to_string()
    # probes as large as the rows only: 1e12 times a coefficient drowns the other trees' last bits
    assert_same(model, OTHER, 1e-13, probe=False)
    assert_same(model, np.nan_to_num(OTHER), 1e-13, probe=False)
    labels = np.digitize(y, [-0.2, 1])
    assert_same(lightgbm.LGBMClassifier(linear_tree=True, **SMALL).fit(x, labels), OTHER, 1e-13, probe=False)
    forest = lightgbm.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, linear_tree=True, **SMALL).fit(x, labels > 0)
    assert_same(forest, OTHER, 1e-13, probe=False)


# data frames -------------------------------------------------------------------------------------------------------------


def frame(seed=0):
    """The data as a frame: categoricals of texts and of numbers (10, 20, ...), unseen levels in the second frame."""
    x, y = data(seed=seed)
    texts = np.array(["Ü", "red", "green", "blue", "sea sick", "z"], object)[np.nan_to_num(x[:, 3]).astype(int)]
    texts[np.isnan(x[:, 3])] = None
    table = pd.DataFrame(x[:, :3], columns=["a", "b", "c"])
    table.insert(1, "colour", pd.Categorical(texts))
    table["code"] = pd.Categorical(10 * x[:, 4])
    return table, y


PARTS = [("a", 1, "double"), ("colour", 1, "string"), ("b c code", 3, "double")]


def feeds(table):
    return {
        "a": table[["a"]].to_numpy(),
        "colour": table[["colour"]].astype(object).fillna("").to_numpy().astype(object),
        "b c code": table[["b", "c", "code"]].astype(float).to_numpy(),
    }


def test_a_frame_with_categories_of_texts_and_numbers():
    table, y = frame()
    model = lightgbm.LGBMRegressor(**SMALL).fit(table, y)
    other = frame(seed=1)[0]
    other["colour"] = other["colour"].cat.add_categories("unseen").mask(np.arange(len(other)) % 7 == 0, "unseen")
    other["code"] = other["code"].cat.add_categories(-5.0).mask(np.arange(len(other)) % 9 == 0, -5.0)
    for estimator in (model, model.booster_, lightgbm.Booster(model_str=model.booster_.model_to_string())):
        answer, model_file = written(estimator, PARTS)
        assert np.array_equal(run(model_file, feeds(other))["raw"], answer.native(other))


def test_what_cannot_be_told_is_refused():
    table, y = frame()
    table["code"] = pd.Categorical(table["code"], ordered=True)  # learned as a number, but read by its place among the levels
    with pytest.raises(Refused, match="cannot be told"):
        written(lightgbm.LGBMRegressor(**SMALL).fit(table, y), PARTS)
    with pytest.raises(Refused, match="fitted on 5 columns and is given 4"):
        written(lightgbm.LGBMRegressor(**SMALL).fit(X, Y), width=4)
    with pytest.raises(Refused, match="texts where numbers are due"):
        written(lightgbm.LGBMRegressor(**SMALL).fit(X, Y), PARTS)
    with pytest.raises(Refused, match="pred_early_stop"):
        written(lightgbm.LGBMRegressor(pred_early_stop=True, **SMALL).fit(X, Y))


# speed -------------------------------------------------------------------------------------------------------------------


def test_a_large_model_is_written_quickly():
    """100 trees of 63 leaves, a fifth of what a second is allowed for."""
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 10))
    model = lightgbm.LGBMRegressor(**{**SMALL, "n_estimators": 100, "num_leaves": 63}).fit(x, x[:, 0] * x[:, 1] + random.normal(size=4000))
    begin = time.process_time()
    size = len(written(model, width=10)[1].SerializeToString())
    assert time.process_time() - begin < 1.0  # measured 0.1
    assert size < len(model.booster_.model_to_string())
