from __future__ import annotations

import numpy as np
import pytest

from etabli.judge.combine import blend, crossfit, greedy, write
from etabli.judge.metrics import METRICS
from tests.judge.heads import run_head


def many(task: str, n: int = 1_500, C: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = 0.6 * rng.normal(size=(n, 1)) + rng.normal(size=(n, C))
    if task == "regression":
        y = rng.normal(size=n)
        return (y[:, None] + noise)[:, :, None], y, np.arange(n) % 5
    if task == "binary":
        y = rng.integers(0, 2, n)
        return (1 / (1 + np.exp(-(2 * y[:, None] - 1 + noise))))[:, :, None], y, np.arange(n) % 5
    y = rng.integers(0, 3, n)
    z = 1.5 * np.eye(3)[y][:, None, :] + rng.normal(size=(n, C, 3))
    return np.exp(z) / np.exp(z).sum(axis=2, keepdims=True), y, np.arange(n) % 5


@pytest.mark.parametrize(("task", "metric"), [("regression", "rmse"), ("binary", "log_loss"), ("multiclass", "log_loss")])
def test_better_than_the_best_and_honest_out_of_fold(task, metric):
    P, y, fold = many(task)
    found, m = greedy(P, y, task, limit=5), METRICS[metric]
    best = min(m.value(y, P[:, c]) for c in range(P.shape[1]))
    assert m.value(y, blend(P, found.counts)) < 0.95 * best
    assert len(found.members) <= 5 and found.weights.sum() == pytest.approx(1)
    crossed = m.value(y, crossfit(P, y, fold, task, limit=5))
    assert m.value(y, blend(P, found.counts)) - 1e-9 <= crossed * 1.01
    assert crossed < 0.95 * best


def test_crossfit_never_sees_the_row():
    """Other targets in a fold: other weights for all rows but its own."""
    P, y, fold = many("regression")
    other = np.where(fold == 1, P[:, 5, 0], y)
    same = (crossfit(P, y, fold, "regression") == crossfit(P, other, fold, "regression"))[:, 0]
    assert same[fold == 1].all() and not same[fold != 1].any()


def test_forward_in_time_weights_come_from_the_past():
    P, y, fold = many("regression")
    fold = np.sort(fold)
    other = np.where(fold == 2, P[:, 5, 0], y)
    same = (crossfit(P, y, fold, "regression", forward=True) == crossfit(P, other, fold, "regression", forward=True))[:, 0]
    assert same[(fold == 1) | (fold == 2)].all() and not same[fold > 2].any()


def test_one_perfect_candidate_stays_alone():
    P, y, _ = many("regression")
    P[:, 3, 0] = y + 1e-9
    assert greedy(P, y, "regression").members == (3,)
    same = np.repeat(P[:, :1], 6, axis=1)
    assert len(greedy(same, y, "regression").members) == 1  # copies add nothing: fewer members win the tie


def test_costs_and_absolute_error():
    P, y, _ = many("regression")
    cost = np.arange(1.0, 13)
    found = greedy(P, y, "regression", cost=cost, budget=6.0)
    assert cost[list(found.members)].sum() <= 6
    assert greedy(P, y, "regression", cost=cost, budget=0.5).members == (0,)
    one = greedy(P, y, "regression", absolute=True)
    assert METRICS["mae"].value(y, blend(P, one.counts)) == pytest.approx(one.loss)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_head_equals_numpy(task):
    P, y, _ = many(task)
    P[:3] = 1.0 if task != "multiclass" else [1.0, 0.0, 0.0]
    found = greedy(P, y, task, limit=4)
    feeds = {f"m{c}": np.ascontiguousarray(P[:, c]) for c in found.members}
    counts, outputs = [int(found.counts[c]) for c in found.members], P.shape[2]
    got, nodes = run_head(lambda g: {"p": (write(g, list(feeds), counts, outputs), "double", outputs)}, **feeds)
    assert np.abs(got["p"] - blend(P, found.counts)).max() <= 1e-12
    assert nodes <= 3
    if task != "regression":
        assert got["p"].max() <= 1.0
