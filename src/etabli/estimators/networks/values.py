"""Values of a network that is read: numbers known already, or a tensor of our graph with its shape.

Every reader (ONNX, jaxprs, layers) computes with these. What depends on weights and shapes alone is folded in numpy as it is met, so shape arithmetic leaves no
node. The number of rows is unknown to the file but has to be written into shapes: it is ROWS, a prime that no layer has for its size; a size that is a
multiple of it has the rows in it. A mistake in this is no silent one: the proof asks for 4 000 rows at once and for one.

Whole numbers that depend on the rows travel as doubles (exact up to 2^53) and become integers only where a Gather takes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from etabli.errors import EtabliError
from etabli.records import Array

ROWS = 1009
Kind = Literal["float", "int", "bool"]
Shape = tuple[int, ...]


class Unreadable(EtabliError):
    """A step of a network that is not read; the reader adds which layer it is. What was brought forbids it: status 3."""

    status = 3

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__("a network is adopted when each of its steps can be written with the closed operators", what, hint)
        self.what, self.advice = what, hint


@dataclass(frozen=True, eq=False)
class Value:
    """shape: with ROWS for the rows. array: the numbers, where they are known. tensor: the name in our graph, where they depend on the rows
    ("" while a known value has not been needed there)."""

    shape: Shape
    kind: Kind
    array: Array | None = None
    tensor: str = ""

    @property
    def known(self) -> bool:
        """Whether the numbers are known before there are rows."""
        return self.array is not None

    def numbers(self) -> Array:
        """The known numbers; Unreadable where they depend on the rows."""
        if self.array is None:
            raise Unreadable("it takes a shape, an index or an option from the data")
        return self.array

    def ints(self) -> list[int]:
        """The known numbers as a flat list of whole ones."""
        return [int(number) for number in self.numbers().ravel()]


def known(numbers: Any) -> Value:
    """Numbers known already, floats as doubles."""
    array = np.asarray(numbers)
    if array.dtype.kind == "f" or array.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        return Value(array.shape, "float", array.astype(np.float64, copy=False))
    if array.dtype.kind == "b":
        return Value(array.shape, "bool", array)
    if array.dtype.kind in "iu":
        return Value(array.shape, "int", array.astype(np.int64, copy=False))
    raise Unreadable(f"a constant of {array.dtype}")


def moving(shape: Shape) -> list[int]:
    """The axes that hold the rows."""
    return [axis for axis, size in enumerate(shape) if size and size % ROWS == 0]


def place(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    return axis + rank if axis < 0 else axis
