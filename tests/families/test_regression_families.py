"""Generalised, robust, Bayesian and log-linear regression, and boosted deviances, against scikit-learn, scipy, repeated rows and made data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families import ridge
from etabli.families.bayesridge import BayesRidge, deviation, write_deviation
from etabli.families.conformance import answers, sample
from etabli.families.conformance import facts as facts_of
from etabli.families.glm import GLM
from etabli.families.huber import Huber
from etabli.families.lightgbm import LightGBM
from etabli.families.logridge import LogRidge, leverages
from etabli.families.penalised import spread
from etabli.families.quantile import Quantile
from etabli.families.spline import Spline
from etabli.graph.graph import Graph
from etabli.graph.links import apply
from etabli.graph.run import run
from etabli.records import Data, Facts, Feature, Setting, Wants

FAMILIES = (GLM(), LogRidge(), Huber(), Quantile(), BayesRidge(), Spline())


def never():
    return False


def data(x, y, weight=None, task="regression", classes=0):
    features = tuple(Feature(f"column {i}", ()) for i in range(x.shape[1]))
    return Data(np.ascontiguousarray(x), y, features, task, classes, weight)


def fit(family, values, x, y, weight=None, **kind):
    return family.fit(Setting(family.name, values, Wants()), data(x, y, weight, **kind), never)


def made(rows=300, columns=6, seed=0):
    """Columns, the logarithm of the mean, weights."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)) @ (np.eye(columns) + 0.3 * random.normal(size=(columns, columns)))
    return x, 0.4 * x[:, 0] - 0.3 * x[:, 1], random.integers(1, 4, rows).astype(float), random


def drawn(power, eta, random):
    if power == 1:
        return random.poisson(np.exp(eta)).astype(float)
    amounts = np.exp(eta) * random.gamma(2, 0.5, len(eta))
    return amounts if power == 2 else amounts * (random.random(len(eta)) < 0.6)


def paths(family, known):
    """The first setting of each path, and its path."""
    found = {}
    for setting in family.settings(known):
        found.setdefault((setting.path, setting.wants.hash), []).append(setting)
    return list(found.values())


# every path ----------------------------------------------------------------------------------------------------------


def all_paths():
    known = replace(facts_of(sample("regression")), skewed=True)
    cases = [(family, path) for family in FAMILIES for path in paths(family, known)]
    return cases + [(LightGBM(), path) for path in paths(LightGBM(), known) if "objective" in path[0].values]


CASES = all_paths()


@pytest.mark.parametrize(("family", "path"), CASES, ids=[f"{f.name}-{p[0].path}-{p[0].wants.words}" for f, p in CASES])
def test_every_path_is_written_as_it_is(family, path):
    """The conformance tests try a family's first path; here are the others, with rows far from all that was learned from."""
    some = path[:2]
    kept = family.fit_path(some, sample("regression", wants=some[0].wants), never)
    assert [fitted.setting for fitted in kept] == some
    far = sample("regression", rows=300, seed=1, wants=some[0].wants).x
    far[:40] *= 1e3
    for fitted in kept:
        _, graph, native = answers(family, fitted, far, probe=fitted.exact)
        assert np.isfinite(native).all()
        if fitted.exact:
            assert np.array_equal(graph, native)
        else:
            assert np.abs(graph - native).max() <= 1e-13 * np.abs(native).max()


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_weights_are_repeated_rows(seed):
    x, eta, weight, random = made(80, 4, seed)
    y = drawn(2, eta, random) + 0.01
    repeated = np.repeat(np.arange(80), weight.astype(int))
    for family, values in (
        (GLM(), {"power": 2.0, "penalty": 0.01}),
        (GLM(), {"power": 1.0, "penalty": 0.01}),
        (Huber(), {"epsilon": 1.35, "penalty": 0.01}),
        (Quantile(), {"quantile": 0.5, "penalty": 0.01}),
    ):
        one, two = fit(family, values, x, y, 1000 * weight), fit(family, values, x[repeated], y[repeated])
        assert np.allclose(one.native(x), two.native(x), rtol=1e-6, atol=1e-7), family.name


@pytest.mark.parametrize("family", [BayesRidge(), LogRidge(), Spline()], ids=lambda f: f.name)
def test_only_the_ratios_of_weights_count(family):
    x, eta, weight, random = made()
    y, values = drawn(2, eta, random) + 0.01, {} if family.name == "bayesridge" else {"penalty": 0.01}
    one, two, three = (fit(family, values, x, y, w).native(x) for w in (weight, 1000 * weight, None))
    assert np.allclose(one, two, rtol=1e-9) and not np.allclose(one, three, rtol=1e-3)


