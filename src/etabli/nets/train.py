"""The one loop that trains every network: AdamW, early stopping, one compiled program for all folds, seeds and settings.

Whatever does not change a shape (learning rate, decay, dropout, seed, rows, weights of rows) is an argument of the program, and shapes come from a short
ladder: rows are padded, with weight 0, so that folds of nearly equal size share a program. An epoch is one call, so that the clock, early stopping and
progress are looked at in Python, for nothing. On a CPU networks are mapped over threads, which run the same program; on an accelerator networks of
one shape are trained side by side (`vmap`).

AdamW: Loshchilov & Hutter 2019 (Kingma & Ba 2015). Early stopping keeps the weights of the best epoch on rows that were not learned from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.nets.block import Block, Noise, trained
from etabli.nets.device import jax, platform
from etabli.nets.loss import Loss
from etabli.records import Array

CLIP = 1.0  # largest norm of a step's gradient, all weights together
ONE, TWO, LITTLE = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Plan:
    """What is compiled in, beside the network and the loss. batch: rows a step. epochs: at most. patience: epochs without gain."""

    batch: int = 256
    epochs: int = 200
    patience: int = 16


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


def split(rows: int, seed: int, y: Array | None = None, share: float = 0.2) -> Array:
    """bool [rows]: rows held for early stopping; of each class y the same share where classes are given."""
    random = np.random.default_rng(seed)
    held = np.zeros(rows, bool)
    groups = [np.arange(rows)] if y is None else [np.flatnonzero(y == k) for k in np.unique(y)]
    for group in groups:
        held[random.permutation(group)[: int(share * len(group))]] = True
    return held


def train(
    network: Block,
    loss: Loss,
    lessons: Sequence[Lesson],
    plan: Plan,
    stop: Callable[[], bool],
    threads: int = 1,
    told: Callable[..., None] | None = None,
) -> list[Learned]:
    """Every lesson to its end, or as far as the time goes (at least one epoch). told(lesson, epoch, loss, score): after every epoch."""

    def one(place: int) -> Learned:
        return _learn(network, loss, lessons[place], plan, stop, lambda *facts: told(place, *facts) if told else None)

    if len(lessons) == 1 or threads == 1:
        return [one(place) for place in range(len(lessons))]
    with ThreadPoolExecutor(min(threads, len(lessons))) as pool:
        return list(pool.map(one, range(len(lessons))))


def _learn(network: Block, loss: Loss, lesson: Lesson, plan: Plan, stop: Callable[[], bool], told: Callable[..., None]) -> Learned:
    ready = _ready(lesson, plan)
    names = sorted(lesson.start)
    weights = {name: np.asarray(lesson.start[name], np.float32) for name in names}
    moving = {name: value for name, value in weights.items() if trained(name)}
    fixed = {name: value for name, value in weights.items() if not trained(name)}
    state = (moving, {k: np.zeros_like(v) for k, v in moving.items()}, {k: np.zeros_like(v) for k, v in moving.items()}, np.float32(0))
    hyper = {"rate": np.float32(lesson.rate), "decay": np.float32(lesson.decay), "dropout": np.float32(lesson.dropout)}
    key = jax().random.key(lesson.seed)
    program = _compiled(network, loss, ready.batch, (state, fixed, ready.arrays, hyper, key))
    curve, best, kept, waited = [], np.inf, state[0], 0
    place = 0
    for epoch in range(plan.epochs):
        state, learned, score = program(state, fixed, ready.arrays, hyper, jax().random.fold_in(key, epoch))
        curve.append((float(learned), float(score)))
        told(epoch, *curve[-1])
        if not np.isfinite(curve[-1]).all():
            break  # it went astray: the best so far is kept
        if curve[-1][1] < best:
            best, kept, waited, place = curve[-1][1], state[0], 0, epoch + 1
        else:
            waited += 1
        if waited >= plan.patience or stop():
            break
    return Learned({**{name: np.asarray(value) for name, value in kept.items()}, **fixed}, place, np.array(curve))


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


def _compiled(network: Block, loss: Loss, batch: int, arguments: Any) -> Any:
    """The program of an epoch for arguments of these shapes; compiled once in a process, and found again in the cache folder by others."""
    tree = jax().tree
    key = (network, loss, batch, platform(), str(tree.map(lambda a: (np.shape(a), str(getattr(a, "dtype", ""))), arguments)))
    with _lock:
        if key not in _programs:
            _programs[key] = jax().jit(_epoch(network, loss, batch)).lower(*arguments).compile()
        return _programs[key]


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
