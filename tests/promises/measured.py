"""Does the comparison hold its word on made tables: figures over many seeds, for the tests and for the page of figures alike.

Each seed makes a table, compares fifty real candidates on it, and asks the judge as a study would. `noise` counts how often the honest
interval, and the sentence, see something where there is nothing. `signal` counts how often the interval holds the score that the winner,
fitted again on all rows, reaches on fresh rows. Seeds run in two processes; the figures do not depend on how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from etabli.judge.draws import blocks
from etabli.judge.honesty import honest
from etabli.judge.metrics import METRICS, table
from etabli.judge.ties import ROPE, beats, ties
from tests.promises.dependent import grouped, in_time
from tests.promises.made import Made, candidates, constant, fresh, made, out_of_fold


@dataclass(frozen=True)
class Question:
    """What is simulated: a metric, a number of rows, signal or none, weights or none. draws: of the bootstrap. groups: of rows that
    share luck; 0: none. in_time: rows in time order, each part predicted from the earlier ones. published: ask BBC-CV as published, too."""

    metric: str
    n: int
    signal: bool = False
    weighted: bool = False
    draws: int = 500
    groups: int = 0
    in_time: bool = False
    published: bool = False

    @property
    def binary(self) -> bool:
        """Whether the target is a class."""
        return self.metric not in ("rmse", "mae", "r2")


@dataclass(frozen=True)
class Seen:
    """One seed. naive: the leaderboard's score of its best. nothing: the constant's. evidence: what the sentence would claim. plain: the
    score of BBC-CV as published, NaN where it was not asked."""

    value: float
    low: float
    high: float
    naive: float
    truth: float
    nothing: float
    evidence: bool
    plain: float = float("nan")


@dataclass(frozen=True)
class Figures:
    """Over the seeds. excludes: share of intervals on the better side of knowing nothing. claims: share of sentences that see evidence.
    bias, naive: mean of the honest score, and of the leaderboard's, minus the truth; error: standard error of the bias. holds: share of
    intervals that hold the truth. width: mean of the intervals. truth: mean. rms: root mean square of the honest score minus the truth.
    plain, plain_rms: bias and rms of BBC-CV as published."""

    seeds: int
    excludes: float
    claims: float
    bias: float
    error: float
    naive: float
    holds: float
    width: float
    truth: float
    rms: float = float("nan")
    plain: float = float("nan")
    plain_rms: float = float("nan")


def _table(question: Question, seed: int) -> Made:
    if question.groups:
        return grouped(question.binary, question.n, seed, question.groups)
    if question.in_time:
        return in_time(question.binary, question.n, seed)
    return made(question.binary, question.n, seed, question.signal, question.weighted)


def asked(question: Question, seed: int) -> Seen:
    """One comparison of fifty candidates, judged."""
    metric = METRICS[question.metric]
    data, some = _table(question, seed), candidates(seed)
    S = np.concatenate([out_of_fold(data, some), constant(data)[:, None]], axis=1)
    seen = data.fold >= 0
    y, S, fold, weight = data.y[seen], S[seen], data.fold[seen], None if data.weight is None else data.weight[seen]
    units = blocks(len(y)) if data.forward else data.groups
    losses = table(metric, y, S, weight, fold)
    constant_loss = float(losses[:, -1].mean())
    nothing = metric.report(constant_loss)
    found = honest(metric, y, S[:, :-1], fold, weight, units, seed, question.draws, nothing=constant_loss, mutual=not data.forward)
    truth, score = fresh(some[found.winner], data, question.signal, seed)
    best = int(losses.mean(axis=0).argmin())
    tie = ties(losses, best, units, seed, margin=ROPE * constant_loss, draws=question.draws)
    clear = found.low > nothing if metric.greater_is_better else found.high < nothing
    base_tied = losses.shape[1] - 1 in tie.tied
    beaten = not base_tied and beats(float(tie.difference[-1]), float(tie.low[-1]))
    plain = float("nan")
    if question.published:
        plain = honest(metric, y, S[:, :-1], fold, weight, units, seed, question.draws, nothing=constant_loss, mutual=False).value
    return Seen(found.value, found.low, found.high, found.leaderboard, metric.value(truth, score), nothing, clear or beaten, plain)


def _one(question_and_seed: tuple[Question, int]) -> Seen:
    return asked(*question_and_seed)


def figures(question: Question, seeds: Sequence[int], processes: int = 1) -> Figures:
    """All seeds of a question."""
    jobs = [(question, seed) for seed in seeds]
    if processes == 1:
        return summed(question, [_one(job) for job in jobs])
    with ProcessPoolExecutor(processes, mp_context=get_context("forkserver")) as pool:
        return summed(question, list(pool.map(_one, jobs, chunksize=5)))


def summed(question: Question, seen: Sequence[Seen]) -> Figures:
    """The figures of what was seen."""
    greater = METRICS[question.metric].greater_is_better
    names = ("value", "low", "high", "naive", "truth", "nothing", "plain")
    value, low, high, naive, truth, nothing, plain = (np.array([getattr(one, name) for one in seen]) for name in names)
    bias = value - truth
    return Figures(
        seeds=len(seen),
        excludes=float(np.mean(low > nothing if greater else high < nothing)),
        claims=float(np.mean([one.evidence for one in seen])),
        bias=float(bias.mean()),
        error=float(bias.std(ddof=1) / np.sqrt(len(seen))),
        naive=float((naive - truth).mean()),
        holds=float(np.mean((low <= truth) & (truth <= high))),
        width=float((high - low).mean()),
        truth=float(truth.mean()),
        rms=float(np.sqrt((bias**2).mean())),
        plain=float((plain - truth).mean()),
        plain_rms=float(np.sqrt(((plain - truth) ** 2).mean())),
    )


def chance(promised: float, seeds: int, alpha: float = 0.01) -> int:
    """The most seeds, out of so many, in which an event of at most that probability happens; more has probability alpha or less."""
    from scipy.stats import binom

    return int(binom.ppf(1 - alpha, seeds, promised))
