"""Crosses: found where they add something, guarded, learned out of fold."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.data.preparation import matrix, prepare
from etabli.graph.run import session
from etabli.records import Target, Wants
from tests.data.tables import halves, real, table_of


@pytest.fixture(scope="module")
def adult(shared):
    return real(shared, "adult_income")


@pytest.fixture(scope="module")
def california(shared):
    return real(shared, "california_housing")


# crosses -----------------------------------------------------------------------------------------------------------------


def test_crosses_find_the_diagonal_and_rooms_per_household(california):
    from sklearn.linear_model import LinearRegression

    table, target = california
    train, held = halves(table.rows)
    made = prepare(table, target, Wants("rank", True, crosses=6), train, 0)
    names = {feature.name for feature in made.features}
    assert "longitude + latitude" in names and any("/" in name and "rooms" in name for name in names)
    without = prepare(table, target, Wants("rank", True), train, 0)
    errors = []
    for recipe in (without, made):
        model = LinearRegression().fit(matrix(recipe, table, train), target.y[train])
        errors.append(np.sqrt(np.mean((model.predict(matrix(recipe, table, held)) - target.y[held]) ** 2)))
    assert errors[1] < 0.97 * errors[0]


def test_cross_values_and_their_guard():
    rng = np.random.default_rng(0)
    n = 2000
    a, b = rng.integers(-3, 4, n).astype(float), rng.integers(-3, 4, n).astype(float)
    y = Target("y", "regression", np.where(b != 0, a / np.where(b == 0, 1, b), 0.0) * 3)
    table = table_of({"a": a, "b": b})
    made = prepare(table, y, Wants(crosses=1), np.arange(n), 0)
    assert len(made.features) == 3
    x = matrix(made, table, np.arange(n))
    sign = made.features[2].name.split()[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        want = {"+": a + b, "-": a - b, "*": a * b, "/": np.where(b != 0, a / b, np.nan)}[sign]
    assert np.array_equal(x[:, 2], want, equal_nan=True)
    huge = session(made.raw).run(None, {"a": np.array([[1e300]]), "b": np.array([[1e-300]])})[0]
    assert not np.isinf(huge).any()


def test_crosses_of_categories_help_only_where_they_matter():
    rng = np.random.default_rng(0)
    n = 20_000
    a, b = rng.integers(0, 60, n), rng.integers(0, 60, n)
    effect = rng.normal(size=(60, 60))
    table = table_of({"a": [f"a{i}" for i in a], "b": [f"b{i}" for i in b], "c": [f"c{i}" for i in rng.integers(0, 50, n)]})
    y = Target("y", "regression", effect[a, b] + rng.normal(size=n))
    train = np.arange(15_000)
    made = prepare(table, y, Wants(categories="target", crosses=3), train, 0)
    assert [feature.name for feature in made.features if len(feature.source) > 1] == ["a & b target mean"]
    x = matrix(made, table, np.arange(15_000, n))
    assert np.corrcoef(x[:, -1], effect[a[15_000:], b[15_000:]])[0, 1] > 0.75
    assert 0.4 < np.corrcoef(made.train[:, -1], y.y[train])[0, 1] < 0.71  # the truth has 0.71; fitted values would have more
    strange = {
        "a": np.array([["a1"], ["new"], [""]], object),
        "b": np.array([["new"], ["b1"], ["b0"]], object),
        "c": np.array([["c1"]] * 3, object),
    }
    assert session(made.raw).run(None, strange)[0][:, -1] == pytest.approx(np.full(3, y.y[train].mean()), abs=1e-12)
    noise = Target("y", "regression", rng.normal(size=n))
    assert not [f for f in prepare(table, noise, Wants(crosses=5), train, 0).features if len(f.source) > 1]
