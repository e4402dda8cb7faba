"""From the verdict to one composition: the winner's parts, and the heads that say how sure it is.

Unstable learners (boosting) keep their fold members: their mean is better than one refit, costs no further fit, and the
out-of-fold residuals that make the intervals come from these very models. Stable ones are fitted again on all rows.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.data.preparation import matrix, prepare
from etabli.judge import conformal, novelty, sets
from etabli.judge.coverage import Coverage
from etabli.model.compose import Composition, Member, Part
from etabli.records import Array, Setting, Wants
from etabli.work.compare import Ground, settled
from etabli.work.inside import inside, prepared_features
from etabli.work.material import Material
from etabli.work.race import Place, Standing
from etabli.work.table import OutOfFold
from etabli.work.tasks import ALL, Task
from etabli.work.verdict import Verdict

UNLIKE = Wants(numbers="scaled", filled=True, categories="frequency", dates="seconds", text="none")  # what novelty looks at
NOVELTY_ROWS = 20_000


@dataclass(frozen=True)
class Assembled:
    """The composition, how it was made ("refit", "fold members", "both"), and the coverage measured across folds. inside: what can
    be read in a simple winner (`inside.py`)."""

    composition: Composition
    final: str
    coverage: tuple[Coverage, ...]
    novelty_flagged: float
    inside: dict[str, Any] | None = None


def assemble(ground: Ground, verdict: Verdict, standing: Standing, whole: str, refit: bool) -> Assembled:
    """whole: the name of the split of all rows (refits learn from all its development rows). refit: fit everything again."""
    journal = ground.journal
    single = len({k for member in verdict.members for k, share in standing.places[member.setting.hash] if share == 1.0}) == 1
    again = [m.setting for m in verdict.members if refit or single or not ground.families[m.setting.family].bagged]
    tasks = {setting.hash: Task(whole, ALL, (setting,), ground.seed) for setting in again}
    if not run_all(ground, list(tasks.values())):
        standing.ended = "interrupted" if ground.interrupted() else "cap"
    members, kinds = [], set()
    for chosen in verdict.members:
        setting = chosen.setting
        task = tasks.get(setting.hash)
        done = journal.result(task.hash) if task else None
        if task and done and not done.get("error") and not done.get("cut") and setting.hash in done["settings"]:
            places: list[Place] = [(task.hash, 0)]
            kinds.add("refit")
        else:  # fold members, also when the time did not allow a refit
            places = [place for (_, share), place in sorted(standing.places[setting.hash].items()) if share == 1.0]
            kinds.add("fold members")
        parts = tuple(part(ground, setting, place) for place in places)
        members.append(Member(setting.name, setting.family, chosen.count, parts, chosen.calibration.calibrator))
    made = _with_heads(ground, verdict, tuple(members), "both" if len(kinds) > 1 else kinds.pop())
    return replace(made, inside=inside(ground, verdict, members[0].parts, prepared_features(ground, places[0][0])))


def part(ground: Ground, setting: Setting, place: Place) -> Part:
    """A fitted model with its preparation, from the run folder."""
    task_hash, index = place
    result = ground.journal.result(task_hash)
    assert result is not None
    base = ground.journal.folder / "data" / "prepared" / Task.from_json(result["task"]).recipe
    raw, coded = (base.with_name(f"{base.name}.{kind}.onnx").read_bytes() for kind in ("raw", "coded"))
    return Part(raw, coded, ground.journal.graph(task_hash, setting.hash), result["links"][index], result["features"])


@dataclass(frozen=True)
class Heads:
    """What says how sure an answer is, learned from scores of rows the model did not see. interval: intervals or sets."""

    interval: Any
    coverage: tuple[Coverage, ...]
    novelty: Any
    novelty_raw: bytes
    novelty_coded: bytes
    flagged: float


def heads(material: Material, table: OutOfFold, scores: Array, seed: int) -> Heads:
    """Intervals or sets, their coverage across folds, and the check for unlike rows. scores: of the rows of `table` [n, outputs]."""
    target = material.target
    interval: Any
    covered: Sequence[Coverage]
    if target.task == "regression":
        interval = conformal.choose(table.y, scores, table.fold, weight=table.weight)
        covered = conformal.coverage(interval.kind, table.y, scores, table.fold, table.groups, weight=table.weight)
    else:
        interval = sets.fit(table.y, scores, len(target.classes), weight=table.weight)
        covered = sets.coverage(
            table.y, scores, table.fold, len(target.classes), names=target.classes, groups=table.groups, weight=table.weight
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
    return Heads(interval, tuple(covered), unlike, made.raw, made.coded, float((unlike.apply(z) < 0.01).mean()))


def _with_heads(ground: Ground, verdict: Verdict, members: tuple[Member, ...], final: str) -> Assembled:
    material = ground.material
    sure = heads(material, verdict.table, verdict.scores, ground.seed)
    composition = Composition(
        columns=tuple(material.table.column(name) for name in (*material.used, *([material.exposure] if material.exposure else []))),
        levels=material.table.levels,
        target=material.target,
        members=members,
        calibrator=verdict.calibration.calibrator,
        interval=sure.interval,
        novelty=sure.novelty,
        novelty_raw=sure.novelty_raw,
        novelty_coded=sure.novelty_coded,
        cost=material.cost,
        exposure=material.exposure,
    )
    return Assembled(composition, final, sure.coverage, sure.flagged)


def run_all(ground: Ground, tasks: Sequence[Task]) -> bool:
    """Runs tasks to their end (True), or to the cap or Ctrl-C; a task without a result afterwards did not make it."""
    deaths: Counter[str] = Counter()
    waiting = [task for task in tasks if ground.journal.result(task.hash) is None]
    running: dict[str, Task] = {}
    slots = ground.executor.resources().slots
    while waiting or running:
        left = ground.clock.left()
        if left <= 0 or ground.interrupted():
            ground.executor.cancel(list(running))
            return False
        while waiting and len(running) < slots:
            task = waiting.pop(0)
            ground.executor.submit([task], None if np.isinf(left) else time.time() + 0.8 * left, alone=not waiting and not running)
            running[task.hash] = task
        for name, state in ground.executor.poll(0.5).items():
            if state in ("ended", "lost") and name in running:
                task = running.pop(name)
                if not settled(ground, task, state, deaths):
                    waiting.append(task)
    return not any((ground.journal.result(task.hash) or {}).get("cut") for task in tasks)
