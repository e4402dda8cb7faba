"""The verdict: from the out-of-fold table to the winner, its honest score, and who cannot be told from it.

Nothing is fitted here but weights and calibrators, all from the one table. The combination is one more candidate with a
column of its own, cross-fitted, so that the bootstrap counts it as it counts the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from etabli.families.family import Family
from etabli.judge import calibration, combine, draws, metrics, ties
from etabli.judge.calibration import Choice
from etabli.judge.honesty import Honest, honest
from etabli.judge.metrics import Metric
from etabli.records import Array, Setting
from etabli.work.race import Standing
from etabli.work.table import OutOfFold, Scores

COMBINATION = "combination"
SHOWN = 60  # candidates in the table, the best by loss; the bootstrap picks among these
COMBINED = 30  # of which the combination may choose


@dataclass(frozen=True)
class Ranked:
    """A row of the leaderboard. difference: metric loss minus the winner's, with its simultaneous interval."""

    name: str
    family: str
    score: float
    difference: float
    low: float
    high: float
    tied: bool
    setting: Setting | None


@dataclass(frozen=True)
class Chosen:
    """A member of the winner: the setting, how often it is taken, its calibrator."""

    setting: Setting
    count: int
    calibration: Choice


@dataclass(frozen=True)
class Verdict:
    """metric: what ranks. honest: in the metric's unit. leaderboard: best first. members: of the winner. calibration: of the
    whole. scores: the winner's cross-fitted, calibrated out-of-fold column [n, outputs]. baseline: the constant's value."""

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

    @property
    def tied(self) -> tuple[str, ...]:
        """Names that cannot be told from the winner, itself among them."""
        return tuple(row.name for row in self.leaderboard if row.tied)


def verdict(
    scores: Scores, standing: Standing, metric: Metric, families: Mapping[str, Family], seed: int, limit: int, kept: Sequence[str] = ()
) -> Verdict:
    """Judges a finished race. limit: most members of a combination. kept: hashes of candidates that stay in the table however many are
    better."""
    by_loss = sorted(standing.finished, key=lambda setting: scores.loss(setting, standing))
    baselines = [setting for setting in by_loss if families[setting.family].rank == 0]
    candidates = by_loss[:SHOWN] + [setting for setting in by_loss[SHOWN:] if setting in baselines or setting.hash in kept]
    table = scores.table(standing, candidates)
    task, absolute = scores.material.target.task, metric.name == "mae"
    groups = draws.blocks(len(table.y)) if scores.split.forward and table.groups is None else table.groups
    pool = [i for i, setting in enumerate(candidates[:COMBINED]) if families[setting.family].rank > 0]
    columns, names = table.calibrated, [setting.name for setting in candidates]
    mixed = None
    if len(pool) > 1 and limit > 1:
        sub = table.calibrated[:, pool]
        mixed = combine.greedy(sub, table.y, task, limit, absolute=absolute, seed=seed, weight=table.weight)
        if len(mixed.members) > 1:
            own = combine.crossfit(sub, table.y, table.fold, task, limit, absolute=absolute, seed=seed, weight=table.weight)
            columns = np.concatenate([columns, own[:, None]], 1)
            names.append(COMBINATION)
    losses = metrics.table(metric, table.y, columns, table.weight, table.fold)
    found = honest(metric, table.y, columns, table.fold, table.weight, groups, seed)
    winner = found.winner
    base = next((i for i, setting in enumerate(candidates) if setting in baselines), None)
    margin = ties.ROPE * float(losses[:, base].mean()) if base is not None else 0.0
    tie = ties.ties(losses, winner, groups, seed, margin)
    settings: list[Setting | None] = [*candidates, *([None] if len(names) > len(candidates) else [])]
    combined = settings[winner] is None and mixed is not None
    picked = [(pool[i], int(mixed.counts[i])) for i in mixed.members] if combined and mixed else [(winner, 1)]
    cheap = len(picked) > 1
    members = tuple(
        Chosen(candidates[i], count, calibration.choose(table.y, table.raw[:, i], table.fold, task, cheap, table.weight, scores.calibrator))
        for i, count in picked
    )
    if len(members) == 1:
        whole = calibration.choose(
            table.y, members[0].calibration.column, np.zeros(len(table.y), np.int64), task, True
        )  # raw: it is calibrated
    else:
        blended = combine.blend(
            np.stack([member.calibration.column for member in members], 1), np.array([member.count for member in members])
        )
        whole = calibration.choose(table.y, blended, table.fold, task, weight=table.weight, only=scores.calibrator)
    order = sorted(range(len(names)), key=lambda i: (tie.difference[i], i))
    board = tuple(
        Ranked(
            names[i],
            COMBINATION if (setting := settings[i]) is None else setting.family,
            metric.report(float(losses[:, i].mean())),
            float(tie.difference[i]),
            float(tie.low[i]),
            float(tie.high[i]),
            i in tie.tied,
            settings[i],
        )
        for i in order
    )
    simplest = min(tie.tied, key=lambda i: (1000 if (setting := settings[i]) is None else families[setting.family].rank, order.index(i)))
    return Verdict(
        metric=metric,
        honest=found,
        leaderboard=board,
        winner=names[winner],
        members=members,
        calibration=whole,
        table=table,
        scores=whole.column,
        baseline=metric.report(float(losses[:, base].mean())) if base is not None else float("nan"),
        simplest=names[simplest],
        tried=standing.tried,
    )
