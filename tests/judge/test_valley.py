"""One heap or several: exact where there is one, and found where there are two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from etabli.judge.clusters import kmeans
from etabli.judge.separation import between, dispersion, silhouette
from etabli.judge.stability import SHAPES, cloud
from etabli.judge.valley import smoothed, valley


def p(x: Any) -> float:
    return valley(smoothed(x, np.random.default_rng(0)), lambda part, k: kmeans(part, k)[0], 7, 0)


def test_clouds_of_any_shape_are_one_heap() -> None:
    claimed = 0
    for seed in range(10):
        r = np.random.default_rng(seed)
        tilted = r.normal(size=(150, 4)) @ r.normal(size=(4, 4))
        clouds = [r.normal(size=(150, 4)), r.uniform(size=(150, 3)), r.lognormal(size=(150, 3)), r.standard_t(3, size=(150, 3)), tilted]
        clouds.append(r.integers(0, 5, size=(150, 3)).astype(float))  # steps of a scale are no heaps
        claimed += sum(p(x) <= 0.05 for x in clouds)
    assert claimed <= 2


@pytest.mark.parametrize("columns", [1, 2, 20])
def test_two_heaps_are_found(columns: int) -> None:
    r = np.random.default_rng(1)
    x = r.normal(size=(120, columns))
    x[:60, 0] += 6
    assert p(x) < 0.01


def test_few_rows_say_nothing() -> None:
    assert valley(np.zeros((19, 2)), lambda part, k: kmeans(part, k)[0], 7, 0) == 1.0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_cloud_keeps_columns_and_breaks_what_binds_them(shape: Any) -> None:
    r = np.random.default_rng(0)
    sex = r.integers(0, 2, 400).astype(float)
    x = np.column_stack([sex * 6 + r.normal(size=400), r.integers(0, 4, 400), sex, 1 - sex])
    made = cloud(x, shape, [np.array([2, 3])], np.random.default_rng(1))
    assert np.sort(made[:, 1]).tolist() == np.sort(x[:, 1]).tolist()
    assert (made[:, 2] + made[:, 3]).tolist() == [1.0] * 400
    assert made[:, 2].sum() == sex.sum()
    assert abs(np.corrcoef(made[:, 0], made[:, 2])[0, 1]) < 0.2
    if shape == "normal":
        assert made[:, 0].std() == pytest.approx(x[:, 0].std(), rel=0.15)


def test_the_silhouette_is_that_of_the_library() -> None:
    r = np.random.default_rng(3)
    x = r.normal(size=(80, 3))
    label = r.integers(0, 3, 80)
    assert silhouette(between(x), label) == pytest.approx(silhouette_score(x, label), abs=1e-9)
    assert silhouette(between(x), np.zeros(80)) == 0.0
    means = np.array([x[label == k].mean(axis=0) for k in range(3)])
    assert dispersion(x, label) == pytest.approx(float(((x - means[label]) ** 2).sum()))


def test_halves_of_ten_rows_in_six_groups_without_three_of_a_kind_are_no_fault() -> None:
    """Twenty rows of flags: cut into six, no group of a half may hold three rows."""
    pairs = np.repeat(np.arange(10.0), 2)[:, None] * np.ones((1, 2))
    few = [valley(pairs, lambda part, _, size=size: np.arange(len(part)) // size, 7, 0) for size in (1, 2)]  # no group of three, in any cut
    assert few == [1.0, 1.0]
