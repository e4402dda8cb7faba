"""The rows that a file carries to test itself with: its answers here beside the answers it had when it was proven."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.card import array

Array = np.ndarray[Any, np.dtype[Any]]
_TYPES = {
    "tensor(double)": "double",
    "tensor(string)": "string",
    "tensor(bool)": "bool",
    "tensor(int64)": "int64",
    "tensor(uint8)": "uint8",
}


@dataclass(frozen=True)
class SelfTest:
    """The file's own rows, answered here and compared with the answers it carries.

    difference: the largest |got - expected| over all numbers. labels: predictions and sets that differ. equal: every bit is."""

    rows: int
    difference: float
    labels: int
    equal: bool

    @property
    def passed(self) -> bool:
        """No label differs, and numbers only in their last digits (another processor's Exp may differ by a few ulp)."""
        return self.labels == 0 and self.difference <= 1e-9


def compared(expected: Mapping[str, Any], got: Mapping[str, Array], types: Mapping[str, str]) -> SelfTest:
    """expected: the answers in the file, as its JSON has them. types: of the outputs, as onnxruntime names them."""
    difference, labels, equal, rows = 0.0, 0, True, 0
    for name, nested in expected.items():
        if name not in got:
            continue
        kind, rows = _TYPES[types[name]], len(nested)
        kept = array(nested, kind)
        same = (got[name] == kept) | ((got[name] != got[name]) & (kept != kept))
        equal &= bool(np.all(same))
        if kind != "double":
            labels += int(np.sum(~same))
        elif not np.all(same):
            gap = np.abs(got[name] - kept)[~same]
            difference = max(difference, math.inf if np.isnan(gap).any() else float(gap.max()))
    return SelfTest(rows, difference, labels, equal)
