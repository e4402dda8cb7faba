"""The race as a pure function of what is done: which tasks are wanted next, and who is still in it.

Decisions are taken at fixed points (a batch of paths, a stage of folds), from results alone, never from the order in which
results happened to arrive. So a run that was killed and resumed, or ran on more cores, takes the very same decisions and
writes the same file bit for bit.

Up to 50 000 rows a batch runs on two folds, loses the candidates that the bootstrap says cannot win (BBCD, Tsamardinos et
al. 2018), and runs the rest on the other folds. Above, it is successive halving (Jamieson and Talwalkar 2016) on one fold with
1/9, 1/3 and all of the training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from etabli.records import Setting, Split
from etabli.work.portfolio import Offer, Path, following
from etabli.work.tasks import Task

LARGE = 50_000  # development rows above which successive halving replaces the folds
LATE = ("no time left for it", "the time was over before it was complete", "the time was over while it ran")  # dropped, but not beaten
Place = tuple[str, int]  # (hash of the task that holds a result, index of the setting in it)


@dataclass(frozen=True)
class Stage:
    """A leg of the race. folds: those added by it. share: of each fold's training rows. keep: largest share of candidates
    that go on to the next stage (1: only the bootstrap decides)."""

    folds: tuple[int, ...]
    share: float = 1.0
    keep: float = 1.0


def stages(split: Split) -> tuple[Stage, ...]:
    """The legs for this many rows."""
    if len(split.development) > LARGE:
        return (Stage((0,), 1 / 9, 1 / 3), Stage((0,), 1 / 3, 1 / 2), Stage((0,)))
    if split.folds <= 2:
        return (Stage(tuple(range(split.folds))),)
    return (Stage((0, 1)), Stage(tuple(range(2, split.folds))))


@dataclass(frozen=True)
class Rules:
    """Fixed before the race. batch: paths that start together. patience: paths without gain before it ends. gain: relative
    improvement of the leader's loss that counts. lookahead: tasks listed beyond the current batch so that no core is idle."""

    stages: tuple[Stage, ...]
    batch: int = 2
    patience: int = 40
    gain: float = 5e-4
    lookahead: int = 4


@dataclass
class Standing:
    """Where the race stands. places: for each candidate in it (by setting hash) and fold, where its scores lie."""

    wanted: list[Task] = field(default_factory=list)
    finished: list[Setting] = field(default_factory=list)  # complete on every fold, in order
    dropped: dict[str, str] = field(default_factory=dict)  # setting hash -> why
    aside: dict[str, str] = field(default_factory=dict)  # setting hash -> what went wrong
    places: dict[str, dict[tuple[int, float], Place]] = field(default_factory=dict)
    settings: dict[str, Setting] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)  # setting hashes
    ended: str = ""  # "" while it goes on, otherwise why it ended

    @property
    def tried(self) -> int:
        """Candidates begun."""
        return len(self.begun)

    def copy(self) -> Standing:
        """One more, to go on from here."""
        return Standing(
            [],
            list(self.finished),
            dict(self.dropped),
            dict(self.aside),
            {name: dict(places) for name, places in self.places.items()},
            dict(self.settings),
            set(self.begun),
        )


Known = Callable[[str], dict[str, Any] | None]
Lose = Callable[[Sequence[Setting], Standing, Stage, Sequence[Setting]], dict[str, str]]
Loss = Callable[[Setting, Standing], float]


@dataclass(frozen=True)
class Course:
    """What is raced on. split: its hash. known, refused: as in `race`."""

    split: str
    seed: int
    known: Known
    refused: Container[str]

    def tasks(self, path: Path, stage: Stage) -> list[Task]:
        """One a fold of the stage."""
        return [Task(self.split, fold, path, self.seed, stage.share) for fold in stage.folds] if path else []


