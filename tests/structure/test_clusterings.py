"""What every clustering promises beside the contract: the order of the rows does not matter, equal rows stay together, few rows do, and
placing new rows gives back what the method said of its own."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.stability import adjusted_rand
from etabli.records import Array
from etabli.structure.method import Clustering
from etabli.structure.methods import clusterings

METHODS = list(clusterings().values())
NAMED = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


def never() -> bool:
    return False


def groups(rows: int, apart: float = 6.0, columns: int = 4) -> tuple[Array, Array]:
    """Three round groups, and which."""
    random = np.random.default_rng(11)
    which = random.integers(0, 3, rows)
    return random.normal(size=(3, columns))[which] * apart + random.normal(size=(rows, columns)), which


def setting(method: Clustering, x: Array) -> dict[str, object]:
    """The first setting, of three clusters where the number is given."""
    return dict(next(values for values in method.settings(*x.shape) if values.get("clusters", 3) == 3))


@NAMED
def test_groups_that_are_there_are_found(method: Clustering) -> None:
    x, which = groups(300)
    found = method.fit(setting(method, x), x, 0, never)
    assert found.labels is not None
    assert adjusted_rand(found.labels, which) > 0.9
    assert float(found.arrays["agreement"]) > 0.97


@NAMED
def test_rows_in_another_order_give_the_same_clusters(method: Clustering) -> None:
    x, _ = groups(240, apart=1.5)
    order = np.random.default_rng(5).permutation(len(x))
    one, two = (method.fit(setting(method, x), rows, 0, never).labels for rows in (x, x[order]))
    assert one is not None
    assert two is not None
    assert adjusted_rand(one[order], two) == 1.0


@NAMED
def test_equal_rows_stay_together(method: Clustering) -> None:
    x, _ = groups(90)
    found = method.fit(setting(method, x), np.repeat(x, 3, axis=0), 0, never)
    assert found.labels is not None
    assert (found.labels.reshape(-1, 3) == found.labels[::3, None]).all()


@NAMED
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_hardly_any_rows(method: Clustering, rows: int) -> None:
    x = np.arange(2.0 * rows).reshape(rows, 2)
    values = setting(method, groups(300)[0])
    found = method.fit(values, x, 0, never)
    assert found.labels is not None
    assert found.labels.shape == (rows,)
    assert np.isfinite(method.apply(found, x)).all()


@NAMED
def test_a_large_table_is_placed_like_its_sample(method: Clustering) -> None:
    x, which = groups(12_000)
    values = setting(method, x)
    found = method.fit(values, x, 0, never)
    assert found.labels is not None
    assert adjusted_rand(found.labels, which) > 0.9
    assert float(found.arrays["agreement"]) > 0.95
