"""What would change the answer: the fewest columns, then the smallest moves, that lead a row to another answer of the very file.

One column at a time is tried on all of its steps (`steps.py`), then the best of these with every step of another column, and so on (a
beam; Wachter, Mittelstadt & Russell 2018 for the idea, Mothilal, Sharma & Tan 2020 for several different ones). A number that was
moved is moved back as far as the goal allows and written with few digits. Rows that the file itself calls unlike the training rows
(novelty below 0.01) come last. Nothing is approximated: every row that is named was answered by the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.model.explain.game import Feeds, Game, game
from etabli.model.explain.goal import Goal, goal
from etabli.model.explain.steps import Steps, steps
from etabli.model.load import Model
from etabli.model.raw import Raw

Array = np.ndarray[Any, np.dtype[Any]]
Moves = tuple[tuple[int, Any], ...]  # (player, new value), by player
Answer = Callable[[Sequence[Moves]], Mapping[str, Array]]
UNLIKE, BEAM, DEEPEST, MANY = 0.01, 40, 4, 3
MOST = 60_000  # rows asked at one depth


@dataclass(frozen=True)
class Move:
    """One cell that changes. old, new: as the file takes them."""

    raw: Raw
    old: Any
    new: Any


@dataclass(frozen=True)
class Change:
    """moves: the fewest cells. answers: the file's outputs for the changed row. distance: in deviations, 1 a level. plausible: the file
    does not call the changed row unlike the training rows, or called the row so before. classes: of the file."""

    moves: tuple[Move, ...]
    answers: Mapping[str, Any]
    distance: float
    plausible: bool
    classes: tuple[str, ...] = ()

    def text(self, lang: str = "en") -> str:
        """In a sentence."""
        from etabli.model.explain.told import changed

        return changed(self, lang)


def changes(model: Model, row: Any, want: str | None = None, fixed: Sequence[str] = (), many: int = MANY) -> tuple[Change, ...]:
    """See `Model.changes`."""
    read = model.read(row)
    if read.rows != 1:
        raise UsageError("what would change the answer is asked for one row", f"{read.rows} rows", "give one row, or --row N")
    playing = game(model)
    unknown = [name for name in fixed if name not in playing.names]
    if unknown:
        known = ", ".join(f'"{name}"' for name in playing.names[:12])
        raise UsageError(
            "a fixed column is one that the model reads", f'"{unknown[0]}"', did_you_mean(unknown[0], playing.names) or f"it reads {known}"
        )
    now = model.run(read.feeds, 1)
    aim = goal(model, want, now["prediction"][0, 0])
    if aim is None or aim.reached(now)[0]:
        return ()
    entries = {str(entry["name"]): entry for entry in model.card["columns"]}
    raws = {raw.name: raw for raw in model.columns}
    carried = model.carried()
    grid = [
        Steps((), 0.0)
        if name in fixed
        else steps(raws[name], entries[name], None if carried is None or not raws[name].double else playing.cells(carried, player))
        for player, name in enumerate(playing.names)
    ]
    asking = _Asking(playing, read.feeds, grid)
    found = _searched(asking, aim, bool((now.get("novelty", np.ones((1, 1))) < UNLIKE)[0, 0]), many)
    return tuple(_change(asking, raws, moves, answers, plausible) for moves, answers, plausible in found)


@dataclass(frozen=True)
class _Asking:
    """One row, and the rows around it."""

    playing: Game
    row: Feeds
    grid: Sequence[Steps]

    def old(self, player: int) -> Any:
        return self.playing.cells(self.row, player)[0]

    def answers(self, every: Sequence[Moves]) -> Mapping[str, Array]:
        feeds = {name: np.repeat(values, len(every), axis=0) for name, values in self.row.items()}
        for at, moves in enumerate(every):
            for player, value in moves:
                _, name, place = self.playing.players[player]
                feeds[name][at, place] = value
        return self.playing.model.run(feeds, len(every))

    def distance(self, moves: Moves) -> float:
        return sum(self.grid[player].distance(self.old(player), value) for player, value in moves)


def _searched(asking: _Asking, aim: Goal, strange: bool, many: int) -> list[tuple[Moves, Mapping[str, Array], bool]]:
    """(moves, answers, plausible) of at most `many` sets of columns, the fewest columns and the smallest moves first."""
    singles: list[Moves] = [
        ((player, value),) for player, steps in enumerate(asking.grid) for value in steps.values if value != asking.old(player)
    ]
    beam: list[Moves] = [()]
    found: dict[tuple[int, ...], tuple[Moves, bool]] = {}
    for depth in range(1, DEEPEST + 1):
        tried = _wider(beam, singles, found)
        if not tried:
            break
        answers = asking.answers(tried)
        reached, progress = aim.reached(answers), aim.progress(answers)
        likely = np.ones(len(tried), bool) if strange or "novelty" not in answers else answers["novelty"][:, 0] >= UNLIKE
        best: dict[tuple[int, ...], tuple[bool, float, Moves]] = {}
        for at in np.flatnonzero(reached):
            moves = tried[at]
            key = tuple(player for player, _ in moves)
            rank = (not likely[at], asking.distance(moves), moves)
            if key not in best or rank[:2] < best[key][:2]:
                best[key] = rank
        for key, (odd, _, moves) in sorted(best.items(), key=lambda item: item[1][:2])[: 4 * many]:
            found[key] = (moves, not odd)
        good = sum(plausible for _, plausible in found.values())
        if good >= many or (good and depth > min(len(key) for key in found)):
            break
        beam = _beam(tried, progress, ~reached, asking)
    ordered = sorted(
        ((moves, plausible) for moves, plausible in found.values()), key=lambda one: (not one[1], len(one[0]), asking.distance(one[0]))
    )
    made: list[tuple[Moves, Mapping[str, Array], bool]] = []
    for moves, _ in ordered[: 2 * many]:
        moves = _nearer(asking, aim, moves, strange)
        answers = {name: values[0] for name, values in asking.answers([moves]).items()}
        made.append((moves, answers, strange or "novelty" not in answers or bool(answers["novelty"][0] >= UNLIKE)))
    made.sort(key=lambda one: (not one[2], len(one[0]), asking.distance(one[0])))
    return made[:many]


def _wider(beam: Sequence[Moves], singles: Sequence[Moves], found: Mapping[tuple[int, ...], Any]) -> list[Moves]:
    """Every row of the beam with one more cell changed; nothing whose columns hold a set that is enough already."""
    made: dict[Moves, None] = {}
    enough = [set(key) for key in found]
    for moves in beam:
        have = {player for player, _ in moves}
        for single in singles:
            player = single[0][0]
            if player in have or any(key <= have | {player} for key in enough):
                continue
            made[_with(moves, *single[0])] = None
            if len(made) >= MOST:
                return list(made)
    return list(made)


def _with(moves: Moves, player: int, value: Any) -> Moves:
    """One more move, by player."""
    return tuple(sorted((*moves, (player, value)), key=itemgetter(0)))


def _beam(tried: Sequence[Moves], progress: Array, open_: Array, asking: _Asking) -> list[Moves]:
    """The rows nearest to the goal, at most a few of the same columns."""
    made: list[Moves] = []
    taken: dict[tuple[int, ...], int] = {}
    for at in np.argsort(-progress, kind="stable"):
        key = tuple(player for player, _ in tried[at])
        if open_[at] and taken.get(key, 0) < 3 and np.isfinite(progress[at]):
            taken[key] = taken.get(key, 0) + 1
            made.append(tried[at])
            if len(made) == BEAM:
                break
    return made


def _nearer(asking: _Asking, aim: Goal, moves: Moves, strange: bool) -> Moves:
    """The same columns with numbers moved no farther than needed, and few digits."""
    for player, value in moves:
        steps, old = asking.grid[player], asking.old(player)
        if not steps.deviation:
            continue
        others = tuple(move for move in moves if move[0] != player)

        def reaching(values: Array, others: Moves = others, player: int = player) -> Array:
            answers = asking.answers([_with(others, player, float(one)) for one in values])
            likely = True if strange or "novelty" not in answers else answers["novelty"][:, 0] >= UNLIKE
            return np.asarray(aim.reached(answers) & likely)

        start, end = float(old), float(value)
        if not reaching(np.array([end]))[0]:  # unlike the training rows, and stays so
            continue
        if old != old:  # from a missing cell there is no way to go back on
            short = [float(f"{end:.{digits}g}") for digits in range(2, 8)]
            short = [one for one in short if steps.low <= one <= steps.high]
            good = np.flatnonzero(reaching(np.array([*short, end])))
            moves = _with(others, player, [*short, end][int(good[0])])
            continue
        for _ in range(4):
            line = np.linspace(start, end, 25)[1:]
            if steps.whole:
                line = np.unique(np.ceil(line) if end > start else np.floor(line))
                line = line if end > start else line[::-1]
                line = line[(line != old) & ((line <= end) if end > start else (line >= end))]
            good = np.flatnonzero(reaching(line))
            first = int(good[0])
            if first == len(line) - 1 and len(line) == 1:
                break
            start, end = (float(line[first - 1]) if first else start), float(line[first])
        rounded = _rounded(float(old), end, steps)
        good = np.flatnonzero(reaching(rounded))
        end = float(rounded[good[0]]) if len(good) else end
        moves = _with(others, player, end)
    return moves


def _rounded(old: float, new: float, steps: Steps) -> Array:
    """Numbers of few digits a little farther than `new`, fewest digits first, then `new` itself."""
    gap = abs(new - old)
    made = []
    for digits in range(-12, 13):
        unit = 10.0**-digits
        value = round((np.ceil(new / unit - 1e-9) if new > old else np.floor(new / unit + 1e-9)) * unit, max(digits, 0))
        if abs(value - new) <= 0.1 * gap and steps.low <= value <= steps.high and value != old:
            made.append(value)
    return np.array([*made, new])


def _change(asking: _Asking, raws: Mapping[str, Raw], moves: Moves, answers: Mapping[str, Array], plausible: bool) -> Change:
    made = tuple(Move(raws[asking.playing.names[player]], asking.old(player), value) for player, value in moves)
    return Change(made, answers, asking.distance(moves), plausible, asking.playing.model.classes)
