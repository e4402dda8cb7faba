from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.errors import UsageError
from etabli.judge.calibration import _best, choose, crossfit, known
from etabli.judge.calibrators import fitting, members
from etabli.judge.calibrators.venn_abers import VennAbers
from etabli.judge.metrics import METRICS
from tests.judge.heads import run_head

LOG = METRICS["log_loss"]


def binary(n: int, power: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores whose odds are the true odds to the power."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.normal(size=n) - 0.5
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.int64)
    return y, 1 / (1 + np.exp(-power * z))[:, None], np.arange(n) % 5


def multi(n: int, power: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = 1.5 * rng.normal(size=(n, 4))
    true = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = (rng.random((n, 1)) > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    P = true**power * np.array([1, 2, 1, 0.5])
    return y, P / P.sum(axis=1, keepdims=True), np.arange(n) % 5


EXTREME = np.array([[0.0], [1.0], [0.5], [1e-300], [1e-7], [1 - 1e-16], [np.nextafter(0.5, 1)]])


@pytest.mark.parametrize("kind", members(), ids=lambda kind: kind.name)
def test_head_equals_numpy(kind):
    most = {"raw": 0, "temperature": 6, "platt": 7, "beta": 8, "temperature_bias": 5, "isotonic": 9, "venn_abers": 3}
    for task, data in (("binary", binary), ("multiclass", multi)):
        if task not in kind.tasks:
            continue
        y, S, _ = data(3_000, 1.7)
        learned = kind.fit(y, S)
        feeds = np.vstack([S, EXTREME if task == "binary" else np.vstack([np.eye(4), np.full((1, 4), 0.25)])])
        got, nodes = run_head(lambda g, learned=learned, w=S.shape[1]: {"p": (learned.write(g, "s"), "double", w)}, s=feeds)
        want = learned.apply(feeds)
        assert np.isfinite(want).all() and want.min() >= 0 and want.max() <= 1
        assert np.abs(got["p"] - want).max() <= 1e-12
        assert nodes <= most[kind.name], nodes


@pytest.mark.parametrize("power", [0.4, 2.5])
def test_overbold_and_timid_scores_are_repaired(power):
    y, S, fold = binary(3_000, power)
    found = choose(y, S, fold, "binary")
    true = LOG.value(y, 1 / (1 + (1 / S - 1) ** (1 / power)))
    assert found.calibrator.name != "raw"
    assert LOG.value(y, found.column) < true + 0.005 < LOG.value(y, S)
    y, S, fold = multi(3_000, power)
    found = choose(y, S, fold, "multiclass")
    assert found.calibrator.name == "temperature_bias"
    assert LOG.value(y, found.column) < LOG.value(y, S) - 0.01


def test_calibrated_scores_stay_raw_and_never_get_worse():
    """On calibrated scores the choice is never worse than raw by more than a standard error, and mostly raw."""
    raw = 0
    for seed in range(10):
        y, S, fold = binary(400, 1.0, seed)
        found = choose(y, S, fold, "binary")
        raw += found.calibrator.name == "raw"
        loss = LOG.rows(y, found.column) - LOG.rows(y, S)
        assert loss.mean() <= loss.std() / np.sqrt(len(y))
    assert raw >= 7


def test_the_calibrator_asked_for_is_taken():
    y, S, fold = binary(600, 1.0)
    for kind in fitting("binary"):
        found = choose(y, S, fold, "binary", only=kind.name)
        assert found.calibrator.name == kind.name and np.isfinite(found.column).all()
        column = crossfit(y, S, fold, "binary", only=kind.name)
        assert np.abs(column - found.column).max() < (0.1 if kind.name == "venn_abers" else 1e-12)
    with pytest.raises(UsageError, match="isotonic"):
        known("isotonik")
    with pytest.raises(UsageError, match="fits the task"):
        known("platt", "multiclass")


def test_raw_stays_unless_beaten_by_a_standard_error():
    gain = np.random.default_rng(0).normal(size=400)
    gain -= gain.mean()
    for size, name in ((0.5, "raw"), (0.9, "raw"), (1.1, "platt")):
        assert _best({"raw": np.ones(400) + gain + size * gain.std() / 20, "platt": np.ones(400)}) == name


def test_crossfit_never_sees_the_row():
    """Changing the targets of a fold does not change that fold's column."""
    y, S, fold = binary(600, 2.5)
    flipped = np.where(fold == 2, 1 - y, y)
    for cheap in (True, False):
        same = crossfit(y, S, fold, "binary", cheap) == crossfit(flipped, S, fold, "binary", cheap)
        assert same[fold == 2].all() and not same[fold != 2].any()
    assert np.array_equal(crossfit(y, S, np.zeros(600), "binary"), S)  # one fold: nothing to learn from
    assert crossfit(S[:, 0], S, fold, "regression") is S


def test_forward_in_time_no_fold_learns_from_a_later_one():
    """Changing the targets of a fold changes later folds alone (and the first, which borrows); an early fold without a class is borne."""
    y, S, fold = binary(900, 2.5)
    fold = np.sort(fold)
    flipped = np.where(fold == 2, 1 - y, y)
    for arguments in ({}, {"only": "platt"}):
        same = crossfit(y, S, fold, "binary", forward=True, **arguments) == crossfit(flipped, S, fold, "binary", forward=True, **arguments)
        strict = (fold == 1) | (fold == 2) if arguments else fold == 2  # the second fold chooses by the first, which borrows
        assert same[strict].all() and not same[fold > 2].any() and not same[fold == 0].any()
    assert (choose(y, S, fold, "binary", forward=True).column != choose(y, S, fold, "binary").column).any()
    lacking = np.where(fold == 0, 0, y)
    for name in (None, *(kind.name for kind in fitting("binary"))):
        assert np.isfinite(crossfit(lacking, S, fold, "binary", only=name, forward=True)).all()


def test_cells_give_the_answer_of_rows(monkeypatch):
    """Adding rows up in cells of the logit hardly changes what is learned."""
    y, S, _ = binary(6_000, 2.0)
    quick = [kind.fit(y, S).apply(S) for kind in fitting("binary", cheap=True)]
    monkeypatch.setattr("etabli.judge.calibrators.logistic.CELLS", 10**9)
    slow = [kind.fit(y, S).apply(S) for kind in fitting("binary", cheap=True)]
    for a, b in zip(quick, slow, strict=True):
        assert np.abs(a - b).max() < 1e-4


def test_platt_and_temperature_agree_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    y, S, _ = binary(2_000, 1.5)
    z = np.log(S / (1 - S))
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(z, y)
    platt = next(kind for kind in members() if kind.name == "platt").fit(y, S)
    assert (platt.a, platt.b) == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), abs=5e-3)


