"""The greatest difference between what a head's file computes and what the judge's numpy does, over tables of many shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from etabli.judge import conformal, novelty, sets
from etabli.judge.calibrators import fitting
from etabli.judge.metrics import probabilities
from tests.judge.heads import run_head

Array = np.ndarray[Any, Any]


def scores(n: int, classes: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """(y, S, weight, new scores): random probabilities, some of them tied and some of them 0 or 1."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(n) % classes
    Z = rng.normal(size=(2 * n, classes)) * rng.uniform(0.1, 6)
    Z[np.arange(n), y] += rng.uniform(0, 3)
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    if seed % 2:
        P = np.round(P, 2)
        P[:, -1] = 1 - P[:, :-1].sum(axis=1)
        P = np.clip(P, 0.0, 1.0)
    S = P[:, 1:2] if classes == 2 else P
    return y, S[:n], rng.uniform(0.2, 5, n), S[n:]


def apart(got: Array, told: Array) -> float:
    """The greatest difference, in units of one and a value's own size; infinite where only one of them is."""
    if got.shape != told.shape or (np.isinf(got) != np.isinf(told)).any():
        return float("inf")
    fine = np.isfinite(told)
    return float((np.abs(got[fine] - told[fine]) / (1 + np.abs(told[fine]))).max(initial=0.0))


def _calibrators(seed: int) -> Iterator[tuple[str, float]]:
    for task, classes in (("binary", 2), ("multiclass", 4)):
        y, S, weight, new = scores(100 + 7 * seed, classes, seed)
        for kind in fitting(task):
            learned = kind.fit(y, S, weight / weight.mean() if seed % 3 == 0 and kind.weighted else None)
            answer, _ = run_head(lambda g, one=learned, c=classes: {"s": (one.write(g, "S"), "double", 1 if c == 2 else c)}, S=new)
            yield f"calibrator {kind.name}", apart(answer["s"], learned.apply(new))


def _intervals(seed: int) -> Iterator[tuple[str, float]]:
    rng, n = np.random.default_rng([seed, 1]), 100 + 7 * seed
    p = rng.normal(size=(2 * n, 1)) * 10.0 ** rng.integers(-3, 6)
    y, level = p[:n, 0] + rng.standard_t(3, n) * (1 + np.abs(p[:n, 0])), float(rng.uniform(0.5, 0.99))
    S = np.hstack([p, p - 1.0, p + rng.uniform(0.5, 2, p.shape)])  # and the ends of two quantile models
    for kind in (*conformal.KINDS, "cqr"):
        used = S if kind == "cqr" else p
        learned = conformal.learn(kind, y, used[:n], rng.uniform(0.2, 5, n) if seed % 3 == 0 else None)

        def write(graph: Any, head: Any = learned) -> dict[str, tuple[str, str, int | None]]:
            low, high = head.write(graph, "p", "confidence", ends=("down", "up"))
            return {"low": (low, "double", 1), "high": (high, "double", 1)}

        feeds = {"p": S[n:, :1], "confidence": np.array(level)} | ({"down": S[n:, 1:2], "up": S[n:, 2:]} if kind == "cqr" else {})
        answer, _ = run_head(write, **feeds)
        low, high = learned.apply(used[n:], level)
        yield f"interval {kind}", max(apart(answer["low"], low), apart(answer["high"], high))


def _others(seed: int) -> Iterator[tuple[str, float]]:
    rng, n = np.random.default_rng([seed, 2]), 100 + 7 * seed
    y, S, _, new = scores(n, 3, seed)
    by, level = sets.fit(y, S, 3, seed % 2 == 0), float(rng.uniform(0.5, 0.99))
    answer, _ = run_head(
        lambda graph: {"in": (by.write(graph, "P", "confidence"), "bool", 3)}, P=probabilities(new), confidence=np.array(level)
    )
    yield "sets (labels that differ)", float((answer["in"] != by.apply(new, level)).sum())
    Z = rng.normal(size=(2 * n, 5)) @ rng.normal(size=(5, 5))
    odd = novelty.fit(Z[:n], rng.permutation(n) % 5)
    answer, _ = run_head(lambda graph: {"p": (odd.write(graph, "Z"), "double", 1)}, Z=Z[n:])
    clear = np.abs(odd.score(Z[n:]) - odd.knots).min(axis=1) > 1e-9  # a score on a knot may round to either side
    yield "novelty", apart(answer["p"][clear], odd.apply(Z[n:])[clear])


def differences(seeds: Sequence[int]) -> dict[str, float]:
    """By head, the greatest over the tables."""
    greatest: dict[str, float] = {}
    for seed in seeds:
        for head in (_calibrators, _intervals, _others):
            for name, value in head(seed):
                greatest[name] = max(value, greatest.get(name, 0.0))
    return greatest
