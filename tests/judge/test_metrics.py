"""Every metric against scikit-learn, and the spread of its rows against a true bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from etabli.errors import DataError
from etabli.judge import costs
from etabli.judge.metrics import METRICS, labels, metric, named, probabilities, table

PAIRS = [(name, task) for name, found in METRICS.items() for task in found.tasks]
COST = np.array([[0.0, 1.0, 2.0, 1.0], [5.0, 0.0, 1.0, 3.0], [1.0, 4.0, 0.0, 1.0], [9.0, 1.0, 1.0, 0.0]])


def case(task: str, n: int = 300, seed: int = 0, rare: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, scores with ties, weights."""
    rng = np.random.default_rng(seed)
    weight = rng.gamma(2, size=n)
    if task == "regression":
        y = rng.gamma(2, size=n).round(1) + 0.1
        return y, (y * rng.gamma(9, 1 / 9, size=n)).round(1)[:, None] + 0.1, weight
    K = 2 if task == "binary" else 4
    shares = np.array([0.8, 0.2] if K == 2 else [0.55, 0.25, 0.15, 0.05]) if rare else np.ones(K) / K
    y = rng.choice(K, n, p=shares)
    y[:K] = np.arange(K)
    z = rng.normal(size=(n, K))
    z[np.arange(n), y] += 1
    P = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return (y, P[:, 1:].round(2).clip(0.01, 0.99), weight) if K == 2 else (y, tied(P), weight)


def tied(P: np.ndarray) -> np.ndarray:
    """Probabilities in sixteenths, each above zero, that add up to one exactly."""
    whole = np.floor(P * 11).astype(int) + 1
    whole[np.arange(len(P)), P.argmax(axis=1)] += 16 - whole.sum(axis=1)
    return whole / 16


def priced(name: str, S: np.ndarray):
    """The metric, with costs where it needs them."""
    count = probabilities(S).shape[1]
    return METRICS[name].priced(COST[:count, :count]) if METRICS[name].costly else METRICS[name]


# the oracle -------------------------------------------------------------------------------------------------------------


def each(score, y, S, average="macro"):
    """One class against the rest, averaged as scikit-learn does; for two classes, that of the second."""
    if S.shape[1] == 1:
        return score(y == 1, S[:, 0])
    shares = None if average == "macro" else average
    return np.average([score(y == k, S[:, k]) for k in np.unique(y)], weights=shares)


def first(y: np.ndarray, S: np.ndarray, k: int, w: np.ndarray | None) -> float:
    """scikit-learn's top-k accuracy, which prefers the larger class number among equals, asked in reverse."""
    K = S.shape[1]
    return sk.top_k_accuracy_score(K - 1 - y, S[:, ::-1], k=k, sample_weight=w, labels=np.arange(K))


