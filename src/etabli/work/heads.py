"""The heads: what says how sure an answer is, learned from scores of rows the models did not see.

All but the check for unlike rows are functions of the winner's out-of-fold column; nothing here fits a model. What costs a row of the
file more than a twentieth of its time is there when it was asked for (`Asking`), and no other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.data.preparation import matrix, prepare
from etabli.judge import conformal, distribution, novelty, sets
from etabli.judge.calibrators.venn_abers import VennAbers
from etabli.judge.coverage import Coverage
from etabli.judge.draws import means
from etabli.records import Array, Wants
from etabli.work.material import Material
from etabli.work.table import OutOfFold

UNLIKE = Wants(numbers="scaled", filled=True, categories="frequency", dates="seconds", text="none")  # what novelty looks at
NOVELTY_ROWS = 20_000


@dataclass(frozen=True)
class Asking:
    """What the user wants of the heads. distribution: quantiles and the probability of staying below a value, of a number.
    guarantee: quantiles from rows held back (`held.py`). interval, sets: the kind, None for the best.
    tracked: the file takes a factor on the half-widths, to follow a drift."""

    distribution: bool = False
    guarantee: bool = False
    interval: conformal.Kind | None = None
    sets: str | None = None
    tracked: bool = False


PLAIN = Asking()


@dataclass(frozen=True)
class Crps:
    """The CRPS of the predictive distribution across folds, with its 95 % interval, and that of the targets alone (baseline)."""

    value: float
    low: float
    high: float
    baseline: float


@dataclass(frozen=True)
class Heads:
    """What says how sure an answer is, learned from scores of rows the model did not see. interval: intervals or sets.
    distribution: of a number, when it was asked for; crps: of a number, always. known: the Venn-Abers table
    of the final probability of two classes, where there are rows enough and no weights; gap: how
    far its p0 and p1 are apart, on average."""

    interval: Any
    coverage: tuple[Coverage, ...]
    novelty: Any
    novelty_raw: bytes
    novelty_coded: bytes
    flagged: float
    distribution: Any = None
    crps: Crps | None = None
    known: VennAbers | None = None
    gap: float | None = None


def heads(material: Material, table: OutOfFold, scores: Array, seed: int, asking: Asking = PLAIN, ends: Array | None = None) -> Heads:
    """Intervals or sets, their coverage across folds, and the check for unlike rows. scores: of the rows of `table` [n, outputs]. ends: of
    the two quantile models [n, 2], for cqr."""
    target, forward = material.target, table.forward
    interval: Any
    covered: Sequence[Coverage]
    kind: conformal.Kind
    spread, told, known = None, None, None
    if target.task == "regression":
        shape = asking.interval
        if shape is None or shape == "cqr":
            shape = conformal.choose(table.y, scores, table.fold, weight=table.weight, forward=forward).kind
        wide, kind = (scores, shape) if ends is None else (np.hstack([scores, ends]), "cqr")
        interval = conformal.learn(kind, table.y, wide, table.weight)
        covered = conformal.coverage(kind, table.y, wide, table.fold, table.groups, weight=table.weight, forward=forward)
        spread = distribution.fit(shape, table.y, scores, table.weight) if asking.distribution else None
        told = _crps(shape, table, scores)
    else:
        if target.task == "binary" and table.weight is None and VennAbers.possible(table.y):
            known = VennAbers.fit(table.y, scores)
        by_class = None if asking.sets is None else asking.sets == "class"
        interval = sets.fit(table.y, scores, len(target.classes), by_class, weight=table.weight)
        covered = sets.coverage(
            table.y,
            scores,
            table.fold,
            len(target.classes),
            by_class,
            names=target.classes,
            groups=table.groups,
            weight=table.weight,
            forward=forward,
        )
    rows, fold = table.rows, table.fold
    if len(rows) > NOVELTY_ROWS:
        taken = np.sort(np.random.default_rng(seed).choice(len(rows), NOVELTY_ROWS, replace=False))
        rows, fold = rows[taken], fold[taken]
    used = [name for name in material.used if material.table.column(name).kind != "text"]
    if used:
        made = prepare(material.table, target, UNLIKE, rows, seed, columns=used)
    else:  # nothing but text: its words are what a row can be unlike in
        made = prepare(material.table, target, Wants(filled=True, categories="frequency"), rows, seed, columns=material.used)
    z = matrix(made, material.table, rows)
    unlike = novelty.fit(z, fold, seed)
    return Heads(
        interval,
        tuple(covered),
        unlike,
        made.raw,
        made.coded,
        float((unlike.apply(z) < 0.01).mean()),
        spread,
        told,
        known,
        _gap(known, scores),
    )


def _gap(known: VennAbers | None, scores: Array) -> float | None:
    if known is None:
        return None
    p0, p1 = known.both(scores)
    return float(np.mean(p1 - p0))


def _crps(kind: conformal.Kind, table: OutOfFold, scores: Array) -> Crps | None:
    if len(np.unique(table.fold)) < 2:
        return None
    own, plain = distribution.crps(kind, table.y, scores, table.fold, table.weight, table.forward)
    seen = ~np.isnan(own)
    own, plain, w = own[seen], plain[seen], np.ones(int(seen.sum())) if table.weight is None else table.weight[seen]
    w = w * (len(w) / w.sum())
    mean = float(np.mean(w * own))
    low, high = np.quantile(
        means((mean + w * (own - mean))[:, None], None if table.groups is None else table.groups[seen])[0], [0.025, 0.975]
    )
    return Crps(mean, float(low), float(high), float(np.mean(w * plain)))
