"""The budget is work, the clock is a cap.

`--effort` fixes how much is tried: folds, candidates, trees, patience. So one seed gives one answer, on a slow machine too.
`--time` is a cap on top: a task that cannot finish is not begun, and what must follow (the refit, composing,
the proof) is set aside before. An estimate made in work on some other machine becomes seconds on this one by what finished tasks
really took. Pure but for the clock that is passed in, so that tests turn it by hand.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

from etabli.errors import UsageError, did_you_mean

EffortName = Literal["glance", "standard", "thorough"]
UNITS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "j": 86400.0}  # j: jour

# Candidates without gain before a race ends, by rows of data: more only fit the noise of the validation rows. The values are
# those of AutoGluon 1.x (Erickson et al. 2020, arXiv:2003.06505); between two points, a straight line in logarithms.
PATIENCE = ((100, 4), (500, 8), (2_500, 15), (10_000, 40), (100_000, 100))


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    candidates: settings a family, the best default first. trees: the longest boosting run. patience: multiplies the number of
    candidates without gain that ends the race. rows: the race sees at most so many (None: all); the winner always learns from
    all. final: "folds" ships the mean of the fold members, "refit" one model fitted again on all rows.
    """

    name: EffortName
    folds: int
    candidates: int
    trees: int
    patience: float
    rows: int | None
    final: Literal["folds", "refit"]

    def without_gain(self, rows: int) -> int:
        """After how many candidates without gain the race ends, on so many rows; at least 2."""
        return max(2, round(self.patience * _interpolate(rows)))


EFFORTS: dict[EffortName, Effort] = {
    "glance": Effort("glance", folds=3, candidates=2, trees=400, patience=0.5, rows=20_000, final="refit"),
    "standard": Effort("standard", folds=5, candidates=12, trees=2_000, patience=1.0, rows=None, final="folds"),
    "thorough": Effort("thorough", folds=8, candidates=60, trees=10_000, patience=2.5, rows=None, final="folds"),
}


@dataclass(frozen=True)
class Budget:
    """What was asked: an effort, and a cap in seconds of wall time or None. table: the effort that a table was begun with, when more is
    tried on it later: its folds, its sample of rows and what is shipped stay; only how much is tried follows the new effort."""

    effort: EffortName = "standard"
    seconds: float | None = None
    table: EffortName | None = None

    @property
    def rules(self) -> Effort:
        """The effort's numbers."""
        begun = EFFORTS[self.table or self.effort]
        return replace(EFFORTS[self.effort], folds=begun.folds, rows=begun.rows, final=begun.final)


def budget(effort: str = "standard", time: str | float | None = None) -> Budget:
    """The budget of `--effort` and `--time` ("10m"; a number is seconds). UsageError for a word or a time that is none."""
    known = get_args(EffortName)
    for name in known:
        if effort == name:
            return Budget(name, None if time is None else parse_time(time))
    raise UsageError("An effort is glance, standard or thorough.", f'effort "{effort}"', did_you_mean(effort, known))


def parse_time(text: str | float) -> float:
    """Seconds of "60s", "10m", "1.5h", "1h30m" or "2d"; a number that is not text is seconds already.

    UsageError for anything else, for a bare "60" above all: seconds to some programs, minutes to others.
    """
    rule = 'A time is a number with its unit, such as "60s", "10m" or "1h30m".'
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    else:
        plain = str(text).strip().casefold().replace(" ", "").replace(",", ".")
        if re.fullmatch(r"[\d.]+", plain):
            raise UsageError(rule, f'"{text}" without a unit', f'"{plain}s" for seconds, "{plain}m" for minutes')
        if re.fullmatch(r"\d+(:\d+)+", plain):
            raise UsageError(rule, f'"{text}"', _clock_hint(plain))
        parts = re.findall(r"(\d+(?:\.\d+)?|\.\d+)([a-z]+|$)", plain)
        if not parts or "".join(number + unit for number, unit in parts) != plain:
            raise UsageError(rule, f'"{text}"', "units are s, m, h and d")
        seconds = _total(rule, str(text), parts)
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError("A time limit is above 0.", f"{text}", "leave --time away for no limit")
    return seconds


