"""Which calibrator, and the calibrated column that may be ranked.

A workbench that ranks uncalibrated models by log-loss ranks the wrong thing, so every candidate's column is calibrated before
ranking, with the few calibrators that cost nothing, fitted on the other folds. The winner then has the full choice. No calibrator
wins everywhere (isotonic is the best on naive Bayes and worse than nothing on logistic regression): the lowest cross-fitted
log-loss is taken, and "as it is" stays unless it is beaten by more than a standard error. What was fitted for a row never saw it (the choice
among the few kinds is free to: its optimism is far below the standard error it must beat).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from etabli.judge.calibrators import fitting
from etabli.judge.calibrators.calibrator import Calibrator
from etabli.judge.calibrators.raw import Raw
from etabli.judge.metrics import METRICS
from etabli.records import Array, TaskKind


@dataclass(frozen=True)
class Choice:
    """calibrator: fitted on all rows, for the file. losses: cross-fitted log-loss by name. column: its cross-fitted scores."""

    calibrator: Calibrator
    losses: Mapping[str, float]
    column: Array


def choose(y: Array, S: Array, fold: Array, task: TaskKind, cheap: bool = False, weight: Array | None = None) -> Choice:
    """The calibrator of one out-of-fold column S [n, outputs], from all that fit the task (cheap: from the quick ones).
    weight: [n] or None."""
    if task == "regression":
        return Choice(Raw(), {}, S)
    weight = _scaled(weight)
    columns, losses = _crossfitted(y, S, fold, task, cheap, weight)
    name = _best(losses)
    kind = next(one for one in fitting(task) if one.name == name)
    return Choice(kind.fit(y, S, weight), {key: float(rows.mean()) for key, rows in losses.items()}, columns[name])


def crossfit(y: Array, S: Array, fold: Array, task: TaskKind, cheap: bool = True, weight: Array | None = None) -> Array:
    """The cross-fitted calibrated column [n, outputs]: in each fold, what was fitted on, and chosen by, the rows of the others."""
    if task == "regression":
        return S
    columns, losses = _crossfitted(y, S, fold, task, cheap, _scaled(weight))
    answer = np.array(S, np.float64)
    for k in np.unique(fold):
        other, here = fold != k, fold == k
        if other.any():
            answer[here] = columns[_best({name: rows[other] for name, rows in losses.items()})][here]
    return answer


def _scaled(weight: Array | None) -> Array | None:
    return None if weight is None else weight * (len(weight) / weight.sum())


def _crossfitted(
    y: Array, S: Array, fold: Array, task: TaskKind, cheap: bool, weight: Array | None
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Columns and losses [n] by the calibrator's name."""
    columns: dict[str, Array] = {}
    parts = [(np.flatnonzero(fold == k), np.flatnonzero(fold != k)) for k in np.unique(fold)]
    for kind in fitting(task, cheap):
        if kind.name != Raw.name and (len(parts) < 2 or not all(kind.possible(y[other]) for _, other in parts)):
            continue
        if weight is not None and not kind.weighted:
            continue
        column = np.array(S, np.float64)
        if kind.name != Raw.name:
            for here, other in parts:
                column[here] = kind.fit(y[other], S[other], None if weight is None else weight[other]).apply(S[here])
        columns[kind.name] = column
    return columns, {name: METRICS["log_loss"].rows(y, column, weight) for name, column in columns.items()}


def _best(losses: Mapping[str, Array]) -> str:
    """The lowest mean; raw unless beaten by more than one standard error of the paired difference."""
    name = min(losses, key=lambda key: float(losses[key].mean()))
    gain = losses[Raw.name] - losses[name]
    return name if gain.mean() > gain.std() / np.sqrt(len(gain)) else Raw.name
