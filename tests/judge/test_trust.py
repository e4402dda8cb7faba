"""What of a map may be believed: against scikit-learn's trustworthiness, and against what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge.trust import moved, procrustes, ranks, trust
from etabli.records import Array


def cloud(seed: int, rows: int, columns: int) -> Array:
    return np.random.default_rng(seed).normal(size=(rows, columns))


@pytest.mark.parametrize(("rows", "near"), [(30, 5), (200, 10), (25, 12)])
def test_trustworthiness_and_continuity_are_scikit_learns(rows: int, near: int) -> None:
    from sklearn.manifold import trustworthiness

    x = cloud(rows, rows, 6)
    z = x[:, :2]
    found = trust(ranks(x), ranks(z), near)
    assert found.near == near
    assert found.trustworthiness == pytest.approx(trustworthiness(x, z, n_neighbors=near), abs=1e-12)
    assert found.continuity == pytest.approx(trustworthiness(z, x, n_neighbors=near), abs=1e-12)


def test_recall_is_counted_pair_by_pair() -> None:
    x = cloud(1, 60, 5)
    z = x[:, :2]
    near = [{int(j) for j in np.argsort(row)[1:6]} for row in np.linalg.norm(x[:, None] - x[None], axis=2)]
    shown = [{int(j) for j in np.argsort(row)[1:6]} for row in np.linalg.norm(z[:, None] - z[None], axis=2)]
    kept = [len(a & b) / 5 for a, b in zip(near, shown, strict=True)]
    found = trust(ranks(x), ranks(z), 5)
    assert found.kept == pytest.approx(kept)
    assert found.recall[5] == pytest.approx(np.mean(kept))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 80), st.integers(1, 5))
def test_a_turned_moved_and_stretched_map_is_believed_wholly(seed: int, rows: int, columns: int) -> None:
    x = cloud(seed, rows, columns)
    turn = np.linalg.qr(cloud(seed + 1, columns, columns))[0]
    z = 3 * x @ turn + 7
    found = trust(ranks(x), ranks(z))
    assert found.trustworthiness == found.continuity == 1.0
    assert found.area == pytest.approx(1.0)
    assert (found.kept == 1).all()
    assert procrustes(x, z) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 60))
def test_every_measure_stays_in_its_range(seed: int, rows: int) -> None:
    x, z = cloud(seed, rows, 4), cloud(seed + 1, rows, 2)
    found = trust(ranks(x), ranks(z))
    assert 0 <= found.trustworthiness <= 1
    assert 0 <= found.continuity <= 1
    assert -1 <= found.area <= 1
    assert all(0 <= share <= 1 for share in found.recall.values())
    assert 0 <= procrustes(x[:, :2], z) <= 1


def test_a_map_by_chance_is_not_believed() -> None:
    found = [trust(ranks(cloud(seed, 300, 4)), ranks(cloud(seed + 100, 300, 2))) for seed in range(10)]
    assert abs(np.mean([one.area for one in found])) < 0.02
    assert np.mean([one.trustworthiness for one in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([one.recall[10] for one in found]) == pytest.approx(found[0].chance[10], abs=0.01)


def test_a_single_point_is_no_picture() -> None:
    assert procrustes(np.zeros((5, 2)), cloud(0, 5, 2)) == 0.0


def test_rows_of_a_turned_and_stretched_map_do_not_move_and_one_that_does_is_found() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(60, 2))
    turn = np.linalg.qr(random.normal(size=(2, 2)))[0]
    other = 3 * x @ turn + 7
    assert np.allclose(moved(x, other), 0, atol=1e-7)
    other[5] += 6
    assert moved(x, other).argmax() == 5
    assert np.isclose((moved(x, other) ** 2).mean(), 1 - procrustes(x, other) ** 2)
