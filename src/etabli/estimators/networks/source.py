"""What each kind of network has to tell: what it takes, what it answers, and how it is read into our graph."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import EtabliError, UsageError
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.values import Value
from etabli.records import Array

BLOCK = 1_000  # rows asked at once
Feeds = Mapping[str, Array]


@dataclass(frozen=True)
class Input:
    """name. shape: of one row, None where the network does not say. whole: it takes whole numbers. single: in float32. names: the columns
    it takes, () where the network has no names for them."""

    name: str
    shape: tuple[int, ...] | None = None
    whole: bool = False
    single: bool = True
    names: tuple[str, ...] = ()

    @property
    def width(self) -> int | None:
        """How many columns."""
        return None if self.shape is None else int(np.prod(self.shape, dtype=np.int64))


class Source(ABC):
    """A network of one library. title: as people say it. library: the module whose version is told. classes: its labels, where it keeps them."""

    title = ""
    library = ""
    classes: tuple[Any, ...] = ()
    gives = ""
    spread = False  # its answer is a mean and, behind it, a standard deviation

    @abstractmethod
    def inputs(self) -> list[Input]:
        """What it takes."""

    @abstractmethod
    def ask(self, feeds: Feeds) -> Array:
        """Its own answers, [rows, ...], as its user would get them."""

    def exact(self, feeds: Feeds) -> Array | None:
        """The same network asked in double precision by its own library; None where that cannot be done."""
        return None

    @abstractmethod
    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """The network's answer as a value. Unreadable where a step of it cannot be written."""


def blocks(call: Callable[[Feeds], Array], feeds: Feeds) -> Array:
    """The answers of a call, block by block."""
    rows = len(next(iter(feeds.values())))
    parts = [call({name: array[at : at + BLOCK] for name, array in feeds.items()}) for at in range(0, max(rows, 1), BLOCK)]
    return np.concatenate(parts)


def asked(title: str, call: Callable[[], Any], shapes: Mapping[str, Sequence[int]] | None = None) -> Any:
    """What a call of a user's own network gives; what it raises as an error that names the network. shapes: of a row of each input, where the user may say another."""
    try:
        return call()
    except EtabliError:
        raise
    except Exception as error:  # each library refuses in its own words
        raise UsageError(
            "a network answers the columns it is given, in their order",
            f"{title}: {type(error).__name__}: {' '.join(str(error).split()):.300}",
            f"give exactly the columns it takes, in its order, and name the target; {shaped(shapes or {})}",
        ) from error


def distribution(title: str, made: Any) -> tuple[Any, Any] | None:
    """(mean, standard deviation) of a distribution of a number (TensorFlow Probability's, PyTorch's); None of what is none. UsageError for one of classes."""
    if not (hasattr(made, "log_prob") and hasattr(made, "mean") and hasattr(made, "stddev")):
        return None
    if getattr(made, "probs", None) is not None or getattr(made, "logits", None) is not None:
        raise UsageError(
            "of a distribution of classes a network gives what it is made of",
            f"{title} gives a distribution ({type(made).__name__})",
            "bring the network without its last step, or one that gives distribution.logits",
        )
    mean, deviation = (one() if callable(one) else one for one in (made.mean, made.stddev))
    return mean, deviation


def shaped(shapes: Mapping[str, Sequence[int]]) -> str:
    """The hint for a network that may take its columns in a shape, with the likeliest one."""
    flat = [(name, int(shape[0])) for name, shape in shapes.items() if len(shape) == 1]
    if not flat:
        return "or wrap it in a module that shapes them"
    name, width = flat[0]
    side = math.isqrt(width)
    return f"where it takes them in a shape, say which: --inputs {name}={f'1x{side}x{side}' if side > 4 and side * side == width else f'{width}x1'}"


def single_output(title: str, made: Any) -> Any:
    """The one output of a network that may wrap it in a tuple; UsageError for several."""
    names = list(made) if isinstance(made, Mapping) else list(range(len(made))) if isinstance(made, list | tuple) else []
    if isinstance(made, Mapping):
        made = list(made.values())
    if isinstance(made, list | tuple):
        if len(made) != 1:
            key = f'"{names[0]}"' if names and isinstance(names[0], str) else "0"
            raise UsageError(
                "a network has one output",
                f"{title} gives {len(made)}" + (f": {titles(names)}" if names and isinstance(names[0], str) else ""),
                f"keras.Model(net.input, net.output[{key}]) gives the one you mean"
                if title.startswith("Keras")
                else f"wrap it in a {'module' if title.startswith('PyTorch') else 'function'} that gives the one you mean: net(x)[{key}]",
            )
        return made[0]
    return made


def titles(values: Sequence[Any]) -> str:
    """A list in words."""
    return ", ".join(map(str, values))
