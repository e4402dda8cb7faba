"""Rows held back: a quarter, whole groups, every class, the newest under time; and nobody else has them."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.data.holding import hold
from etabli.data.splits import split_words
from etabli.errors import DataError
from etabli.records import HELD, TEST, Target
from tests.data.tables import table_of


def classes(y: np.ndarray) -> Target:
    return Target("y", "binary", y, ("no", "yes"))


def numbers(y: np.ndarray) -> Target:
    return Target("y", "regression", y)


def held(table, target, test=None, group=None, when=None):
    return hold(table, target, 3, group, when, 5, test, ())


def test_a_quarter_of_every_class_and_nobody_learns_from_it() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(800) < 0.2).astype(int)
    made = held(table_of(dict(a=rng.normal(size=800))), classes(y), test=0.2)
    assert len(made.held) == pytest.approx(160, abs=4) and len(made.test) == pytest.approx(160, abs=4)
    assert abs(y[made.held].mean() - y.mean()) < 0.01
    for k in range(made.folds):
        assert not set(made.held) & (set(made.train(k)) | set(made.valid(k)))
    assert not set(made.held) & (set(made.development) | set(made.test))
    assert len(made.held) + len(made.test) + len(made.development) == 800
    words = split_words(made)
    assert "160 rows are held back" in words["en"] and "quantiles des intervalles" in words["fr"]


def test_groups_stay_whole() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 60, 600)
    made = held(
        table_of(dict(a=rng.normal(size=600), g=np.array([f"g{k}" for k in group], object))), numbers(rng.normal(size=600)), group="g"
    )
    assert not set(group[made.held]) & set(group[made.development])
    assert 120 < len(made.held) < 180 and made.groups is not None


def test_the_newest_under_time() -> None:
    rng = np.random.default_rng(0)
    when = rng.permutation(500).astype(float)
    made = held(table_of(dict(a=rng.normal(size=500), when=when)), numbers(rng.normal(size=500)), test=0.1, when="when")
    assert when[made.development].max() < when[made.held].min() < when[made.held].max() < when[made.test].min()
    assert made.forward and "newest" in split_words(made)["en"]
    assert ((made.fold == HELD) | (made.fold == TEST)).sum() == len(made.held) + len(made.test)


def test_few_rows() -> None:
    rng = np.random.default_rng(0)
    assert len(held(table_of(dict(a=rng.normal(size=50))), numbers(rng.normal(size=50))).held) >= 19
    with pytest.raises(DataError, match="at least 20 rows"):
        held(table_of(dict(a=rng.normal(size=30))), numbers(rng.normal(size=30)))
    with pytest.raises(DataError, match="at most half"):
        held(
            table_of(dict(a=rng.normal(size=60), g=np.array(["a"] * 57 + ["b", "c", "d"], object))), numbers(rng.normal(size=60)), group="g"
        )
