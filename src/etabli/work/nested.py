"""The nested audit of a finished race (`--audit nested`): its fits, as ordinary tasks that leave out a pair of folds, and its word on the
honest score. What it does and why is in judge/nested.py.

It takes part in nothing: the winner, the ties and the file are the same with and without it. Only when it disagrees with the honest score,
that is when the latter lies outside its interval, it takes its place. Candidates that the bootstrap dropped are left out: they lost against the
leader in 99 % of the draws of two folds, so that leaving them out tells the choice nothing that it would not find.

In time order no further fit is needed: a model that predicts an earlier fold never saw a later one, so the comparison's own table serves
as the inner one, and the first fold, before which there is nothing to choose by, is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from etabli.errors import UsageError
from etabli.judge import draws, sentence
from etabli.judge.metrics import Metric
from etabli.judge.nested import Asked, nested
from etabli.records import Array, Finding, Setting, Split, Words
from etabli.work.compare import Ground
from etabli.work.further import affordable, run_all
from etabli.work.portfolio import paths
from etabli.work.race import LARGE, Standing
from etabli.work.tasks import Task
from etabli.work.verdict import COMBINATION, Verdict

LEAST = 3  # folds: without two of them there must be something to learn from


@dataclass(frozen=True)
class Audit:
    """value, low, high: the nested score. choices: the candidate chosen for each judged fold. fits: further fits of a path. agrees: whether
    the honest score lies in the interval."""

    value: float
    low: float
    high: float
    choices: tuple[str, ...]
    fits: int
    agrees: bool
    text: Words


def demanded(split: Split) -> None:
    """UsageError where there can be no nested audit; said before any work is done."""
    if len(split.development) > LARGE:
        raise UsageError(
            f"--audit nested is for tables of up to {LARGE:,} rows, which are compared in folds",
            f"{len(split.development):,} rows, compared on one fold",
            "leave it out: the outer test, which no choice has seen, says the same and is in the result as `test`",
        )
    if split.folds < LEAST:
        raise UsageError(
            f"--audit nested leaves out two folds at a time and needs at least {LEAST}",
            f"{split.folds} folds ({split.reason})",
            "leave it out, or give a test file: --test FILE",
        )


def fits(ground: Ground, candidates: Sequence[Setting]) -> list[Task]:
    """The further tasks: every path without each pair of folds."""
    split = ground.scores.split
    if split.forward:
        return []
    return [
        Task(ground.split, k, path, ground.seed, without=(other,))
        for path in paths(candidates)
        for k, other in combinations(range(split.folds), 2)
    ]


def audited(ground: Ground, standing: Standing, verdict: Verdict, metric: Metric, limit: int) -> Audit | Finding:
    """The audit, or the finding that says why it was left out. limit: most members of a combination."""
    tasks = fits(ground, standing.finished)
    if not affordable(ground, tasks) or not run_all(ground, tasks):
        standing.ended = "interrupted" if ground.interrupted() else "cap"
        return left_out()
    scores, split = ground.scores, ground.scores.split
    places: dict[str, dict[tuple[int, int], tuple[str, int]]] = {}
    for task in tasks:
        result = ground.journal.result(task.hash)
        for index, name in enumerate(result["settings"] if result else ()):
            places.setdefault(name, {})[task.fold, task.without[0]] = (task.hash, index)
    pairs = split.folds * (split.folds - 1) // 2
    candidates = [s for s in standing.finished if split.forward or len(places.get(s.hash, {})) == pairs]  # who failed cannot be judged
    if not any(ground.families[s.family].rank > 0 for s in candidates):
        return left_out()
    folds = scores.folds_of(candidates[0].hash, standing)
    rows, fold = scores.rows(folds), scores.fold_of(folds)
    outer = np.stack([scores.raw(s.hash, standing, folds) for s in candidates], 1)

    def inner(k: int) -> tuple[Array, Array]:
        if split.forward:
            kept = fold < k
            if split.groups is not None:
                kept &= ~np.isin(split.groups[rows], split.groups[rows[fold == k]])
            return np.flatnonzero(kept), outer[kept]
        parts = []
        for other in (one for one in folds if one != k):
            pair = (min(k, other), max(k, other))
            first = len(split.valid(pair[0]))
            held = slice(0, first) if other == pair[0] else slice(first, None)
            parts.append(
                np.stack([ground.journal.scores(task)[held, index] for task, index in (places[s.hash][pair] for s in candidates)], 1)
            )
        return np.flatnonzero(fold != k), np.concatenate(parts)

    groups = None if split.groups is None else split.groups[rows]
    if split.forward and groups is None:
        groups = draws.blocks(len(rows))
    free = np.array([ground.families[s.family].rank > 0 for s in candidates])
    asked = Asked(metric, ground.material.target.task, limit, free, ground.seed, scores.calibrator)
    found = nested(asked, ground.material.target.y[rows], fold, outer, inner, scores.weight(rows), groups)
    names = [*(s.name for s in candidates), COMBINATION]
    agrees = bool(found.low <= verdict.honest.value <= found.high)
    return Audit(
        found.value,
        found.low,
        found.high,
        tuple(names[choice] for choice in found.choices),
        len(tasks),
        agrees,
        words(metric, found.value, found.low, found.high, len(found.folds), verdict.honest.value, agrees),
    )


def words(metric: Metric, value: float, low: float, high: float, folds: int, honest: float, agrees: bool) -> Words:
    """The audit in one line."""
    said, places = dict[str, str](), sentence.places(low, high)
    for language in ("en", "fr"):
        a, b, c, other = (sentence.number(number, places, language) for number in (value, low, high, honest))
        title = metric.title[language]
        if language == "en":
            end = "it agrees with the honest score" if agrees else f"the bootstrap's {other} does not agree, believe this one"
            said[language] = (
                f"A nested cross-validation, which chose anew for each of {folds} folds, gives {title} {a} ({b} to {c}): {end}."
            )
        else:
            end = "elle confirme le score honnête" if agrees else f"le {other} du bootstrap n'est pas confirmé, croyez celui-ci"
            said[language] = (
                f"Une validation croisée imbriquée, qui a choisi de nouveau pour chacun des {folds} plis, donne {title} {a} ({b} à {c}) : {end}."
            )
    return said


def left_out() -> Finding:
    """The finding of an audit that could not be done."""
    return Finding(
        "audit",
        (),
        {
            "en": "The nested audit that was asked for is left out: there was no time to fit every candidate without each pair of folds.",
            "fr": "L'audit imbriqué demandé n'est pas fait : le temps manquait pour ajuster chaque candidat sans chaque paire de plis.",
        },
        {"en": "give more time, or go on: etabli resume", "fr": "donnez plus de temps, ou reprenez : etabli resume"},
        "note",
    )
