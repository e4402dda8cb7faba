"""What users declare, as the tree families obey it: directions, and groups of columns that may interact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families.extratrees import ExtraTrees
from etabli.families.forest import Forest
from etabli.families.histgb import HistGB
from etabli.families.lightgbm import LightGBM
from etabli.families.tree import Tree
from etabli.records import Data, Feature

FAMILIES = (Tree(), Forest(), ExtraTrees(), HistGB(), LightGBM())
MONOTONE = tuple(family for family in FAMILIES if family.monotone)
GROUPED = (HistGB(), LightGBM())


def data(seed, directions, task="regression", rows=120):
    """Rounded numbers with gaps and a column of codes; the signal runs against the declared directions half of the time."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 4)).round(1)
    x[:, 3] = random.integers(0, 5, rows)
    signal = x @ np.append(random.normal(size=3), 0.0) + 3 * np.sin(3 * x[:, 0]) * x[:, 1] + (x[:, 3] == 2) + random.normal(size=rows)
    x[random.random(x.shape) < 0.08] = np.nan
    levels = (0, 0, 0, 5)
    features = tuple(Feature(str(i), (str(i),), levels[i], way) for i, way in enumerate((*directions, 0)))
    if task == "regression":
        return Data(x, signal, features, task, seed=seed % 1000)
    cuts = np.quantile(signal, [0.4] if task == "binary" else [0.3, 0.7])
    return Data(x, np.digitize(signal, cuts).astype(np.int64), features, task, len(cuts) + 1, seed=seed % 1000)


def small(family, known):
    """The first setting, cut to a few trees."""
    from etabli.families.conformance import facts

    setting = family.settings(facts(known))[0]
    few = {name: min(value, 25) for name, value in setting.values.items() if name in ("n_estimators", "max_iter")}
    return replace(setting, values={**setting.values, **few})


def along(known, column, random):
    """Rows in which one column rises through all of its values, [cases, values, features]."""
    cases = known.x[random.integers(0, len(known.x), 12)]
    seen = known.x[~np.isnan(known.x[:, column]), column]
    values = np.unique(np.concatenate([seen, seen + 1e-9, [-1e3, -1e-36, 0, 1e-36, 1e3]]))
    rows = np.repeat(cases[:, None], len(values), axis=1)
    rows[:, :, column] = values
    return rows


@pytest.mark.parametrize("family", MONOTONE, ids=lambda family: family.name)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), directions=st.tuples(*[st.sampled_from([-1, 0, 1])] * 3), task=st.sampled_from(["regression", "binary"]))
def test_a_declared_direction_is_never_broken(family, seed, directions, task):
    known = data(seed, directions, task)
    fitted = family.fit(small(family, known), known, lambda: False)
    random = np.random.default_rng(seed)
    for column, way in enumerate(directions):
        if way:
            rows = along(known, column, random)
            raw = fitted.native(rows.reshape(-1, 4)).reshape(rows.shape[:2])
            steps = np.diff(raw, axis=1) * way
            assert steps.min() >= -1e-12 * np.abs(raw).max()  # sums of trees are rounded


@pytest.mark.parametrize("family", MONOTONE, ids=lambda family: family.name)
def test_without_the_declaration_it_would_be_broken(family):
    """The test above can fail: the same data, learned freely, run both ways."""
    known, seen = data(1, (0, 0, 0), rows=300), []
    fitted = family.fit(small(family, known), known, lambda: False)
    for column in range(3):
        rows = along(known, column, np.random.default_rng(0))
        steps = np.diff(fitted.native(rows.reshape(-1, 4)).reshape(rows.shape[:2]), axis=1)
        seen.append(min(-steps.min(), steps.max()))
    assert max(seen) > 0.1


@pytest.mark.parametrize("family", MONOTONE, ids=lambda family: family.name)
def test_directions_do_not_disturb_several_classes_or_a_single_one(family):
    known = data(2, (1, -1, 0), "multiclass")
    free = replace(known, features=tuple(replace(feature, direction=0) for feature in known.features))
    one, two = (family.fit(small(family, each), each, lambda: False).native(known.x) for each in (known, free))
    assert np.array_equal(one, two)
    single = replace(data(2, (1, -1, 0), "binary"), y=np.ones(120, np.int64))
    assert (family.fit(small(family, single), single, lambda: False).native(single.x) > 0.9).all()


def interaction(fitted, x, one, two):
    """The largest second difference along two columns: zero when the answer is a sum of a part of each."""
    base, other = np.nan_to_num(x), np.nan_to_num(x[::-1])

    def at(*columns):
        rows = base.copy()
        rows[:, columns] = other[:, columns]
        return fitted.native(rows)[:, 0]

    return np.abs(at(one, two) - at(one) - at(two) + at()).max()


@pytest.mark.parametrize("family", GROUPED, ids=lambda family: family.name)
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_only_columns_of_one_group_interact(family, task):
    known = data(3, (0, 0, 0), task, rows=600)
    setting = small(family, known)
    free = family.fit(setting, known, lambda: False)
    bound = family.fit(setting, replace(known, together=((0, 1),)), lambda: False)
    scale = np.abs(free.native(known.x)).max()
    assert max(interaction(free, known.x, *pair) for pair in ((0, 2), (1, 2), (2, 3), (0, 3))) > 0.01 * scale
    assert interaction(bound, known.x, 0, 1) > 0.01 * scale
    assert max(interaction(bound, known.x, *pair) for pair in ((0, 2), (1, 2), (2, 3), (0, 3))) < 1e-12 * scale  # 2 and 3 are in no group


@pytest.mark.parametrize("family", GROUPED, ids=lambda family: family.name)
def test_directions_and_groups_together(family):
    known = replace(data(4, (1, 0, -1)), together=((0, 3), (1, 2)))
    fitted = family.fit(small(family, known), known, lambda: False)
    assert interaction(fitted, known.x, 0, 1) < 1e-12 * np.abs(fitted.native(known.x)).max()
    for column, way in ((0, 1), (2, -1)):
        rows = along(known, column, np.random.default_rng(0))
        raw = fitted.native(rows.reshape(-1, 4)).reshape(rows.shape[:2])
        assert (np.diff(raw, axis=1) * way).min() >= -1e-12 * np.abs(raw).max()
