"""What the stages of a run share: the question, the run folder, the executor, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from etabli.families import families as all_families
from etabli.families.family import Family
from etabli.job.budget import Budget, Clock, budget
from etabli.records import Split, Watch
from etabli.work.asked import Asked
from etabli.work.executors import executor
from etabli.work.executors.executor import Executor
from etabli.work.journal import Journal, unwritable


@dataclass
class Run:
    """What the stages share. Only `broken` grows: families that cannot even say what they would try, with the reason."""

    question: Asked
    journal: Journal
    executor: Executor
    clock: Clock
    budget: Budget
    families: Mapping[str, Family]
    watch: Watch
    interrupted: Callable[[], bool]
    began: float
    whole: str = ""  # the name of the split of all rows
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.journal.folder


@dataclass(frozen=True)
class Splits:
    """whole: of all rows. raced: the one the race runs on (a sample of it at a glance), kept under `name`."""

    whole: Split
    raced: Split
    name: str


@contextmanager
def opened(question: Asked, watch: Watch, interrupted: Callable[[], bool], began: float) -> Iterator[Run]:
    """Holds the run folder and starts the executor, which imports the heavy libraries while we read."""
    journal = Journal(question.folder)
    planned = budget(question.effort, question.time)
    chosen = {
        name: member for name, member in all_families().items() if not question.families or name in question.families or member.rank == 0
    }
    with journal.alone():
        try:
            place = executor(question.where, journal.folder)
        except OSError as error:
            raise unwritable(journal.folder, error) from error
        try:
            clock = Clock(planned.seconds, spent=time.monotonic() - began)
            yield Run(question, journal, place, clock, planned, chosen, watch, interrupted, began)
        finally:
            place.close()
