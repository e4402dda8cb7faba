from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from etabli.judge.novelty import fit
from tests.judge.heads import run_head

NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
WORDS = ("workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country")


def adult(shared) -> np.ndarray:
    """The first 8 000 rows: scaled numbers and minus log frequencies."""
    with (shared / "adult_income.csv").open(encoding="utf-8") as file:
        rows = [row for _, row in zip(range(8_000), csv.DictReader(file), strict=False)]
    Z = np.array([[float(row[name]) for name in NUMBERS] for row in rows])
    counts = [Counter(row[name] for row in rows) for name in WORDS]
    F = np.array([[-np.log(count[row[name]] / len(rows)) for name, count in zip(WORDS, counts, strict=True)] for row in rows])
    return np.hstack([(Z - Z.mean(axis=0)) / Z.std(axis=0), F])


def test_p_is_uniform_on_held_out_rows_and_odd_rows_stand_out(shared):
    Z = adult(shared)
    train, held = Z[:5_000], Z[5_000:]
    found = fit(train, np.arange(5_000) % 5)
    p = found.apply(held)[:, 0]
    for level in (0.01, 0.05, 0.1, 0.25, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.3 * level**0.75), level
    odd = held[:50].copy()
    odd[:, 0] += 25  # age
    odd[:, 5] -= 25
    assert np.max(found.apply(odd)) < 0.01
    swapped = np.column_stack([held[:, 8], held[:, 0], held[:, 9:], held[:, 1:8]])[:200]  # columns in the wrong places
    assert np.median(found.apply(swapped)) < 0.05


@pytest.mark.parametrize(("n", "d"), [(400, 30), (150, 180), (300, 1_200)])
def test_head_equals_numpy_with_correlated_and_constant_columns(n, d):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(n, d))
    Z[:, 1], Z[:, 2] = Z[:, 0], 0.0
    found = fit(Z, np.arange(n) % 5)
    new = np.vstack([rng.normal(size=(2_000, d)), np.full((1, d), 1e300), np.full((1, d), -np.inf), np.full((1, d), np.nan)])
    new[:2_000, 1], new[:2_000, 2] = new[:2_000, 0], 0.0
    got, nodes = run_head(lambda g: {"p": (found.write(g, "z"), "double", 1)}, z=new)
    p = found.apply(new)
    assert np.isfinite(got["p"]).all() and got["p"].min() > 0 and got["p"].max() <= 1
    assert np.mean(np.abs(got["p"] - p) > 1e-12) < 0.002  # a score within rounding of a knot may fall on its other side
    assert p[-3:].max() == got["p"][-3:].max() == pytest.approx(1 / (n + 1))
    assert nodes <= 8 and len(found.knots) <= 500
    assert np.mean(p[:2_000] < 0.05) == pytest.approx(0.05, abs=0.035)
    changed = new[:200].copy()
    changed[:, 2] = 1.0  # a column that never varied
    if d <= 30:
        assert np.max(found.apply(changed)) < 0.05
    changed = new[:200].copy()
    changed[:, 1] += 6.0  # two equal columns that differ
    if d <= 30:
        assert np.max(found.apply(changed)) < 0.02


def test_one_fold_one_row_one_column():
    for Z in (np.zeros((1, 1)), np.zeros((5, 1)), np.arange(6.0)[:, None]):
        p = fit(Z, np.zeros(len(Z))).apply(np.vstack([Z, [[100.0]]]))
        assert np.isfinite(p).all() and p.min() > 0 and p.max() <= 1
