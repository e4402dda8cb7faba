"""What the stages of a run share: the question, the run folder, its rounds, the executor, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from etabli.families import families as all_families
from etabli.families.family import Family
from etabli.job.budget import Budget, Clock, budget
from etabli.records import Split, Watch, digest
from etabli.work.asked import Asked
from etabli.work.executors import executor
from etabli.work.executors.executor import Executor
from etabli.work.journal import Journal, unwritable
from etabli.work.ledger import Round, enter
from etabli.work.race import Standing


@dataclass
class Run:
    """What the stages share. families: all there are. chosen: names of those that this round tries. rounds: of the run folder, this one
    last; with `question` and `budget` they are settled by `enter`. broken: families that cannot even say what they would try, with
    the reason. resumed: whether to go on with the last round whatever was asked."""

    question: Asked
    journal: Journal
    executor: Executor
    clock: Clock
    budget: Budget
    families: Mapping[str, Family]
    watch: Watch
    interrupted: Callable[[], bool]
    began: float
    resumed: bool = False
    chosen: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    before: Standing = field(default_factory=Standing)  # where the rounds before this one came to
    whole: str = ""  # the name of the split of all rows
    table: str = ""  # the digest of what the table stands on
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.journal.folder

    @property
    def round(self) -> Round:
        """The round at work."""
        return self.rounds[-1]

    def enter(self, plan: Mapping[str, Any]) -> None:
        """Finds the round this question belongs to (a new one is noted in the ledger), and takes what it tries from there."""
        self.rounds = enter(self.journal, plan, self.chosen, self.families, self.question.command, self.resumed)
        first, last = self.rounds[0], self.round
        self.question = replace(self.question, families=last.families, effort=last.effort)
        self.chosen = last.among
        self.budget = replace(budget(last.effort, self.question.time), table=budget(first.effort).effort)
        earlier = self.rounds[:-1]
        self.journal.lengthen({place[2] for one in earlier if one.ended for places in one.ended["places"].values() for place in places})

    def named(self, split: str, one: Round) -> str:
        """The name under which a round keeps a split: models made with other versions than the first round's keep to themselves, so that
        none is put on the preparation of another version."""
        first, now = self.rounds[0].versions, one.versions
        return split if now == first else f"{split}-{digest(dict(now))[:6]}"


@dataclass(frozen=True)
class Splits:
    """whole: of all rows. raced: the one the race runs on (a sample of it at a glance), kept under `name`. group, moment: the columns it
    was dealt by."""

    whole: Split
    raced: Split
    name: str
    group: str | None = None
    moment: str | None = None


@contextmanager
def opened(question: Asked, watch: Watch, interrupted: Callable[[], bool], began: float, resumed: bool = False) -> Iterator[Run]:
    """Holds the run folder and starts the executor, which imports the heavy libraries while we read."""
    journal = Journal(question.folder)
    planned = budget(question.effort, question.time)
    every = all_families()
    chosen = tuple(name for name, member in every.items() if not question.families or name in question.families or member.rank == 0)
    with journal.alone():
        try:
            place = executor(question.where, journal.folder)
        except OSError as error:
            raise unwritable(journal.folder, error) from error
        try:
            clock = Clock(planned.seconds, spent=time.monotonic() - began)
            yield Run(question, journal, place, clock, planned, every, watch, interrupted, began, resumed, chosen)
        finally:
            place.close()