# generalised linear models -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [1.0, 1.2, 1.5, 1.8, 2.0])
def test_glm_equals_scikit_learn(power):
    from sklearn.linear_model import TweedieRegressor

    x, eta, weight, random = made()
    y = drawn(power, eta, random) * 50
    mean = np.average(y, weights=weight)
    path = [Setting("glm", {"power": power, "penalty": penalty}, Wants()) for penalty in (1e-3, 0.1, 1.0)]
    for setting, fitted in zip(path, GLM().fit_path(path, data(x, y, weight), never), strict=True):
        theirs = TweedieRegressor(
            power=power, alpha=setting.values["penalty"], link="log", solver="newton-cholesky", tol=1e-10, max_iter=1000
        ).fit(x, y / mean, sample_weight=weight)
        assert np.allclose(fitted.arrays["weights"][:, 0], theirs.coef_, rtol=1e-6, atol=1e-8)
        assert np.isclose(fitted.arrays["bias"][0], theirs.intercept_ + np.log(mean), rtol=1e-7)


def test_glm_without_a_penalty_is_the_likelihood_s_maximum():
    from scipy.optimize import minimize
    from scipy.stats import poisson

    x, eta, _, random = made(200, 3)
    y = drawn(1, eta, random)
    best = minimize(lambda w: -poisson.logpmf(y, np.exp(x @ w[:3] + w[3])).mean(), np.zeros(4), tol=1e-10)
    fitted = fit(GLM(), {"power": 1.0, "penalty": 0.0}, x, y)
    assert np.allclose([*fitted.arrays["weights"][:, 0], fitted.arrays["bias"][0]], best.x, atol=1e-4)
    assert np.isclose(np.exp(fitted.native(x)).sum(), y.sum(), rtol=1e-7)  # Poisson's balance


def test_glm_is_offered_where_the_target_allows_it():
    def powers(range):
        return {s.values["power"] for s in GLM().settings(Facts("regression", 0, 100, 5, range=range))}

    assert powers("real") == set() and 2.0 not in powers("nonnegative") and powers("positive") == {1.0, 2.0}
    assert {1.0, 1.2, 1.5, 1.8} == powers("nonnegative")
    assert not LogRidge().settings(Facts("regression", 0, 100, 5, range="nonnegative"))
    with pytest.raises(ValueError, match="above zero"):
        fit(GLM(), {"power": 2.0, "penalty": 0.1}, np.ones((3, 1)), np.array([0.0, 1, 2]))
    with pytest.raises(ValueError, match="at least zero"):
        fit(GLM(), {"power": 1.0, "penalty": 0.1}, np.ones((3, 1)), np.array([-1.0, 1, 2]))


@pytest.mark.parametrize("family", [GLM(), LogRidge(), Spline()], ids=lambda f: f.name)
def test_far_rows_do_not_run_away(family):
    x, eta, _, random = made()
    y = drawn(2, eta, random) + 0.1
    fitted = fit(family, {"power": 1.0, "penalty": 1e-3} | ({"link": "log"} if family.name == "spline" else {}), x, y)
    inside, far = apply(fitted.native(x), "exp"), apply(fitted.native(1e6 * x), "exp")
    assert far.max() <= 2.0000001 * inside.max() and far.min() >= 0.4999999 * inside.min()


def test_targets_of_zeros_alone():
    x = made()[0]
    for family, values in ((GLM(), {"power": 1.0, "penalty": 0.1}), (LightGBM(), {"objective": "poisson", "n_estimators": 5})):
        fitted = fit(family, values, x, np.zeros(len(x)))
        _, graph, native = answers(family, fitted, x)
        assert np.array_equal(graph, native) and apply(native, fitted.link).max() < 1e-12


def test_a_group_without_events_keeps_the_weights_finite():
    x, eta, _, random = made()
    group = (np.arange(len(x)) % 10 == 0).astype(float)
    y = np.where(group == 1, 0.0, drawn(1, eta, random))
    fitted = fit(GLM(), {"power": 1.0, "penalty": 1e-4}, np.column_stack([x, group]), y)
    assert -20 < fitted.arrays["weights"][-1, 0] < -2


# logarithms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(60, 5), (20, 40)])
def test_leverages_give_the_predictions_without_a_row(rows, columns):
    x, eta, weight, random = made(rows, columns)
    y, penalty = eta + random.normal(size=rows), 0.05
    coefficients, intercept = ridge.path(x, y, weight, [penalty])
    h = leverages(x, weight, [penalty])[:, 0]
    fits = (x @ coefficients + intercept)[:, 0]
    for i in range(0, rows, 7):
        rest = np.arange(rows) != i
        kept = penalty * weight.sum() / weight[rest].sum()  # the same penalty in total
        one, level = ridge.path(x[rest], y[rest], weight[rest], [kept])
        assert np.isclose(y[i] - (x[i] @ one[:, 0] + level[0]), (y[i] - fits[i]) / (1 - h[i]), rtol=1e-8)


