"""The comparison: plays the race on an executor until it is over, the cap is near, or the user has seen enough.

The loop only starts tasks and waits; what to start and when to stop is decided by `race`, from the run folder alone.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.families.family import Family
from etabli.job.budget import Clock
from etabli.judge import race as dropping
from etabli.nets.live import running as trainings
from etabli.records import Cost, Setting, Watch
from etabli.work.executors.executor import Executor, State
from etabli.work.journal import Journal
from etabli.work.material import Material, facts_of
from etabli.work.portfolio import Offer
from etabli.work.race import LATE, Rules, Stage, Standing, race, record, stages
from etabli.work.table import Scores
from etabli.work.tasks import ASIDE, Task, rows_of, set_aside

CLOSING, HELD = 0.4, 3  # seconds for each megabyte of the graphs of the best so many: a combination holds about them
JUDGING = 2e-6  # seconds to calibrate and compare the scores of one row
START = 0.15  # seconds to fork, open the table, prepare and write the result
SMALL = 0.5  # seconds of fitting up to which the folds of a path share a process
ATTEMPTS = 3  # a task whose process died this often under our eyes is set aside
PATIENCE, GRACE = 10.0, 5.0  # under a cap a task may run so many times its estimate, and so many seconds more


@dataclass(frozen=True)
class Ground:
    """What a comparison stands on; split: the name of the kept split."""

    journal: Journal
    material: Material
    scores: Scores
    split: str
    families: Mapping[str, Family]
    executor: Executor
    clock: Clock
    seed: int
    watch: Watch
    interrupted: Callable[[], bool]
    base: float = 0.0  # seconds that composing, proving and writing take at the least


class Estimates:
    """What a task will cost, by its family's word; the clock knows what that means in seconds here."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self._known = ground, dict[str, Cost]()

    def cost(self, task: Task) -> Cost:
        """The dearest setting of the path, and what starting a task and judging its scores costs."""
        if task.hash not in self._known:
            rows = len(rows_of(task, self.ground.scores.split)[0])
            facts = facts_of(self.ground.material, rows, wants=task.settings[0].wants)
            costs = [self.ground.families[setting.family].cost(setting, facts) for setting in task.settings]
            held = len(rows_of(task, self.ground.scores.split)[1]) * len(task.settings)
            self._known[task.hash] = Cost(max(cost.work for cost in costs) + START + JUDGING * held, max(cost.memory for cost in costs))
        return self._known[task.hash]

    def total(self, tasks: Sequence[Task]) -> Cost:
        """Of tasks that share a process: all of their matrices are there at once."""
        costs = [self.cost(task) for task in tasks]
        return Cost(sum(cost.work for cost in costs), sum(cost.memory for cost in costs))

    def seconds(self, tasks: Sequence[Task]) -> float:
        """Wall seconds of tasks that share a process, on one slot."""
        return self.ground.clock.expected(self.total(tasks).work, tasks[0].settings[0].family)


@dataclass(frozen=True)
class Begun:
    """A task at work. together: all tasks of its process, itself among them. when: on the monotonic clock."""

    task: Task
    together: tuple[Task, ...]
    when: float


Running = dict[str, Begun]  # by the task's hash


def _memory(running: Running, estimates: Estimates) -> float:
    return sum(estimates.cost(begun.task).memory for begun in running.values())


def compare(ground: Ground, offers: Sequence[Offer], rules: Rules, before: Standing | None = None) -> Standing:
    """Runs the race over `offers`. The standing says in `ended` why it is over ("cap", "interrupted", or the race's own word).
    before: where earlier rounds came to."""
    estimates = Estimates(ground)
    running: Running = {}
    deaths: Counter[str] = Counter()
    refused: set[str] = set()
    standing = _play(ground, offers, rules, refused, before)
    while True:
        wanted = {task.hash: task for task in standing.wanted}
        stale = [name for name in running if name not in wanted and ground.journal.result(name) is None]
        if stale:
            ground.executor.cancel(stale)
            for name in stale:
                del running[name]
        stopping = ground.interrupted()
        if not stopping:
            no = _start(ground, [task for name, task in wanted.items() if name not in running], running, estimates, rules, deaths)
            if no:
                refused |= no
                standing = _play(ground, offers, rules, refused, before)
                continue
        if stopping or not running:
            break
        changed = False
        news = ground.executor.poll(0.5)
        for name, state in news.items():
            if state in ("ended", "lost") and name in running:
                begun = running.pop(name)
                changed = True
                if settled(ground, begun.task, state, deaths) and begun.task == begun.together[-1]:  # one process, one lesson
                    work, took = estimates.total(begun.together).work, time.monotonic() - begun.when
                    ground.clock.learn(work, took, begun.task.settings[0].family)
        changed |= _overdue(ground, running, estimates)
        if changed:
            standing = _play(ground, offers, rules, refused, before)
            ground.clock.reserve = _closing(ground, standing)
        if ground.clock.over():
            stopping = True
            break
        _tell(ground, standing, running, estimates)
    ground.executor.cancel(list(running))
    if not standing.ended or refused:
        for begun in (begun for name, begun in running.items() if ground.journal.result(name) is None):
            standing.settings |= {setting.hash: setting for setting in begun.task.settings}  # it may have run ahead of the decisions
            standing.dropped |= {setting.hash: LATE[2] for setting in begun.task.settings}
        standing.ended = "interrupted" if ground.interrupted() else "cap"
        complete(standing, ground, offers)
    return standing


