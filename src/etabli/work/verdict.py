"""The verdict: from the out-of-fold table to the winner, its honest score, and who cannot be told from it.

Nothing is fitted here but weights and calibrators, all from the one table. The combination is one more candidate with a
column of its own, cross-fitted, so that the bootstrap counts it as it counts the others.

Where the best were repeated on further partitions (`repeats.py`), the winner is chosen among them, by losses averaged over the partitions,
and the honest score, the ties and the corrected interval stand on these. Who was fitted once is compared with the winner on the
first partition, which both have, and the bootstrap counts it: to let it pick among the repeated alone would forget that they were chosen on
the very same rows (measured on pure noise, fifty candidates, ten of them repeated, 200 rows: AUC 0.037 too good in place of 0.014).
Calibrators, intervals and pictures stand on the first partition: residuals of predictions averaged over partitions would be those of a
model that does not ship, and too small, and three predictions of a row are not three rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.families.family import Family
from etabli.judge import calibration, combine, draws, metrics, ties
from etabli.judge.calibration import Choice
from etabli.judge.combine import Combination
from etabli.judge.corrected import corrected
from etabli.judge.honesty import SHARED, Honest, bbc, honest
from etabli.judge.metrics import Metric
from etabli.records import Array, Finding, Setting, TaskKind
from etabli.work.race import Standing
from etabli.work.repeats import Repeats
from etabli.work.table import OutOfFold, Scores

COMBINATION = "combination"
SHOWN = 60  # candidates in the table, the best by loss; the bootstrap picks among these
COMBINED = 30  # of which the combination may choose
REPEATS = 3  # partitions from which the corrected t interval says something
ONCE = Repeats()


@dataclass(frozen=True)
class Ranked:
    """A row of the leaderboard. difference: metric loss minus the winner's, with its simultaneous interval. repeats: partitions it was fitted
    on. corrected: the interval of the difference by the corrected t test (judge/corrected.py), with repeats."""

    name: str
    family: str
    score: float
    difference: float
    low: float
    high: float
    tied: bool
    setting: Setting | None
    repeats: int = 1
    corrected: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chosen:
    """A member of the winner: the setting, how often it is taken, its calibrator."""

    setting: Setting
    count: int
    calibration: Choice


@dataclass(frozen=True)
class Verdict:
    """metric: what ranks. honest: in the metric's unit. leaderboard: best first. members: of the winner. calibration: of the
    whole. table, scores: of the first partition, the winner's cross-fitted, calibrated out-of-fold column [n, outputs]. baseline: the
    constant's value. nested: what the audit said (nested.py), JSON-able. notes: what else is to be said of the judgement."""

    metric: Metric
    honest: Honest
    leaderboard: tuple[Ranked, ...]
    winner: str
    members: tuple[Chosen, ...]
    calibration: Choice
    table: OutOfFold
    scores: Array
    baseline: float
    simplest: str
    tried: int
    repeats: Repeats = ONCE
    nested: Mapping[str, Any] | None = None
    notes: tuple[Finding, ...] = ()

    @property
    def tied(self) -> tuple[str, ...]:
        """Names that cannot be told from the winner, itself among them."""
        return tuple(row.name for row in self.leaderboard if row.tied)


def promising(scores: Scores, standing: Standing, metric: Metric, families: Mapping[str, Family], seed: int, limit: int) -> list[Setting]:
    """Finished candidates that learn something, in the order in which they are worth repeating: the best in the metric that ranks, the
    members of the combination, the others by their loss."""
    order = [s for s in sorted(standing.finished, key=lambda s: scores.loss(s, standing)) if families[s.family].rank > 0]
    if not order:
        return []
    table = scores.table(standing, order)
    losses = metrics.table(metric, table.y, table.calibrated, table.weight, table.fold).mean(axis=0)
    places = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
    mixed = _mixed([table], list(places[:COMBINED]), scores.material.target.task, limit, metric.name == "mae", seed)
    members = [] if mixed is None else [int(places[i]) for i in mixed.members]
    return [order[i] for i in dict.fromkeys([int(places[0]), *members, *(int(i) for i in places)])]


