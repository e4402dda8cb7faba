"""How many coordinates: known from the making, and none where nothing is shared."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.components import components
from etabli.records import Array


def made(seed: int, rows: int, columns: int, count: int, noise: float = 1.0) -> Array:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, count)) @ random.normal(size=(count, columns)) + noise * random.normal(size=(rows, columns))
    return (x - x.mean(0)) / x.std(0)


@pytest.mark.parametrize(("rows", "columns", "count"), [(300, 12, 2), (500, 20, 4), (64, 600, 3)])
def test_the_number_that_was_put_in_is_found(rows: int, columns: int, count: int) -> None:
    found = components(made(5, rows, columns, count), np.arange(columns), 15, 0)
    assert found.parallel == count
    assert found.held_out == count
    assert (np.diff(found.values) <= 0).all()


def test_weak_factors_behind_a_strong_one_are_counted_beyond() -> None:
    for seed in range(3):
        random = np.random.default_rng(seed)
        axes = np.linalg.qr(random.normal(size=(40, 4)))[0] * np.sqrt([40.0, 0.6, 0.6, 0.6])
        x = random.normal(size=(1000, 4)) @ axes.T + random.normal(size=(1000, 40))
        found = components(x / x.std(0), np.arange(40), 10, seed)
        assert found.parallel < 4
        assert found.beyond >= 3  # 5 times in 100 by its level


def test_nothing_in_common_is_said() -> None:
    found = [components(made(seed, 200, 8, 1, 1e9), np.arange(8), 8, 0) for seed in range(40)]
    assert sum(one.parallel > 0 for one in found) <= 6  # 2 of 40 by its level
    assert all(one.beyond == 0 for one in found if not one.parallel)
    assert sum(one.held_out > 0 for one in found) <= 12  # one standard error: a sixth


def test_the_levels_of_one_category_are_not_taken_for_structure() -> None:
    random = np.random.default_rng(0)
    levels = random.integers(0, 4, 400)
    x = np.column_stack([np.eye(4)[levels], random.normal(size=(400, 4))])
    x = (x - x.mean(0)) / x.std(0)
    owner = np.array([0, 0, 0, 0, 1, 2, 3, 4])
    together, apart = components(x, owner, 8, 0), components(x, np.arange(8), 8, 0)
    assert together.parallel == together.held_out == 0
    assert apart.parallel > 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (40, 1), (30, 2)])
def test_small_and_constant_tables_have_an_answer(shape: tuple[int, int]) -> None:
    for x in (np.zeros(shape), np.random.default_rng(0).normal(size=shape)):
        found = components(x, np.arange(shape[1]), 20, 0)
        assert 0 <= found.parallel <= shape[1]
        assert 0 <= found.held_out <= shape[1]
