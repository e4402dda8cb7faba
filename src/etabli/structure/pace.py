"""How far a step is and how long it will still take: what is left of the estimated work, at the speed seen so far.

The estimates of the methods (`cost`) are right to a factor that is the same for all on a machine, so only their shares are used. What a run that
goes on has already in its folder takes no time, and says nothing of the speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from etabli.records import Watch

QUICK = 0.02


class Pace:
    """watch: is told "task" after each of the tasks. work: what each is estimated to take, in seconds of some machine. after: what comes after the last, likewise. quick: the
    share of its estimate below which a task was not done anew; 0 where none is kept."""

    def __init__(
        self, watch: Watch, work: Sequence[float], after: float = 0.0, quick: float = QUICK, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.watch, self.work, self.after, self.quick, self.clock = watch, work, after, quick, clock
        self.done, self._spent, self._made, self._last = 0, 0.0, 0.0, clock()

    @property
    def left(self) -> float | None:
        """Seconds; None where nothing has been done anew yet."""
        if self._made <= 0:
            return None
        return (sum(self.work[self.done :]) + self.after) * self._spent / self._made

    def next(self, *running: str) -> None:
        """One more is done. running: what was at work."""
        now, work = self.clock(), self.work[self.done]
        took, self._last = now - self._last, now
        if took > self.quick * work:
            self._spent, self._made = self._spent + took, self._made + work
        self.done += 1
        self.watch("task", done=self.done, total=len(self.work), running=list(running), left=self.left)
