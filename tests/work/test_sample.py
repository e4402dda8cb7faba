"""A glance sees a sample; whole groups go together, and nobody outside the sample is learned from."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from etabli.records import NO_TARGET, TEST, Split
from etabli.work.sample import SPARE, sampled, split_name


@given(st.integers(20, 300), st.integers(5, 200), st.integers(0, 5), st.booleans())
def test_sampling_a_split(rows: int, limit: int, seed: int, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    fold = rng.integers(0, 5, rows).astype(np.int8)
    fold[rng.random(rows) < 0.1] = TEST
    fold[rng.random(rows) < 0.1] = NO_TARGET
    groups = rng.integers(0, 30, rows) if grouped else None
    split = Split("grouped" if grouped else "plain", fold, 5, groups=groups)
    small = sampled(split, limit, seed)
    kept = small.development
    assert set(kept) <= set(split.development)
    if len(split.development) <= limit:
        assert small is split
        return
    assert set(np.flatnonzero(small.fold == SPARE)) == set(split.development) - set(kept)
    assert np.array_equal(small.test, split.test)
    assert len(kept) > 0
    if groups is None:
        assert len(kept) == limit
    else:
        assert not set(groups[kept]) & set(groups[small.fold == SPARE])
    for k in range(5):
        assert not set(small.train(k)) & set(small.valid(k))
        assert set(small.train(k)) <= set(kept)


def test_a_split_is_named_by_what_it_says() -> None:
    fold = np.array([0, 1, 0, 1], np.int8)
    one = Split("plain", fold, 2)
    assert split_name(one) == split_name(Split("plain", fold.copy(), 2))
    assert split_name(one) != split_name(Split("plain", 1 - fold, 2))
    assert split_name(one) != split_name(Split("grouped", fold, 2, groups=np.array([0, 1, 0, 1])))