def settled(ground: Ground, task: Task, state: State, deaths: Counter[str]) -> bool:
    """Notes how a task ended; whether it has a result now. A process that died without one is tried again, a few times; a task
    that was lost with its place has no blame in it. Only deaths seen by this very driver count: when it was killed itself, so
    were its tasks."""
    result = ground.journal.result(task.hash)
    if result is None and state == "ended":
        deaths[task.hash] += 1
        if deaths[task.hash] >= ATTEMPTS:
            result = set_aside(task, f"its process died {ATTEMPTS} times (out of memory, or a crash of the library)")
            ground.journal.finish(task.hash, result, None, {})
    if result and result.get("error"):
        ground.watch("aside", name=task.settings[0].name, reason=result["error"])
    return result is not None


def _overdue(ground: Ground, running: Running, estimates: Estimates) -> bool:
    """Under a cap, sets aside what runs far longer than expected and does not heed its deadline: others wait for its slot."""
    if math.isinf(ground.clock.left()):
        return False
    late = []
    for name, begun in running.items():
        took, expected = time.monotonic() - begun.when, estimates.seconds(begun.together)
        if took > PATIENCE * expected + GRACE:
            late.append(name)
            if ground.journal.result(name) is not None:  # done already: another task of its process is late
                continue
            reason = f"still running after {took:.0f} s where {expected:.1f} s were expected"
            ground.journal.finish(name, set_aside(begun.task, reason) | {"cut": True}, None, {})
            ground.watch("aside", name=begun.task.settings[0].name, reason=reason)
    ground.executor.cancel(late)
    for name in late:
        del running[name]
    return bool(late)


def _play(ground: Ground, offers: Sequence[Offer], rules: Rules, refused: Container[str], before: Standing | None) -> Standing:
    def lose(*facts: Any) -> dict[str, str]:
        return _lose(ground, *facts)

    return race(offers, ground.split, ground.seed, rules, ground.journal.result, lose, ground.scores.loss, refused, before)


def _start(
    ground: Ground, todo: Sequence[Task], running: Running, estimates: Estimates, rules: Rules, deaths: Mapping[str, int]
) -> set[str]:
    """Starts what fits: a free slot, the memory, and the time left when there is a cap. Returns tasks that the time refuses: a
    path is not begun unless all of its folds can be done."""
    resources = ground.executor.resources()
    for task in todo:
        if len({begun.together[0].hash for begun in running.values()}) >= resources.slots:
            return set()
        if task.hash in running:
            continue
        room = resources.memory * 0.8 - _memory(running, estimates)
        ours = together(task, todo, estimates, room, deaths)
        first = (task.fold, task.share) == (rules.stages[0].folds[0], rules.stages[0].share)
        folds = sum(len(stage.folds) * stage.share for stage in rules.stages) / resources.slots if first else 1.0
        work = max(estimates.total(ours).work, estimates.cost(task).work * max(1.0, folds))
        if not ground.clock.fits(work, task.settings[0].family):
            return {task.hash}
        if running and estimates.total(ours).memory > room:
            continue
        left = ground.clock.room()
        ground.executor.submit(ours, None if math.isinf(left) else time.time() + left)
        running |= {one.hash: Begun(one, ours, time.monotonic()) for one in ours}
    return set()


def together(task: Task, todo: Sequence[Task], estimates: Estimates, room: float, deaths: Mapping[str, int]) -> tuple[Task, ...]:
    """The task with the other folds of its path, where fitting them takes less than starting processes. What died once runs alone, so
    that it takes no other with it. Results are the same together and alone, so this may look at anything."""
    others = [
        other
        for other in todo
        if (other.split, other.settings, other.seed, other.share) == (task.split, task.settings, task.seed, task.share)
        and not deaths.get(other.hash)
    ]
    small = estimates.cost(task).work < START + SMALL and not deaths.get(task.hash)
    return tuple(others) if small and estimates.total(others).memory <= room else (task,)


