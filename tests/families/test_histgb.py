"""The family of scikit-learn's histogram boosting beyond what the contract asks: Poisson, wide categories, checkpoints, two of three classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from etabli.families.conformance import answers, facts, sample
from etabli.families.histgb import LEVELS, HistGB
from etabli.records import Facts

FAMILY = HistGB()


def never():
    return False


def skewed():
    known = sample("regression", rows=200)
    return replace(known, y=np.random.default_rng(0).poisson(np.exp((known.y - 1e4) / 400)).astype(float))


def poisson(known):
    offered = FAMILY.settings(replace(facts(known), range="nonnegative", skewed=True))
    return [setting for setting in offered if setting.path == "poisson"]


def test_poisson_is_offered_for_skewed_targets_that_are_nowhere_negative():
    plain = facts(skewed())
    assert poisson(skewed())
    for other in (plain, replace(plain, range="real", skewed=True), replace(plain, range="positive"), replace(plain, task="binary")):
        assert not [setting for setting in FAMILY.settings(other) if setting.path == "poisson"]


def test_poisson_answers_logarithms_bit_for_bit():
    known = skewed()
    for fitted in FAMILY.fit_path(poisson(known)[:2], known, never):
        assert fitted.link == "exp"
        _, graph, native = answers(FAMILY, fitted, sample("regression", rows=300, seed=1).x, probe=True)
        assert np.array_equal(graph, native)
    values = {name: value for name, value in fitted.setting.values.items()}
    categories = [i for i, feature in enumerate(known.features) if feature.levels]
    oracle = HistGradientBoostingRegressor(**values, categorical_features=categories, early_stopping=False, random_state=0).fit(
        known.x, known.y
    )
    assert np.allclose(np.exp(fitted.native(known.x)[:, 0]), oracle.predict(known.x), rtol=1e-13)


def test_counts_that_are_all_zero_are_predicted_as_nearly_zero():
    known = replace(skewed(), y=np.zeros(200))
    fitted = FAMILY.fit(poisson(known)[0], known, never)
    _, graph, native = answers(FAMILY, fitted, known.x)
    assert fitted.link == "exp" and np.array_equal(graph, native) and (np.exp(native) < 0.01).all()


def test_columns_of_more_levels_than_bins_come_as_statistics():
    wide = Facts("binary", 2, 5000, 10, 2, LEVELS + 1)
    assert {setting.wants.categories for setting in FAMILY.settings(wide)} == {"target"}
    assert {setting.wants.categories for setting in FAMILY.settings(replace(wide, largest_category=LEVELS))} == {"codes"}


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_checkpoint_is_the_run_that_ends_there(task):
    known = sample(task, rows=300)
    path = [setting for setting in FAMILY.settings(facts(known)) if setting.path == "narrow"][:3]
    for fitted in FAMILY.fit_path(path, known, never):
        alone = FAMILY.fit(fitted.setting, known, never)
        assert np.array_equal(fitted.native(known.x), alone.native(known.x))
        assert all(np.array_equal(fitted.arrays[name], alone.arrays[name], equal_nan=True) for name in fitted.arrays)


def test_threads_do_not_change_the_bits():
    known = sample("regression", rows=3000)
    setting = FAMILY.settings(facts(known))[0]
    one, two = (FAMILY.fit(setting, replace(known, threads=threads), never).native(known.x) for threads in (1, 2))
    assert np.array_equal(one, two)


def test_a_column_of_nothing_is_no_obstacle():
    known = sample("binary")
    known.x[:, 1] = np.nan
    known.x[:, 3] = np.nan  # a column of categories, too
    fitted = FAMILY.fit(FAMILY.settings(facts(known))[0], known, never)
    _, graph, native = answers(FAMILY, fitted, sample("binary", seed=1).x, probe=True)
    assert np.array_equal(graph, native)
