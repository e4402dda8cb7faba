"""`etabli check` on rows drawn otherwise, simulated on real tables: quiet without a shift, and the reweighed old score is the new one's.

Slow: a model a seed. Small tilts by income (California) and by age (adult) have a known truth; equal rows must not alarm.
"""

from __future__ import annotations

import numpy as np
import pytest

from etabli.data import sources
from etabli.judge.domain import domain
from etabli.judge.metrics import METRICS
from etabli.judge.worth import worth

pytestmark = pytest.mark.slow
SEEDS = 20


def read(shared, name, target):
    table = sources.read(shared / name)
    columns = [c.name for c in table.columns if c.name != target and c.kind in ("number", "category", "flag")]
    X = np.column_stack(
        [
            np.where(np.asarray(table.values[c]) == -1, np.nan, table.values[c]) if not table.column(c).is_double else table.values[c]
            for c in columns
        ]
    )
    categorical = np.array([not table.column(c).is_double for c in columns])
    return X, np.asarray(table.values[target]), categorical, columns


@pytest.mark.parametrize(
    ("name", "target"), [("california_housing.csv", "median_house_value"), ("adult_income.csv", "income"), ("diamonds.parquet", "price")]
)
def test_equal_rows_do_not_alarm(shared, name, target):
    X, _, categorical, _ = read(shared, name, target)
    alarms, held = 0, 0
    for seed in range(SEEDS):
        rows = np.random.default_rng(seed).permutation(len(X))
        seen = domain(X[rows[:2_000]], X[rows[2_000:2_800]], categorical, seed)
        assert seen is not None
        alarms += seen.differs
        held += seen.low <= 0.5 <= seen.high
    print(name, "alarms", alarms, "holds 0.5", held)
    assert alarms <= 3 and held >= 17


@pytest.mark.parametrize(
    ("name", "target", "column"), [("california_housing.csv", "median_house_value", "median_income"), ("adult_income.csv", "income", "age")]
)
def test_the_reweighed_score_is_the_new_one(shared, name, target, column):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import cross_val_predict

    X, y, categorical, columns = read(shared, name, target)
    binary = name.startswith("adult")
    y = (y == np.max(y)).astype(int) if binary else y / 1e5
    chosen = METRICS["log_loss" if binary else "rmse"]
    z = X[:, columns.index(column)]
    z = np.clip((z - np.nanmean(z)) / np.nanstd(z), -2, 3)
    held, plain, better = 0, 0.0, 0.0
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        rows = random.permutation(len(X))
        old, rest = rows[:2_000], rows[2_000:]
        new = random.choice(rest, 2_000, p=np.exp(0.8 * z[rest]) / np.exp(0.8 * z[rest]).sum())
        kind = HistGradientBoostingClassifier if binary else HistGradientBoostingRegressor
        model = kind(max_iter=60, max_leaf_nodes=15, categorical_features=categorical if categorical.any() else None)
        method = "predict_proba" if binary else "predict"
        out = cross_val_predict(model, X[old], y[old], cv=5, method=method)
        answer = getattr(model.fit(X[old], y[old]), method)(X[rest])
        out, answer = (S[:, 1:] if binary else S[:, None] for S in (out, answer))
        where = {row: place for place, row in enumerate(rest)}
        truth = chosen.value(y[new], answer[[where[row] for row in new]])
        seen = domain(X[old], X[new], categorical, seed)
        assert seen is not None and seen.differs
        found = worth(chosen, y[old], out, seen)
        assert found is not None
        half = 1.96 * np.std(chosen.rows(y[new], answer[[where[row] for row in new]])) / np.sqrt(len(new))
        half = half / (2 * truth) if chosen.form == "root" else half
        held += abs(found.value - truth) <= np.hypot((found.high - found.low) / 2, half)
        plain += abs(found.plain - truth) / SEEDS
        better += abs(found.value - truth) / SEEDS
    print(name, "held", held, "error plain", plain, "reweighed", better)
    assert held >= 17 and better < plain
