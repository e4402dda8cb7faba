"""The nested audit on made tables: fifty real candidates, fitted without each pair of folds, so that the choice is made anew in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge.metrics import METRICS
from etabli.judge.nested import Asked, Nested, nested
from tests.promises.made import FOLDS, Array, Candidate, Made, candidates, fresh, made, out_of_fold, predicted


def pairs(data: Made, some: list[Candidate]) -> Array:
    """T [FOLDS, n, C, 1]: T[k] of a row of fold l is by models that learned from neither k nor l; of a row of k it is NaN."""
    T = np.full((FOLDS, len(data.y), len(some), 1), np.nan)
    for k in range(FOLDS):
        for other in range(k):
            learn = np.flatnonzero((data.fold != k) & (data.fold != other))
            for c, one in enumerate(some):
                for mine, theirs in ((k, other), (other, k)):
                    here = data.fold == theirs
                    T[mine, here, c, 0] = predicted(one, data, learn, data.X[here])
    return T


@dataclass(frozen=True)
class Figures:
    """Over the seeds. bias: mean of the nested score minus the truth, the mean score that the choices of the folds, fitted as they were
    judged, reach on fresh rows; error: its standard error. holds: share of intervals with the truth in them. width: their mean."""

    seeds: int
    bias: float
    error: float
    holds: float
    width: float


def one(metric: str, n: int, seed: int, signal: bool = False) -> tuple[Nested, float]:
    """(the audit of one table, the truth of the choices)."""
    data, some = made(metric not in ("rmse", "mae"), n, seed, signal), candidates(seed)
    S, T = out_of_fold(data, some), pairs(data, some)

    def inner(k: int) -> tuple[Array, Array]:
        rows = np.flatnonzero(data.fold != k)
        return rows, T[k, rows]

    task = "binary" if data.binary else "regression"
    asked = Asked(METRICS[metric], task, 1, np.ones(len(some), bool), seed, "raw")  # one alone: a combination has no truth here
    found = nested(asked, data.y, data.fold, S, inner)
    true = [METRICS[metric].value(*fresh(some[choice], data, signal, seed)) for choice in found.choices]
    return found, float(np.mean(true))


def figures(metric: str, n: int, seeds: Sequence[int], signal: bool = False) -> Figures:
    """Of all seeds."""
    seen = [one(metric, n, seed, signal) for seed in seeds]
    bias = np.array([found.value - true for found, true in seen])
    return Figures(
        len(seen),
        float(bias.mean()),
        float(bias.std(ddof=1) / np.sqrt(len(seen))),
        float(np.mean([found.low <= true <= found.high for found, true in seen])),
        float(np.mean([found.high - found.low for found, _ in seen])),
    )
