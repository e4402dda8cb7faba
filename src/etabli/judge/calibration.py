"""Which calibrator, and the calibrated column that may be ranked.

A workbench that ranks uncalibrated models by log-loss ranks the wrong thing, so every candidate's column is calibrated before
ranking, with the few calibrators that cost nothing, fitted on the other folds. The winner then has the full choice. No calibrator
wins everywhere (isotonic is the best on naive Bayes and worse than nothing on logistic regression): the lowest cross-fitted
log-loss is taken, and "as it is" stays unless it is beaten by more than a standard error. What was fitted for a row never saw it (the choice
among the few kinds is free to: its optimism is far below the standard error it must beat).

Where folds go forward in time (`forward`), what calibrates a fold is fitted on earlier folds alone, and chosen by them. The first fold has
none: it borrows from the later ones, since uncalibrated it would rank the wrong thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.judge.calibrators import fitting
from etabli.judge.calibrators.calibrator import Calibrator
from etabli.judge.calibrators.raw import Raw
from etabli.judge.metrics import METRICS
from etabli.records import Array, TaskKind


def known(name: str, task: TaskKind | None = None) -> None:
    """UsageError unless it is a calibrator (that fits the task), with the nearest name."""
    from etabli.judge.calibrators import members

    names = [one.name for one in members() if task is None or task in one.tasks]
    if name not in names:
        rule = "--calibration takes a calibrator" + (f" that fits the task ({task})" if task else "")
        raise UsageError(rule, f'"{name}"', did_you_mean(name.replace("-", "_"), names) or "one of " + ", ".join(names))


def others(fold: Array, k: int, forward: bool = False) -> Array:
    """bool [n]: rows that what is learned for fold k may come from: the other folds', or the earlier ones' in order of time (for the first
    fold, which has none, the later ones')."""
    earlier = np.asarray(fold < k)
    return earlier if forward and earlier.any() else np.asarray(fold != k)


@dataclass(frozen=True)
class Choice:
    """calibrator: fitted on all rows, for the file. losses: cross-fitted log-loss by name. column: its cross-fitted scores."""

    calibrator: Calibrator
    losses: Mapping[str, float]
    column: Array


def choose(
    y: Array,
    S: Array,
    fold: Array,
    task: TaskKind,
    cheap: bool = False,
    weight: Array | None = None,
    only: str | None = None,
    forward: bool = False,
) -> Choice:
    """The calibrator of one out-of-fold column S [n, outputs], from all that fit the task (cheap: from the quick ones).
    weight: [n] or None. only: the name of one that is taken whatever the losses say. forward: folds are in order of time."""
    if task == "regression":
        return Choice(Raw(), {}, S)
    weight = _scaled(weight)
    columns, losses = _crossfitted(y, S, fold, task, cheap, weight, only, forward=forward)
    name = only or _best(losses)
    kind = next(one for one in fitting(task) if one.name == name)
    return Choice(kind.fit(y, S, weight), {key: float(rows.mean()) for key, rows in losses.items()}, columns[name])


def crossfit(
    y: Array,
    S: Array,
    fold: Array,
    task: TaskKind,
    cheap: bool = True,
    weight: Array | None = None,
    only: str | None = None,
    forward: bool = False,
) -> Array:
    """The cross-fitted calibrated column [n, outputs]: in each fold, what was fitted on, and chosen by, the rows of the others (forward: of
    earlier ones). only: as in `choose`, but coarser where that one is slow."""
    if task == "regression":
        return S
    if only is not None:
        return _crossfitted(y, S, fold, task, cheap, _scaled(weight), only, quick=True, forward=forward)[0][only]
    columns, losses = _crossfitted(y, S, fold, task, cheap, _scaled(weight), forward=forward)
    answer = np.array(S, np.float64)
    for k in np.unique(fold):
        here, other = fold == k, others(fold, k, forward)
        if forward and (settled := other & (fold > fold.min()) & (fold < k)).any():  # the first fold's own calibrators were borrowed
            other = settled
        if other.any():
            answer[here] = columns[_best({name: rows[other] for name, rows in losses.items()})][here]
    return answer


def _scaled(weight: Array | None) -> Array | None:
    return None if weight is None else weight * (len(weight) / weight.sum())


def _crossfitted(
    y: Array,
    S: Array,
    fold: Array,
    task: TaskKind,
    cheap: bool,
    weight: Array | None,
    only: str | None = None,
    quick: bool = False,
    forward: bool = False,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Columns and losses [n] by the calibrator's name."""
    columns: dict[str, Array] = {}
    parts = [(np.flatnonzero(fold == k), np.flatnonzero(others(fold, k, forward))) for k in np.unique(fold)]
    parts = [(here, other) for here, other in parts if other.size]
    enough = any if forward else all  # early folds may lack a class: they stay as they are
    for kind in [one for one in fitting(task) if one.name == only] if only else fitting(task, cheap):
        if only is None and kind.name != Raw.name and not (parts and enough(kind.possible(y[other]) for _, other in parts)):
            continue
        if only is None and weight is not None and not kind.weighted:
            continue
        column = np.array(S, np.float64)
        if kind.name != Raw.name:
            for here, other in parts:
                if forward and not kind.possible(y[other]):
                    continue
                column[here] = (kind.quick if quick else kind.fit)(y[other], S[other], None if weight is None else weight[other]).apply(
                    S[here]
                )
        columns[kind.name] = column
    return columns, {name: METRICS["log_loss"].rows(y, column, weight) for name, column in columns.items()}


def _best(losses: Mapping[str, Array]) -> str:
    """The lowest mean; raw unless beaten by more than one standard error of the paired difference."""
    name = min(losses, key=lambda key: float(losses[key].mean()))
    gain = losses[Raw.name] - losses[name]
    return name if gain.mean() > gain.std() / np.sqrt(len(gain)) else Raw.name
