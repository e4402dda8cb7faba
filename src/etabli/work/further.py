"""Fits beyond the race: repeats of the best, the nested audit, refits. A fixed list of tasks is run to its end, or to the cap.

The race decides what it wants next from what is done; here the list is known. So its cost can be told before anything starts, and
what has no time is left out whole: a comparison in which some candidates were repeated and others cut would not be fair.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from etabli.nets.live import running as trainings
from etabli.work.compare import Estimates, Ground, settled, together
from etabli.work.tasks import ASIDE, Task


def seconds(ground: Ground, tasks: Sequence[Task]) -> float:
    """Wall seconds that those of the tasks that are not done will take here, on all slots."""
    estimates = Estimates(ground)
    left = [task for task in tasks if ground.journal.result(task.hash) is None]
    return sum(estimates.seconds([task]) for task in left) / max(1, ground.executor.resources().slots)


def affordable(ground: Ground, tasks: Sequence[Task]) -> bool:
    """Whether all of them fit into the time that is left before the end must begin."""
    return ground.clock.MARGIN * seconds(ground, tasks) <= ground.clock.room()


def run_all(ground: Ground, tasks: Sequence[Task], left: Callable[[], float] | None = None, share: float = 1.0) -> bool:
    """Runs tasks to their end (True), or to the cap or Ctrl-C; a task without a result afterwards did not make it. Folds of one path
    share a process where they are small. left: seconds that may be used, the clock's room before the end by default. share: of
    them that one task may take."""
    left = left or ground.clock.room
    deaths: Counter[str] = Counter()
    waiting = [task for task in tasks if ground.journal.result(task.hash) is None]
    running: dict[str, tuple[Task, ...]] = {}
    estimates, resources, total = Estimates(ground), ground.executor.resources(), len(waiting)
    while waiting or running:
        seconds = left()
        if seconds <= 0 or ground.interrupted():
            ground.executor.cancel(list(running))
            return False
        while waiting and len({ours[0].hash for ours in running.values()}) < resources.slots:
            room = resources.memory * 0.8 - sum(estimates.cost(ours[0]).memory for ours in running.values())
            ours = together(waiting[0], waiting, estimates, room, deaths)
            if running and estimates.total(ours).memory > room:
                break
            waiting = [task for task in waiting if task not in ours]
            deadline = None if math.isinf(seconds) else time.time() + share * seconds
            ground.executor.submit(ours, deadline, alone=not waiting and not running)
            running |= dict.fromkeys((task.hash for task in ours), ours)
        for name, state in ground.executor.poll(0.5).items():
            if state in ("ended", "lost") and name in running:
                task = next(task for task in running.pop(name) if task.hash == name)
                if not settled(ground, task, state, deaths):
                    waiting.append(task)
        done = total - len(waiting) - len(running)
        names = list(dict.fromkeys(ours[0].settings[0].name for ours in running.values()))
        ground.watch("task", done=done, total=total, running=names, left=None, training=trainings(ground.journal.folder / ASIDE))
    return not any((ground.journal.result(task.hash) or {}).get("cut") for task in tasks)
