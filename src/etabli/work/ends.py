"""The two quantile models of `--interval cqr`: fitted on every fold and once more on all rows, by the tasks that fit everything else.

They are gradient-boosted trees with the pinball loss. Their preparation, their workers and their proofs are those of the comparison; they are
estimated first, and where the time does not allow them the best of the other intervals is taken, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.judge.cqr import HIGH, LOW
from etabli.model.compose import Part
from etabli.records import Array, Finding, Setting, Wants
from etabli.work.compare import Ground
from etabli.work.fitted import part
from etabli.work.further import affordable, run_all
from etabli.work.race import Standing
from etabli.work.tasks import ALL, Task
from etabli.work.verdict import Verdict

FAMILY = "lightgbm"
TREES = 200


@dataclass(frozen=True)
class Ends:
    """parts: of the low and the high end, fitted on all rows. scores: out of fold [n, 2], in the order of the verdict's table."""

    parts: tuple[Part, ...]
    scores: Array


def setting(level: float, rows: int, categories: bool) -> Setting:
    """One quantile model for so many rows. Few leaves: a quantile in the tail needs rows in each."""
    values = {
        "objective": "quantile",
        "alpha": level,
        "learning_rate": 0.05,
        "num_leaves": max(2, min(15, rows // 60)),
        "min_data_in_leaf": max(1, min(40, rows // 20)),
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "n_estimators": TREES if rows >= 500 else TREES // 2,
    }
    if categories:
        values |= {"min_data_per_group": max(2, min(50, rows // 40)), "cat_l2": 10.0, "cat_smooth": 10.0}
    return Setting(FAMILY, values, Wants(), path=f"quantile {level:g}", origin="Romano et al. 2019", title=f"{FAMILY} quantile {level:g}")


def ends(ground: Ground, verdict: Verdict, standing: Standing, whole: str) -> Ends | None:
    """Both models, out of fold and refitted; None where the time does not allow them."""
    material, journal = ground.material, ground.journal
    places = {k: task for (k, share), (task, _) in standing.places[verdict.members[0].setting.hash].items() if share == 1.0}
    raced = {k: Task.from_json((journal.result(task) or {})["task"]).split for k, task in places.items()}
    categories = any(material.table.column(name).kind == "category" for name in material.used)
    settings = [setting(level, len(verdict.table.y), categories) for level in (LOW, HIGH)]
    crossed = {one.hash: {k: Task(raced[k], k, (one,), ground.seed) for k in sorted(raced)} for one in settings}
    again = {one.hash: Task(whole, ALL, (one,), ground.seed) for one in settings}
    tasks = [task for tasks in crossed.values() for task in tasks.values()] + list(again.values())
    if not affordable(ground, tasks):
        return None
    run_all(ground, tasks)
    for task in tasks:
        done = journal.result(task.hash) or {}
        if done.get("error") or done.get("cut") or task.settings[0].hash not in done.get("settings", ()):
            return None
    scores = np.hstack([np.concatenate([journal.scores(task.hash)[:, 0] for task in crossed[one.hash].values()]) for one in settings])
    return Ends(tuple(part(ground, one, (again[one.hash].hash, 0)) for one in settings), scores)


def without(column: str) -> Finding:
    """What is said where the time did not allow them."""
    text = {
        "en": "The time did not allow the two quantile models of --interval cqr: the best of the other intervals was taken.",
        "fr": "Le temps n'a pas permis les deux modèles de quantiles de --interval cqr : le meilleur des autres intervalles a été pris.",
    }
    cure = {"en": "give more time, or leave --time out", "fr": "donner plus de temps, ou omettre --time"}
    return Finding("interval", (column,), text, cure, "warn")
