"""How a network was trained, and what it is made of: what the report draws of it. A family that trains in epochs says it by `Family.trained`; the others have nothing to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.nets.layers import Layer
from etabli.records import Array

POINTS = 100  # of a curve: a longer one is thinned, its best epoch kept
FEATURES, UNITS = 16, 48  # of the first layer: those that move it most


@dataclass(frozen=True)
class Trained:
    """learning, held: float [epochs], the loss on the rows learned from and the score on the rows held for early stopping. best: the epoch (from 1) whose weights are
    used. layers: from the columns to the output. sees: [features, units], how far the values of a prepared column move each unit of the first layer (a standard deviation
    over training rows); None where that says nothing. device, products: what it learned on, and to what the inputs of products were rounded (`nets/device.py`)."""

    learning: Array
    held: Array
    best: int
    layers: Sequence[Layer]
    sees: Array | None = None
    device: str = "CPU"
    products: str = "float32"

    def to_json(self, features: Sequence[str]) -> dict[str, Any]:
        """What a task's result keeps. features: names of the prepared columns, in the order of `sees`."""
        kept = thinned(len(self.held), self.best)
        made: dict[str, Any] = {
            "epochs": [int(place) + 1 for place in kept],
            "learning": [float(v) for v in np.asarray(self.learning)[kept]],
            "held": [float(v) for v in np.asarray(self.held)[kept]],
            "best": int(self.best),
            "device": self.device,
            "products": self.products,
            "layers": [{"block": one.block, "shape": list(one.shape), "weights": one.weights} for one in self.layers],
        }
        return made | ({} if self.sees is None else {"sees": _strongest(self.sees, features)})


def thinned(epochs: int, best: int) -> Array:
    """Places of at most POINTS epochs, evenly spaced, the first, the last and the best among them."""
    every = np.unique(np.linspace(0, max(epochs - 1, 0), min(epochs, POINTS)).round().astype(int))
    return np.union1d(every, [best - 1]) if 1 <= best <= epochs else every


def _strongest(sees: Array, features: Sequence[str]) -> Mapping[str, Any]:
    """The features that move the layer most, and the units they move, those of one feature side by side."""
    rows = np.argsort(-np.sqrt((sees**2).sum(axis=1)), kind="stable")[:FEATURES]
    units = np.argsort(-sees[rows].max(axis=0), kind="stable")[:UNITS]
    taken = sees[np.ix_(rows, units)]
    order = np.lexsort((-taken.max(axis=0), taken.argmax(axis=0)))
    return {"features": [features[j] for j in rows], "units": np.round(taken[:, order], 4).tolist(), "of": list(sees.shape)}
