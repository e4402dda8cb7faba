from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import LabelBinarizer, OneHotEncoder, OrdinalEncoder, TargetEncoder

from etabli.estimators import Refused
from tests.estimators.frames import same, table, written

TABLE = table()
NEW = table(200, 7)
NEW.loc[::9, "c"] = "unseen"
NEW.loc[::11, "d"] = np.nan
NEW.loc[::13, "whole"] = 77.0
NEW.loc[::17, "whole"] = np.nan
COLUMNS = ["c", "d", "e", "whole"]


@pytest.mark.parametrize("drop", [None, "first", "if_binary"])
@pytest.mark.parametrize("rare", [{}, {"min_frequency": 20}, {"max_categories": 3}])
@pytest.mark.parametrize("unknown", ["ignore", "infrequent_if_exist"])
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_one_hot(drop, rare, unknown):
    encoder = OneHotEncoder(handle_unknown=unknown, drop=drop, **rare).fit(TABLE[COLUMNS])
    same(encoder, NEW[COLUMNS])


def test_one_hot_that_drops_named_categories():
    encoder = OneHotEncoder(drop=["red", "z3", np.nan, 1.0]).fit(TABLE[COLUMNS])
    same(encoder, TABLE[COLUMNS])


def test_one_hot_that_raises_gives_nan_for_unseen_only():
    encoder = OneHotEncoder(sparse_output=False).fit(TABLE[["c", "e"]])
    same(encoder, TABLE[["c", "e"]])
    found = written(encoder, NEW[["c", "e"]])[1]["part0"]
    unseen = (NEW["c"] == "unseen").to_numpy()
    assert np.isnan(found[unseen, :5]).all() and not np.isnan(found[~unseen]).any() and not np.isnan(found[:, 5:]).any()


def test_one_hot_of_given_categories_flags_and_zeros():
    x = pd.DataFrame({"flag": [True, False, True], "zero": [0.0, -0.0, 2.0], "huge": [1e300, 5e-324, -1.5]})
    same(OneHotEncoder().fit(x), x)
    given = OneHotEncoder(categories=[["blue", "red"], [3.0, 4.0]], handle_unknown="ignore").fit(TABLE[["c", "whole"]])
    same(given, NEW[["c", "whole"]])


@pytest.mark.parametrize("rare", [{}, {"min_frequency": 20}, {"max_categories": 3}])
@pytest.mark.parametrize("unknown", [-1, np.nan, 99])
def test_ordinal(rare, unknown):
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=unknown, encoded_missing_value=-2, **rare)
    same(encoder.fit(TABLE[COLUMNS]), NEW[COLUMNS])


def test_ordinal_that_raises():
    same(OrdinalEncoder().fit(TABLE[COLUMNS]), TABLE[COLUMNS])
    found = written(OrdinalEncoder().fit(TABLE[["c"]]), NEW[["c"]])[1]["part0"]
    assert np.array_equal(np.isnan(found[:, 0]), NEW["c"] == "unseen")


@pytest.mark.parametrize("kind", ["binary", "continuous", "multiclass"])
@pytest.mark.parametrize("smooth", ["auto", 5.0])
def test_target(kind, smooth):
    y = TABLE["a"].to_numpy()
    target = {"binary": y > 0.3, "continuous": y, "multiclass": np.array(["x", "y", "z"])[np.digitize(y, [-0.4, 0.5])]}[kind]
    encoder = TargetEncoder(smooth=smooth)
    encoder.fit(TABLE[COLUMNS], target)
    same(encoder, NEW[COLUMNS])


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"], [1.0, 2.0, 5.0]])
def test_label_binarizer(labels):
    column = pd.DataFrame({"y": np.resize(np.array(labels, object if isinstance(labels[0], str) else float), 9)})
    binarizer = LabelBinarizer(neg_label=-1, pos_label=3).fit(column["y"])
    found = written(binarizer, column)[1]["part0"]
    assert np.array_equal(found, binarizer.transform(column["y"]))


def test_what_cannot_be_told_apart_is_refused():
    both = pd.DataFrame({"c": np.array(["a", None, np.nan, "b"] * 5, object)}, dtype=object)
    with pytest.raises(Refused, match="None and NaN"):
        written(OneHotEncoder().fit(both), both)
    empty = pd.DataFrame({"c": np.array(["a", "", "b"] * 5, object)})
    with pytest.raises(Refused, match="empty text"):
        written(OneHotEncoder().fit(empty), empty)
    with pytest.raises(Refused, match="float32"):
        written(OneHotEncoder(dtype=np.float32).fit(TABLE[["c"]]), TABLE[["c"]])