def _lose(ground: Ground, candidates: Sequence[Setting], standing: Standing, stage: Stage, finished: Sequence[Setting]) -> dict[str, str]:
    """Who leaves after a stage: by the bootstrap against the leader, or all but the best share. The constant never does: every
    score is printed beside it."""
    candidates = [setting for setting in candidates if ground.families[setting.family].rank > 0]
    if not candidates:
        return {}
    scores = ground.scores
    if stage.share < 1:
        losses = np.array([scores.column(s.hash, standing, stage.folds, stage.share)[1].mean() for s in candidates])
        kept = np.argsort(losses, kind="stable")[: max(1, int(np.ceil(len(candidates) * stage.keep)))]
        return {s.hash: f"behind with {stage.share:.0%} of the rows" for i, s in enumerate(candidates) if i not in set(kept.tolist())}
    folds = stage.folds
    rivals = [s for s in finished if set(folds) <= set(scores.folds_of(s.hash, standing))]
    leader = min(rivals, key=lambda s: scores.loss(s, standing)) if rivals else None
    everyone = [*candidates, *([leader] if leader else [])]
    known = tuple(s.hash for s in everyone), folds
    if known not in scores.kept:  # the race is played again after every result; the bootstrap is not
        losses = np.stack([scores.column(s.hash, standing, folds)[1] for s in everyone], 1)
        groups = scores.split.groups
        scores.kept[known] = dropping.keep(losses, groups=None if groups is None else groups[scores.rows(folds)], seed=ground.seed)
    keep = scores.kept[known]
    return {
        s.hash: "cannot win (bootstrap on the folds so far)"
        for s, stays in zip(candidates, keep[: len(candidates)], strict=True)
        if not stays
    }


def _closing(ground: Ground, standing: Standing) -> float:
    """Seconds that the end takes with a combination of the best: composing, proving and writing grow with its graphs."""
    best = sorted(standing.finished, key=lambda s: ground.scores.loss(s, standing))[:HELD]
    places = {(task, one.hash) for one in best for task, _ in standing.places[one.hash].values()}
    size = sum(ground.journal.size(task, name) for task, name in places)
    return ground.clock.expected(ground.base + CLOSING * size * 1e-6)


def complete(standing: Standing, ground: Ground, offers: Sequence[Offer]) -> None:
    """After a cut: what is complete on every fold counts, also in a batch that was not, and where the race had not yet come to look at it (the simplest models are
    fitted on all folds before it begins)."""
    legs = [stage for stage in stages(ground.scores.split) if stage.share == 1.0]
    folds = {k for stage in legs for k in stage.folds}
    for path in (offer.path for offer in offers):
        tasks = [Task(ground.split, fold, path, ground.seed, 1.0) for fold in sorted(folds)]
        results = [ground.journal.result(task.hash) for task in tasks]
        if all(result is not None and not result.get("error") for result in results):
            standing.settings |= {setting.hash: setting for setting in path}
            standing.begun |= {setting.hash for setting in path}
            for task, result in zip(tasks, results, strict=True):
                record(standing, task, result or {}, path)
    known = {setting.hash for setting in standing.finished}
    for name, setting in standing.settings.items():
        if name not in known and name not in standing.dropped and folds <= set(ground.scores.folds_of(name, standing)):
            standing.finished.append(setting)


def _tell(ground: Ground, standing: Standing, running: Running, estimates: Estimates) -> None:
    best = min(standing.finished, key=lambda s: ground.scores.loss(s, standing), default=None)
    done = sum(len(places) for places in standing.places.values())
    processes = {begun.together[0].hash: begun for begun in running.values()}.values()
    gone = sum(min(time.monotonic() - begun.when, estimates.seconds(begun.together)) for begun in processes)
    left = (sum(estimates.seconds([task]) for task in standing.wanted) - gone) / max(1, ground.executor.resources().slots)
    room = ground.clock.room()
    ground.watch(
        "task",
        done=done,
        total=done + len(standing.wanted),
        running=[begun.task.settings[0].name for begun in processes],
        best=best.name if best else "",
        metric=ground.scores.rank.name,
        score=ground.scores.rank.report(ground.scores.loss(best, standing)) if best else None,
        left=max(0.0, min(left, room)),
        training=trainings(ground.journal.folder / ASIDE),
    )