def verdict(
    scores: Scores,
    standing: Standing,
    metric: Metric,
    families: Mapping[str, Family],
    seed: int,
    limit: int,
    stay: Sequence[str] = (),
    repeats: Repeats = ONCE,
) -> Verdict:
    """Judges a finished race. limit: most members of a combination. stay: hashes of candidates that stay in the table however many are
    better. repeats: of the best on further partitions."""
    by_loss = sorted(standing.finished, key=lambda setting: scores.loss(setting, standing))
    baselines = [setting for setting in by_loss if families[setting.family].rank == 0]
    again = {setting.hash for setting in repeats.settings}
    order = [*repeats.settings, *(setting for setting in by_loss if setting.hash not in again)]
    candidates = order[:SHOWN] + [setting for setting in order[SHOWN:] if setting in baselines or setting.hash in stay]
    table = scores.table(standing, candidates)
    task, absolute = scores.material.target.task, metric.name == "mae"
    kept = [i for i, setting in enumerate(candidates) if not again or setting.hash in again]
    pool = [i for i in kept[:COMBINED] if families[candidates[i].family].rank > 0]
    tables = [table, *repeats.tables([candidates[i] for i in kept])]
    mixed = _mixed(tables, pool, task, limit, absolute, seed)
    columns = [one.calibrated for one in tables]
    if mixed is not None:
        columns = [_with_combination(one, pool, task, limit, absolute, seed) for one in tables]
        kept.append(len(candidates))
    settings = [*candidates, *([None] if mixed else [])]
    groups = draws.blocks(len(table.y)) if scores.split.forward and table.groups is None else table.groups
    parts = [metrics.table(metric, one.y, column, one.weight, one.fold) for one, column in zip(tables, columns, strict=True)]
    losses, winner = _averaged(tables, parts, kept) if repeats.parts else (parts[0], None)
    base = next((i for i, setting in enumerate(candidates) if setting in baselines), None)
    nothing = None if base is None else float(losses[:, base].mean())
    mutual = not scores.split.forward and len(scores.folds_of(candidates[0].hash, standing)) > 1
    if winner is None:
        found = honest(metric, table.y, columns[0], table.fold, table.weight, groups, seed, nothing=nothing, mutual=mutual)
    else:
        found = bbc(losses, groups, seed, report=metric.report, shared=SHARED if mutual else 0.0, nothing=nothing)
        found = replace(found, winner=winner, leaderboard=metric.report(float(losses[:, winner].mean())))
    tie = ties.ties(losses, found.winner, groups, seed, 0.0 if nothing is None else ties.ROPE * nothing)
    again_ends = _corrected(tables, parts, kept, found.winner) if len(tables) >= REPEATS else {}
    times = [repeats.times if i in kept else 1 for i in range(len(settings))]
    board = _ranked(settings, metric, losses, tie, times, again_ends)
    combined = settings[found.winner] is None and mixed is not None
    picked = [(pool[i], int(mixed.counts[i])) for i in mixed.members] if combined and mixed else [(found.winner, 1)]
    members, whole = _calibrated(table, candidates, picked, task, scores.calibrator)
    shown = sorted(range(len(board)), key=lambda i: (i != found.winner, np.isnan(board[i].difference), board[i].difference, i))
    simplest = min(
        (board[i] for i in shown if board[i].tied), key=lambda row: 1000 if row.setting is None else families[row.setting.family].rank
    )
    return Verdict(
        metric=metric,
        honest=found,
        leaderboard=tuple(board[i] for i in shown),
        winner=board[found.winner].name,
        members=members,
        calibration=whole,
        table=table,
        scores=whole.column,
        baseline=metric.report(float(losses[:, base].mean())) if base is not None else float("nan"),
        simplest=simplest.name,
        tried=standing.tried,
        repeats=repeats,
    )


def _with_combination(table: OutOfFold, pool: list[int], task: TaskKind, limit: int, absolute: bool, seed: int) -> Array:
    """The calibrated columns and behind them the combination's, whose weights are learned within the partition."""
    own = combine.crossfit(
        table.calibrated[:, pool],
        table.y,
        table.fold,
        task,
        limit,
        absolute=absolute,
        seed=seed,
        weight=table.weight,
        forward=table.forward,
    )
    return np.concatenate([table.calibrated, own[:, None]], 1)


