"""Where tasks run: five calls, so that a laptop, a Slurm array or a Spark cluster are thin adapters.

"Done" is never asked of an executor: it is read from the run folder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from etabli.work.tasks import Task

State = Literal["queued", "running", "ended", "lost"]


@dataclass(frozen=True)
class Resources:
    """What the executor may use at once. slots: calls of `submit` side by side. threads: of each. memory: bytes in all."""

    slots: int
    threads: int
    memory: float


class Executor(ABC):
    """A place where tasks run. scheme: what `--where` calls it ("local")."""

    scheme: ClassVar[str]

    @abstractmethod
    def open(self, folder: Path, place: str) -> None:
        """Gets ready to run tasks of that run folder. place: what followed the scheme in `--where`."""

    @abstractmethod
    def submit(self, tasks: Sequence[Task], deadline: float | None = None, alone: bool = False) -> None:
        """Starts or queues tasks; returns at once. Those of one call are small folds of one path, or a single task: they share a slot and
        may share a process (`run_tasks`). deadline: seconds since 1970 after which a fit ends early. alone: nothing else
        will run beside it, so it may use every core (families give the same bits with any number of threads)."""

    @abstractmethod
    def poll(self, timeout: float) -> dict[str, State]:
        """What became of the tasks by hash, waiting up to `timeout` seconds for news. "ended": look into the folder; without a
        result there its process died. "lost": the place failed and not the task. StorageError when a task could not write."""

    @abstractmethod
    def cancel(self, tasks: Sequence[str]) -> None:
        """Ends tasks that run or wait."""

    @abstractmethod
    def resources(self) -> Resources:
        """What may be used at once."""

    @abstractmethod
    def close(self) -> None:
        """Ends everything that was started."""
