"""The answers of a map's file: where a row lies, how badly the coordinates describe it, and how many training rows they describe as badly.

The error is that of the row rebuilt from its coordinates: by the axes back where the method is linear, by the network's way back where it has one; else as the mean of the marks (training
rows) around it on the map, which says how unlike the row those are that it is shown beside (Nadaraya 1964; Watson 1964).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from etabli.estimators.recipes import square_distances
from etabli.graph.graph import Graph
from etabli.judge.lookup import below, write_below
from etabli.judge.novelty import FAR
from etabli.records import Array
from etabli.structure import file
from etabli.structure.linear import Linear
from etabli.structure.method import Found, Projection, Rebuilds

MARKS = 300  # rows that stand for all where a method cannot rebuild
WIDTHS = (0.1, 0.3, 1.0, 3.0)  # of the kernel, in squared distances to the fifth nearest mark


class Back(ABC):
    """From coordinates to the rows they stand for."""

    @abstractmethod
    def apply(self, z: Array) -> Array:
        """[rows, components] -> [rows, columns]."""

    @abstractmethod
    def write(self, graph: Graph, z: str) -> str:
        """The same as nodes."""


@final
@dataclass(frozen=True)
class Straight(Back):
    """z axes + centre. axes: [components, columns]."""

    axes: Array
    centre: Array

    def apply(self, z: Array) -> Array:
        """One product."""
        return np.asarray(z @ self.axes + self.centre)

    def write(self, graph: Graph, z: str) -> str:
        """Two nodes."""
        return graph.op("Add", graph.op("MatMul", z, graph.const(self.axes)), graph.const(self.centre[None]))


@final
@dataclass(frozen=True)
class Around(Back):
    """The mean of the marks, weighted by exp(-squared distance on the map / width). places: [marks, components]; rows: [marks, columns]."""

    places: Array
    rows: Array
    width: float

    def apply(self, z: Array) -> Array:
        """Coordinates beyond the marks are taken at their border, so that the weights stay finite."""
        z = np.clip(z, self.places.min(axis=0), self.places.max(axis=0))
        return np.asarray(_weights(z, self.places, self.width) @ self.rows)

    def write(self, graph: Graph, z: str) -> str:
        """Distances, a softmax, one product."""
        z = graph.op("Min", graph.op("Max", z, graph.const(self.places.min(axis=0)[None])), graph.const(self.places.max(axis=0)[None]))
        near = graph.op("Mul", square_distances(graph, z, self.places, exact=True), graph.const(-1 / self.width, np.float64))
        return graph.op("MatMul", graph.op("Softmax", near, axis=1), graph.const(np.ascontiguousarray(self.rows)))


@final
@dataclass(frozen=True)
class Rebuilding(Back):
    """The method's own way back (`Rebuilds`)."""

    method: Rebuilds
    found: Found

    def apply(self, z: Array) -> Array:
        """As the method does it."""
        return self.method.back(self.found, z)

    def write(self, graph: Graph, z: str) -> str:
        """The same as nodes."""
        return self.method.write_back(self.found, graph, z)


def _weights(z: Array, places: Array, width: float, apart: bool = False) -> Array:
    near = np.zeros((len(z), len(places)))
    for j in range(places.shape[1]):
        near -= (z[:, j : j + 1] - places[None, :, j]) ** 2
    near *= 1 / width
    if apart:
        np.fill_diagonal(near, -np.inf)
    near = np.exp(near - near.max(axis=1, keepdims=True))
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def back(method: Projection, found: Found, x: Array, seed: int) -> Back:
    """The way back, learned from rows x that the method learned from."""
    if isinstance(method, Linear):
        return Straight(np.ascontiguousarray(found.arrays["back"]), found.arrays["centre"])
    if isinstance(method, Rebuilds):
        return Rebuilding(method, found)
    picked = np.sort(np.random.default_rng(seed).permutation(len(x))[:MARKS])
    rows, places = x[picked], method.apply(found, x[picked])
    if len(rows) < 3:
        return Around(places, rows, 1.0)
    squares = sum((places[:, j : j + 1] - places[None, :, j]) ** 2 for j in range(places.shape[1]))
    reach = float(np.median(np.sort(np.asarray(squares), axis=1)[:, min(5, len(rows) - 1)])) or 1.0
    errors = [float(((_weights(places, places, width * reach, apart=True) @ rows - rows) ** 2).sum()) for width in WIDTHS]
    return Around(places, rows, WIDTHS[int(np.argmin(errors))] * reach)


@final
@dataclass(frozen=True)
class Placement(file.Head):
    """coordinates [rows, components]; error [rows, 1], the squared error of the rebuilt row over the mean square of a training row (0: wholly described,
    1: as if the map said nothing); certainty [rows, 1], the share of training rows, placed by a map that did not know them, with at least that error.
    spread: that mean square. knots, p: as `judge.novelty`."""

    method: Projection
    found: Found
    components: int
    back: Back
    spread: float
    knots: Array
    p: Array

    def write(self, graph: Graph, x: str) -> file.Outputs:
        """Cells are brought within FAR first, so that squares stay finite."""
        x = graph.op("Clip", x, graph.const(-FAR, np.float64), graph.const(FAR, np.float64))
        z = self.method.write(self.found, graph, x)
        gap = graph.op("Sub", x, self.back.write(graph, z))
        error = graph.op("ReduceSum", graph.op("Mul", gap, gap), graph.const([1], np.int64), keepdims=1)
        error = graph.op("Div", error, graph.const(self.spread, np.float64))
        certainty = graph.op("Gather", graph.const(self.p), write_below(graph, error, self.knots))
        return {"coordinates": (z, "double", self.components), "error": (error, "double", 1), "certainty": (certainty, "double", 1)}

    def apply(self, x: Array) -> dict[str, Array]:
        """The same in numpy."""
        x = np.clip(x, -FAR, FAR)
        z = self.method.apply(self.found, x)
        error = errors(x, self.back.apply(z), self.spread)[:, None]
        return {"coordinates": z, "error": error, "certainty": self.p[below(error, self.knots)]}


def errors(x: Array, rebuilt: Array, spread: float) -> Array:
    """[rows]: squared errors of rebuilt rows over `spread`."""
    return np.asarray(((x - rebuilt) ** 2).sum(axis=1) / spread)


def spread(x: Array) -> float:
    """The mean squared distance of the rows from their middle; 1 where there is none."""
    return float(((x - x.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
