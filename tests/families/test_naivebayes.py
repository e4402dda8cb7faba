"""Naive Bayes against scikit-learn, missing and unseen cells, repeated rows."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.families.naivebayes import WAYS, NaiveBayes, densities, margins, shares
from etabli.graph.links import apply
from etabli.graph.run import run
from etabli.records import Data, Facts, Feature, Setting, Wants

LEVELS = (0, 0, 4, 3)


def never():
    return False


def made(rows=300, classes=3, seed=0, gaps=0.0):
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, rows)
    x = np.column_stack(
        [
            random.normal(size=rows) * (1 + y) + y,
            random.normal(size=rows) - y,
            (random.integers(0, 4, rows) + y) % 4,
            random.integers(0, 3, rows),
        ]
    )
    x[random.random(x.shape) < gaps] = np.nan
    return x, y.astype(np.int64)


def fitted(values, x, y, classes=3, weight=None):
    task = "binary" if classes == 2 else "multiclass"
    features = tuple(Feature(str(i), (str(i),), levels) for i, levels in enumerate(LEVELS))
    return NaiveBayes().fit(Setting("naivebayes", values, Wants()), Data(x, y, features, task, classes, weight), never)


@pytest.mark.parametrize("weighted", [False, True])
def test_densities_equal_gaussian_nb(weighted):
    from sklearn.naive_bayes import GaussianNB

    x, y = made()
    z = (x[:, :2] - x[:, :2].mean(axis=0)) / x[:, :2].std(axis=0)
    weight = np.random.default_rng(1).integers(1, 4, len(y)).astype(float) if weighted else np.ones(len(y))
    theirs = GaussianNB(var_smoothing=0.0).fit(z, y, sample_weight=weight)
    means, sharpness, level = densities(z, y, 3, weight, 0.0, 0.0)
    joint = (level - sharpness * (z[:, None] - means) ** 2).sum(axis=2) + np.log(theirs.class_prior_)
    assert np.allclose(joint, theirs.predict_joint_log_proba(z), rtol=1e-9, atol=1e-9)


def test_levels_equal_categorical_nb():
    from sklearn.naive_bayes import CategoricalNB

    x, y = made()
    codes = x[:, 2:].astype(np.int64)
    theirs = CategoricalNB(alpha=0.7).fit(codes, y)
    joint = np.log(np.bincount(y) / len(y)) + sum(
        shares(codes[:, j], y, 3, np.ones(len(y)), levels, 0.7)[codes[:, j]] for j, levels in enumerate((4, 3))
    )
    assert np.allclose(joint, theirs.predict_joint_log_proba(codes), rtol=1e-12)


def test_bins_equal_categorical_nb_of_the_bins():
    from sklearn.naive_bayes import CategoricalNB

    x, y = made()
    model = fitted({"numbers": "bins", "bins": 10, "laplace": 1.0}, x, y)
    knots = np.split(model.arrays["knots"], model.arrays["bounds"][1:-1])
    assert [len(table) for table in knots] == [9, 9]
    binned = np.column_stack([*(np.searchsorted(knots[j], x[:, j]) for j in range(2)), x[:, 2:]]).astype(np.int64)
    theirs = CategoricalNB(alpha=1.0).fit(binned, y)
    assert np.allclose(model.native(x), theirs.predict_joint_log_proba(binned), rtol=1e-10)


@pytest.mark.parametrize("values", [way for way, _ in WAYS])
@pytest.mark.parametrize("classes", [2, 3])
def test_missing_and_unseen_cells_say_nothing(values, classes):
    x, y = made(classes=classes)
    model = fitted(values, x, y, classes)
    prior = np.log(np.bincount(y) / len(y))
    nothing = np.array([[np.nan, np.nan, np.nan, np.nan], [np.nan, np.nan, 4.0, -1.0], [np.nan, np.nan, 1.5, 1e9]])
    assert np.allclose(model.native(nothing), prior[None] if classes > 2 else prior[1] - prior[0], atol=1e-12)
    one = np.array([[0.3, -0.2, 1.0, 2.0]])
    apart = [np.where(np.arange(4) == j, one, np.nan) for j in range(4)]
    evidence = sum(model.native(cell) - model.native(nothing[:1]) for cell in apart)
    assert np.allclose(model.native(one) - model.native(nothing[:1]), evidence, atol=1e-12)


@pytest.mark.parametrize("values", [way for way, _ in WAYS])
def test_only_unequal_weights_matter(values):
    x, y = made(gaps=0.1)
    plain, equal = fitted(values, x, y), fitted(values, x, y, weight=np.full(len(y), 7.0))
    assert np.array_equal(plain.native(x), equal.native(x))
    weight = np.random.default_rng(2).integers(1, 4, len(y)).astype(float)
    moved = fitted(values, x, y, weight=weight)
    assert np.allclose(np.exp(moved.arrays["prior"]), np.bincount(y, weight) / weight.sum())
    assert not np.allclose(moved.native(x), plain.native(x))


def test_weights_are_repeated_rows():
    """Of shares and densities; quantile bins do not see weights."""
    x, y = made(gaps=0.1)
    weight = np.random.default_rng(2).integers(1, 4, len(y)).astype(float)
    again = np.repeat(np.arange(len(y)), weight.astype(int))
    ones = np.ones(len(again))
    codes = np.nan_to_num(x[:, 3], nan=-1).astype(np.int64)
    assert np.allclose(shares(codes, y, 3, weight, 3, 0.5), shares(codes[again], y[again], 3, ones, 3, 0.5))
    for one, two in zip(densities(x, y, 3, weight, 0.01), densities(x[again], y[again], 3, ones, 0.01), strict=True):
        assert np.allclose(one, two)


def test_far_cells_count_as_the_farthest_seen():
    x, y = made()
    model = fitted(WAYS[2][0], x, y)
    far, edge = x[:1].copy(), x[:1].copy()
    far[0, 0], edge[0, 0] = 1e300, x[:, 0].max()
    assert np.array_equal(model.native(far), model.native(edge))


def test_a_class_without_rows_is_what_all_rows_say():
    x, y = made()
    model = fitted(WAYS[0][0], x, y, 4)
    score = apply(model.native(x), "softmax")
    assert 0 < score[:, 3].mean() < 0.05 and np.isfinite(model.native(x)).all()


def test_many_classes_and_columns_are_cut_in_blocks(monkeypatch):
    from etabli.families import naivebayes
    from etabli.graph.graph import Graph

    x, y = made(gaps=0.1)
    whole = fitted(WAYS[2][0], x, y)
    expected = margins(x, whole.arrays)
    monkeypatch.setattr(naivebayes, "CELLS", 2)
    graph = Graph()
    model = graph.model({"raw": (NaiveBayes().write(whole, graph, graph.input("X", "double", (None, 4))), "double", 3)})
    assert np.allclose(run(model, {"X": x})["raw"], expected, rtol=1e-13) and np.array_equal(margins(x, whole.arrays), expected)


def test_numbers_are_offered_where_there_are_any():
    assert len(NaiveBayes().settings(Facts("binary", 2, 100, 3, 3))) == 1
    assert len(NaiveBayes().settings(Facts("binary", 2, 100, 4, 3))) == len(WAYS)
