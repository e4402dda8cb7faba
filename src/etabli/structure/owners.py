"""Coordinates of one raw column: levels of a category, or the axes of a text; and how much each counts where columns are judged one by one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array


def leveled(block: Array) -> bool:
    """Whether coordinates [rows, k] of one raw column are levels (no more than two values each), and not those of a text."""
    return all(len(np.unique(block[:, j])) <= 2 for j in range(block.shape[1]))


def tilt(widths: Array) -> dict[str, Array]:
    """{"tilt": [n]}, what is added to minus the log of each of n p-values before they are joined (`harmonic.py`), so that those of one text count together
    as one. widths: [n], how many share a column. {} where none do: nothing is added then."""
    if (widths <= 1).all():
        return {}
    weight = 1 / widths
    return {"tilt": np.log(weight * len(weight) / weight.sum())}


def tilted(arrays: Mapping[str, Array], logs: Array) -> Array:
    """[rows, n] with it."""
    return logs + arrays["tilt"] if "tilt" in arrays else logs


def write_tilted(arrays: Mapping[str, Array], graph: Graph, logs: str) -> str:
    """The same as a node."""
    return graph.op("Add", logs, graph.const(arrays["tilt"][None])) if "tilt" in arrays else logs
