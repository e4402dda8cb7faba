"""Linear families against scikit-learn and scipy, their optimality conditions, repeated rows, and hard matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families import families, gaussian, proximal, quasi
from etabli.families.lasso import PENALTIES as SPARSE
from etabli.families.logistic import Logistic
from etabli.families.newton import minimise
from etabli.families.ols import LeastSquares
from etabli.families.ridge import PENALTIES, Ridge, path
from etabli.records import Data, Facts, Feature, Setting


def never():
    return False


def made(rows=200, columns=8, classes=3, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)) @ (np.eye(columns) + 0.4 * random.normal(size=(columns, columns)))
    margins = x @ random.normal(size=(columns, classes)) + random.gumbel(size=(rows, classes))
    return x, margins[:, 0], margins.argmax(axis=1), random.integers(1, 4, rows).astype(float)


@pytest.mark.parametrize(("rows", "columns"), [(200, 8), (20, 50)])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_equals_scikit_learn(rows, columns, weighted):
    from sklearn.linear_model import Ridge as Theirs

    x, y, _, weight = made(rows, columns)
    weight = weight if weighted else np.ones(rows)
    penalties = [1e-4, 0.1, 10.0]
    coefficients, intercepts = path(x, y, weight if weighted else None, penalties)
    for i, penalty in enumerate(penalties):
        model = Theirs(alpha=penalty * weight.sum(), solver="cholesky", tol=1e-12).fit(x, y, sample_weight=weight)
        assert np.allclose(coefficients[:, i], model.coef_, rtol=1e-7, atol=1e-8)
        assert np.isclose(intercepts[i], model.intercept_, rtol=1e-7, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_ridge_weights_are_repeated_rows(seed):
    x, y, _, weight = made(40, 5, seed=seed)
    repeated = np.repeat(np.arange(40), weight.astype(int))
    one, two = path(x, y, weight, PENALTIES), path(x[repeated], y[repeated], None, PENALTIES)
    assert np.allclose(one[0], two[0], rtol=1e-9, atol=1e-10) and np.allclose(one[1], two[1], rtol=1e-9, atol=1e-10)
    assert np.allclose(path(x, y, 1000 * weight, PENALTIES)[0], one[0], rtol=1e-9, atol=1e-10)


def test_ridge_is_sound_with_constant_duplicate_and_huge_columns():
    x, y, _, _ = made()
    hard = np.column_stack([x, x[:, 0], np.full(len(x), 1e8), x[:, 1] * 1e-9, np.zeros(len(x))])
    coefficients, intercepts = path(hard, y, None, [1e-6])
    plain, _ = path(x, y, None, [1e-6])
    assert abs(coefficients[9, 0]) < 1e-9 and coefficients[11, 0] == 0 and np.isclose(coefficients[0, 0], coefficients[8, 0])
    assert np.isclose(coefficients[0, 0] + coefficients[8, 0], plain[0, 0], rtol=1e-3)
    assert (
        np.abs(hard @ coefficients[:, 0] + intercepts[0] - y).mean()
        < 1.01 * np.abs(x @ plain[:, 0] + path(x, y, None, [1e-6])[1] - y).mean()
    )


def test_ridge_path_shrinks():
    x, y, _, _ = made()
    norms = np.linalg.norm(path(x, y, None, sorted(PENALTIES))[0], axis=0)
    assert (np.diff(norms) < 0).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_equals_scikit_learn(classes, weighted):
    from sklearn.linear_model import LogisticRegression

    x, _, y, weight = made(300, 6, classes)
    weight = weight if weighted else np.ones(300)
    penalties = [1e-3, 1e-1]
    w = minimise(x, y, 1 if classes == 2 else classes, weight if weighted else None, penalties, never)
    for i, penalty in enumerate(penalties):
        theirs = LogisticRegression(C=1 / (penalty * weight.sum()), solver="newton-cg", tol=1e-10, max_iter=1000).fit(
            x, y, sample_weight=weight
        )
        margins = x @ w[:-1, :, i] + w[-1, :, i]
        expected = theirs.decision_function(x).reshape(margins.shape)
        if classes > 2:  # a softmax does not know the level of its margins
            margins, expected = margins - margins.mean(axis=1, keepdims=True), expected - expected.mean(axis=1, keepdims=True)
        assert np.abs(margins - expected).max() < 1e-5


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_weights_are_repeated_rows(classes):
    x, _, y, weight = made(60, 5, classes)
    repeated = np.repeat(np.arange(60), weight.astype(int))
    outputs = 1 if classes == 2 else classes
    one = minimise(x, y, outputs, weight, [1e-3, 1e-1], never)
    two = minimise(x[repeated], y[repeated], outputs, None, [1e-3, 1e-1], never)
    assert (
        np.abs(one - one.mean(axis=1, keepdims=True) * (outputs > 1) - two + two.mean(axis=1, keepdims=True) * (outputs > 1)).max() < 1e-5
    )


@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_gradient_vanishes_on_hard_matrices(classes):
    """Separable, with duplicate and constant columns: the gradient of the mean loss is below 1e-8 at every penalty."""
    x, _, y, _ = made(150, 6, classes)
    x[:, 0] += 8 * y
    hard = np.column_stack([x, x[:, 0], np.full(len(x), 3.0)])
    penalties = [float(f"{10 ** (k / 2):.3g}") for k in range(-11, 1)]
    outputs = 1 if classes == 2 else classes
    w = minimise(hard, y, outputs, None, penalties, never)
    ones = np.column_stack([hard, np.ones(len(hard))])
    for i, penalty in enumerate(penalties):
        z = ones @ w[:, :, i]
        probability = (
            1 / (1 + np.exp(-z))
            if outputs == 1
            else np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)
        )
        wanted = y[:, None] if outputs == 1 else y[:, None] == np.arange(classes)
        shrink = penalty * w[:, :, i]
        shrink[-1] = 0
        assert np.abs(ones.T @ (probability - wanted) / len(y) + shrink).max() < 1e-8


def test_blocks_of_penalties_and_sparse_matrices_give_the_same(monkeypatch):
    from etabli.families import newton

    x, _, y, _ = made(100, 5, 3)
    whole = minimise(x, y, 3, None, [1e-3, 1e-1, 1e-2], never)
    monkeypatch.setattr(newton, "BLOCK", 300)
    assert np.abs(minimise(x, y, 3, None, [1e-3, 1e-1, 1e-2], never) - whole).max() < 1e-5
    monkeypatch.setattr(newton, "EIGEN_COLUMNS", 2)
    assert np.abs(minimise(x, y, 3, None, [1e-3, 1e-1, 1e-2], never) - whole).max() < 1e-5
    monkeypatch.setattr(newton, "LARGE", 0)
    monkeypatch.setattr(newton, "SPARSE", 1.0)
    assert np.abs(minimise(x, y, 3, None, [1e-3, 1e-1, 1e-2], never) - whole).max() < 1e-5


def test_absent_class_gets_small_finite_odds():
    x, _, y, _ = made(100, 5, 2)
    fitted = Logistic().fit(Logistic().settings(Facts("multiclass", 3, 100, 5))[0], Data(x, y, (), "multiclass", 3), never)
    from etabli.graph.links import apply

    share = apply(fitted.native(x), "softmax")[:, 2]
    assert 0 < share.mean() < 0.05 and share.min() > 1e-6


def test_families_offer_one_squared_path_a_recipe():
    for family, facts in ((Ridge(), Facts("regression", 0, 500, 9)), (Logistic(), Facts("binary", 2, 500, 9))):
        first = [setting.wants.hash for setting in family.settings(facts) if setting.path == "penalty"]
        assert len(set(first)) == 2 and first == sorted(first, key=first.index)
    paths = list(dict.fromkeys((setting.path, setting.wants.numbers) for setting in Logistic().settings(Facts("binary", 2, 500, 9))))
    assert paths == [("penalty", "scaled"), ("penalty", "rank"), ("l1_ratio=1", "scaled"), ("l1_ratio=0.5", "scaled")]


# sparse paths ----------------------------------------------------------------------------------------------------------


def missed(fold, coefficients, penalties, l1_ratio, direction=None):
    """By how much the optimality conditions of the elastic net are missed, at worst, on a target of unit spread."""
    told = np.zeros(fold.z.shape[1]) if direction is None else direction
    worst = 0.0
    for b, penalty in zip((coefficients / fold.spread).T, penalties, strict=True):
        slope = fold.z.T @ (fold.t / fold.spread - fold.z @ b) - penalty * (1 - l1_ratio) * b
        free = np.where(told * slope >= 0, np.maximum(np.abs(slope) - penalty * l1_ratio, 0), 0)
        worst = max(worst, np.where(b != 0, np.abs(slope - penalty * l1_ratio * np.sign(b)), free).max())
        assert (told * b >= 0).all()
    return worst


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_paths_equal_scikit_learn(l1_ratio, weighted):
    from sklearn.linear_model import ElasticNet as Theirs

    x, y, _, weight = made(150, 8)
    fold = gaussian.centred(x, y, weight if weighted else None)
    penalties = [0.3, 0.03, 0.001]
    ours = gaussian.sparse([fold], penalties, l1_ratio, [None], never)[0]
    for i, penalty in enumerate(penalties):
        theirs = Theirs(alpha=penalty * fold.spread, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000)
        # their squared penalty has no unit of the target, so its part is made ours
        b = theirs.fit(x, y / fold.spread, sample_weight=weight if weighted else None) if l1_ratio < 1 else None
        if b is not None:
            theirs.set_params(alpha=penalty).fit(x, y / fold.spread, sample_weight=weight if weighted else None)
            assert np.allclose(ours[:, i], theirs.coef_ * fold.spread, atol=1e-7)
        else:
            theirs.fit(x, y, sample_weight=weight if weighted else None)
            assert np.allclose(ours[:, i], theirs.coef_, atol=1e-7)
        assert np.array_equal(ours[:, i] == 0, theirs.coef_ == 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 0.5, 0.05]), st.booleans())
def test_sparse_paths_are_optimal_on_dependent_columns(seed, l1_ratio, signed):
    """Levels that add to one, copies, sums, opposites, constants, nearly equal columns."""
    random = np.random.default_rng(seed)
    levels, z = np.eye(5)[random.integers(0, 5, 120)], random.normal(size=(120, 5))
    near = z[:, [4]] + 1e-9 * random.normal(size=(120, 1))
    x = np.hstack([levels, z, z[:, :2], -z[:, [3]], z[:, [0]] + z[:, [1]], np.full((120, 1), 3.0), near])
    y = x @ random.normal(size=x.shape[1]) + random.normal(size=120)
    direction = random.integers(-1, 2, x.shape[1]) if signed else None
    fold = gaussian.centred(x, y, random.integers(0, 3, 120) + 0.1)
    penalties = [10 ** (-k / 3) for k in range(1, 14)]
    assert missed(fold, gaussian.sparse([fold], penalties, l1_ratio, [direction], never)[0], penalties, l1_ratio, direction) < 1e-8


@pytest.mark.parametrize(("rows", "columns"), [(40, 900), (60, 200), (90, 80)])
def test_sparse_paths_are_optimal_on_wide_data(rows, columns):
    random = np.random.default_rng(0)
    fold = gaussian.centred(random.normal(size=(rows, columns)), random.normal(size=rows), None)
    for l1_ratio in (1.0, 0.5):
        found = gaussian.sparse([fold], SPARSE, l1_ratio, [None], never)[0]
        assert missed(fold, found, SPARSE, l1_ratio) < 1e-8
        assert (found[:, np.argmax(SPARSE)] != 0).sum() < rows


def test_an_even_working_set_gives_the_path_of_all_columns(monkeypatch):
    x, y, _, _ = made(80, 30)
    fold = gaussian.centred(x, y, None)
    whole = gaussian.sparse([fold], SPARSE, 1.0, [None], never)[0]
    monkeypatch.setattr(gaussian, "GRAM", 1)
    assert np.abs(gaussian.sparse([fold], SPARSE, 1.0, [None], never)[0] - whole).max() < 1e-9


# folds together and alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ols", "ridge", "lasso", "elasticnet", "logistic"])
@pytest.mark.parametrize("columns", [7, 70])
def test_folds_together_are_folds_alone_bit_for_bit(name, columns):
    member = families()[name]
    task = "binary" if name == "logistic" else "regression"
    path = [s for s in member.settings(Facts(task, 2, 100, columns)) if s.wants.numbers == "scaled"]
    path = [s for s in path if s.path == path[-1].path]
    folds = []
    for seed, (rows, extra) in enumerate([(100, 0), (101, 0), (90, 1), (60, 0)]):  # a fold may have more columns than another
        x, y, classes, weight = made(rows, columns + extra, 2, seed)
        folds.append(Data(x, classes if task == "binary" else y, (), task, 2, weight if seed == 3 else None))
    together = member.fit_folds(path, folds, never)
    for data, models in zip(folds, together, strict=True):
        for one, other in zip(models, member.fit_path(path, data, never), strict=True):
            assert np.array_equal(one.arrays["weights"], other.arrays["weights"])
            assert np.array_equal(one.arrays["bias"], other.arrays["bias"])


# least squares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(120, 6), (20, 60)])
def test_least_squares_equal_scikit_learn(rows, columns):
    from sklearn.linear_model import LinearRegression

    x, y, _, weight = made(rows, columns)
    x = np.column_stack([x, x[:, 0], np.full(rows, 4.0)])
    fitted = LeastSquares().fit(
        LeastSquares().settings(Facts("regression", 0, rows, columns))[0], Data(x, y, (), "regression", 0, weight), never
    )
    theirs = LinearRegression().fit(x, y, sample_weight=weight)
    assert np.allclose(fitted.arrays["weights"][:, 0], theirs.coef_, atol=1e-9)  # both the shortest
    assert np.allclose(fitted.native(x)[:, 0], theirs.predict(x), atol=1e-9)


# declared directions -----------------------------------------------------------------------------------------------------


def declared(columns, direction):
    return tuple(Feature(f"c{i}", (f"c{i}",), direction=int(d)) for i, d in zip(range(columns), direction, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["ols", "ridge"]), st.sampled_from([(60, 6), (15, 40)]))
def test_signed_least_squares_equal_scipy(seed, name, shape):
    from scipy.optimize import lsq_linear

    rows, columns = shape
    if name == "ols" and columns > rows:
        return  # many answers are best
    x, y, _, _ = made(rows, columns, seed=seed)
    direction = np.random.default_rng(seed).integers(-1, 2, columns)
    member = families()[name]
    setting = next(s for s in member.settings(Facts("regression", 0, rows, columns)) if s.values.get("penalty", 0.1) == 0.1)
    fitted = member.fit(setting, Data(x, y, declared(columns, direction), "regression"), never)
    z, t = (x - x.mean(axis=0)) / rows**0.5, (y - y.mean()) / rows**0.5
    if name == "ridge":
        z, t = np.vstack([z, 0.1**0.5 * np.eye(columns)]), np.append(t, np.zeros(columns))
    limits = np.where(direction > 0, 0, -np.inf), np.where(direction < 0, 0, np.inf)
    theirs = lsq_linear(z, t, limits, method="bvls", tol=1e-14).x if direction.any() else np.linalg.lstsq(z, t)[0]
    assert np.allclose(fitted.arrays["weights"][:, 0], theirs, atol=1e-7)
    assert (direction * fitted.arrays["weights"][:, 0] >= 0).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([{}, {"l1_ratio": 1.0}]), st.sampled_from([(80, 5), (25, 40)]))
def test_signed_logistic_is_optimal(seed, more, shape):
    x, _, y, weight = made(*shape, 2, seed)
    direction = np.random.default_rng(seed).integers(-1, 2, shape[1])
    chosen = Setting("logistic", {**more, "penalty": 0.01}, Logistic().settings(Facts("binary", 2, 80, 5))[0].wants)
    fitted = Logistic().fit(chosen, Data(x, y, declared(shape[1], direction), "binary", 2, weight), never)
    w, share = fitted.arrays["weights"][:, 0], weight / weight.sum()
    residual = share * (1 / (1 + np.exp(-fitted.native(x)[:, 0])) - y)
    l1, l2 = (0.01, 0.0) if more else (0.0, 0.01)
    slope = -(x.T @ residual) - l2 * w
    free = np.where(direction * slope >= 0, np.maximum(np.abs(slope) - l1, 0), 0)
    assert np.where(w != 0, np.abs(slope - l1 * np.sign(w)), free).max() < 1e-7 and abs(residual.sum()) < 1e-7
    assert (direction * w >= 0).all()


# sparse logistic regression ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("classes", [2, 3])
def test_sparse_logistic_equals_scikit_learn(classes, l1_ratio):
    from sklearn.linear_model import LogisticRegression

    x, _, y, weight = made(150, 6, classes)
    penalties = [1e-3, 3e-2]
    w = proximal.path(x, y, 1 if classes == 2 else classes, weight, penalties, l1_ratio, None, never)
    for i, penalty in enumerate(penalties):
        theirs = LogisticRegression(C=1 / (penalty * weight.sum()), l1_ratio=l1_ratio, solver="saga", tol=1e-7, max_iter=20_000)
        theirs.fit(x, y, sample_weight=weight)
        margins = x @ w[:-1, :, i] + w[-1, :, i]
        expected = theirs.decision_function(x).reshape(margins.shape)
        if classes > 2:
            margins, expected = margins - margins.mean(axis=1, keepdims=True), expected - expected.mean(axis=1, keepdims=True)
        assert np.abs(margins - expected).max() < 1e-4


@pytest.mark.parametrize("joint", [10**6, 0])
def test_sparse_logistic_is_optimal_on_wide_data(joint, monkeypatch):
    monkeypatch.setattr(proximal, "JOINT", joint)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 300)), random.integers(0, 3, 40)
    penalties = [0.1, 0.03, 0.01]
    w = proximal.path(x, y, 3, None, penalties, 1.0, None, never)
    for i, penalty in enumerate(penalties):
        z = x @ w[:-1, :, i] + w[-1, :, i]
        power = np.exp(z - z.max(axis=1, keepdims=True))
        slope = -x.T @ (power / power.sum(axis=1, keepdims=True) - np.eye(3)[y]) / 40
        b = w[:-1, :, i]
        assert np.where(b != 0, np.abs(slope - penalty * np.sign(b)), np.maximum(np.abs(slope) - penalty, 0)).max() < 1e-7
        assert 0 < (b != 0).sum() < 120


def test_quasi_newton_equals_newton_and_leaves_the_rest(monkeypatch):
    """Many rows (a tenth first), a plane that separates the classes, values beyond single precision."""
    x, _, y, weight = made(300, 5, 2)
    share = weight / weight.sum()
    monkeypatch.setattr(quasi, "MANY", 100)
    w, done = quasi.minimise(x, y, share, [1e-4, 1e-2, 1.0], 1e-9, never)
    monkeypatch.setattr(quasi, "PASSES", 0)
    truth = minimise(x, y, 1, weight, [1e-4, 1e-2, 1.0], never)[:, 0]  # all of it by newton.py
    assert done.all() and np.abs(w - truth).max() < 1e-5
    assert not quasi.minimise(1e300 * np.sign(x), y, share, [1.0], 1e-9, never)[1].any()
