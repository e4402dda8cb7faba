"""Importance: scikit-learn's on the same model and rows; a column of noise keeps 0 in its interval; twins are seen together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.judge.cells import Cells
from etabli.judge.importance import givers, importances, worse
from etabli.judge.metrics import METRICS
from etabli.judge.relations import groups, related
from etabli.records import Array


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(1, 6))
def test_every_row_takes_and_gives_once_within_its_fold(fold: list[int], repeats: int) -> None:
    folds = np.array(fold)
    for row in givers(folds, repeats):
        assert sorted(row) == list(range(len(folds))) and (folds[row] == folds).all()
        alone = np.bincount(folds, minlength=4)[folds] == 1
        assert ((row != np.arange(len(folds))) | alone).all()


def _data(seed: int, rows: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    return x, 2 * x[:, 0] + x[:, 1] ** 2 + x[:, 0] * x[:, 2] + rng.normal(size=rows)


def _after(model: object, x: Array, y: Array, given: Array, column: int, name: str = "mse") -> Array:
    made = []
    for row in given:
        z = x.copy()
        z[:, column] = x[row, column]
        made.append(METRICS[name].rows(y, model.predict(z)[:, None]))  # type: ignore[attr-defined]
    return np.stack(made)


def test_it_is_scikit_learns_on_the_same_rows() -> None:
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.inspection import permutation_importance

    (x, y), (new, truth) = _data(0, 400), _data(1, 600)
    model = GradientBoostingRegressor(random_state=0).fit(x, y)
    theirs = permutation_importance(model, new, truth, scoring="neg_mean_squared_error", n_repeats=20, random_state=0)
    passed = givers(np.zeros(600, int), 20)
    before = METRICS["mse"].rows(truth, model.predict(new)[:, None])
    after = np.stack([_after(model, new, truth, passed, column) for column in range(4)])
    ours = importances(METRICS["mse"], before, after, passed)
    for column, one in enumerate(ours):
        noise = theirs.importances_std[column] / np.sqrt(20)
        assert one.value == pytest.approx(theirs.importances_mean[column], abs=5 * noise + 0.01)
        assert one.low <= one.value <= one.high
    assert ours[0].low > ours[1].high > 0


def test_a_column_of_noise_keeps_zero_and_the_interval_holds_the_truth() -> None:
    """A model that learned the noise by heart: 60 tables of new rows, five exchanges. The truth is the mean of all tables."""
    from sklearn.tree import DecisionTreeRegressor

    model = DecisionTreeRegressor(min_samples_leaf=3, random_state=0).fit(*_data(0, 150))
    noise, held = 0, list[tuple[float, float, float]]()
    for seed in range(60):
        x, y = _data(100 + seed, 150)
        passed = givers(np.zeros(150, int), 5, seed)
        before = METRICS["mse"].rows(y, model.predict(x)[:, None])
        strong, none = importances(METRICS["mse"], before, np.stack([_after(model, x, y, passed, c) for c in (0, 3)]), passed, count=300)
        noise += none.low <= 0 <= none.high
        held.append((strong.low, strong.value, strong.high))
    truth = float(np.mean([value for _, value, _ in held]))
    assert noise >= 54  # binomial(60, .95) falls below in 1.8 % of cases
    assert sum(low <= truth <= high for low, _, high in held) >= 54


def test_groups_are_drawn_whole() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(30), 20)
    before, after = rng.random(600), rng.random((1, 2, 600)) + rng.normal(size=30)[group]
    passed = givers(np.zeros(600, int), 2)
    narrow, wide = (importances(METRICS["mse"], before, after, passed, g)[0] for g in (None, group))
    assert narrow.value == wide.value and wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_worse_is_in_the_metrics_own_unit() -> None:
    assert worse(METRICS["rmse"], 9.0, 7.0) == pytest.approx(1.0)
    assert worse(METRICS["roc_auc"], 0.1, 0.2) == pytest.approx(0.2)
    assert worse(METRICS["log_loss"], 0.3, -0.1) == pytest.approx(-0.1)


# which columns say the same --------------------------------------------------------------------------------------------


def _kinds() -> tuple[Cells, ...]:
    rng = np.random.default_rng(0)
    x, code = rng.normal(size=500), rng.integers(0, 5, 500)
    renamed = np.array([3, 1, 4, 0, 2])[code]
    holes = np.where(rng.random(500) < 0.2, np.nan, np.exp(x))
    return (
        Cells("x", "number", x),
        Cells("grows with x", "number", holes),
        Cells("code", "category", code, list("abcde")),
        Cells("renamed", "category", np.where(rng.random(500) < 0.1, -1, renamed), list("vwxyz")),
        Cells("number of code", "number", renamed + 0.01 * rng.normal(size=500)),
        Cells("noise of many levels", "category", rng.integers(0, 100, 500), [str(i) for i in range(100)]),
        Cells("empty", "number", np.full(500, np.nan)),
    )


def test_relations_of_any_two_kinds() -> None:
    x, grows, code, renamed, number, noise, empty = _kinds()
    assert related(x, grows) == pytest.approx(1.0)
    assert related(code, renamed) > 0.95 and related(code, number) > 0.95 and related(number, renamed) > 0.95
    assert max(related(noise, other) for other in (x, code, number)) < 0.25  # chance is taken off
    assert related(x, empty) == related(empty, noise) == 0.0


def test_groups_hang_together_and_name_their_weakest_link() -> None:
    found = groups(_kinds())
    assert [members for members, _ in found] == [(0, 1), (2, 3, 4)]
    assert all(0.8 <= strength <= 1.0 for _, strength in found)
    assert groups(_kinds()[:1]) == []
