"""Discriminant analyses against scikit-learn and scipy, repeated rows, and hard matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families import qda
from etabli.families.conformance import answers
from etabli.families.lda import LEDOIT_WOLF, SHRINKAGES, Lda, ledoit_wolf, path
from etabli.families.qda import Qda, covariances, margins
from etabli.graph.links import apply
from etabli.records import Data, Facts


def never():
    return False


def made(rows=200, columns=6, classes=3, seed=0):
    random = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    x = random.normal(size=(rows, columns)) @ (np.eye(columns) + 0.4 * random.normal(size=(columns, columns)))
    x = x * (1 + 0.3 * y[:, None]) + random.normal(size=(classes, columns))[y]
    return x, y, random.integers(1, 4, rows).astype(float)


def fitted(family, x, y, classes, weight=None, place=0):
    task = "binary" if classes == 2 else "multiclass"
    setting = family.settings(Facts(task, classes, len(y), x.shape[1]))[place]
    return family.fit(setting, Data(x, y, (), task, classes, weight), never)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("shrinkage", [0.001, 0.03, 0.6])
def test_lda_equals_scikit_learn(classes, shrinkage):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    x, y, _ = made(classes=classes)
    y = np.where(np.arange(len(y)) < 60, 0, y)  # shares that differ
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage).fit(x, y)
    weights, bias = path(x, y, classes, None, [shrinkage])[0]
    assert np.allclose(apply(x @ weights + bias, "softmax"), theirs.predict_proba(x), atol=1e-9)
    model = fitted(Lda(), x, y, classes, place=SHRINKAGES.index(shrinkage))
    score = apply(model.native(x), model.link)
    assert np.allclose(score, theirs.predict_proba(x)[:, 1:] if classes == 2 else theirs.predict_proba(x), atol=1e-9)


@pytest.mark.parametrize(("rows", "columns"), [(200, 6), (20, 40)])
def test_ledoit_wolf_equals_scikit_learn(rows, columns):
    from sklearn.covariance import ledoit_wolf_shrinkage

    x = made(rows, columns)[0]
    x -= x.mean(axis=0)
    share = np.full(rows, 1 / rows)
    values = np.linalg.eigvalsh(x.T * share @ x)
    assert np.isclose(ledoit_wolf(x, share, values[values > 1e-10]), ledoit_wolf_shrinkage(x, assume_centered=True), rtol=1e-9)


def test_lda_with_more_columns_than_rows_is_the_plain_formula():
    x, y, _ = made(30, 80)
    weights, bias = path(x, y, 3, None, [0.2])[0]
    means = np.stack([x[y == k].mean(axis=0) for k in range(3)])
    pooled = (x - means[y]).T @ (x - means[y]) / 30
    pooled = 0.8 * pooled + 0.2 * np.trace(pooled) / 80 * np.eye(80)
    solved = np.linalg.solve(pooled, means.T)
    expected = x @ solved - 0.5 * np.sum(means.T * solved, axis=0) + np.log(1 / 3)
    got = x @ weights + bias  # a softmax does not know the level of its margins
    assert np.allclose(got - got.mean(axis=1, keepdims=True), expected - expected.mean(axis=1, keepdims=True), atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_lda_weights_are_repeated_rows(seed):
    x, y, weight = made(50, 4, seed=seed)
    again = np.repeat(np.arange(50), weight.astype(int))
    for shrinkage in (0.001, 0.2):
        one, two = path(x, y, 3, weight, [shrinkage])[0], path(x[again], y[again], 3, None, [shrinkage])[0]
        assert np.allclose(one[0], two[0], rtol=1e-7, atol=1e-8) and np.allclose(one[1], two[1], rtol=1e-7, atol=1e-8)


def test_lda_is_finite_when_classes_are_points():
    x = np.repeat(np.array([[0.0, 1.0], [2.0, 1.0]]), 3, axis=0)
    for weights, bias in path(x, np.repeat([0, 1], 3), 2, None, SHRINKAGES):
        assert np.isfinite(weights).all() and ((x @ weights + bias).argmax(axis=1) == [0, 0, 0, 1, 1, 1]).all()


@pytest.mark.parametrize("classes", [2, 4])
def test_qda_equals_scikit_learn(classes, monkeypatch):
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    monkeypatch.setattr(qda, "FLOOR", 0.0)
    monkeypatch.setattr(qda, "AMOUNTS", ((0.0, 0.0),))
    x, y, _ = made(classes=classes)
    y = np.where(np.arange(len(y)) < 60, 0, y)
    theirs = QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=1e-15).fit(x, y)
    model = fitted(Qda(), x, y, classes)
    score = apply(model.native(x), model.link)
    assert np.allclose(score, theirs.predict_proba(x)[:, 1:] if classes == 2 else theirs.predict_proba(x), atol=1e-9)


def test_qda_is_the_density_of_its_covariances():
    from scipy.stats import multivariate_normal

    x, y, weight = made()
    model = fitted(Qda(), x, y, 3, weight)
    values = model.setting.values
    shares, means, covariance = covariances(x, y, 3, weight, values["pooled"], values["diagonal"])
    density = [
        np.log(shares[k]) + multivariate_normal(means[k], covariance[k] + qda.FLOOR * np.eye(6)).logpdf(x) + 3 * np.log(2 * np.pi)
        for k in range(3)
    ]
    assert np.allclose(model.native(x), np.column_stack(density), atol=1e-9)


def test_covariances_go_from_each_class_to_all_and_to_the_diagonal():
    x, y, weight = made()
    own, mixed, pooled = (covariances(x, y, 3, weight, amount, 0.0)[2] for amount in (0.0, 0.5, 1.0))
    assert np.allclose(own[1], np.cov(x[y == 1].T, aweights=weight[y == 1], ddof=0))
    assert np.allclose(pooled[0], pooled[2]) and not np.allclose(own[0], own[2])
    assert np.linalg.norm(mixed[0] - pooled[0]) < np.linalg.norm(own[0] - pooled[0])
    diagonal = covariances(x, y, 3, weight, 0.0, 1.0)[2]
    assert np.allclose(diagonal[1], np.diag(np.diag(own[1])))


def test_a_small_class_borrows_more():
    x, y, _ = made(300)
    y = np.where((y == 2) & (np.arange(300) > 12), 0, y)  # four rows are left of the last class
    own, mixed = (covariances(x, y, 3, None, amount, 0.0)[2] for amount in (0.0, 0.1))
    moved = [np.linalg.norm(mixed[k] - own[k]) / np.linalg.norm(own[k]) for k in range(3)]
    assert moved[2] > 5 * max(moved[:2])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_qda_is_sound_on_hard_matrices(place):
    """Collinear, constant and huge cells, a class of one row, a class without rows."""
    x, y, _ = made(90)
    x = np.column_stack([x, x[:, 0] + x[:, 1], np.full(90, 3.0), np.where(y == 0, 0.0, x[:, 0])])
    y = np.where((y == 2) & (np.arange(90) > 2), 1, y)
    assert (y == 2).sum() == 1
    model = fitted(Qda(), x, y, 4, place=place)
    odd = np.vstack([x, 1e300 * x[:3], -1e6 * x[:3]])
    score = apply(model.native(odd), model.link)
    assert np.isfinite(score).all() and score[:90, 3].max() < 0.5 and (score[:90].argmax(axis=1) == y).mean() > 0.7
    _, graph, native = answers(Qda(), model, odd)
    assert np.abs(graph - native).max() <= 1e-13 * np.abs(native).max()


def test_qda_projects_many_columns(monkeypatch):
    random = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = np.column_stack([random.normal(size=(120, 2)) * (1 + 4 * y[:, None]), 0.01 * random.normal(size=(120, 30))])
    monkeypatch.setattr(qda, "COLUMNS", 5)
    model = fitted(Qda(), x, y, 2)
    assert model.arrays["project"].shape == (32, 5)
    assert ((margins(x, model.arrays)[:, 0] > 0) == y).mean() > 0.8
    wide = fitted(Qda(), x[:20], y[:20], 2)  # fewer rows than columns: through the rows' inner products
    assert wide.arrays["project"].shape == (32, 5) and np.isfinite(wide.native(x)).all()


def test_lda_offers_one_path_a_recipe():
    offered = Lda().settings(Facts("binary", 2, 500, 9, 1, 50))
    assert {s.path for s in offered} == {"shrinkage"} and len({s.wants.hash for s in offered}) == 2
    assert offered[0].values["shrinkage"] == LEDOIT_WOLF
