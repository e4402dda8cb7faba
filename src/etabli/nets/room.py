"""How many networks of one shape may be trained side by side on an accelerator: as many as its memory holds.

What one of them takes is estimated from shapes alone, before anything is moved there: its weights with their two moments and the best so far, the same once more while a step makes
the next ones, its rows (twice while they are put side by side), and what the parts of the network give for the rows of a step, kept for the way back, or for all held rows. It is held against XLA's own count in the tests. The estimate decides how
many go together by what the device says it has in all, never by what is free just now, so that equal runs on equal devices go together in equal groups. Where it was wrong all the same,
or another program holds the memory, XLA says so and the group is halved (`train.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from etabli.nets.block import Block, trained
from etabli.nets.device import jax

if TYPE_CHECKING:
    from etabli.nets.train import Lesson

SHARE = 0.8  # of the device's memory: the rest is for the program itself, its tables and what the library keeps
COPIES = 8  # of the weights: three of the state, three of the next, the best, the gradient
SINGLE = 4  # bytes


def memory() -> float:
    """Bytes of the accelerator that networks may take; infinite where it does not say."""
    told = jax().local_devices()[0].memory_stats() or {}
    return float(SHARE * (told.get("bytes_limit") or math.inf))


def size(network: Block, lesson: Lesson, rows: int, held: int, batch: int) -> float:
    """Bytes one network takes while it learns. rows, held: padded; batch: rows of a step."""
    weights = sum(int(np.size(value)) * (COPIES if trained(name) else 1) for name, value in lesson.start.items())
    row = math.prod(lesson.x.shape[1:]) + math.prod(lesson.y.shape[1:]) + 1
    made = _behind(network, lesson)
    inside = max(batch * (row + sum(made)), 2 * held * max(made))  # a step, or all held rows at once
    return float(SINGLE * (weights + 2 * (rows + held) * row + inside))


def together(each: float, room: float, most: int) -> int:
    """How many side by side, at least one and at most so many."""
    return most if not each * most > room else max(1, int(room // each))


def halves(group: Sequence[int]) -> tuple[list[int], list[int]]:
    """The first half, the longer one, and the second."""
    middle = -(-len(group) // 2)
    return list(group[:middle]), list(group[middle:])


def _behind(network: Block, lesson: Lesson) -> list[int]:
    """Numbers that each step of a network gives for one row, as JAX traces them: what is kept of them for the way back is less, since XLA joins steps."""
    xp, one = jax().numpy, jax().ShapeDtypeStruct
    weights = {name: one(np.shape(value), np.float32) for name, value in lesson.start.items()}
    traced = jax().make_jaxpr(partial(network.apply, xp))(weights, one((1, *lesson.x.shape[1:]), np.float32))
    return [math.prod(made.aval.shape) for step in traced.jaxpr.eqns for made in step.outvars] or [0]
