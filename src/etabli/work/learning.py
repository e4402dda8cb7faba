"""Would more rows help? The winner's family is fitted again on an eighth, a quarter and a half of each fold's training rows; the rest is known.

The rows predicted stay the same at every size, so the differences along the curve are paired. Of a path (numbers of trees, penalties) each size
has its own best: a setting that suits all rows would make few rows look worse than they are, and promise too much of more. A combination is
followed by its first member. Where the race was itself run on shares of one fold (above 50 000 rows), its own results are read.

What may be spent is a share of the race's estimated work, by the families' word and not by the clock, so that a seed draws the same curve
everywhere: first fewer folds, then none. Under a cap there is none where the time that is left would not do. Nothing is drawn where rows are in order of time: a shorter past
is not fewer rows, it is another question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from etabli.judge import draws, sentence
from etabli.judge.learning import FEW, Curve, curve, said
from etabli.judge.metrics import DEFAULTS, METRICS, Metric
from etabli.records import Array, Words
from etabli.work.compare import Estimates, Ground
from etabli.work.further import run_all, seconds
from etabli.work.race import Standing
from etabli.work.table import Scores
from etabli.work.tasks import Task, rows_of
from etabli.work.verdict import COMBINATION, Verdict

SHARES = (1 / 8, 1 / 4, 1 / 2)
FOLDS = 2  # fewest folds, where there are more than one
SHARE, FREE = 0.15, 4.0  # of the race's estimated work, and seconds of estimated work that are never dear
GLANCE = 5_000  # development rows above which a glance does without
STEPS = 25  # points of the drawn curve

WHY: dict[str, Words] = {
    "constant": {"en": "the winner is the constant", "fr": "le gagnant est la constante"},
    "forward": {
        "en": "rows are in order of time: a shorter past is another question than fewer rows",
        "fr": "les lignes sont dans l'ordre du temps : un passé plus court n'est pas moins de lignes",
    },
    "few": {"en": "there are too few rows to take parts of them", "fr": "il y a trop peu de lignes pour en prendre des parties"},
    "glance": {
        "en": f"a glance does without it above {GLANCE:,} rows; --effort standard makes it",
        "fr": f"un coup d'œil s'en passe au-delà de {GLANCE:,} lignes ; --effort standard la fait".replace(",", "\u202f"),
    },
    "dear": {
        "en": "fitting the winner again on parts of the rows would take too large a share of the comparison",
        "fr": "ajuster de nouveau le gagnant sur des parties des lignes prendrait une trop grande part de la comparaison",
    },
    "time": {"en": "there was no time left for it", "fr": "il n'y avait plus de temps pour elle"},
    "failed": {
        "en": "the winner could not be fitted on parts of the rows",
        "fr": "le gagnant n'a pu être ajusté sur des parties des lignes",
    },
}
SAID: Words = {
    "en": "With twice the rows, {metric} would be about {twice} ({low} to {high}) instead of {score}: ",
    "fr": "Avec deux fois plus de lignes, {metric} : environ {twice} ({low} à {high}) au lieu de {score} ; ",
}
ENDS: dict[str, Words] = {
    "helps": {"en": "more rows would help.", "fr": "plus de lignes aideraient."},
    "little": {"en": "more rows would not help much.", "fr": "plus de lignes n'aideraient guère."},
    "unknown": {
        "en": "these rows do not tell whether that is much or little.",
        "fr": "ces lignes ne disent pas si le gain serait grand ou petit.",
    },
}


def learning(ground: Ground, verdict: Verdict, standing: Standing, effort: str, left: Callable[[], float]) -> dict[str, Any]:
    """The key `learning` of the result (docs/result.md). left: seconds that it may use."""
    code, tasks = _wanted(ground, verdict, standing, effort)
    if not code and not (
        all(ground.journal.result(task.hash) is not None for task in tasks)
        or (ground.clock.MARGIN * seconds(ground, tasks) <= left() and run_all(ground, tasks, left))
    ):
        code = "time"
    if not code:
        found = _found(ground, verdict, tasks)
        if found is not None:
            return _told(*found, verdict, ground)
        code = "failed"
    return {"candidate": None, "points": [], "curve": None, "twice": None, "verdict": None, "text": {}, "reason": dict(WHY[code])}


def _wanted(ground: Ground, verdict: Verdict, standing: Standing, effort: str) -> tuple[str, list[Task]]:
    """(why there is no curve, "" where there is, all tasks that it is made of)."""
    split, setting = ground.scores.split, verdict.members[0].setting
    if ground.families[setting.family].rank == 0:
        return "constant", []
    if split.forward:
        return "forward", []
    if effort == "glance" and len(split.development) > GLANCE:
        return "glance", []
    done = {place: _task(ground, task) for place, (task, _) in standing.places[setting.hash].items()}
    whole = {k: task for (k, share), task in sorted(done.items()) if share == 1.0}
    shares = sorted({share for _, share in done if share < 1}) or SHARES
    least = min(len(rows_of(task, split)[0]) for task in whole.values())
    shares = [share for share in shares if share * least >= FEW]
    if len(shares) < 2:
        return "few", []
    parts = {
        k: [done.get((k, share)) or Task(task.split, k, task.settings, task.seed, share) for share in shares] for k, task in whole.items()
    }
    estimates = Estimates(ground)
    raced = {task for places in standing.places.values() for task, _ in places.values()}
    limit = max(FREE, SHARE * sum(estimates.cost(_task(ground, task)).work for task in sorted(raced)))
    new = {task for task, _ in standing.places[setting.hash].values()}
    kept, spent = list[int](), 0.0
    for k in whole:
        spent += sum(estimates.cost(task).work for task in parts[k] if task.hash not in new)
        if spent > limit:
            break
        kept.append(k)
    if len(kept) < min(FOLDS, len(whole)):
        return "dear", []
    return "", [task for k in kept for task in (*parts[k], whole[k])]


def _task(ground: Ground, name: str) -> Task:
    result = ground.journal.result(name)
    assert result is not None
    return Task.from_json(result["task"])


def _found(ground: Ground, verdict: Verdict, tasks: list[Task]) -> tuple[Metric, Curve] | None:
    """The curve in the metric, or in the task's default where that cannot be had of parts; None where too few sizes were complete."""
    folds = tuple(sorted({task.fold for task in tasks}))
    scores, sized = ground.scores, Standing()
    for task in tasks:
        result = ground.journal.result(task.hash) or {}
        for index, name in enumerate(result.get("settings", ())):
            sized.places.setdefault(name, {})[task.fold, task.share] = (task.hash, index)
    shares = sorted({task.share for task in tasks})
    y, rows, fold = ground.material.target.y[scores.rows(folds)], scores.rows(folds), scores.fold_of(folds)
    best, sizes = list[Array](), list[float]()
    for share in shares:
        complete = [name for name, places in sized.places.items() if all((k, share) in places for k in folds)]
        columns = [scores.column(name, sized, folds, share) for name in complete]
        if columns:
            best.append(min(columns, key=lambda column: float(column[1].mean()))[0])
            sizes.append(float(np.mean([len(rows_of(task, scores.split)[0]) for task in tasks if task.share == share])))
    if len(sizes) < 3 or shares[-1] != 1.0:
        return None
    groups = _groups(scores, rows)
    for metric in (verdict.metric, METRICS[DEFAULTS[ground.material.target.task]]):
        losses = np.stack([metric.rows(y, column, scores.weight(rows), fold) for column in best], 1)
        if np.isfinite(losses).all():
            return metric, curve(np.array(sizes), losses, fold if len(folds) > 1 else np.zeros(len(y), int), groups, ground.seed)
    return None


