"""Clusters that are there are found, and none where there are none; what sets rows apart is above chance."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.cells import Cells
from etabli.judge.clusters import clusters
from etabli.judge.contrast import contrast
from etabli.judge.mixed import placed


def numbers(x: np.ndarray) -> list[Cells]:
    return [Cells(f"n{i}", "number", x[:, i]) for i in range(x.shape[1])]


def clouds(seed: int) -> dict[str, list[Cells]]:
    """Tables without groups, of the shapes that k-means likes to cut."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(1_500, 1))
    levels = [Cells(f"c{k}", "category", rng.integers(0, k, 1_500), tuple("abcdef"[:k])) for k in (2, 3, 4, 6)]
    return {
        "round": numbers(rng.normal(size=(1_500, 4))),
        "square": numbers(rng.random((1_500, 2))),
        "long": numbers(np.hstack([z, z + 0.1 * rng.normal(size=z.shape)])),
        "skewed": numbers(np.exp(np.hstack([z, z + 0.3 * rng.normal(size=z.shape)]))),
        "levels": levels,
        "mixed": levels + numbers(rng.normal(size=(1_500, 4))),
    }


@pytest.mark.parametrize("shape", ["round", "square", "long", "skewed", "levels", "mixed"])
def test_no_clusters_where_there_are_none(shape):
    for seed in range(4):
        columns = clouds(seed)[shape]
        found = clusters(columns, placed(columns))
        assert found.count == 1 and not found.cluster.any(), (shape, seed, found.gain)


def test_clusters_that_are_there_are_found():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 4, 1_500)
    x = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9.0]])[group] + rng.normal(size=(1_500, 3))
    found = clusters(numbers(x), placed(numbers(x)))
    pure = sum(np.bincount(group[found.cluster == k]).max() for k in range(found.count)) / 1_500
    assert found.count == 4 and pure > 0.99
    assert (np.diff(np.bincount(found.cluster)) <= 0).all()  # the largest first


def test_axes_are_orthogonal_and_their_shares_add_up():
    columns = clouds(1)["mixed"]
    on = placed(columns)
    product = on.scores.T @ on.scores
    assert np.allclose(product, np.diag(np.diag(product)), atol=1e-6 * product.max())
    assert list(on.shares) == sorted(on.shares, reverse=True) and sum(on.shares) <= 1 + 1e-9
    assert all(sum(lean.share for lean in axis) <= 1 + 1e-9 for axis in on.leans)


def test_chance_sets_nothing_apart():
    named = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        named += bool(contrast(clouds(seed)["mixed"], rng.random(1_500) < 0.05))
    assert named <= 3  # once in a hundred, and a quarter of a deviation at least


def test_a_difference_is_said_with_its_size():
    rng = np.random.default_rng(0)
    x, chosen = rng.normal(size=400), np.arange(400) < 100
    columns = [Cells("x", "number", x + 2 * chosen), Cells("c", "category", np.where(chosen, 1, rng.integers(0, 2, 400)), ("no", "yes"))]
    first, second = contrast(columns, chosen)
    assert first.column == "x" and first.inside - first.outside == pytest.approx(2, abs=0.3) and first.size > 1
    assert (second.column, second.inside) in (("c", 1.0), ("c", 0.0)) and contrast(columns, np.zeros(400, bool)) == []
