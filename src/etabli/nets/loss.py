"""What a network is trained to make small. A loss says how far off an output is (`each`, per row and member, smooth) and how good the network is for early
stopping (`score`, per row, of the members' mean, as the network will be used). Frozen, since the compiled program depends on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final


class Loss(ABC):
    """xp is jax.numpy while training. y: float32 [rows, ...]."""

    @abstractmethod
    def each(self, xp: Any, output: Any, y: Any) -> Any:
        """[rows] or [rows, members]."""

    @abstractmethod
    def score(self, xp: Any, output: Any, y: Any) -> Any:
        """[rows], the smaller the better."""


@final
@dataclass(frozen=True)
class Squared(Loss):
    """(output - y)^2, outputs [rows, members, 1], y [rows, 1]."""

    def each(self, xp: Any, output: Any, y: Any) -> Any:
        """Per member."""
        return (output[..., 0] - y) ** 2

    def score(self, xp: Any, output: Any, y: Any) -> Any:
        """Of the mean."""
        return (output[..., 0].mean(axis=1) - y[:, 0]) ** 2


@final
@dataclass(frozen=True)
class Logistic(Loss):
    """-log p of two classes; outputs [rows, members, 1] margins of the second, y [rows, 1] of 0 and 1."""

    def each(self, xp: Any, output: Any, y: Any) -> Any:
        """log(1 + exp(-m)) for the side that is right, without overflow."""
        margin = output[..., 0] * (1 - 2 * y)
        return xp.logaddexp(margin, xp.zeros_like(margin))

    def score(self, xp: Any, output: Any, y: Any) -> Any:
        """Of the mean probability."""
        p = (1 / (1 + xp.exp(-output[..., 0]))).mean(axis=1)
        p = xp.clip(xp.where(y[:, 0] > 0.5, p, 1 - p), 1e-7, 1)
        return -xp.log(p)


@final
@dataclass(frozen=True)
class Softmax(Loss):
    """-log p of several classes; outputs [rows, members, classes] margins, y [rows, classes] of 0 and 1."""

    def each(self, xp: Any, output: Any, y: Any) -> Any:
        """Per member, the largest margin taken off first."""
        margin = output - output.max(axis=-1, keepdims=True)
        return xp.log(xp.exp(margin).sum(axis=-1)) - (margin * y[:, None]).sum(axis=-1)

    def score(self, xp: Any, output: Any, y: Any) -> Any:
        """Of the mean probability."""
        powers = xp.exp(output - output.max(axis=-1, keepdims=True))
        p = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=1)
        return -xp.log(xp.clip((p * y).sum(axis=-1), 1e-7, 1))


@final
@dataclass(frozen=True)
class Same(Loss):
    """Mean of (output - y)^2 over everything but the rows: of a reconstruction."""

    def each(self, xp: Any, output: Any, y: Any) -> Any:
        """Per row."""
        return ((output - y) ** 2).mean(axis=tuple(range(1, output.ndim)))

    def score(self, xp: Any, output: Any, y: Any) -> Any:
        """The same."""
        return self.each(xp, output, y)
