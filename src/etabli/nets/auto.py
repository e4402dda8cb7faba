"""Autoencoders: a few numbers a row, learned so that the row can be rebuilt from them; for maps, for rows that are odd, and as features.

Two hidden layers on either side, smooth (gelu), so that the way down is smooth too. Columns that say little are not drowned by those that say much, because the columns come
in standardised. Rows are put in an order of their own before anything is drawn, so that the order of the file does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.nets.block import Chain, double, inner
from etabli.nets.blocks.activation import Activation
from etabli.nets.blocks.bottle import Bottle, Evidence, Kind
from etabli.nets.blocks.dense import Dense
from etabli.nets.loss import Loss, Same
from etabli.nets.train import Lesson, Plan, split, train
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

WIDTHS = (32, 64, 128)  # of the hidden layers, for up to 8, 32 and more columns
ROWS = 50_000  # learned from at most


@dataclass(frozen=True)
class Auto:
    """A trained autoencoder. weights: float64, those of `network`. scale: what the columns were divided by, one number; centre [columns]. curve: as in `train.Learned`."""

    network: Bottle
    weights: dict[str, Array]
    centre: Array
    scale: float
    curve: Array

    def down(self, x: Array) -> Array:
        """[rows, components]."""
        low = self.network.encoder.apply(np, inner(self.weights, "encoder."), (x - self.centre) / self.scale)
        return np.asarray(low[:, : self.network.components])

    def back(self, z: Array) -> Array:
        """[rows, columns] of coordinates."""
        return np.asarray(self.network.decoder.apply(np, inner(self.weights, "decoder."), z) * self.scale + self.centre)

    def write_down(self, graph: Graph, x: str) -> str:
        """The same as `down`."""
        x = graph.op("Div", graph.op("Sub", x, graph.const(self.centre[None])), graph.const(self.scale, np.float64))
        low = self.network.encoder.write(graph, inner(self.weights, "encoder."), x)
        if self.network.kind != "variational":
            return low
        return graph.op("Gather", low, graph.const(np.arange(self.network.components)), axis=1)

    def write_back(self, graph: Graph, z: str) -> str:
        """The same as `back`."""
        made = self.network.decoder.write(graph, inner(self.weights, "decoder."), z)
        return graph.op("Add", graph.op("Mul", made, graph.const(self.scale, np.float64)), graph.const(self.centre[None]))

    def arrays(self) -> dict[str, Array]:
        """Plain arrays that `rebuilt` turns back."""
        return {f"net.{name}": value for name, value in self.weights.items()} | {
            "centre": self.centre,
            "scale": np.array(self.scale),
            "curve": self.curve,
        }


def bottle(columns: int, components: int, kind: Kind) -> Bottle:
    """The network for so many columns."""
    width = WIDTHS[int(np.searchsorted((8, 32), columns))]
    smooth = Activation("gelu")
    out = components * (2 if kind == "variational" else 1)
    encoder = Chain((Dense(width), smooth, Dense(width), smooth, Dense(out)))
    decoder = Chain((Dense(width), smooth, Dense(width), smooth, Dense(columns)))
    return Bottle(encoder, decoder, components, kind)


def learned(x: Array, components: int, kind: Kind, seed: int, stop: Callable[[], bool]) -> Auto:
    """From x, float64 [rows, columns] without NaN."""
    random = np.random.default_rng(seed)
    x = x[np.lexsort(x.T[::-1])]
    if len(x) > ROWS:
        x = x[np.sort(random.choice(len(x), ROWS, replace=False))]
    centre, scale = x.mean(axis=0), float(np.sqrt(x.var(axis=0).mean())) or 1.0
    network = bottle(x.shape[1], components, kind)
    start, _ = network.start(random, (x.shape[1],))
    loss: Loss = Evidence(x.shape[1], components) if kind == "variational" else Same()
    inside = (x - centre) / scale
    held = split(len(x), seed, share=0.1) if len(x) >= 50 else np.zeros(len(x), bool)
    lesson = Lesson(inside, inside, np.ones(len(x)), held, start, seed, rate=3e-3, decay=1e-4)
    made = train(network, loss, [lesson], Plan(batch=128, epochs=_epochs(len(x)), patience=20), stop)[0]
    return Auto(network, double(made.weights), centre, scale, made.curve)


def _epochs(rows: int) -> int:
    """Some 15 000 steps at most, 30 epochs at least."""
    return int(np.clip(15_000 * 128 / max(rows, 1), 30, 300))


def rebuilt(arrays: dict[str, Any], kind: Kind) -> Auto:
    """From what `Auto.arrays` gave."""
    weights = inner(arrays, "net.")
    columns = len(arrays["centre"])
    last = max(int(name.split(".")[1]) for name in weights if name.startswith("encoder."))
    out = len(weights[f"encoder.{last}.bias"])
    components = out // 2 if kind == "variational" else out
    return Auto(bottle(columns, components, kind), weights, arrays["centre"], float(arrays["scale"]), arrays["curve"])
