"""scikit-learn's HistGradientBoosting, written: categories, missing values, links, the library's own bits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from etabli.estimators import Refused
from etabli.graph.links import apply
from etabli.graph.run import run
from tests.estimators.bits import assert_same, named, written


def data(rows=400, seed=0):
    """Numbers with ties and gaps, then two columns of categories by number (10, 20, ... and 0 to 59), gaps too; a number."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 5)).round(1)
    x[:, 3], x[:, 4] = 10.0 * random.integers(0, 6, rows), random.integers(0, 60, rows)
    signal = x[:, 0] + np.sin(2 * x[:, 1]) + np.isin(x[:, 3], [10, 40]) + (x[:, 4] % 3 == 1) + 0.2 * random.normal(size=rows)
    x[random.random(x.shape) < 0.1] = np.nan
    return x, signal


SMALL = {"max_iter": 20, "random_state": 0, "min_samples_leaf": 8}


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma", "quantile"])
@pytest.mark.parametrize("categories", [None, [3, 4]])
def test_numbers(loss, categories):
    x, y = data()
    if loss in ("poisson", "gamma"):
        y = np.exp(y / 3)
    more = {"quantile": 0.9} if loss == "quantile" else {}
    model = HistGradientBoostingRegressor(loss=loss, categorical_features=categories, **more, **SMALL)
    model.fit(x, y, sample_weight=np.random.default_rng(0).uniform(0.1, 3, len(y)))
    answer = assert_same(model, data(seed=1)[0])
    assert np.allclose(apply(answer.native(x), answer.link)[:, 0], model.predict(x), rtol=1e-14)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("categories", [None, [True, False, False, True, True]])
def test_classes(classes, categories):
    x, y = data()
    labels = np.array(["a", "b", "c"])[np.digitize(y, [0.5] if classes == 2 else [-0.2, 1.0])]
    model = HistGradientBoostingClassifier(categorical_features=categories, early_stopping=True, **SMALL).fit(x, labels)
    answer = assert_same(model, data(seed=1)[0])
    shares = apply(answer.native(x), answer.link)
    assert np.allclose(shares[:, -1], model.predict_proba(x)[:, -1], rtol=1e-13)


def test_categories_that_the_training_lacked_are_missing():
    x, y = data()
    model = HistGradientBoostingRegressor(categorical_features=[3, 4], **SMALL).fit(x, y)
    odd = np.repeat(x[:40], 6, axis=0)
    odd[:, 3] = np.tile([10.0, 15, -10, 1e12, 999, np.nan], 40)
    odd[:, 4] = np.tile([3.0, 3.5, 60, -1, 255, 256], 40)
    assert_same(model, odd, probe=False)


def frame(seed=0):
    """The data as a frame: a pandas categorical of texts, one of numbers, gaps in both."""
    x, y = data(seed=seed)
    texts = np.array(["Ü", "red", "green", "blue", "sea sick", "z"], object)[np.nan_to_num(x[:, 3] / 10).astype(int)]
    texts[np.isnan(x[:, 3])] = None
    table = pd.DataFrame(x[:, :3], columns=["a", "b", "c"])
    table.insert(1, "colour", pd.Categorical(texts))
    table["code"] = pd.Categorical(x[:, 4])
    return table, y


def test_a_frame_with_categories_of_texts_and_numbers():
    table, y = frame()
    model = HistGradientBoostingRegressor(**SMALL).fit(table, y)
    assert model.is_categorical_.tolist() == [False, True, False, False, True]
    other = frame(seed=1)[0]
    other["colour"] = other["colour"].cat.add_categories("unseen").mask(np.arange(len(other)) % 7 == 0, "unseen")
    parts = [("a", 1, "double"), ("colour", 1, "string"), ("b c code", 3, "double")]
    answer, model_file = written(model, parts)
    feeds = {
        "a": other[["a"]].to_numpy(),
        "colour": other[["colour"]].astype(object).fillna("").to_numpy().astype(object),
        "b c code": other[["b", "c", "code"]].astype(float).to_numpy(),
    }
    made = run(model_file, feeds)
    assert np.array_equal(made["raw"], answer.native(other))
    labelled = HistGradientBoostingClassifier(**SMALL).fit(table, y > 0.5)
    answer, model_file = written(labelled, parts)
    made = run(model_file, feeds)
    assert np.array_equal(made["raw"], answer.native(other)) and np.array_equal(named(answer, made), labelled.predict(other))


def test_what_does_not_fit_is_refused():
    table, y = frame()
    model = HistGradientBoostingRegressor(**SMALL).fit(table, y)
    with pytest.raises(Refused, match="texts and is given the other kind"):
        written(model, width=5)
    with pytest.raises(Refused, match="5 columns and is given 4"):
        written(model, width=4)
    table["colour"] = table["colour"].astype(object).fillna("").astype("category")
    with pytest.raises(Refused, match="empty text"):
        written(HistGradientBoostingRegressor(**SMALL).fit(table, y), [("a", 1, "double"), ("colour", 1, "string"), ("b", 3, "double")])
    x, y = data()
    with pytest.raises(Refused, match="one class only"):
        written(HistGradientBoostingClassifier(**SMALL).fit(x, np.ones(len(x))))
