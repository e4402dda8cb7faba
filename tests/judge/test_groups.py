"""By group: scikit-learn's rates, intervals that hold, alarms that chance does not ring, levels that hold each row once."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge import covered
from etabli.judge.groups import Rows, compare, overall
from etabli.judge.levels import levels
from etabli.judge.metrics import metric


def binary(seed: int, rows: int = 1200, count: int = 4, name: str = "log_loss", **more: object) -> tuple[Rows, np.ndarray]:
    """Calibrated probabilities, and a column that has nothing to do with them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 2, rows)
    y = (rng.random(rows) < p).astype(np.int64)
    return Rows("binary", metric(name, "binary"), y, p[:, None], **more), rng.integers(0, count, rows)  # type: ignore[arg-type]


def test_the_figures_are_those_of_scikit_learn():
    from sklearn.metrics import confusion_matrix, log_loss, roc_auc_score

    rows, of = binary(0)
    p, y = rows.S[:, 0], rows.y
    for number, one in enumerate(compare(rows, of, 4)):
        here = of == number
        tn, fp, fn, tp = confusion_matrix(y[here], p[here] > 0.5).ravel()
        got = {name: measure.value for name, measure in one.measures.items()}
        assert got["true_positive"] == pytest.approx(tp / (tp + fn)) and got["false_positive"] == pytest.approx(fp / (fp + tn))
        assert got["selection"] == pytest.approx((tp + fp) / here.sum()) and got["target"] == pytest.approx(y[here].mean())
        assert got["score"] == pytest.approx(log_loss(y[here], p[here]))
        assert got["ratio"] == pytest.approx(y[here].sum() / p[here].sum()) and got["gap"] == pytest.approx((y - p)[here].mean())
        difference = one.measures["score"].difference
        assert difference is not None and difference.value == pytest.approx(got["score"] - log_loss(y[~here], p[~here]))
        assert one.rows == here.sum() and one.ece is not None and one.ece[1] < one.ece[2]
    auc = compare(Rows("binary", metric("roc_auc", "binary"), y, rows.S), of, 4)[2].measures["score"]
    assert auc.value == pytest.approx(roc_auc_score(y[of == 2], p[of == 2])) and auc.low < auc.value < auc.high <= 1


def test_stated_costs_move_the_rates():
    cost = np.array([[0.0, 1.0], [9.0, 0.0]])
    rows, of = binary(1, cost=cost)
    one = compare(rows, of, 4)[0].measures
    here = of == 0
    assert one["selection"].value == pytest.approx((rows.S[here, 0] > 0.1).mean())


@pytest.mark.parametrize("grouped", [False, True])
def test_chance_rings_in_five_percent_of_columns_and_intervals_hold(grouped):
    """All levels and measures of a column together: at most 5 % of clean columns say anything (60 columns; 7 are 5 % plus chance)."""
    rung, held, seen = 0, 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(120), 5) if grouped else None
        rows, of = binary(seed, 600, hit=rng.random(600) < 0.9, size=rng.normal(2, 1, 600), groups=groups)
        if groups is not None:
            of = rng.integers(0, 4, 120)[groups]
        found = compare(rows, of, 4, seed)
        rung += any(measure.apart for one in found for measure in one.measures.values()) or any(one.uncovered for one in found)
        for one in found:
            held += one.measures["target"].low <= 1 / 3 <= one.measures["target"].high
            seen += 1
    assert rung <= 8
    assert held / seen > 0.92


def test_a_real_difference_is_seen_and_of_the_right_sign():
    rows, of = binary(2, 4000)
    y = rows.y.copy()
    flip = (of == 1) & (np.random.default_rng(3).random(4000) < 0.25)
    y[flip] = 1 - y[flip]
    found = compare(Rows("binary", rows.metric, y, rows.S, hit=of != 3, size=np.ones(4000)), of, 4)
    worse = found[1].measures["score"]
    assert worse.apart and worse.difference is not None and worse.difference.low > 0
    assert found[3].uncovered and not found[0].uncovered


def test_rows_of_a_group_are_one_draw():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 20)
    bias = rng.normal(size=60)[groups]
    y, S = bias + rng.normal(size=1200), np.zeros((1200, 1))
    of = (groups % 2).astype(np.int64)
    free, whole = (
        compare(Rows("regression", metric("rmse", "regression"), y, S, groups=g), of, 2)[0].measures["gap"] for g in (None, groups)
    )
    assert whole.high - whole.low > 2 * (free.high - free.low)


def test_several_classes_and_few_rows():
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(3), 300)
    y = np.array([rng.choice(3, p=p) for p in P])
    of = np.r_[np.zeros(6), np.ones(294)].astype(np.int64)
    few, many = compare(Rows("multiclass", metric(None, "multiclass"), y, P), of, 2)
    assert not few.measures and few.rows == 6 and few.ece is None
    assert many.measures["right"].value == pytest.approx((P.argmax(1) == y)[6:].mean()) and many.measures["right"].difference is None
    assert overall(Rows("multiclass", metric(None, "multiclass"), y, P))["right"] == pytest.approx((P.argmax(1) == y).mean())


def test_levels_hold_each_row_once():
    values = np.r_[np.arange(100.0), np.full(7, np.nan)]
    fifths = levels(values)
    assert [entry.kind for entry in fifths.entries] == ["range"] * 5 + ["missing"]
    assert np.bincount(fifths.of).tolist() == [20] * 5 + [7] and fifths.entries[1].low == 20 and fifths.entries[1].high == 39
    again = levels(np.array([5.0, 25.0, 500.0]), cuts=[19.0, 39.0, 59.0, 79.0])
    assert again.of.tolist() == [0, 1, 2] and [entry.low for entry in again.entries] == [5, 25, 500]
    few = levels(np.array([0.0, 1.0, 1.0, np.nan]))
    assert [entry.kind for entry in few.entries] == ["level", "level", "missing"] and few.of.tolist() == [0, 1, 1, 2]
    codes = np.repeat([0, 1, 2, 3, -1], [40, 50, 3, 4, 5])
    words = levels(codes, ("a", "b", "c", "d"))
    assert [entry.name or entry.kind for entry in words.entries] == ["b", "a", "missing", "other"]
    assert np.bincount(words.of).tolist() == [50, 40, 5, 7]
    assert [entry.name for entry in levels(np.repeat([0, 1], [40, 3]), ("a", "b")).entries] == ["a", "b"]


def test_what_is_covered_agrees_with_the_coverage_that_is_told():
    from etabli.judge import conformal, sets

    rng = np.random.default_rng(0)
    S, fold = rng.normal(size=(400, 1)), np.arange(400) % 5
    y = S[:, 0] + rng.normal(size=400)
    hit, size = covered.numbers("constant", y, S, fold) or (None, None)
    said = next(one for one in conformal.coverage("constant", y, S, fold) if one.level == 0.9)
    assert hit is not None and size is not None and hit.mean() == said.got and size.mean() == pytest.approx(said.size)
    rows, _ = binary(0, 500)
    hit, size = covered.classes(True, rows.y, rows.S, np.arange(500) % 5, 2) or (None, None)
    told = next(one for one in sets.coverage(rows.y, rows.S, np.arange(500) % 5, 2, True) if one.level == 0.9)
    assert hit is not None and size is not None and hit.mean() == told.got and size.mean() == pytest.approx(told.size)
    assert covered.numbers("constant", y, S, np.zeros(400)) is None
