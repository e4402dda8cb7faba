from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from etabli.estimators import Refused
from tests.estimators.frames import same, table, written
from tests.estimators.oracle import agrees, data, near, ran

X, Y, _, THREE = data()
TABLE = table()
TARGET = TABLE["a"].to_numpy() + (TABLE["c"] == "red") + 0.1 * TABLE["b"].to_numpy()
NEW = table(200, 7)
NEW.loc[::9, "c"] = "unseen"


@pytest.mark.parametrize(
    "columns",
    [
        ["b", "a"],
        "a",
        slice("a", "whole"),
        [1, 0],
        slice(0, 2),
        np.array([True, False, True, False, False, False, False]),
        make_column_selector("^[ab]$"),
    ],
)
def test_columns_chosen_in_every_way(columns):
    bare = isinstance(columns, str)
    scaler = FunctionTransformer(lambda column: column.to_frame()) if bare else StandardScaler()
    transformer = ColumnTransformer([("n", scaler, columns), ("c", OneHotEncoder(handle_unknown="ignore"), ["c", "e"])])
    transformer.fit(TABLE)
    if bare:  # one column by its bare name is a series, which only texts take
        with pytest.raises(Refused, match="lambda"):
            written(transformer, NEW)
        return
    same(transformer, NEW)


def test_remainder_weights_drop_and_nesting():
    inner = make_column_transformer((StandardScaler(), ["b"]), ("passthrough", ["a"]), remainder="drop")
    text = make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder())
    transformer = ColumnTransformer(
        [("inner", inner, ["a", "b"]), ("e", text, ["e"]), ("gone", "drop", ["c", "d"]), ("none", StandardScaler(), [])],
        remainder=MinMaxScaler(),
        transformer_weights={"inner": 3.0, "remainder": 0.5},
    )
    same(transformer.fit(TABLE), NEW)
    passing = ColumnTransformer([("n", StandardScaler(), ["a"])], remainder="passthrough").fit(TABLE)
    same(passing, NEW)
    same(make_pipeline(passing, "passthrough"), NEW)


def test_union_and_passthrough():
    union = FeatureUnion(
        [("s", StandardScaler()), ("k", SelectKBest(f_regression, k=2)), ("p", "passthrough"), ("d", "drop")],
        transformer_weights={"s": 2.0},
    )
    agrees(make_pipeline(union, Ridge()).fit(X, Y), X)
    agrees(union.fit(X, Y), X)


@pytest.mark.parametrize("encoder", [OneHotEncoder(handle_unknown="ignore", min_frequency=30), TargetEncoder(cv=3)])
def test_a_frame_to_a_value(encoder):
    columns = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(add_indicator=True), SplineTransformer(4)), ["a", "b", "m"]),
            ("c", encoder, ["c", "d", "e"]),
        ]
    )
    model = make_pipeline(columns, Ridge()).fit(TABLE, TARGET)
    answer, found = written(model, NEW)
    near(found["raw"], model.predict(NEW))
    assert np.array_equal(answer.native(NEW)[:, 0], model.predict(NEW))


def test_a_frame_to_classes():
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(handle_unknown="ignore"), ["c", "e"]))
    names = np.array(["low", "mid", "top"])[np.digitize(TARGET, [5.2, 6.3])]
    for last in (LogisticRegression(), RandomForestClassifier(10, random_state=0)):
        model = make_pipeline(columns, last).fit(TABLE, names)
        answer, found = written(model, NEW)
        assert answer.classes == ("low", "mid", "top")
        place = found["label"][:, 0] if answer.label else found["raw"].argmax(axis=1)
        assert np.array_equal(np.array(answer.classes)[place], model.predict(NEW))


def test_texts_in_a_pipeline():
    words = ["good film", "bad film", "good good cast", "weak cast", "", "fine"]
    rows = pd.DataFrame({"t": np.resize(np.array(words, object), 40), "a": np.arange(40.0)})
    y = np.array([word.count("good") for word in rows["t"]]) + 0.01 * rows["a"]
    columns = ColumnTransformer([("t", TfidfVectorizer(lowercase=False, token_pattern=r"\S+"), "t"), ("n", StandardScaler(), ["a"])])
    model = make_pipeline(columns, Ridge()).fit(rows, y)
    near(written(model, rows)[1]["raw"], model.predict(rows))


def test_texts_where_numbers_are_due_and_a_step_unknown():
    with pytest.raises(Refused, match="texts"):
        written(StandardScaler().fit(TABLE[["a"]]), TABLE[["c"]])
    with pytest.raises(Refused, match="predicts"):
        ran(Pipeline([("first", Ridge().fit(X, Y)), ("last", Ridge())]), X)

    class Own:
        """A type that nobody writes."""

    with pytest.raises(Refused, match="Own"):
        ran(Own(), X)
