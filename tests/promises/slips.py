"""Labels planted wrong at random, and tables without any: how often the judge says so, and how many of the rows it names are wrong.

As in a study, several models are cross-fitted, the winner and those that cannot be told from it are asked, and the boldest of them
speaks: whoever asks more often also errs more often, so the simulation asks as often. Made tables have twenty columns, a truth that is
linear, or one that a linear model cannot draw. The limits of judge/doubt.py were set before, on other tables; nothing was set on these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from etabli.judge import doubt
from etabli.judge.metrics import METRICS, probabilities, table
from etabli.judge.noise import suspects
from etabli.judge.ties import ROPE, ties
from tests.promises.real import FOLDS, SETS, Array, Real, matrix, model

KINDS = ("linear", "boosted")
FIRST = 70_000  # the seeds begin where no other simulation has been
OVERLAP = {"clear": 6.0, "overlapping": 1.6}  # slope of the log-odds: 9 and 26 % of honest labels contradict the best answer there is
PENGUINS = Real(
    "penguins", "penguins_raw.csv", "Species", "multiclass", ("studyName", "Sample Number", "Individual ID", "Comments", "Date Egg")
)
REAL = (*(one for one in SETS if one.name in ("adult_income", "bank_marketing", "telco_churn", "letters")), PENGUINS)


@dataclass(frozen=True)
class Heard:
    """One table. found: whether it is said. share: that was estimated. named, right, planted: rows named, wrong ones among them, all
    wrong ones. asked: models."""

    found: bool
    share: float
    named: int
    right: int
    planted: int
    asked: int


@dataclass(frozen=True)
class Slips:
    """Over the tables. found: share of them of which it is said. share: mean estimate where it is said. right: share of named rows that
    were planted, where it is said. caught: share of planted rows that are named."""

    tables: int
    found: float
    share: float
    right: float
    caught: float


def made(shape: str, overlap: str, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """X [n, 20] and honest labels [n]. shape: linear, or bent (products and squares)."""
    X = rng.normal(size=(n, 20))
    drawn = X[:, :5] @ np.array([0.7, 0.5, 0.4, 0.25, 0.2])
    if shape == "bent":
        drawn = X[:, 0] * np.where(X[:, 1] > 0, 1, -1) * 0.9 + 0.4 * np.abs(X[:, 2]) - 0.32
    return X, (rng.random(n) < 1 / (1 + np.exp(-OVERLAP[overlap] * drawn))).astype(np.int64)


def planted(y: Array, share: float, rng: np.random.Generator) -> Array:
    """Labels [n] of which that share, drawn at random, is another class."""
    classes, wrong = int(y.max()) + 1, rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, classes, len(y))) % classes, y)


def heard(X: Array, honest: Array, share: float, seed: int, kinds: Sequence[str] = KINDS) -> Heard:
    """What is said of a table whose labels were planted wrong in that share, by models of these kinds."""
    rng = np.random.default_rng([FIRST, seed, round(1000 * share)])
    y, task = planted(honest, share, rng), "binary" if honest.max() == 1 else "multiclass"
    fold = np.empty(len(y), np.int64)
    fold[np.lexsort((rng.random(len(y)), y))] = np.arange(len(y)) % FOLDS
    S = np.empty((len(y), len(kinds), 1 if task == "binary" else int(honest.max()) + 1))
    for place, kind in enumerate(kinds):
        for k in range(FOLDS):
            here = fold == k
            S[here, place] = model(kind, task)(X[~here], y[~here], None)(X[here])
    losses = table(METRICS["log_loss"], y, S, None, fold)
    best = int(losses.mean(axis=0).argmin())
    prior = np.bincount(y) / len(y)
    tied = ties(losses, best, None, seed, margin=-ROPE * float(prior @ np.log(np.maximum(prior, 1e-12)))).tied
    floors = [doubt.floor(y, S[:, place]) for place in tied]
    floor = max(floors, key=lambda one: one.gain)
    named = suspects(y, probabilities(S[:, best]), fold).rows[: max(50, round(2 * floor.share * len(y)))]
    return Heard(floor.found, floor.share, len(named), int((y != honest)[named].sum()), int((y != honest).sum()), len(tied))


def summed(seen: Sequence[Heard]) -> Slips:
    """Figures of what was heard."""
    loud = [one for one in seen if one.found]
    wrong = sum(one.planted for one in loud)
    return Slips(
        len(seen),
        len(loud) / len(seen),
        float(np.mean([one.share for one in loud])) if loud else 0.0,
        sum(one.right for one in loud) / max(1, sum(one.named for one in loud)),
        sum(one.right for one in loud) / wrong if wrong else 0.0,
    )


def figures(shape: str, overlap: str, n: int, share: float, seeds: Sequence[int]) -> Slips:
    """Made tables."""
    return summed([heard(*made(shape, overlap, n, np.random.default_rng([FIRST, n, seed])), share, seed) for seed in seeds])


def real(one: Real, folder: Path, share: float, seeds: Sequence[int], kinds: Sequence[str] = KINDS) -> Slips:
    """A real set, at most 6 000 rows of it, with its own labels taken for honest."""
    return summed([heard(*matrix(one, folder), share, seed, kinds) for seed in seeds])
