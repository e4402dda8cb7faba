"""XGBoost and CatBoost beyond the contract: declared directions and groups, logarithmic losses, threads, columns without information."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etabli.families import family
from etabli.families.conformance import answers, sample
from etabli.records import Data, Facts, Feature

NAMES = ("xgboost", "catboost")
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 4))
SUM = X[:, 0] + np.sin(3 * X[:, 0]) - X[:, 1] + X[:, 1] * X[:, 2] + 0.3 * RANDOM.normal(size=400)


@pytest.fixture(autouse=True)
def installed(request):
    if "catboost" in request.node.name:
        pytest.importorskip("catboost")


def data(task="regression", y=None, directions=(0, 0, 0, 0)):
    features = tuple(Feature(str(i), (str(i),), direction=way) for i, way in enumerate(directions))
    y = SUM if y is None else y
    return Data(X, (y > 0).astype(np.int64) if task == "binary" else y, features, task, 2 if task == "binary" else 0)


def facts(of, **changes):
    return replace(Facts(of.task, of.classes, len(of.y), of.x.shape[1]), **changes)


def offered(name, of, trees=50, **changes):
    """A setting of each path, with so many trees."""
    found = {}
    for setting in family(name).settings(facts(of, **changes)):
        if setting.values["n_estimators"] == trees:
            found.setdefault(setting.path, setting)
    return found


def along(fitted, column):
    """Raw answers while one column runs over its range, for fifty rows."""
    rows = np.repeat(X[:50], 30, axis=0)
    rows[:, column] = np.tile(np.linspace(-3, 3, 30), 50)
    return fitted.native(rows)[:, 0].reshape(50, 30)


@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("name", NAMES)
def test_declared_directions_are_obeyed(name, task):
    for setting in offered(name, data()).values():
        free = family(name).fit(setting, data(task), lambda: False)
        assert (np.diff(along(free, 0)) < -1e-9).any()  # or there would be nothing to obey
        fitted = family(name).fit(setting, data(task, directions=(1, -1, 0, 0)), lambda: False)
        assert (np.diff(along(fitted, 0)) >= 0).all() and (np.diff(along(fitted, 1)) <= 0).all()


def test_only_features_that_may_do_interact():
    for setting in offered("xgboost", data()).values():
        for together, apart in (((), False), (((1, 2),), True)):
            fitted = family("xgboost").fit(setting, replace(data(), together=together), lambda: False)
            rows = np.zeros((16, 4))
            rows[:, 0], rows[:, 1] = np.repeat([-1, -0.2, 0.4, 2], 4), np.tile([-1, -0.3, 0.5, 2], 4)
            grid = fitted.native(rows).reshape(4, 4)
            mixed = np.abs(grid - grid[:1] - grid[:, :1] + grid[0, 0]).max()
            assert mixed < 1e-5 if apart else mixed > 1e-3


@pytest.mark.parametrize(("name", "range", "path"), [("xgboost", "positive", "gamma"), ("xgboost", "nonnegative", "Tweedie"), ("catboost", "nonnegative", "Tweedie")])  # fmt: skip
def test_long_tails_learn_a_logarithm(name, range, path):
    y = 300 * np.exp(SUM)
    if range == "nonnegative":
        y[SUM < -1] = 0.0
    of = data(y=y)
    assert path not in offered(name, of) and path not in offered(name, of, range=range)
    setting = offered(name, of, 200, range=range, skewed=True)[path]
    fitted = family(name).fit(setting, of, lambda: False)
    assert fitted.link == "exp"
    rows, graph, native = answers(family(name), fitted, X, probe=True)
    assert np.array_equal(graph, native) and len(rows) == 2000
    assert np.corrcoef(np.exp(fitted.native(X)[:, 0]), y)[0, 1] > 0.7
    assert 0.5 < np.exp(fitted.native(X)).mean() / y.mean() < 1.5  # on the scale of the target


@pytest.mark.parametrize("name", NAMES)
def test_threads_change_no_bit(name):
    of = sample("multiclass", 600, wants=next(iter(offered(name, data()).values())).wants)
    of = replace(of, x=np.nan_to_num(of.x), features=tuple(replace(feature, levels=0) for feature in of.features))
    setting = next(iter(offered(name, of).values()))
    one, four = (family(name).fit(setting, replace(of, threads=threads), lambda: False) for threads in (1, 4))
    assert np.array_equal(one.native(of.x), four.native(of.x))


@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("name", NAMES)
def test_columns_without_information(name, task):
    """One value everywhere: the mean, or the classes' shares."""
    of = replace(data(task), x=np.full((400, 4), np.nan))
    fitted = family(name).fit(next(iter(offered(name, data()).values())), of, lambda: False)
    _, graph, native = answers(family(name), fitted, X)
    assert np.array_equal(graph, native) and len(np.unique(native)) == 1
    mean = native[0, 0] if task == "regression" else 1 / (1 + np.exp(-native[0, 0]))
    assert mean == pytest.approx(of.y.mean(), abs=0.02)
