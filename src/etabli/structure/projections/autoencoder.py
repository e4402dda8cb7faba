"""An autoencoder: coordinates from which a network rebuilds the row (the extra `etabli[nets]`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.linear import counts
from etabli.structure.method import Found, Rebuilds, Stop, Values

if TYPE_CHECKING:
    from etabli.nets.auto import Auto

KINDS = ("plain", "denoising", "variational")


@final
class Autoencoder(Rebuilds):
    """Plain, denoising and variational (`nets/auto.py`); a row is rebuilt by the network's own way back."""

    name, title, needs, rank = "autoencoder", "autoencoder", ("jax",), 9
    citation = "Hinton & Salakhutdinov 2006; Vincent et al. 2008; Kingma & Welling 2014"
    slow = True
    doc = "Bent coordinates from which a network rebuilds the row: for columns that hang together in ways that are no straight lines."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten components of each kind."""
        return [{"kind": kind, **count} for kind in KINDS for count in counts(rows, columns)]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """A program, and some 15 000 steps at most."""
        width = 32 if columns <= 8 else 64 if columns <= 32 else 128
        steps = min(15_000.0, 300 * max(rows, 128) / 128)
        return Cost(work=2.0 + steps * (1e-4 + 128 * 1e-10 * 6 * (2 * columns * width + 2 * width**2)), memory=4e8 + 16.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """One network."""
        from etabli.nets.auto import learned

        return Found(self.name, values, learned(x, int(values["components"]), values["kind"], seed, stop).arrays())

    def apply(self, found: Found, x: Array) -> Array:
        """The way down."""
        return network(found).down(x)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """The same."""
        return network(found).write_down(graph, x)

    def back(self, found: Found, z: Array) -> Array:
        """The way back."""
        return network(found).back(z)

    def write_back(self, found: Found, graph: Graph, z: str) -> str:
        """The same."""
        return network(found).write_back(graph, z)


def network(found: Found) -> Auto:
    """The trained autoencoder of what was found."""
    from etabli.nets.auto import rebuilt

    return rebuilt(dict(found.arrays), found.values["kind"])


def trained(found: Found) -> dict[str, Any] | None:
    """How it learned, and its blocks, as `network` of the result (docs/result.md); None of any other method."""
    if "curve" not in found.arrays or found.values.get("kind") not in KINDS:
        return None
    from etabli.families.trained import Trained
    from etabli.nets import device
    from etabli.nets.layers import Layer, layers

    auto, curve = network(found), found.arrays["curve"].reshape(-1, 2)
    columns, components = len(auto.centre), auto.network.components
    down, up = layers(auto.network.encoder, (columns,)), layers(auto.network.decoder, (components,))
    blocks = [*down, Layer("bottle", (components,), 0), *up]
    facts = Trained(curve[:, 0], curve[:, 1], int(np.argmin(curve[:, 1])) + 1, blocks, None, device.name(), device.products()).to_json(())
    made = {"candidate": f"autoencoder kind={found.values['kind']} components={components}", "family": "autoencoder", "winner": True}
    folds = [{"fold": 0, "share": 1.0, **{key: facts[key] for key in ("epochs", "learning", "held", "best")}}]
    return made | {"layers": facts["layers"], "sees": None, "folds": folds, "device": facts["device"], "products": facts["products"]}