def _groups(scores: Scores, rows: Array) -> Array | None:
    """Whole groups are drawn, unless they are too few for draws to say anything."""
    groups = None if scores.split.groups is None else scores.split.groups[rows]
    return None if draws.few(groups) else groups


def _told(metric: Metric, found: Curve, verdict: Verdict, ground: Ground) -> dict[str, Any]:
    """What the result says of a curve, in the metric's unit."""
    floor = 0.0 if found.loss.min() >= 0 else -np.inf

    def report(loss: float) -> float:
        return metric.report(max(floor, float(loss)))

    def ends(one: float, other: float) -> dict[str, float]:
        low, high = sorted((report(one), report(other)))
        return {"low": low, "high": high}

    lead = max(
        (row.difference for row in verdict.leaderboard if row.setting and ground.families[row.setting.family].rank == 0), default=0.0
    )
    now, last = float(found.loss[-1]), float(found.rows[-1])
    code = said(found, _lead(metric, verdict, lead, now, ground))
    twice = {"rows": round(2 * last), "score": report(now - found.gain), **ends(now - found.gain_low, now - found.gain_high)}
    along = np.geomspace(found.rows[0], 2 * last, STEPS)
    drawn = found.at(along)
    digits = sentence.places(twice["low"], twice["high"])
    text = {
        language: (SAID[language] + end).format(
            metric=metric.title[language],
            score=sentence.number(report(now), digits, language),
            **{
                "twice" if key == "score" else key: sentence.number(float(twice[key]), digits, language) for key in ("score", "low", "high")
            },
        )
        for language, end in ENDS[code].items()
    }
    name = next((row.name for row in verdict.leaderboard if row.setting == verdict.members[0].setting), COMBINATION)
    return {
        "candidate": name,
        "metric": metric.name,
        "greater_is_better": metric.greater_is_better,
        "points": [
            {"rows": round(float(rows)), "score": report(float(loss)), **ends(float(low), float(high))}
            for rows, loss, low, high in zip(found.rows, found.loss, found.low, found.high, strict=True)
        ],
        "curve": {
            "a": found.power[0],
            "b": found.power[1],
            "c": found.power[2],
            "rows": [float(n) for n in along],
            "score": [report(float(loss)) for loss in drawn],
        },
        "twice": twice,
        "verdict": code,
        "text": text,
        "reason": {},
    }


def _lead(metric: Metric, verdict: Verdict, lead: float, now: float, ground: Ground) -> float:
    """Loss of knowing nothing less the winner's, in that metric; where it is not the one that ranks, by the constant's own answers."""
    if metric.name == verdict.metric.name:
        return lead
    table = verdict.table
    for place, setting in enumerate(table.settings):
        if ground.families[setting.family].rank == 0:
            return float(metric.rows(table.y, table.calibrated[:, place], table.weight, table.fold).mean()) - now
    return 0.0
