"""What linear projections share: a centre, axes to the coordinates, and axes back."""

from __future__ import annotations

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array
from etabli.structure.method import Found, Projection, Values


class Linear(Projection):
    """Found.arrays: centre [columns], axes [columns, components], back [components, columns]."""

    def apply(self, found: Found, x: Array) -> Array:
        """(x - centre) axes."""
        return np.asarray((x - found.arrays["centre"]) @ found.arrays["axes"])

    def back(self, found: Found, z: Array) -> Array:
        """z back + centre."""
        return np.asarray(z @ found.arrays["back"] + found.arrays["centre"])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """Two nodes."""
        centred = graph.op("Sub", x, graph.const(found.arrays["centre"][None]))
        return graph.op("MatMul", centred, graph.const(np.ascontiguousarray(found.arrays["axes"])))


def signed(axes: Array) -> Array:
    """-1 or 1 for each column of axes [columns, components]: with it, the entry of largest size is positive, so that equal tables give equal
    signs. Of sizes that are equal up to rounding the first counts."""
    size = np.abs(axes)
    place = (size >= size.max(axis=0) * (1 - 1e-9)).argmax(axis=0)
    return np.where(axes[place, np.arange(axes.shape[1])] < 0, -1.0, 1.0)


def counts(rows: int, columns: int) -> list[dict[str, int]]:
    """The settings of a method that takes any number of components: two, and as many as there may be up to ten."""
    most = max(1, min(rows, columns))
    return [{"components": count} for count in dict.fromkeys((min(2, most), min(5, most), min(10, most)))]


def origin(values: Values, x: Array) -> Array:
    """[columns]: where nothing is, in the coordinates of x: `values["origin"]`, or else the smallest seen of each column."""
    return np.array(values["origin"], float) if "origin" in values else x.min(axis=0)
