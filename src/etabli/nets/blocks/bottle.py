"""Two networks back to back: rows are brought down to a few numbers and rebuilt from them.

Plain (Hinton & Salakhutdinov 2006); denoising: what goes in is spoiled by chance, what must come out is not (Vincent et al. 2008); variational: the few numbers are a
cloud for each row, held near the standard one, so that the space between the rows means something too (Kingma & Welling 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape, inner
from etabli.nets.loss import Loss
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

Kind = Literal["plain", "denoising", "variational"]
SPOILED = 0.3  # deviations of the noise that is added (denoising)


@final
@dataclass(frozen=True)
class Bottle(Block):
    """[rows, columns] to [rows, columns (+ 2 * components)]: the rebuilt row, and for a variational one the cloud's middle and the logarithm of its variance.

    encoder: to `components` numbers (variational: twice as many); decoder: back. In use the middle of the cloud is taken."""

    encoder: Block
    decoder: Block
    components: int
    kind: Kind = "plain"

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """encoder.*, decoder.*."""
        first, _ = self.encoder.start(random, shape)
        second, out = self.decoder.start(random, (self.components,))
        made = {f"encoder.{name}": value for name, value in first.items()} | {f"decoder.{name}": value for name, value in second.items()}
        return made, ((out[0] + 2 * self.components,) if self.kind == "variational" else out)

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """Down and back."""
        if noise is not None and self.kind == "denoising":
            x = x + SPOILED * noise.normal(x)
        low = self.encoder.apply(xp, inner(p, "encoder."), x, noise)
        if self.kind != "variational":
            return self.decoder.apply(xp, inner(p, "decoder."), low, noise)
        middle, log = low[:, : self.components], xp.clip(low[:, self.components :], -10, 10)
        drawn = middle if noise is None else middle + xp.exp(log * 0.5) * noise.normal(middle)
        return xp.concatenate([self.decoder.apply(xp, inner(p, "decoder."), drawn, noise), middle, log], axis=1)

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same, without the noise."""
        low = self.encoder.write(graph, inner(p, "encoder."), x)
        if self.kind != "variational":
            return self.decoder.write(graph, inner(p, "decoder."), low)
        middle, log = graph.ops("Split", low, graph.const([self.components, self.components], np.int64), count=2, axis=1)
        log = graph.op("Clip", log, graph.const(-10.0, np.float64), graph.const(10.0, np.float64))
        return graph.op("Concat", self.decoder.write(graph, inner(p, "decoder."), middle), middle, log, axis=1)


@final
@dataclass(frozen=True)
class Evidence(Loss):
    """Minus the bound on the log-likelihood of a variational bottle, a column: half the squared error, and the distance of each cloud from the standard one (beta-VAE
    for beta other than 1: Higgins et al. 2017). score: the squared error of the middle alone, as the network is used."""

    columns: int
    components: int
    beta: float = 1.0

    def each(self, xp: Any, output: Any, y: Any) -> Any:
        """Per row."""
        middle, log = output[:, self.columns : self.columns + self.components], output[:, self.columns + self.components :]
        apart = (middle**2 + xp.exp(log) - 1 - log).sum(axis=1)
        return (((output[:, : self.columns] - y) ** 2).sum(axis=1) + self.beta * apart) / (2 * self.columns)

    def score(self, xp: Any, output: Any, y: Any) -> Any:
        """Per row."""
        return self.each(xp, output, y)
