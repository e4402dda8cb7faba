"""The one loop that trains every network: AdamW, early stopping, one compiled program for all folds, seeds and settings.

Whatever does not change a shape (learning rate, decay, dropout, seed, rows, weights of rows) is an argument of the program, and shapes come from a short
ladder: rows are padded, with weight 0, so that folds of nearly equal size share a program. An epoch is one call, so that the clock, early stopping and
progress are looked at in Python, for nothing. On a CPU networks are mapped over threads, which run the same program; on an accelerator networks of
one shape are trained side by side (`vmap`), as many as its memory holds (`room.py`).

AdamW: Loshchilov & Hutter 2019 (Kingma & Ba 2015). Early stopping keeps the weights of the best epoch on rows that were not learned from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from etabli.nets import room
from etabli.nets.block import Block, Noise, trained
from etabli.nets.device import full, jax, platform, products
from etabli.nets.kept import Kept
from etabli.nets.live import Live
from etabli.nets.loss import Loss
from etabli.records import Array

CLIP = 1.0  # largest norm of a step's gradient, all weights together
ONE, TWO, LITTLE = 0.9, 0.999, 1e-8
SIDE = 64  # networks side by side


@dataclass(frozen=True)
class Plan:
    """What is compiled in, beside the network and the loss. batch: rows a step. epochs: at most. patience: epochs without gain.
    schedule: of the learning rate, flat or along half a cosine to zero at the last epoch."""

    batch: int = 256
    epochs: int = 200
    patience: int = 16
    schedule: Literal["flat", "cosine"] = "flat"


@dataclass(frozen=True)
class Lesson:
    """One network to be trained. x, y: float [rows, ...]; weight [rows]; held: bool [rows], the rows that decide when to stop, never learned from.
    start: first weights. rate, decay, dropout: of AdamW and of `Dropout`."""

    x: Array
    y: Array
    weight: Array
    held: Array
    start: Mapping[str, Array]
    seed: int = 0
    rate: float = 2e-3
    decay: float = 3e-4
    dropout: float = 0.1


@dataclass(frozen=True)
class Learned:
    """weights: float32 of the best epoch. best: its number, from 1; curve: [epochs, 2], the loss while learning and the score on the held rows."""

    weights: dict[str, Array]
    best: int
    curve: Array


def ladder(rows: int) -> int:
    """The length to which rows are padded: eight steps to the next power of two, at most an eighth more."""
    if rows <= 32:
        return 32
    step = 2 ** (int(np.ceil(np.log2(rows))) - 4)
    return int(-(-rows // step) * step)


def split(rows: int, seed: int, y: Array | None = None, share: float = 0.2, units: Array | None = None) -> Array:
    """bool [rows]: rows held for early stopping; of each class y the same share where classes are given (that of a unit: of its first row).

    units: int [rows], rows of one number stay together (copies, a person's rows): else the rows held would say little of new ones. Where they are so large
    that less than half of the share comes together, rows are dealt one by one.
    """
    random = np.random.default_rng(seed)
    first, unit, sizes = _units(rows, units)
    held = np.zeros(len(first), bool)
    groups = [np.arange(len(first))] if y is None else [np.flatnonzero(y[first] == k) for k in np.unique(y[first])]
    for group in groups:
        order = random.permutation(group)
        whole = sizes[group].sum()
        count = int(np.searchsorted(np.cumsum(sizes[order]), int(share * whole), side="right"))
        held[order[: count or int(1 < sizes[order[0]] <= 1.5 * share * whole)]] = True
    if units is not None and held[unit].sum() < share * rows / 2:
        return split(rows, seed, y, share)
    return held[unit]


def _units(rows: int, units: Array | None) -> tuple[Array, Array, Array]:
    """(the first row of each unit, the unit of each row, how many rows each has)."""
    every = np.arange(rows)
    if units is not None:
        _, first, unit, sizes = np.unique(units, return_index=True, return_inverse=True, return_counts=True)
        if len(first) < rows:
            return first, unit, sizes
    return every, every, np.ones(rows, int)


def train(
    network: Block,
    loss: Loss,
    lessons: Sequence[Lesson],
    plan: Plan,
    stop: Callable[[], bool],
    threads: int = 1,
    told: Callable[..., None] | None = None,
    aside: str | Path | None = None,
    together: bool | None = None,
    memory: float | None = None,
) -> list[Learned]:
    """Every lesson to its end, or as far as the time goes (at least one epoch). told(lesson, epoch, loss, score): after every epoch.

    aside: a folder in which the state is kept every half minute, and found again after a kill. together: lessons of one shape side by side in one program; by default on
    accelerators alone, where a step costs the same for many small networks as for one. memory: bytes that those side by side may take; by default a share of what the device says it has
    (`room.memory`). How many go together changes what is learned by rounding alone. MemoryError: not even one of them fits."""
    side = platform() != "cpu" if together is None else together
    groups = _groups(network, lessons, plan, room.memory() if memory is None else memory) if side else [[k] for k in range(len(lessons))]
    made: dict[int, Learned] = {}

    def one(group: list[int]) -> None:
        def tell(inside: int, *facts: Any) -> None:
            if told:
                told(group[inside], *facts)

        try:
            found = _learn(network, loss, [lessons[place] for place in group], plan, stop, tell, None if aside is None else Path(aside))
            made.update(zip(group, found, strict=True))
            return
        except Exception as error:
            if not full(error):
                raise
            if len(group) == 1:
                raise MemoryError(str(error)) from None
        for half in room.halves(group):  # outside of `except`, so that nothing holds the arrays of the whole group any more
            one(half)

    if len(groups) == 1 or threads == 1 or side:
        for group in groups:
            one(group)
    else:
        with ThreadPoolExecutor(min(threads, len(groups))) as pool:
            list(pool.map(one, groups))
    return [made[place] for place in range(len(lessons))]


def _groups(network: Block, lessons: Sequence[Lesson], plan: Plan, memory: float) -> list[list[int]]:
    """Lessons whose arrays have the same shapes once padded, at most SIDE together and no more than the memory holds."""
    found: dict[Any, list[int]] = {}
    for place, lesson in enumerate(lessons):
        shapes = tuple(sorted((name, np.shape(value)) for name, value in lesson.start.items()))
        found.setdefault((_lengths(lesson), lesson.x.shape[1:], lesson.y.shape[1:], shapes), []).append(place)
    made = []
    for ((rows, held), *_), places in found.items():
        most = room.together(room.size(network, lessons[places[0]], rows, held, min(plan.batch, rows)), memory, SIDE)
        made += [places[at : at + most] for at in range(0, len(places), most)]
    return made


def _lengths(lesson: Lesson) -> tuple[int, int]:
    """Rows to learn from and rows held, padded, as `_ready` takes them."""
    held = int(lesson.held.sum())
    return ladder(len(lesson.held) - held), ladder(held or len(lesson.held))


def _learn(
    network: Block, loss: Loss, group: Sequence[Lesson], plan: Plan, stop: Callable[[], bool], told: Callable[..., None], aside: Path | None
) -> list[Learned]:
    """A group of one, or several side by side: every array then has the lesson first."""
    many, tree = len(group) > 1, jax().tree
    ready = [_ready(lesson, plan) for lesson in group]
    starts = [_start(lesson) for lesson in group]
    state, fixed = tree.map(lambda *parts: np.stack(parts), *starts) if many else starts[0]
    arrays = tree.map(lambda *parts: jax().numpy.stack(parts), *[one.arrays for one in ready]) if many else ready[0].arrays
    program = _compiled(network, loss, ready[0].batch, many, (state, fixed, arrays, _hyper(group, plan, 0), _key(group, 0)))
    run = _Run(state, state[0], [[] for _ in group], np.full(len(group), np.inf), np.zeros(len(group), int), np.zeros(len(group), int))
    kept = Kept(aside, (network, loss, plan, group)) if aside is not None else None
    run = kept.found(run) if kept else run
    going, live = _going(run, plan), Live(aside, plan.epochs)
    while run.epoch < plan.epochs and going.any():
        state, learned, score = program(run.state, fixed, arrays, _hyper(group, plan, run.epoch), _key(group, run.epoch))
        values = np.stack([np.atleast_1d(np.asarray(part, float)) for part in (learned, score)], axis=1)
        better = going & np.isfinite(values).all(axis=1) & (values[:, 1] < run.score)
        best = _chosen(better, state[0], run.best) if many else state[0] if better[0] else run.best
        for place in np.flatnonzero(going):
            run.curve[place].append((float(values[place, 0]), float(values[place, 1])))
            told(int(place), run.epoch, *run.curve[place][-1])
        run = _Run(
            state,
            best,
            run.curve,
            np.where(better, values[:, 1], run.score),
            np.where(better, run.epoch + 1, run.place),
            np.where(better, 0, run.waited + going),
            run.epoch + 1,
        )
        going = _going(run, plan)
        live.tell([held for _, held in run.curve[0]])
        if kept:
            kept.keep(run)
        if stop():
            break
    live.end()
    if kept:
        kept.forget()
    weights = [{name: np.asarray(value[k] if many else value) for name, value in {**run.best, **fixed}.items()} for k in range(len(group))]
    return [Learned(weights[k], int(run.place[k]), np.array(run.curve[k])) for k in range(len(group))]


@dataclass(frozen=True)
class _Run:
    """Where a group stands. state: of the optimiser; best: weights of each lesson's best epoch, whose score and number are `score` and `place`; curve: by lesson; waited: epochs without gain."""

    state: Any
    best: Any
    curve: list[list[tuple[float, float]]]
    score: Array
    place: Array
    waited: Array
    epoch: int = 0


def _going(run: _Run, plan: Plan) -> Array:
    """bool [lessons]: those that still learn. One that went astray (a loss that is no number) keeps its best."""
    astray = np.array([bool(curve) and not np.isfinite(curve[-1]).all() for curve in run.curve])
    return np.asarray((run.waited < plan.patience) & ~astray)


def _start(lesson: Lesson) -> tuple[Any, Any]:
    weights = {name: np.asarray(lesson.start[name], np.float32) for name in sorted(lesson.start)}
    moving = {name: value for name, value in weights.items() if trained(name)}
    zero = {name: np.zeros_like(value) for name, value in moving.items()}
    return (moving, zero, zero, np.float32(0)), {name: value for name, value in weights.items() if not trained(name)}


def _hyper(group: Sequence[Lesson], plan: Plan, epoch: int) -> dict[str, Any]:
    factor = 0.5 * (1 + np.cos(np.pi * epoch / plan.epochs)) if plan.schedule == "cosine" else 1.0
    made = {
        "rate": [lesson.rate * factor for lesson in group],
        "decay": [lesson.decay for lesson in group],
        "dropout": [lesson.dropout for lesson in group],
    }
    return {name: np.array(values if len(group) > 1 else values[0], np.float32) for name, values in made.items()}


def _key(group: Sequence[Lesson], epoch: int) -> Any:
    keys = [jax().random.fold_in(jax().random.key(lesson.seed), epoch) for lesson in group]
    return jax().numpy.stack(keys) if len(group) > 1 else keys[0]


def _chosen(mask: Array, new: Any, old: Any) -> Any:
    xp = jax().numpy
    return {name: xp.where(mask.reshape(-1, *(1,) * (value.ndim - 1)), value, old[name]) for name, value in new.items()}


@dataclass(frozen=True)
class _Ready:
    """arrays: x, y, w of the rows to learn from, and vx, vy, vw of those held, padded."""

    arrays: dict[str, Any]
    batch: int


def _ready(lesson: Lesson, plan: Plan) -> _Ready:
    """Padded and moved to the device once. Where nothing is held the learned rows decide themselves (the last epoch is then about the best)."""
    learn, held = ~lesson.held, lesson.held if lesson.held.any() else ~lesson.held
    arrays = {}
    for prefix, rows in (("", np.flatnonzero(learn)), ("v", np.flatnonzero(held))):
        size = ladder(len(rows))
        for name, value in (("x", lesson.x), ("y", lesson.y), ("w", lesson.weight)):
            padded = np.zeros((size, *value.shape[1:]), np.float32)
            padded[: len(rows)] = value[rows]
            arrays[prefix + name] = padded
        total = arrays[prefix + "w"].sum()
        arrays[prefix + "w"] *= size / total if total > 0 else 1.0  # mean 1 over the padded rows
    batch = min(plan.batch, len(arrays["x"]))
    device = jax().device_put(arrays)
    return _Ready(device, batch)


_programs: dict[Any, Any] = {}
_lock = threading.Lock()


def _compiled(network: Block, loss: Loss, batch: int, many: bool, arguments: Any) -> Any:
    """The program of an epoch for arguments of these shapes; compiled once in a process, and found again in the cache folder by others."""
    tree = jax().tree
    key = (
        network,
        loss,
        batch,
        many,
        platform(),
        products(),
        str(tree.map(lambda a: (np.shape(a), str(getattr(a, "dtype", ""))), arguments)),
    )
    with _lock:
        if key not in _programs:
            _programs[key] = _traced(network, loss, batch, many, arguments, products()).lower().compile()
        return _programs[key]


def _traced(network: Block, loss: Loss, batch: int, many: bool, arguments: Any, precision: str) -> Any:
    epoch = _epoch(network, loss, batch)
    with jax().default_matmul_precision(precision):
        return jax().jit(jax().vmap(epoch) if many else epoch).trace(*arguments)


def _epoch(network: Block, loss: Loss, batch: int) -> Callable[..., Any]:
    """state, fixed, rows, hyper, key -> state, loss while learning, score on the held rows."""
    import jax.numpy as xp
    from jax import lax, random, tree, value_and_grad

    def step(fixed: Any, rows: Any, hyper: Any, state: Any, drawn: Any) -> tuple[Any, Any]:
        weights, first, second, count = state
        chosen, key = drawn

        def mean(weights: Any) -> Any:
            output = network.apply(xp, {**weights, **fixed}, rows["x"][chosen], _Drawn(key, hyper["dropout"]))
            each = loss.each(xp, output, rows["y"][chosen])
            weight = rows["w"][chosen]
            return (each * weight.reshape(-1, *(1,) * (each.ndim - 1))).mean()

        value, gradient = value_and_grad(mean)(weights)
        norm = xp.sqrt(sum((g**2).sum() for g in tree.leaves(gradient)))
        scale = xp.minimum(1.0, CLIP / (norm + 1e-12))
        gradient = {name: g * scale for name, g in gradient.items()}
        count = count + 1
        first = {name: ONE * first[name] + (1 - ONE) * g for name, g in gradient.items()}
        second = {name: TWO * second[name] + (1 - TWO) * g * g for name, g in gradient.items()}
        rate = hyper["rate"]
        moved = {
            name: w * (1 - rate * hyper["decay"])
            - rate * (first[name] / (1 - ONE**count)) / (xp.sqrt(second[name] / (1 - TWO**count)) + LITTLE)
            for name, w in weights.items()
        }
        return (moved, first, second, count), value

    def epoch(state: Any, fixed: Any, rows: Any, hyper: Any, key: Any) -> tuple[Any, Any, Any]:
        size = rows["x"].shape[0]
        steps = size // batch
        order, noise = random.split(key)
        chosen = random.permutation(order, size)[: steps * batch].reshape(steps, batch)
        state, values = lax.scan(lambda state, drawn: step(fixed, rows, hyper, state, drawn), state, (chosen, random.split(noise, steps)))
        output = network.apply(xp, {**state[0], **fixed}, rows["vx"])
        score = (loss.score(xp, output, rows["vy"]) * rows["vw"]).mean()
        return state, values.mean(), score

    return epoch


class _Drawn(Noise):
    """Chance of one step; every question draws anew."""

    def __init__(self, key: Any, rate: Any) -> None:
        self.key, self.rate, self.asked = key, rate, 0

    def _next(self) -> Any:
        from jax import random

        self.asked += 1
        return random.fold_in(self.key, self.asked)

    def drop(self, x: Any) -> Any:
        """Bits of eight: a share of 1/256 is as fine as it gets, at a quarter of the cost."""
        import jax.numpy as xp
        from jax import random

        bits = random.bits(self._next(), x.shape, xp.uint8)
        level = xp.floor(self.rate * 256)
        return xp.where(bits >= level, x / (1 - level / 256), 0)

    def normal(self, like: Any) -> Any:
        """Standard normal."""
        from jax import random

        return random.normal(self._next(), like.shape)
