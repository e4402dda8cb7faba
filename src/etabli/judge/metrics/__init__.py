"""Metrics: proper scores first, and the others that people ask for, found by walking this folder.

Each module holds a few metrics that share a method, as `METRICS` (and `KINDS` for those with a number in their name, `pinball@0.9`). Names are
scikit-learn's or shorter; scikit-learn's own, its scorers' among them, are understood. A metric ranks candidates; the early drops of the race use the task's proper
default whatever is asked, because it is the steadier of the two. What a metric is, and why each is a table of losses, is in metric.py.

The score of a predictive distribution (crps.py) needs more than one number a row: it is told of the winner and ranks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.judge.answers import TINY, labels, probabilities
from etabli.judge.costs import FORM
from etabli.judge.metrics.metric import Given, Kind, Metric, Objection
from etabli.records import Array, TaskKind

DEFAULTS: dict[TaskKind, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}
NOT_OURS: Mapping[str, tuple[str, str]] = {  # name -> (why it cannot rank, what to take)
    "max_error": (
        "the largest error is that of one row, and no bootstrap can say how sure it is",
        "median_absolute_error, mae, or pinball@0.95",
    ),
    "precision": ("precision alone is best for a model that answers one sure row", "fbeta@0.5, average_precision, or --cost"),
    "recall": ("recall alone is best for a model that always answers the class", "fbeta@2, balanced_accuracy, or --cost"),
    "crps": (
        "the CRPS scores a predictive distribution, and candidates are compared by one number a row",
        "mae (the CRPS of a single number), or rmse; the result tells the CRPS of the winner's distribution",
    ),
}
SAME = {"max_err": "max_error", "sensitivity": "recall"}


@cache
def _found() -> tuple[dict[str, Metric], dict[str, Kind], dict[str, str]]:
    """Metrics by name, kinds by name, and both by their aliases; those that are proper come first."""
    metrics, kinds, aliases = list[Metric](), dict[str, Kind](), dict[str, str]()
    for info in iter_modules(__path__):
        module = import_module(f"{__name__}.{info.name}")
        metrics += getattr(module, "METRICS", ())
        for kind in getattr(module, "KINDS", ()):
            kinds[kind.name] = kind
            metrics.append(kind.make(kind.example))
    metrics.sort(key=lambda one: (DEFAULTS[one.tasks[0]] != one.name, not one.proper, not one.ranks, one.name))
    for name, listed in [*((one.name, one.aliases) for one in metrics), *((one.name, one.aliases) for one in kinds.values())]:
        for alias in listed:
            if aliases.setdefault(alias, name) != name:
                raise ValueError(f"two metrics are called {alias}: {aliases[alias]} and {name}")
    return {one.name: one for one in metrics}, kinds, aliases


METRICS, KINDS, ALIASES = _found()


def metric(name: str | None, task: TaskKind, cost: Array | None = None) -> Metric:
    """The metric of that name (scikit-learn's names are understood too); None gives the task's default.

    cost: the stated costs [K, K], by which answers are then decided. Raises UsageError for an unknown name, one that does not fit the
    task, one that cannot rank, and for costs that are not stated."""
    chosen = METRICS[DEFAULTS[task]] if name is None else named(name, task)
    if task not in chosen.tasks:
        raise UsageError(f"the metric must fit the task ({task})", str(name), "one of " + ", ".join(fitting(task)))
    if not chosen.ranks:
        rule = f"the {chosen.title['en']} says nothing of how well rows are told apart, so it cannot rank"
        raise UsageError(rule, str(name), "rank by log_loss or brier, which count it; the report shows it")
    if chosen.costly and cost is None:
        raise UsageError(f'the metric "{chosen.name}" needs stated costs', "no --cost", FORM)
    return chosen.priced(cost)


def fitting(task: TaskKind) -> list[str]:
    """Names of the metrics that may rank for that task."""
    return [known for known, found in METRICS.items() if task in found.tasks and found.ranks]


def named(name: str, task: TaskKind) -> Metric:
    """The metric of that name, whether it may rank or not; UsageError for an unknown one, with the nearest that fit the task."""
    key = re.sub(r"[-\s]+", "_", name.strip().lower())
    key = ALIASES.get(key, key)
    if key in METRICS:
        return METRICS[key]
    if key in KINDS:
        kind = KINDS[key]
        raise UsageError(f'the metric "{key}" takes a number, {kind.words}', name, f"for instance {kind.shown}")
    parted = re.fullmatch(r"([a-z_]*[a-z])[@_=]?(\d*\.?\d+)", key)
    if parted is not None and (kind_name := ALIASES.get(parted[1], parted[1])) in KINDS:
        kind, number = KINDS[kind_name], float(parted[2])
        if not kind.allows(number):
            whole = "whole " if kind.whole else ""
            raise UsageError(
                f'the metric "{kind_name}" takes a {whole}number from {kind.low:g} to {kind.high:g}, {kind.words}',
                name,
                f"for instance {kind.shown}",
            )
        return kind.make(number)
    plain = re.sub(r"^neg_|_(score|macro|micro|weighted|samples)$", "", key)
    if (plain := SAME.get(plain, plain)) in NOT_OURS:
        raise UsageError(NOT_OURS[plain][0], name, "take " + NOT_OURS[plain][1])
    near = did_you_mean(name, [known for known in (*METRICS, *ALIASES) if _fits(known, task)])
    raise UsageError("the metric must be one that établi knows", name, near or "one of " + ", ".join(fitting(task)))


def _fits(name: str, task: TaskKind) -> bool:
    """Whether a name or an alias is of a metric that may rank for the task."""
    found = METRICS.get(ALIASES.get(name, name))
    return found is None or (task in found.tasks and found.ranks)


def title(name: str, language: str) -> str | None:
    """What people call the metric of that name, `pinball@0.75` included; None for an unknown one."""
    try:
        found = named(name, "regression")
    except UsageError:
        return None
    return found.title[language]


def table(chosen: Metric, y: Array, S: Array, weight: Array | None = None, fold: Array | None = None) -> Array:
    """The table of losses [n, C] of an out-of-fold table S [n, C, outputs]."""
    return np.stack([chosen.rows(y, S[:, c], weight, fold) for c in range(S.shape[1])], axis=1)


__all__ = [
    "ALIASES",
    "DEFAULTS",
    "KINDS",
    "METRICS",
    "NOT_OURS",
    "TINY",
    "Given",
    "Kind",
    "Metric",
    "Objection",
    "fitting",
    "labels",
    "metric",
    "named",
    "probabilities",
    "table",
    "title",
]
