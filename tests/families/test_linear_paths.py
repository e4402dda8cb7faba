"""Ridge and logistic paths against scikit-learn, repeated rows, and hard matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families.logistic import Logistic
from etabli.families.newton import minimise
from etabli.families.ridge import PENALTIES, Ridge, path
from etabli.records import Data, Facts


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


def test_families_offer_one_path_a_recipe():
    for family, facts in ((Ridge(), Facts("regression", 0, 500, 9)), (Logistic(), Facts("binary", 2, 500, 9))):
        recipes = {}
        for setting in family.settings(facts):
            recipes.setdefault(setting.wants.hash, []).append(setting)
        assert len(recipes) == 2 and all(len({s.path for s in group}) == 1 for group in recipes.values())
