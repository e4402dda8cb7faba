"""The pieces of natural splines and the additive model, against scipy and made data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families import curves
from etabli.families.ridge import Ridge
from etabli.families.spline import Spline, learn, shapes
from etabli.records import Data, Feature, Setting, Wants


def never():
    return False


def fit(family, penalty, x, y, task="regression", classes=0):
    features = tuple(Feature(f"column {i}", ()) for i in range(x.shape[1]))
    return family.fit(Setting(family.name, {"penalty": penalty}, Wants()), Data(x, y, features, task, classes), never)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 9))
def test_pieces_are_the_natural_spline(seed, count):
    from scipy.interpolate import CubicSpline

    random = np.random.default_rng(seed)
    at = np.cumsum(random.uniform(0.05, 2, count))
    values = random.normal(size=count)
    table, rough = curves.pieces(at)
    theirs = CubicSpline(at, values, bc_type="natural")
    inside = np.append(random.uniform(at[0], at[-1], 200), at)
    assert np.allclose(curves.evaluate(inside, at, table) @ values, theirs(inside), rtol=1e-9, atol=1e-9)
    for end, side in ((at[0], -1), (at[-1], 1)):
        beyond = end + side * np.array([0.5, 10.0])
        line = theirs(end) + theirs(end, 1) * (beyond - end)
        assert np.allclose(curves.evaluate(beyond, at, table) @ values, line, rtol=1e-9, atol=1e-8)
    second = theirs(at, 2)  # linear between the knots: the integral of its square is exact
    integral = (np.diff(at) * (second[:-1] ** 2 + second[:-1] * second[1:] + second[1:] ** 2) / 3).sum()
    assert np.isclose(values @ rough @ values, integral, rtol=1e-8, atol=1e-10)


def test_bends_are_uncorrelated_with_the_line_and_ordered():
    random = np.random.default_rng(0)
    cells, share = random.gamma(1, 1.0, 500), random.random(500)
    share /= share.sum()
    at = curves.knots(cells)
    table, roughness = curves.waves(cells, share, at)
    made = curves.evaluate(cells, at, table) * np.sqrt(roughness)
    gram = (made * share[:, None]).T @ np.column_stack([np.ones(500), cells, made])
    assert np.allclose(gram, np.hstack([np.zeros((len(at) - 2, 2)), np.eye(len(at) - 2)]), atol=1e-6)
    assert roughness[0] == 1 and (np.diff(roughness) > 0).all()


def test_simple_columns_stay_lines():
    random = np.random.default_rng(0)
    flag = (random.random(300) < 0.5).astype(float)
    words = np.where(random.random(300) < 0.97, 0.0, random.random(300))
    counts = random.poisson(0.7, 300).astype(float)
    x = np.column_stack([flag, np.full(300, 7.0), words, counts, random.normal(size=300)])
    assert [bend.column for bend in learn(x, np.full(300, 1 / 300))] == [3, 4]


def test_spline_finds_a_curve_that_a_line_cannot():
    random = np.random.default_rng(0)
    x = np.column_stack([random.normal(size=(1500, 2)), random.random(1500) < 0.5])
    true = np.sin(2 * x[:, 0]) + 0.5 * x[:, 2]
    y = true + 0.3 * random.normal(size=1500)
    curve, line = (fit(family, 1e-3, x[:1000], y[:1000]).native(x[1000:])[:, 0] for family in (Spline(), Ridge()))
    assert np.sqrt(((curve - true[1000:]) ** 2).mean()) < 0.2 < 0.5 < np.sqrt(((line - true[1000:]) ** 2).mean())


def test_stiff_curves_are_lines():
    """With all bends penalised away, it is ridge regression."""
    x = np.random.default_rng(0).normal(size=(300, 4))
    y = np.sin(2 * x[:, 0]) + x[:, 1]
    linear = fit(Ridge(), 1e6, x, y).native(x)
    assert np.allclose(fit(Spline(), 1e6, x, y).native(x), linear, atol=1e-5)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_drawn_shapes_add_up_to_the_prediction(task):
    random = np.random.default_rng(0)
    x = np.column_stack([random.normal(size=(600, 2)), random.random(600) < 0.3])
    y = x[:, 0] ** 2 - x[:, 2] + 0.5 * random.logistic(size=600)
    classes = {"regression": 0, "binary": 2, "multiclass": 3}[task]
    target = y if task == "regression" else np.digitize(y, [0.5] if task == "binary" else [0.0, 1.0])
    fitted = fit(Spline(), 1e-2, x, target, task=task, classes=classes)
    drawn = shapes(fitted.arrays)
    assert [column for column, _, _ in drawn] == [0, 1, 2] and [len(grid) for _, grid, _ in drawn] == [60, 60, 2]
    base = fitted.native(x.mean(axis=0, keepdims=True))
    column, grid, effect = drawn[0]
    rows = np.repeat(x.mean(axis=0, keepdims=True), len(grid), axis=0)
    rows[:, column] = grid
    moved = fitted.native(rows) - base
    assert np.allclose(moved - moved[0], effect - effect[0], atol=1e-10)