def race(
    offers: Sequence[Offer],
    split: str,
    seed: int,
    rules: Rules,
    known: Known,
    lose: Lose,
    loss: Loss,
    refused: Container[str] = (),
    before: Standing | None = None,
) -> Standing:
    """Plays the race as far as the known results go.

    known(task hash): its result or None. lose(candidates, standing, stage, finished): those that drop after a stage, with the
    reason. loss(candidate, standing): its mean loss over the folds it has. refused: tasks that the cap has no time for.
    before: where earlier rounds came to; their candidates are rivals, and none of them runs again.
    """
    standing = Standing() if before is None else before.copy()
    course = Course(split, seed, known, refused)
    past = [(loss(setting, standing), setting.family) for setting in standing.finished]
    best, stale, guessing = min((value for value, _ in past), default=float("inf")), 0, False
    leaders = {family: value for value, family in sorted(past, reverse=True)}
    remaining = _new(offers, standing)
    leaders |= {offer.house: leaders[offer.family] for offer in remaining if offer.family in leaders}
    while remaining:
        remaining = following(remaining, leaders)
        tried, remaining = remaining[: rules.batch], remaining[rules.batch :]
        alive = [offer.path for offer in tried]
        if not guessing:
            _begin(standing, alive)
        alive, missing = _batch(standing, alive, rules.stages, course, lose, guessing)
        standing.wanted += missing
        guessing = guessing or bool(missing)
        if not guessing:
            new = [setting for path in alive for setting in path]
            standing.finished += new
            losses = [(loss(setting, standing), setting.family) for setting in new]
            lowest = min((value for value, _ in losses), default=float("inf"))
            _lead(leaders, losses, tried)
            if lowest < best * (1 - rules.gain) or best == float("inf"):
                best, stale = min(best, lowest), 0
            else:
                stale += sum(any(setting.hash not in standing.aside for setting in offer.path) for offer in tried)  # a crash is no try
            if stale >= rules.patience and all(offer.house in leaders for offer in remaining):  # every kin had its try
                standing.ended = f"no gain in {stale} paths"
                return standing
        if len(standing.wanted) >= rules.lookahead:
            return standing
    if not standing.wanted:
        standing.ended = "every candidate was tried"
    return standing


def _begin(standing: Standing, paths: Sequence[Path]) -> None:
    for path in paths:
        standing.settings |= {setting.hash: setting for setting in path}
        standing.begun |= {setting.hash for setting in path}


def _batch(
    standing: Standing, alive: list[Path], legs: Sequence[Stage], course: Course, lose: Lose, guessing: bool
) -> tuple[list[Path], list[Task]]:
    """Paths through the stages, as far as the results go: what is left of each, and the tasks that are missing. guessing: only the
    first stage, since what would drop after it is not known."""
    for number, stage in enumerate(legs):
        legged = [_leg(standing, path, stage, course, guessing) for path in alive]
        alive = [path for path, _ in legged]
        missing = [task for _, tasks in legged for task in tasks]
        if missing or guessing:
            return alive, missing
        if number + 1 < len(legs):
            out = lose([setting for path in alive for setting in path], standing, stage, standing.finished)
            standing.dropped |= out
            alive = [tuple(setting for setting in path if setting.hash not in out) for path in alive]
    return alive, []


def _leg(standing: Standing, path: Path, stage: Stage, course: Course, guessing: bool) -> tuple[Path, list[Task]]:
    """A path on the folds of a stage: what is left of it, and its tasks that are missing."""
    tasks, missing = course.tasks(path, stage), []
    while path and any(task.hash in course.refused and course.known(task.hash) is None for task in tasks):
        kept = path[: len(path) // 2]  # a shorter run (fewer trees) may still be in time
        standing.settings |= {setting.hash: setting for setting in path}  # it may have been looked ahead to
        standing.dropped |= dict.fromkeys((setting.hash for setting in path[len(kept) :]), LATE[0])
        path = kept
        tasks = course.tasks(path, stage)
    for task in tasks:
        if not path:
            break
        result = course.known(task.hash)
        if result is None:
            missing.append(task)
        elif not guessing:
            path = record(standing, task, result, path)
    return path, missing


def _lead(leaders: dict[str, float], losses: Sequence[tuple[float, str]], tried: Sequence[Offer]) -> None:
    """Notes the best loss of each family and house that had its try."""
    for value, family in losses:
        leaders[family] = min(value, leaders.get(family, value))
    for offer in tried:
        if offer.family not in leaders:  # all of it dropped: worse than any that stayed
            leaders[offer.family] = 2 * max(leaders.values(), default=0.0)
        leaders[offer.house] = min(leaders[offer.family], leaders.get(offer.house, float("inf")))


def _new(offers: Sequence[Offer], standing: Standing) -> list[Offer]:
    """The offers without the settings that earlier rounds settled."""
    if not standing.settings:
        return list(offers)
    left = [replace(offer, path=tuple(s for s in offer.path if s.hash not in standing.settings)) for offer in offers]
    return [offer for offer in left if offer.path]


def record(standing: Standing, task: Task, result: dict[str, Any], path: Path) -> Path:
    """Notes where the scores lie; settings without a result leave the race."""
    if result.get("error"):
        standing.aside |= {setting.hash: result["error"] for setting in path}
        return ()
    have = {name: index for index, name in enumerate(result["settings"])}
    for setting in path:
        if setting.hash in have:
            standing.places.setdefault(setting.hash, {})[task.fold, task.share] = (task.hash, have[setting.hash])
        else:
            standing.dropped[setting.hash] = LATE[1]
    return tuple(setting for setting in path if setting.hash in have)
