"""Nearest neighbours against the definition and scikit-learn: ties, repeated rows, exact distances, odd cells."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families import knn
from etabli.families.conformance import answers
from etabli.families.distances import EDGE, grid, largest, squared, table, whole
from etabli.families.knn import Knn, explained, factors
from etabli.records import Data, Facts, Feature, Setting, Wants


def never():
    return False


def fitted(x, y, neighbours, task="regression", classes=0, weight=None, columns="equal", seed=0):
    setting = Setting("knn", {"neighbours": neighbours, "columns": columns}, Wants(), path="p")
    return Knn().fit(setting, Data(x, y, (), task, classes, weight, seed), never)


def made(rows=150, columns=4, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    return x, x[:, 0] * x[:, 1] + x[:, 2]


@pytest.mark.parametrize("neighbours", [1, 5, 40])
def test_equals_scikit_learn(neighbours):
    from sklearn.neighbors import KNeighborsRegressor

    x, y = made()
    new = made(80, seed=1)[0]

    def weights(distance):  # of k + 1 neighbours, the last of which is the edge
        squares = distance**2
        return squares.max(axis=1, keepdims=True) * EDGE - squares

    theirs = KNeighborsRegressor(neighbours + 1, weights=weights, algorithm="brute").fit(x, y)
    assert np.allclose(fitted(x, y, neighbours).native(new), theirs.predict(new)[:, None], atol=1e-4)


@pytest.mark.parametrize("classes", [2, 4])
def test_shares_are_votes_and_one_row_of_the_overall_shares(classes):
    x, signal = made()
    y = np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes)).astype(np.int64)
    model = fitted(x, y, 9, "binary" if classes == 2 else "multiclass", classes)
    shares = np.bincount(y) / len(y)
    for row, got in zip(x[:5], model.native(x[:5]), strict=True):
        squares = ((x - row) ** 2).sum(axis=1)
        weight = np.maximum(1 - squares / (np.sort(squares)[9] * EDGE), 0)
        votes = (np.bincount(y, weight, classes) + shares) / (weight.sum() + 1)
        assert np.allclose(got, votes[1:] if classes == 2 else votes, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_order_and_repetition_of_rows_mean_nothing(seed, neighbours):
    """On a coarse lattice everything is tied: shuffled rows and weights instead of repeats give the same answer."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 3, (60, 3)).astype(float)
    y = random.normal(size=60)
    new = random.integers(-1, 4, (20, 3)) / 2.0
    order = random.permutation(60)
    expected = fitted(x, y, neighbours).native(new)
    assert np.allclose(fitted(x[order], y[order], neighbours, seed=seed).native(new), expected, atol=1e-12)
    counts = random.integers(1, 4, 60)
    again = np.repeat(np.arange(60), counts)
    repeated = fitted(x[again], y[again], neighbours).native(new)
    assert np.allclose(fitted(x, y, neighbours, weight=counts.astype(float)).native(new), repeated, atol=1e-12)


def test_all_equally_far_count_alike():
    corners = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    model = fitted(corners, np.array([1.0, 2, 3, 10]), 2)
    assert np.allclose(model.native(np.zeros((1, 2))), 4.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(0, 10**6))
def test_distances_are_exact(columns, seed):
    """Equal to arithmetic without rounding, at the grid's largest cells too, and in any order of the columns."""
    random = np.random.default_rng(seed)
    limit = int(largest(columns))
    a = random.integers(-limit, limit + 1, (3, columns)).astype(float)
    b = random.integers(-limit, limit + 1, (4, columns)).astype(float)
    a[0], b[0] = limit, -limit
    got = squared(a, table(b))
    exact = [[sum((int(u) - int(v)) ** 2 for u, v in zip(p, q, strict=True)) for q in b] for p in a]
    assert got.astype(object).tolist() == [[Fraction(value) for value in row] for row in exact]
    order = random.permutation(columns)
    assert np.array_equal(squared(a[:, order], table(b[:, order])), got)


def test_whole_clips_and_rounds():
    kept = grid(np.array([1.0, 0.5]), 32.0)
    q = whole(np.array([[1e300, -1e300], [1.0, 1.0]]), kept)
    assert (np.abs(q[0]) == float(kept["limit"])).all() and np.allclose(q[1] * float(kept["unit"]), [1.0, 0.5], atol=1e-6)


@pytest.mark.parametrize("neighbours", [1, 15, 100])
def test_graph_answers_alike_on_ties_repeats_and_odd_rows(neighbours):
    x, y = made(400)
    x[:, 3] = np.round(x[:, 3])
    x[200:] = x[:200]
    model = fitted(x, y, neighbours)
    rows = np.vstack([x[:50], x[:50] + 1e-9, np.round(x[:50]), 1e300 * x[:3], np.zeros((1, 4))])
    _, graph, native = answers(Knn(), model, rows)
    assert np.isfinite(native).all() and np.abs(graph - native).max() <= 1e-14 * np.abs(native).max()


def test_mismatch_of_a_category_counts_one_deviation():
    random = np.random.default_rng(0)
    level = random.integers(0, 3, 200)
    x = np.column_stack([random.normal(size=200), *(level == k for k in range(3)), random.integers(0, 2, 200)]).astype(float)
    features = (Feature("a", ("a",)), *(Feature(f"b = {k}", ("b",)) for k in range(3)), Feature("c missing", ("c",)))
    scale = factors(x, x[:, :1], np.ones(200), features, False)
    assert np.allclose(scale, [1, np.sqrt(0.5), np.sqrt(0.5), np.sqrt(0.5), 1])
    z = x * scale
    same, other = z[level == 0][0, 1:4], z[level == 1][0, 1:4]
    assert np.isclose(((same - other) ** 2).sum(), 1.0)


def test_relevant_columns_drown_noise():
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 20))
    y = np.sin(2 * x[:, 0])
    share = explained(x, y[:, None], np.ones(600))
    assert share[0] > 0.8 and share[1:].max() < 0.05
    new = random.normal(size=(200, 20))
    errors = [np.mean((fitted(x, y, 15, columns=c).native(new)[:, 0] - np.sin(2 * new[:, 0])) ** 2) for c in ("equal", "relevant")]
    assert errors[1] < 0.3 * errors[0]


def test_large_data_keeps_a_random_part(monkeypatch):
    monkeypatch.setattr(knn, "ROWS", 300)
    x, y = made(2_000)
    one, two, other = (fitted(x, y, 5, seed=seed) for seed in (0, 0, 1))
    assert one.arrays["points"].shape[1] == 300
    assert np.array_equal(one.arrays["points"], two.arrays["points"]) and not np.array_equal(one.arrays["points"], other.arrays["points"])
    offered = Knn().settings(Facts("regression", 0, 2_000, 4))
    assert offered[0].values["rows"] == 300 and "rows" not in Knn().settings(Facts("regression", 0, 300, 4))[0].values


def test_rows_without_weight_are_not_kept():
    x, y = made(50)
    model = fitted(x, y, 3, weight=(np.arange(50) < 20).astype(float))
    assert np.allclose(model.native(x), fitted(x[:20], y[:20], 3).native(x), atol=1e-12)