@pytest.mark.parametrize(("rows", "columns", "penalty"), [(500, 5, 1e-4), (500, 40, 1e-4), (500, 40, 0.1)])
def test_log_linear_predictions_have_the_right_mean(rows, columns, penalty):
    """On log-normal data; the factor matters: without it the mean is a quarter too low."""
    ratios, plain = [], []
    for seed in range(16):
        random = np.random.default_rng(seed)
        x, slopes = random.normal(size=(rows + 5_000, columns)), random.normal(size=columns)
        eta = x @ (0.6 * slopes / np.linalg.norm(slopes))
        y = np.exp(eta + 0.8 * random.normal(size=len(x)))
        fitted = fit(LogRidge(), {"penalty": penalty}, x[:rows], y[:rows])
        raw, true = fitted.native(x[rows:]), np.exp(eta[rows:] + 0.32).mean()
        ratios.append(np.exp(raw).mean() / true)
        plain.append(np.exp(raw - fitted.arrays["smearing"]).mean() / true)
    assert abs(np.mean(ratios) - 1) < 0.025 and np.mean(plain) < 0.8


# robust --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [1.35, 2.5])
def test_huber_equals_scikit_learn(epsilon):
    from sklearn.linear_model import HuberRegressor

    x, eta, weight, random = made()
    y = 100 + 30 * eta + 5 * random.standard_t(1.5, len(eta))
    centre, scale = spread(y, weight / weight.sum())
    for penalty in (1e-4, 0.1):
        ours = fit(Huber(), {"epsilon": epsilon, "penalty": penalty}, x, y, weight)
        theirs = HuberRegressor(epsilon=epsilon, alpha=penalty * weight.sum() / 2, tol=1e-9, max_iter=10_000)
        theirs.fit(x, (y - centre) / scale, sample_weight=weight)
        assert np.allclose(ours.arrays["weights"][:, 0] / scale, theirs.coef_, atol=2e-4)
        assert np.isclose((ours.arrays["bias"][0] - centre) / scale, theirs.intercept_, atol=2e-4)


def test_huber_is_not_dragged_along():
    x, eta, _, random = made()
    y = eta + 0.1 * random.normal(size=len(eta))
    wrong = np.where(np.arange(len(y)) % 12 == 0, 1e4, y)
    robust = fit(Huber(), {"epsilon": 1.35, "penalty": 1e-4}, x, wrong).native(x)[:, 0]
    plain = fit(ridge.Ridge(), {"penalty": 1e-4}, x, wrong).native(x)[:, 0]
    assert np.abs(robust - eta).max() < 0.2 < 10 < np.abs(plain - eta).max()


def test_targets_that_are_met_exactly():
    x, eta, _, _ = made()
    for family, values in ((Huber(), {"epsilon": 1.35, "penalty": 0.0}), (Quantile(), {"quantile": 0.5, "penalty": 1e-9})):
        assert np.abs(fit(family, values, x, 7 + eta).native(x)[:, 0] - 7 - eta).max() < 1e-3
        assert np.allclose(fit(family, values, x, np.full(len(x), 3.0)).native(x), 3, atol=1e-6)


@pytest.mark.parametrize(("rows", "columns", "excess"), [(400, 6, 1.001), (60, 6, 1.005)])
def test_median_regression_equals_linear_programming(rows, columns, excess):
    from sklearn.linear_model import QuantileRegressor

    x, eta, _, random = made(rows, columns)
    y = eta + random.gamma(1, 1.0, rows) * (1 + (x[:, 0] > 0))
    ours = fit(Quantile(), {"quantile": 0.5, "penalty": 1e-5}, x, y).native(x)[:, 0]
    best = np.abs(y - QuantileRegressor(quantile=0.5, alpha=0, solver="highs").fit(x, y).predict(x)).mean()
    assert best * (1 - 1e-9) <= np.abs(y - ours).mean() <= best * excess


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_quantiles_hold_their_share(level):
    x, eta, _, random = made(2000)
    y = eta + random.gamma(1, 1.0, 2000) * (1 + (x[:, 0] > 0))
    assert abs((y <= fit(Quantile(), {"quantile": level, "penalty": 1e-5}, x, y).native(x)[:, 0]).mean() - level) < 0.02


# Bayesian ridge ------------------------------------------------------------------------------------------------------


def twin(arrays, x):
    graph = Graph()
    made = write_deviation(graph, graph.input("X", "double", (None, x.shape[1])), arrays)
    return run(graph.model({"deviation": (made, "double", None)}), {"X": x})["deviation"]