def test_venn_abers_is_the_definition():
    """Each table entry is isotonic regression with the row put in, once as 0 and once as 1."""
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(0)
    s, y = rng.random(60).round(1), rng.integers(0, 2, 60)
    found = VennAbers.fit(y, s[:, None])
    for x in (0.05, 0.42, 0.77, 0.999):
        p = [IsotonicRegression().fit(np.append(s, x), np.append(y, label)).predict([x])[0] for label in (0, 1)]
        assert found.apply(np.array([[x]]))[0, 0] == pytest.approx(p[1] / (1 - p[0] + p[1]), abs=1e-12)
        assert [one[0, 0] for one in found.both(np.array([[x]]))] == pytest.approx(p, abs=1e-12)
    assert (found.p0 <= found.p1 + 1e-12).all()
    got, _ = run_head(
        lambda g: dict(zip(("p0", "p1"), ((name, "double", 1) for name in found.write_both(g, "s")), strict=True)), s=s[:, None]
    )
    assert all(np.array_equal(got[name], want) for name, want in zip(("p0", "p1"), found.both(s[:, None]), strict=True))
    big = VennAbers.fit(*(lambda y, S, _: (y, S))(*binary(5_000, 1.0)))
    assert len(big.knots) <= 1_000


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.sampled_from(["binary", "multiclass"]))
def test_any_scores_give_probabilities(seed, n, task):
    """Constant, saturated or one-class scores: finite, in [0, 1], rows of classes to 1, order kept for binary."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, rng.integers(1, 4), n) if task == "multiclass" else rng.integers(0, rng.integers(1, 3), n)
    P = rng.dirichlet(np.full(3, rng.choice([0.01, 1.0])), n)
    S = P if task == "multiclass" else P[:, :1]
    if rng.random() < 0.2:
        S = np.repeat(S[:1], n, axis=0)
    for kind in fitting(task):
        if kind.possible(y):
            p = kind.fit(y, S).apply(S)
            assert np.isfinite(p).all() and p.min() >= 0 and p.max() <= 1 + 1e-15
            if task == "multiclass":
                assert np.abs(p.sum(axis=1) - 1).max() < 1e-9
            else:
                assert (np.diff(p[np.argsort(S[:, 0], kind="stable"), 0]) >= -1e-12).all()


def test_a_last_digit_does_not_move_a_calibration_row_over_its_own_step():
    """An adopted model answers its calibration rows with the very scores that became the knots; on another thread, 1e-16 off."""
    y, S, _ = binary(3_000, 1.0)
    found = VennAbers.fit(y, S)
    for change in (-1e-13, 1e-16, 1e-13):
        assert all(np.array_equal(a, b) for a, b in zip(found.both(S), found.both(S + change), strict=True))
