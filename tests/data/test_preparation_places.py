"""Coordinates and distances beside the columns: those of principal components and of k-means, from the training rows, with missing cells."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from etabli.data.preparation import matrix, prepare
from etabli.records import Wants
from tests.data.tables import table_of


def cells(rows: int, columns: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    x = random.normal(size=(rows, 2)) @ random.normal(size=(2, columns)) + 0.1 * random.normal(size=(rows, columns))
    return {f"x{j}": x[:, j] * 10.0**j for j in range(columns)}


@pytest.mark.parametrize("rows", [4, 300])
def test_coordinates_are_those_of_principal_components(rows: int) -> None:
    made = cells(rows, 6)
    x = np.column_stack(list(made.values()))
    table = table_of(made)
    train = np.arange(rows * 3 // 4)
    prepared = prepare(table, None, Wants(map=2), train, 0)
    assert [feature.name for feature in prepared.features[-2:]] == ["map 1", "map 2"]
    scaled = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
    expected = PCA(2).fit(scaled[train]).transform(scaled)
    got = matrix(prepared, table, np.arange(rows))[:, -2:]
    sign = np.sign((got * expected).sum(axis=0))
    assert np.abs(got - sign * expected).max() < 1e-4


def test_distances_are_to_centres_that_lie_in_the_groups() -> None:
    random = np.random.default_rng(0)
    group = np.arange(300) % 3
    x = np.array([[0, 0], [9, 0], [0, 9]])[group] + random.normal(size=(300, 2)) * 0.2
    empty = np.array(x[:, 1])
    empty[0] = np.nan
    table = table_of({"a": x[:, 0], "b": empty})
    prepared = prepare(table, None, Wants(clusters=3), np.arange(200), 0)
    distance = matrix(prepared, table, np.arange(1, 300))[:, -3:]
    nearest = distance.argmin(axis=1)
    assert all(len(set(nearest[group[1:] == g])) == 1 for g in range(3))
    assert len(set(nearest)) == 3
    assert distance.min(axis=1).max() < 0.5 < 1.5 < np.sort(distance, axis=1)[:, 1].min()
    assert np.isfinite(matrix(prepared, table, np.arange(1))[:, -3:]).all()


def test_one_column_is_its_own_place() -> None:
    table = table_of({"a": np.arange(20.0), "c": ["x", "y"] * 10})
    assert len(prepare(table, None, Wants(map=2, clusters=2), np.arange(20), 0).features) == len(
        prepare(table, None, Wants(), np.arange(20), 0).features
    )