def _total(rule: str, text: str, parts: list[tuple[str, str]]) -> float:
    seconds, last = 0.0, math.inf
    for number, unit in parts:
        if not unit:  # "1h30": the next smaller unit
            size = {3600.0: 60.0, 60.0: 1.0}.get(last, 0.0)
        elif unit in UNITS:
            size = UNITS[unit]
        else:
            raise UsageError(rule, f'"{text}": "{unit}" is no unit', did_you_mean(unit, UNITS) or "units are s, m, h and d")
        if not 0 < size < last:
            raise UsageError(rule, f'"{text}"', 'the larger unit first, each once: "1h30m"')
        seconds, last = seconds + float(number) * size, size
    return seconds


def _clock_hint(plain: str) -> str:
    numbers = [int(part) for part in plain.split(":")]
    names = ["h", "m", "s"][: len(numbers)]
    return f'"{"".join(f"{number}{name}" for number, name in zip(numbers, names, strict=False))}"?'


def write_time(seconds: float) -> str:
    """The shortest text that `parse_time` reads as these seconds, to the second: "1h30m"; under ten seconds to the tenth."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}".removesuffix(".0") + "s"
    left, parts = round(seconds), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(UNITS[unit]))
        parts += [f"{count}{unit}"] * (count > 0)
    return "".join(parts)


def _interpolate(rows: int) -> float:
    if rows <= PATIENCE[0][0]:
        return float(PATIENCE[0][1])
    for (low, few), (high, many) in pairwise(PATIENCE):
        if rows <= high:
            share = math.log(rows / low) / math.log(high / low)
            return float(few * (many / few) ** share)
    return float(PATIENCE[-1][1])


class Clock:
    """The cap, what is left of it, and how long work really takes here.

    cap: seconds or None for no cap. spent: seconds already gone (imports; an earlier part of a resumed run). now: a clock in
    seconds. `reserve`, in seconds, is what must be kept for the end: set it whenever a new winner makes the end cheaper or dearer.
    """

    MARGIN = 1.3  # a task is begun only if this many times its expected seconds are left
    FORGET = 0.9  # per finished task: what the machine does now counts more than what it did an hour ago
    PRIOR = 1.0  # seconds of work that are believed to take as long as estimated, before anything is measured

    def __init__(self, cap: float | None = None, spent: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.cap, self.reserve, self.cut = cap, 0.0, False
        self._now, self._start = now, now() - spent
        self._seen: dict[str, tuple[float, float]] = {}  # kind of work -> (estimated, measured), fading

    def spent(self) -> float:
        """Seconds since the start."""
        return self._now() - self._start

    def left(self) -> float:
        """Seconds until the cap, below 0 once it is passed; infinite without a cap."""
        return math.inf if self.cap is None else self.cap - self.spent()

    def room(self) -> float:
        """Seconds that may still be given to tasks: what is left less the reserve."""
        return self.left() - self.reserve

    def over(self) -> bool:
        """Whether a running task should end with what it has (a family's `stop`)."""
        return self.room() <= 0

    def expected(self, work: float, kind: str = "") -> float:
        """Seconds here for work estimated at `work` seconds. kind: a family's name; each has its own error of estimate, drawn to
        that of all work while little of its own is known."""
        everything = self._factor("", 1.0)
        return work * (everything if not kind else self._factor(kind, everything))

    def fits(self, work: float, kind: str = "") -> bool:
        """Whether a task of that estimate may be begun. A no is remembered in `cut`: the result then says that the cap ended it."""
        if self.MARGIN * self.expected(work, kind) <= self.room():
            return True
        self.cut = True
        return False

    def learn(self, work: float, seconds: float, kind: str = "") -> None:
        """A task estimated at `work` took `seconds`. Sums and not ratios are kept, so that small tasks, whose time is mostly the
        cost of starting, say little about large ones."""
        for key in {"", kind}:
            estimated, measured = self._seen.get(key, (0.0, 0.0))
            self._seen[key] = self.FORGET * estimated + work, self.FORGET * measured + seconds

    def _factor(self, kind: str, before: float) -> float:
        estimated, measured = self._seen.get(kind, (0.0, 0.0))
        return (measured + self.PRIOR * before) / (estimated + self.PRIOR)
