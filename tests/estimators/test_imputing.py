from __future__ import annotations

import numpy as np
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer

from etabli.estimators import Refused
from tests.estimators.frames import same, table, written
from tests.estimators.oracle import agrees, data, ran

X = np.where(np.random.default_rng(1).random((400, 5)) < 0.2, np.nan, data()[0])
TABLE = table()


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("flags", [False, True])
def test_numbers(strategy, flags):
    imputer = SimpleImputer(strategy=strategy, add_indicator=flags).fit(X[:200])
    _, found = ran(imputer, X)
    assert np.array_equal(found["values"], imputer.transform(X))


def test_missing_value_of_its_own():
    x = np.where(np.isnan(X), -999.0, X)
    imputer = SimpleImputer(missing_values=-999, add_indicator=True).fit(x)
    _, found = ran(imputer, x)
    assert np.array_equal(found["values"], imputer.transform(x))


@pytest.mark.filterwarnings("ignore:Skipping features")
@pytest.mark.parametrize("keep", [False, True])
def test_a_column_without_any_value(keep):
    x = X.copy()
    x[:, 2] = np.nan
    imputer = SimpleImputer(keep_empty_features=keep, add_indicator=True).fit(x)
    _, found = ran(imputer, x)
    assert np.array_equal(found["values"], imputer.transform(x))


@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
def test_texts(strategy):
    columns = TABLE[["c", "e"]].astype(object)
    imputer = SimpleImputer(strategy=strategy, fill_value="none" if strategy == "constant" else None, add_indicator=True)
    same(imputer.fit(columns), columns)


def test_texts_and_numbers_together():
    columns = TABLE[["m", "e", "b"]].astype({"e": object})
    same(SimpleImputer(strategy="most_frequent").fit(columns), columns)


def test_a_number_for_texts_is_refused():
    columns = TABLE[["e"]].astype(object)
    with pytest.raises(Refused, match="number"):
        written(SimpleImputer(strategy="constant", fill_value=3).fit(columns), columns)


@pytest.mark.parametrize("features", ["missing-only", "all"])
def test_indicator(features):
    x = X.copy()
    x[:, 1] = 0.0
    marks = MissingIndicator(features=features).fit(x)
    _, found = ran(marks, x)
    assert np.array_equal(found["values"], marks.transform(x))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_iterative():
    agrees(IterativeImputer(max_iter=4, random_state=0, add_indicator=True).fit(X), X)
    agrees(IterativeImputer(max_iter=3, random_state=0, min_value=-5, max_value=40, n_nearest_features=2).fit(X), X)
    complete = data()[0]
    agrees(IterativeImputer(max_iter=3, random_state=0).fit(complete), complete)


def test_neighbours_are_refused():
    with pytest.raises(Refused, match="equally far donors"):
        ran(KNNImputer().fit(X), X)