@pytest.mark.parametrize(("rows", "columns"), [(400, 8), (40, 8)])
def test_bayesian_ridge_and_its_doubt_equal_scikit_learn(rows, columns):
    from sklearn.linear_model import BayesianRidge

    x, eta, _, random = made(rows, columns)
    x, y = x + 3, 50 * eta + 20 * random.normal(size=rows)
    other = 3 + 2 * random.normal(size=(100, columns))
    fitted = fit(BayesRidge(), {}, x, y)
    theirs = BayesianRidge(max_iter=100_000, tol=1e-13).fit(x, y)
    mean, doubt = theirs.predict(other, return_std=True)
    assert np.allclose(fitted.native(other)[:, 0], mean, rtol=1e-5, atol=1e-5 * y.std())
    level = fitted.arrays["noise"] / rows  # the intercept's doubt, which scikit-learn leaves out
    assert np.allclose(np.sqrt(deviation(fitted.arrays, other)[:, 0] ** 2 - level), doubt, rtol=1e-5)
    assert np.allclose(twin(fitted.arrays, other), deviation(fitted.arrays, other), rtol=1e-12)


def test_doubt_grows_where_no_row_was():
    x, eta, _, random = made(20, 40)
    fitted = fit(BayesRidge(), {}, x, eta + random.normal(size=20))
    beyond = random.normal(size=(50, 40))
    assert np.allclose(twin(fitted.arrays, beyond), deviation(fitted.arrays, beyond), rtol=1e-10)
    middle = deviation(fitted.arrays, x.mean(axis=0, keepdims=True))
    assert (deviation(fitted.arrays, 10 * beyond) > deviation(fitted.arrays, beyond)).all()
    assert np.isclose(middle[0, 0] ** 2, fitted.arrays["noise"] * (1 + 1 / 20))


def test_bayesian_intervals_hold_their_share():
    held = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        x, slopes = random.normal(size=(330, 15)), random.normal(size=15)
        y = x @ slopes + 2 * random.normal(size=330)
        fitted = fit(BayesRidge(), {}, x[:30], y[:30])
        held.append((np.abs(fitted.native(x[30:]) - y[30:, None]) <= 1.645 * deviation(fitted.arrays, x[30:])).mean())
    assert 0.85 < np.mean(held) < 0.95


# boosted trees with a logarithmic link -------------------------------------------------------------------------------


def test_boosted_deviances_are_offered_where_the_target_allows_it():
    def objectives(**known):
        settings = LightGBM().settings(Facts("regression", 0, 5_000, 8, **known))
        assert len({setting.name for setting in settings}) == len(settings)
        return {setting.values.get("objective") for setting in settings}

    assert objectives() == {None} and objectives(range="positive") == {None, "poisson"}
    assert objectives(range="nonnegative", skewed=True) == {None, "poisson", "tweedie"}
    assert objectives(range="positive", skewed=True) == {None, "poisson", "tweedie", "gamma"}
    assert {s.values.get("objective") for s in LightGBM().settings(Facts("binary", 2, 5_000, 8))} == {None}


@pytest.mark.parametrize("objective", ["poisson", "gamma", "tweedie"])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_boosted_deviances_do_not_know_the_target_s_unit(objective, scale):
    x, eta, weight, random = made(400)
    y = np.exp(eta) * random.gamma(4, 0.25, 400)
    values = {"objective": objective, "n_estimators": 30, "min_data_in_leaf": 5, "learning_rate": 0.1}
    one, two = (apply(fit(LightGBM(), values, x, y * s, weight).native(x), "exp") for s in (1.0, scale))
    assert np.allclose(two / scale, one, rtol=1e-4)  # labels are float32
    assert np.corrcoef(np.log(one[:, 0]), eta)[0, 1] > 0.85
    assert abs(np.average(one[:, 0], weights=weight) / np.average(y, weights=weight) - 1) < 0.1


def test_a_log_link_pays_on_a_skewed_target(shared):
    """Price of diamonds, on 2 400 rows learned and 1 600 held out, every family with a middle penalty."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(shared / "diamonds.parquet")
    rows = np.random.default_rng(0).permutation(table.num_rows)[:4_000]
    numbers = np.column_stack([table[name].to_numpy().astype(float)[rows] for name in ("carat", "depth", "table", "x", "y", "z")])
    words = [np.array(table[name].to_pylist())[rows] for name in ("cut", "color", "clarity")]
    flags = np.hstack([word[:, None] == np.unique(word) for word in words]).astype(float)
    x = np.hstack([(numbers - numbers[:2_400].mean(axis=0)) / numbers[:2_400].std(axis=0), flags])
    y = table["price"].to_numpy().astype(float)[rows]

    def error(family, **values):
        fitted = fit(family, {"penalty": 1e-3, **values}, x[:2_400], y[:2_400])
        return np.sqrt(((apply(fitted.native(x[2_400:]), fitted.link)[:, 0] - y[2_400:]) ** 2).mean())

    assert error(GLM(), power=1.0) < 0.85 * error(ridge.Ridge())
    assert error(Spline(), link="log") < 0.85 * error(Spline())
