"""CatBoost's models, written, against the library: held-out rows, rows at thresholds, missing values, categories of every kind."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.estimators import Frame, Part, Refused, predictor
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.graph.trees import threshold_rows

catboost = pytest.importorskip("catboost")
SMALL = {"iterations": 20, "depth": 4, "thread_count": 1, "verbose": 0, "allow_writing_files": False}


def table(rows=300, columns=4, seed=0):
    random = np.random.default_rng(seed)
    x = np.round(random.normal(size=(rows, columns)), 1)
    x[random.random(x.shape) < 0.1] = np.nan
    return x


X = table()
Y = np.nan_to_num(X[:, 0]) - np.nan_to_num(X[:, 1]) ** 2 + np.nan_to_num(X[:, 2] > 0.3)
THREE = np.digitize(Y, [-0.5, 0.5])


def written(model, width=4):
    graph = Graph()
    answer = predictor(model, graph, Frame((Part(graph.input("X", "double", (None, width)), width),)))
    outputs = {"raw": (answer.raw, "double", None)}
    if answer.label:
        outputs["label"] = (answer.label, "int64", 1)
    return answer, graph.model(outputs)


def compare(model):
    answer, graph = written(model)
    new = table(seed=1)
    probes = threshold_rows(graph, new, 1000, 0)
    probes = probes[(np.abs(np.nan_to_num(probes)) < 1e300).all(axis=1)]
    for rows in (new, probes, new[:1]):
        got, native = run(graph, {"X": rows})["raw"], answer.native(rows)
        assert got.shape == native.shape and answer.exact
        assert np.array_equal(got, native)
    return answer, graph


REGRESSORS = {
    "symmetric": {},
    "missing is largest": {"nan_mode": "Max"},
    "depthwise": {"grow_policy": "Depthwise"},
    "leaf by leaf": {"grow_policy": "Lossguide", "max_leaves": 9},
    "quantile": {"loss_function": "Quantile:alpha=0.2"},
    "several quantiles": {"loss_function": "MultiQuantile:alpha=0.1,0.5,0.9"},
    "absolute": {"loss_function": "MAE"},
    "ordered": {"boosting_type": "Ordered"},
    "bins and weights": {"border_count": 7, "bootstrap_type": "Bernoulli", "subsample": 0.5},
    "no question": {"iterations": 1, "depth": 1, "l2_leaf_reg": 1e12},
}


@pytest.mark.parametrize("options", REGRESSORS.values(), ids=REGRESSORS)
def test_regressors(options):
    answer, _ = compare(catboost.CatBoostRegressor(**{**SMALL, **options}).fit(X, Y))
    assert answer.link == "identity" and not answer.classes


def test_trees_without_a_question():
    """Perfect categories leave later trees nothing to ask: they are one leaf each."""
    model = catboost.CatBoostClassifier(cat_features=["s", "n", "t"], **{**SMALL, "iterations": 80}).fit(T, OF_TEXTS > 1)
    answer, graph = written_texts(model)
    assert np.array_equal(run(graph, fed(T))["raw"], answer.native(T))


def test_scale_and_bias():
    model = catboost.CatBoostRegressor(**SMALL).fit(X, Y)
    model.set_scale_and_bias(-1.7, 3.3)
    compare(model)


def test_a_column_without_missing_values_and_one_never_used():
    x = np.nan_to_num(X)
    x[:, 3] = 1.0
    compare(catboost.CatBoostRegressor(**SMALL).fit(x, Y))


@pytest.mark.parametrize("loss", ["Poisson", "Tweedie:variance_power=1.5"])
def test_logarithms(loss):
    model = catboost.CatBoostRegressor(loss_function=loss, **SMALL).fit(X, np.exp(Y / 3))
    answer, _ = compare(model)
    assert answer.link == "exp" and np.allclose(np.exp(answer.native(X)[:, 0]), model.predict(X))


@pytest.mark.parametrize("threshold", [None, 0.2])
def test_two_classes(threshold):
    model = catboost.CatBoostClassifier(**SMALL).fit(X, np.where(Y > 0, "yes", "no"))
    if threshold is not None:
        model.set_probability_threshold(threshold)
    answer, graph = compare(model)
    assert answer.link == "sigmoid" and answer.classes == ("no", "yes")
    assert np.array_equal(np.array(answer.classes)[run(graph, {"X": X})["label"][:, 0]], model.predict(X))


@pytest.mark.parametrize("policy", ["SymmetricTree", "Lossguide"])
def test_three_classes(policy):
    model = catboost.CatBoostClassifier(grow_policy=policy, **SMALL).fit(X, THREE)
    answer, graph = compare(model)
    assert answer.link == "softmax" and answer.classes == (0, 1, 2)
    assert np.array_equal(run(graph, {"X": X})["raw"].argmax(axis=1), model.predict(X)[:, 0])


def test_two_classes_by_two_values():
    answer, _ = compare(catboost.CatBoostClassifier(loss_function="MultiClass", **SMALL).fit(X, Y > 0))
    assert answer.link == "sigmoid"


def test_ranker_and_targets():
    compare(catboost.CatBoostRanker(**SMALL).fit(X, THREE, group_id=np.repeat(np.arange(10), 30)))
    assert compare(catboost.CatBoost({"loss_function": "MultiRMSE", **SMALL}).fit(X, np.column_stack([Y, -Y])))[0].outputs == 2


def test_saved_file(tmp_path):
    catboost.CatBoostRegressor(**SMALL).fit(X, Y).save_model(str(tmp_path / "m.cbm"))
    compare(catboost.CatBoostRegressor().load_model(str(tmp_path / "m.cbm")))


# categories ------------------------------------------------------------------------------------------------------------


def texts(rows=700, seed=0):
    random = np.random.default_rng(seed)
    x = table(rows, 2, seed)
    made = pd.DataFrame({"a": x[:, 0], "s": random.choice(["x", "yé", "Ω☃", "w w", ""], rows), "b": x[:, 1]})
    made["n"], made["t"] = random.choice([str(i) for i in range(12)], rows), random.choice(["u", "v"], rows)
    return made


T = texts()
OF_TEXTS = (
    np.nan_to_num(T.a)
    + 2 * ((T.s == "x") ^ (T.n.astype(int) % 3 == 0))
    + 3 * ((T.s == "w w") & (T.b > 0))
    + 2 * ((T.n < "5") ^ (T.t == "u"))
)


def written_texts(model, levels=None, numbers=()):
    columns = [("string", name) if name in "snt" and name not in numbers else ("double", name) for name in T]
    known = {name: sorted(set(T[name])) for kind, name in columns if kind == "string"}
    graph = Graph(levels=known if levels is None else levels)
    parts = tuple(Part(graph.input(name, kind), 1, kind) for kind, name in columns)
    answer = predictor(model, graph, Frame(parts, tuple(T)))
    return answer, graph.model({"raw": (answer.raw, "double", None)})


def fed(rows, numbers=()):
    return {
        name: rows[name].to_numpy(object if name in "snt" and name not in numbers else float, copy=True)[:, None] for name in T
    }  # fmt: skip


CATEGORIES = {
    "one-hot": {"one_hot_max_size": 255},
    "statistics of one": {"max_ctr_complexity": 1},
    "statistics of several": {"max_ctr_complexity": 4, "iterations": 120, "depth": 6},
    "mixed": {"one_hot_max_size": 5, "iterations": 80, "depth": 6},
    "free trees": {"grow_policy": "Lossguide", "iterations": 60},
    "every kind": {
        "max_ctr_complexity": 3,
        "iterations": 100,
        "simple_ctr": ["Borders:TargetBorderCount=3", "Buckets", "BinarizedTargetMeanValue", "Counter"],
        "combinations_ctr": ["Borders:TargetBorderCount=3", "Counter"],
        "counter_calc_method": "Full",
    },
}


@pytest.mark.parametrize("options", CATEGORIES.values(), ids=CATEGORIES)
@pytest.mark.parametrize("classes", [0, 3])
def test_categories(options, classes):
    kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
    target = np.digitize(OF_TEXTS, [1, 3]) if classes else OF_TEXTS
    model = kind(cat_features=["s", "n", "t"], **{**SMALL, **options}).fit(T, target)
    answer, graph = written_texts(model)
    unseen = texts(seed=2)
    unseen.loc[::3, "s"], unseen.loc[::4, "n"], unseen.loc[::5, "t"] = "never", "-1", "u "
    for rows in (T, texts(seed=1), unseen, unseen[:1]):
        assert np.array_equal(run(graph, fed(rows))["raw"], answer.native(rows))


def test_statistics_of_texts_and_numbers_together_were_there():
    """The comparison above has met combinations of categories, of categories and questions, and one-hot values."""
    from etabli.estimators.catboost_trees import saved

    seen = set()
    for name in ("statistics of several", "mixed"):
        model = catboost.CatBoostRegressor(cat_features=["s", "n", "t"], **{**SMALL, **CATEGORIES[name]}).fit(T, OF_TEXTS)
        for entry in saved(model)["features_info"]["ctrs"]:
            seen |= {(len(entry["elements"]) > 1, element["combination_element"]) for element in entry["elements"]}
    assert {(True, "cat_feature_value"), (True, "float_feature"), (True, "cat_feature_exact_value"), (False, "cat_feature_value")} <= seen


def test_whole_numbers_as_categories():
    rows = T.assign(n=T.n.astype(int))
    model = catboost.CatBoostRegressor(cat_features=["s", "n", "t"], **SMALL).fit(rows, OF_TEXTS)
    answer, graph = written_texts(model, numbers=("n",))
    new = texts(seed=1).assign(n=lambda frame: frame.n.astype(int) * 3 - 2)
    assert np.array_equal(run(graph, fed(new, ("n",)))["raw"], answer.native(new))


@pytest.mark.parametrize("options", [{"one_hot_max_size": 255}, {}], ids=["one-hot", "statistics"])
def test_texts_that_the_data_lack_are_refused(options):
    model = catboost.CatBoostRegressor(cat_features=["s", "n", "t"], **{**SMALL, **options}).fit(T, OF_TEXTS)
    lacking = {"s": sorted(set(T.s)), "n": ["0", "1"], "t": ["u", "v"]}
    with pytest.raises(Refused, match="the data given"):
        written_texts(model, lacking)
    with pytest.raises(Refused, match="not known"):
        written_texts(model, {})


def test_refused_by_name():
    for loss in ("RMSEWithUncertainty", "MultiClassOneVsAll", "Cox"):
        target = THREE if loss == "MultiClassOneVsAll" else np.exp(Y)
        with pytest.raises(Refused, match=loss):
            written(catboost.CatBoost({"loss_function": loss, **SMALL}).fit(X, target))
    words = pd.DataFrame({"a": X[:, 0], "words": np.where(Y > 0, "good day to you", "a bad evening")})
    model = catboost.CatBoostClassifier(text_features=["words"], **SMALL).fit(words, Y > 0)
    with pytest.raises(Refused, match="texts and embeddings"):
        written(model, 2)
    with pytest.raises(Refused, match="not fitted"):
        written(catboost.CatBoostRegressor())
    with pytest.raises(Refused, match="4 columns"):
        written(catboost.CatBoostRegressor(**SMALL).fit(X, Y), 3)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 8), st.integers(0, 99), st.sampled_from(["SymmetricTree", "Depthwise"]), st.sampled_from(["Min", "Max"]))
def test_any_trees(depth, seed, policy, mode):
    """Few columns and few values, so that questions repeat themselves and leaves stay empty."""
    x = np.round(table(150, 2, seed) * 2) / 2
    options = {**SMALL, "depth": depth, "iterations": 5, "learning_rate": 0.5}
    model = catboost.CatBoostRegressor(grow_policy=policy, nan_mode=mode, **options).fit(x, Y[:150])
    answer, graph = written(model, 2)
    rows = threshold_rows(graph, x, 200, seed)
    assert np.array_equal(run(graph, {"X": rows})["raw"], answer.native(rows))


def test_five_hundred_trees_are_written_in_a_second(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 20))
    model = catboost.CatBoostRegressor(**{**SMALL, "iterations": 500, "depth": 6}).fit(x, x[:, 0] * x[:, 1] + random.normal(size=4000))
    began = time.process_time()
    _, graph = written(model, 20)
    assert time.process_time() - began < 3
    model.save_model(str(tmp_path / "m.json"), format="json")
    assert len(graph.SerializeToString()) < 1.5 * (tmp_path / "m.json").stat().st_size