def by_hand_ece(y: np.ndarray, S: np.ndarray, w: np.ndarray | None) -> float:
    p, hit = (S[:, 0], y == 1) if S.shape[1] == 1 else (S.max(axis=1), S.argmax(axis=1) == y)
    w = np.ones(len(y)) if w is None else w
    order, total = np.argsort(p, kind="stable"), 0.0
    count = min(15, len(y))
    for b in range(count):
        part = [row for place, row in enumerate(order) if place * count // len(y) == b and w[row] > 0]
        if not part:
            continue
        total += w[part].sum() * abs(np.average(p[part], weights=w[part]) - np.average(hit[part], weights=w[part]))
    return total / w.sum()


def average(values: np.ndarray, w: np.ndarray | None) -> float:
    return float(np.average(values, weights=w))


def f(y, S, w, beta=1.0, kind=None):
    kind = kind or ("binary" if S.shape[1] == 1 else "macro")
    return sk.fbeta_score(y, labels(S), beta=beta, sample_weight=w, average=kind, zero_division=0.0)


ORACLES = {
    "log_loss": lambda y, S, w: sk.log_loss(y, probabilities(S), sample_weight=w, labels=np.arange(probabilities(S).shape[1])),
    "brier": lambda y, S, w: sk.brier_score_loss(
        y, S[:, 0] if S.shape[1] == 1 else S, sample_weight=w, labels=np.arange(probabilities(S).shape[1])
    ),
    "accuracy": lambda y, S, w: sk.accuracy_score(y, labels(S), sample_weight=w),
    "balanced_accuracy": lambda y, S, w: sk.balanced_accuracy_score(y, labels(S), sample_weight=w),
    "top3": lambda y, S, w: first(y, S, 3, w),
    "roc_auc": lambda y, S, w: each(lambda hit, s: sk.roc_auc_score(hit, s, sample_weight=w), y, S),
    "roc_auc_weighted": lambda y, S, w: each(
        lambda hit, s: sk.roc_auc_score(hit, s, sample_weight=w), y, S, [average(y == k, w) for k in np.unique(y)]
    ),
    "average_precision": lambda y, S, w: each(lambda hit, s: sk.average_precision_score(hit, s, sample_weight=w), y, S),
    "f1": f,
    "f1_weighted": lambda y, S, w: f(y, S, w, kind="weighted"),
    "fbeta@2": lambda y, S, w: f(y, S, w, 2.0),
    "mcc": lambda y, S, w: sk.matthews_corrcoef(y, labels(S), sample_weight=w),
    "cohen_kappa": lambda y, S, w: sk.cohen_kappa_score(y, labels(S), sample_weight=w),
    "cost": lambda y, S, w: average([COST[a, b] for a, b in zip(y, by_hand_answers(S), strict=True)], w),
    "ece": by_hand_ece,
    "rmse": lambda y, S, w: sk.root_mean_squared_error(y, S[:, 0], sample_weight=w),
    "mse": lambda y, S, w: sk.mean_squared_error(y, S[:, 0], sample_weight=w),
    "mae": lambda y, S, w: sk.mean_absolute_error(y, S[:, 0], sample_weight=w),
    "median_absolute_error": lambda y, S, w: sk.median_absolute_error(y, S[:, 0], sample_weight=w),
    "r2": lambda y, S, w: sk.r2_score(y, S[:, 0], sample_weight=w),
    "explained_variance": lambda y, S, w: sk.explained_variance_score(y, S[:, 0], sample_weight=w),
    "rmsle": lambda y, S, w: sk.root_mean_squared_log_error(y, S[:, 0], sample_weight=w),
    "mape": lambda y, S, w: sk.mean_absolute_percentage_error(y, S[:, 0], sample_weight=w),
    "smape": lambda y, S, w: average(np.abs(y - S[:, 0]) / ((np.abs(y) + np.abs(S[:, 0])) / 2), w),
    "pinball@0.9": lambda y, S, w: sk.mean_pinball_loss(y, S[:, 0], sample_weight=w, alpha=0.9),
    "poisson_deviance": lambda y, S, w: sk.mean_poisson_deviance(y, S[:, 0], sample_weight=w),
    "gamma_deviance": lambda y, S, w: sk.mean_gamma_deviance(y, S[:, 0], sample_weight=w),
    "tweedie_deviance@1.5": lambda y, S, w: sk.mean_tweedie_deviance(y, S[:, 0], sample_weight=w, power=1.5),
}


def by_hand_answers(S: np.ndarray) -> list[int]:
    P = probabilities(S)
    K = P.shape[1]
    return [min(range(K), key=lambda a: (sum(p[t] * COST[t, a] for t in range(K)), a)) for p in P]


def test_every_metric_has_an_oracle():
    assert set(ORACLES) == set(METRICS)


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_agrees_with_scikit_learn(name, task):
    for seed, rare in ((0, False), (1, True)):
        y, S, weight = case(task, seed=seed, rare=rare)
        for w in (None, weight, np.round(weight)):
            assert priced(name, S).value(y, S, w) == pytest.approx(ORACLES[name](y, S, w), rel=1e-10, abs=1e-13), (seed, w is None)


def drawn(draw, task):
    """Small, tied and degenerate data: few distinct scores, rare classes, whole weights, zeros among them."""
    n = draw(st.integers(6, 24))
    numbers = st.integers(1, 12)
    w = draw(st.none() | st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(lambda w: sum(w[6:]) > 0).map(np.array))
    if task == "regression":
        y, s = (np.array(draw(st.lists(numbers, min_size=n, max_size=n))) / 4 for _ in "ys")
        y[:2], w = [1.0, 2.0], w if w is None else np.maximum(w, np.arange(n) < 2)
        return y, s[:, None], w
    K = 2 if task == "binary" else 4
    y = np.array([*range(K), *draw(st.lists(st.integers(0, K - 1), min_size=n - K, max_size=n - K))])
    w = w if w is None else np.maximum(w, np.arange(n) < K)
    whole = np.array(draw(st.lists(numbers, min_size=n * K, max_size=n * K))).reshape(n, K)
    P = tied(whole / whole.sum(axis=1, keepdims=True))
    return y, (P[:, 1:] if K == 2 else P), w


@pytest.mark.parametrize(("name", "task"), PAIRS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_agrees_on_whatever_comes(name, task, data):
    y, S, w = drawn(data.draw, task)
    chosen = priced(name, S)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # classes answered but never true: scikit-learn says so
        assert chosen.value(y, S, w) == pytest.approx(ORACLES[name](y, S, w), rel=1e-9, abs=1e-12)
    rows = chosen.rows(y, S, w)
    assert rows.shape == y.shape and np.isfinite(rows).all()


def test_answers_are_those_of_least_cost():
    y, S, w = case("multiclass", rare=True)
    guess = by_hand_answers(S)
    assert (costs.decide(S, COST) == guess).all() and (labels(S) != guess).mean() > 0.1
    oracles = {
        "accuracy": sk.accuracy_score(y, guess, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, guess, sample_weight=w),
        "f1": sk.f1_score(y, guess, average="macro", sample_weight=w),
        "mcc": sk.matthews_corrcoef(y, guess, sample_weight=w),
        "cohen_kappa": sk.cohen_kappa_score(y, guess, sample_weight=w),
    }
    for name, oracle in oracles.items():
        assert metric(name, "multiclass", COST).value(y, S, w) == pytest.approx(oracle, rel=1e-10)
        assert METRICS[name].value(y, S, w) != pytest.approx(oracle, rel=1e-3)
    for name in ("log_loss", "roc_auc"):  # costs decide answers, nothing else
        assert metric(name, "multiclass", COST).value(y, S, w) == METRICS[name].value(y, S, w)


def test_levels_make_a_difference():
    y, S, w = case("regression")
    for level in (0.1, 0.5, 0.95):
        assert metric(f"pinball@{level}", "regression").value(y, S, w) == pytest.approx(
            sk.mean_pinball_loss(y, S[:, 0], sample_weight=w, alpha=level), rel=1e-12
        )
    for power in (1.1, 1.9):
        assert metric(f"tweedie@{power}", "regression").value(y, S, w) == pytest.approx(
            sk.mean_tweedie_deviance(y, S[:, 0], sample_weight=w, power=power), rel=1e-9
        )


# the rows ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize(("name", "task"), [pair for pair in PAIRS if METRICS[pair[0]].ranks])
def test_rows_have_the_variance_of_the_metric(name, task, weighted):
    """The mean of a resample of the rows moves as the metric of that resample does: same spread within 15 %, same direction."""
    y, S, weight = case(task, 900, seed=3, rare=True)
    if name == "median_absolute_error":  # of errors with a density: a median that can only be 0.1 or 0.2 jumps
        S = S + np.random.default_rng(1).normal(size=S.shape) / 4
    w = weight if weighted else None
    fold = np.arange(len(y)) % 3 if "auc" in name or name == "average_precision" else None
    chosen = priced(name, S)
    rows, random = chosen.rows(y, S, w, fold), np.random.default_rng(0)
    moved, true = [], []
    for _ in range(120 if task == "multiclass" else 200):
        counts = np.bincount(random.integers(0, len(y), len(y)), minlength=len(y)).astype(float)
        used = counts > 0
        again = (counts if w is None else counts * w)[used]
        moved.append(chosen.report(float(counts @ rows) / len(y)))
        true.append(chosen.value(y[used], S[used], again, None if fold is None else fold[used]))
    assert np.std(moved) == pytest.approx(np.std(true), rel=0.15)
    assert np.corrcoef(moved, true)[0, 1] > (0.8 if name == "median_absolute_error" else 0.95)


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_a_weight_of_two_is_two_rows(name, task):
    y, S, _ = case(task, 100, rare=True)
    twice = np.random.default_rng(0).integers(1, 4, len(y))
    chosen = priced(name, S)
    if name != "ece":  # its bins hold equal counts of rows
        many = chosen.value(np.repeat(y, twice), np.repeat(S, twice, axis=0))
        assert chosen.value(y, S, twice) == pytest.approx(many, rel=1e-10)
    assert chosen.rows(y, S, np.full(len(y), 7.0)) == pytest.approx(chosen.rows(y, S), rel=1e-9, abs=1e-12)


def test_auc_compares_within_folds_only():
    """Two folds, each perfectly ordered, on scales that do not match."""
    y, S, fold = np.array([0, 1, 0, 1]), np.array([[0.1], [0.2], [0.8], [0.9]]), np.array([0, 0, 1, 1])
    assert METRICS["roc_auc"].value(y, S, None, fold) == 1.0
    assert METRICS["roc_auc"].value(y, S) == 0.75
    mixed = np.array([0, 0, 1, 1, 1])  # the last fold's one class has no pairs and says nothing
    assert METRICS["roc_auc"].value(np.array([0, 1, 1, 1, 1]), np.array([[0.1], [0.2], [0.0], [0.0], [0.0]]), None, mixed) == 1.0


def test_equal_scores_have_no_influence_on_the_auc():
    rows = METRICS["roc_auc"].rows(np.array([0, 1, 1, 0, 1]), np.full((5, 1), 0.3))
    assert rows == pytest.approx(np.full(5, 0.5), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10_000))
def test_table_is_the_metric_by_column(n, seed):
    rng = np.random.default_rng(seed)
    y, S = rng.normal(size=n), rng.normal(size=(n, 3, 1))
    for name in ("rmse", "mae", "r2", "median_absolute_error"):
        losses = table(METRICS[name], y, S)
        for c in range(3):
            assert METRICS[name].report(losses[:, c].mean()) == pytest.approx(METRICS[name].value(y, S[:, c]), rel=1e-9, abs=1e-12)


# what cannot be had -----------------------------------------------------------------------------------------------------


def test_undefined_and_awkward_cases():
    one = np.ones(3, np.int64)
    assert np.isnan(METRICS["roc_auc"].value(one, np.full((3, 1), 0.5)))
    assert np.isnan(METRICS["cost"].value(one, np.full((3, 1), 0.5)))
    assert METRICS["mape"].value(np.array([0.0, 2.0]), np.array([[5.0], [1.0]])) == 0.5  # told, the row with target 0 is left out
    assert METRICS["smape"].value(np.zeros(2), np.array([[0.0], [1.0]])) == 1.0
    assert METRICS["log_loss"].value(np.array([0]), np.array([[1.0]])) == pytest.approx(34.5, abs=0.1)
    assert METRICS["mcc"].value(np.array([0, 1]), np.zeros((2, 1))) == 0.0
    assert np.isnan(METRICS["rmsle"].value(np.array([-2.0]), np.ones((1, 1))))
    assert np.isnan(METRICS["poisson_deviance"].value(np.array([-2.0, 1.0]), np.ones((2, 1))))


def test_predictions_below_zero_cost_much_and_not_infinitely():
    y, good, bad = np.array([1.0, 2.0, 3.0]), np.array([[1.0], [2.0], [2.0]]), np.array([[1.0], [2.0], [-2.0]])
    for name in ("poisson_deviance", "gamma_deviance", "tweedie_deviance@1.5", "rmsle"):
        assert 2 * METRICS[name].value(y, good) < METRICS[name].value(y, bad) < 1e7, name


@pytest.mark.parametrize(
    ("name", "y", "said"),
    [
        ("rmsle", [-2.0, 3.0], "1 of 2"),
        ("mape", [0.0, 1.0, 0.0], "2 of 3 targets are 0"),
        ("poisson_deviance", [-1.0, 3.0], "the least -1"),
        ("tweedie_deviance@1.2", [0.0, 0.0], "all 2 targets are 0"),
        ("gamma_deviance", [0.0, 3.0], "poisson_deviance takes zeros"),
        ("gamma_deviance", [-1.0, 3.0], "rmse"),
        ("r2", [2.0, 2.0], "all 2"),
        ("roc_auc", [1, 1], "all of one class"),
        ("f1", [1, 1], "all of one class"),
        ("top3", [0, 1, 2, 2], "top2"),
    ],
)
def test_targets_that_a_metric_cannot_take_are_refused_with_a_reason(name, y, said):
    with pytest.raises(DataError) as caught:
        named(name, "regression").demand(np.array(y))
    assert said in str(caught.value) and caught.value.hint


def test_a_class_that_meets_no_other_in_any_fold_is_said():
    fold = np.array([0, 0, 1, 1])
    assert METRICS["roc_auc"].objection(np.array([0, 1, 0, 1]), fold) is None
    assert METRICS["roc_auc"].objection(np.array([0, 1, 1, 1]), fold) is None  # one fold is enough
    found = METRICS["roc_auc"].objection(np.array([0, 0, 1, 1]), fold)
    assert found is not None and "within a fold" in found.rule
    assert METRICS["log_loss"].objection(np.array([0, 0, 1, 1]), fold) is None