def _ranked(
    settings: Sequence[Setting | None],
    metric: Metric,
    losses: Array,
    tie: ties.Ties,
    times: Sequence[int],
    corrected_ends: Mapping[int, tuple[float, float]],
) -> list[Ranked]:
    """A row for each candidate, None being the combination. losses: [rows, candidates]. times: partitions each was fitted on."""
    return [
        Ranked(
            COMBINATION if setting is None else setting.name,
            COMBINATION if setting is None else setting.family,
            metric.report(float(losses[:, i].mean())),
            float(tie.difference[i]),
            float(tie.low[i]),
            float(tie.high[i]),
            i in tie.tied,
            setting,
            times[i],
            corrected_ends.get(i),
        )
        for i, setting in enumerate(settings)
    ]


def _mixed(tables: Sequence[OutOfFold], pool: list[int], task: TaskKind, limit: int, absolute: bool, seed: int) -> Combination | None:
    """The combination of more than one of `pool` with the least mean loss over the partitions, or None. Of further partitions the tables hold
    the candidates of `pool` first."""
    if len(pool) < 2 or limit < 2:
        return None
    weight = None if tables[0].weight is None else np.concatenate([one.weight for one in tables])
    P, y = np.concatenate([one.calibrated[:, pool] for one in tables]), np.concatenate([one.y for one in tables])
    mixed = combine.greedy(P, y, task, limit, absolute=absolute, seed=seed, weight=weight)
    return mixed if len(mixed.members) > 1 else None


def _averaged(tables: Sequence[OutOfFold], parts: Sequence[Array], kept: Sequence[int]) -> tuple[Array, int]:
    """(losses [n, C], the best of the candidates `kept`). Theirs are averaged over the partitions, row by row. Any other's is that of
    the first, plus what the best one's average lost to its own first: so its mean difference to the best is the one on the partition
    that both have, and the bootstrap still counts it among those that might have been chosen."""
    home = np.argsort(tables[0].rows, kind="stable")
    total = parts[0][:, kept].copy()
    for one, losses in zip(tables[1:], parts[1:], strict=True):
        total[home] += losses[np.argsort(one.rows, kind="stable")]
    total /= len(tables)
    means = total.mean(axis=0)
    best = int(np.where(np.isfinite(means), means, np.inf).argmin())
    made = parts[0] + (total[:, best] - parts[0][:, kept[best]])[:, None]
    made[:, kept] = total
    return made, kept[best]


def _corrected(tables: Sequence[OutOfFold], parts: Sequence[Array], kept: Sequence[int], winner: int) -> dict[int, tuple[float, float]]:
    """The corrected interval of the difference of each candidate `kept` to the winner, over the folds of all partitions."""
    most = max(int(one.fold.max()) for one in tables) + 1
    fold = np.concatenate([one.fold + number * most for number, one in enumerate(tables)])
    losses = np.concatenate([parts[0][:, kept], *parts[1:]])
    sizes = np.unique(fold, return_counts=True)[1]
    ratio = float(np.mean(sizes / (len(tables[0].y) - sizes)))
    low, high = corrected(losses, list(kept).index(winner), fold, ratio)
    return {i: (float(a), float(b)) for i, a, b in zip(kept, low, high, strict=True)}


def _calibrated(
    table: OutOfFold, candidates: Sequence[Setting], picked: Sequence[tuple[int, int]], task: TaskKind, only: str | None
) -> tuple[tuple[Chosen, ...], Choice]:
    """(the members with their calibrators, the calibration of the whole). picked: (candidate, how often it is taken)."""
    cheap = len(picked) > 1
    members = tuple(
        Chosen(
            candidates[i], count, calibration.choose(table.y, table.raw[:, i], table.fold, task, cheap, table.weight, only, table.forward)
        )
        for i, count in picked
    )
    if len(members) == 1:
        return members, calibration.choose(
            table.y, members[0].calibration.column, np.zeros(len(table.y), np.int64), task, True
        )  # raw: it is calibrated
    blended = combine.blend(np.stack([member.calibration.column for member in members], 1), np.array([member.count for member in members]))
    return members, calibration.choose(table.y, blended, table.fold, task, weight=table.weight, only=only, forward=table.forward)
