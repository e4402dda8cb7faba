"""How sure a network with members is of a number: noise, and a factor times what its members and the posterior of its last layer leave open.

Two sources say where a network knows little. Members (networks that share most of their weights) are apart there: deep ensembles (Lakshminarayanan, Pritzel & Blundell 2017). And the
last layer's posterior (`laplace.py`) is wide there; a network of one member has only that. Both say where, and neither how much: errors of what lies below the last layer, and
noise that is larger in some places than in others, are in neither. So the sum is held against the errors of the rows that decided when to stop, which the weights never saw: the variance of a row is

    noise + factor * (spread of the members + posterior variance of the first member's last layer)

with the two numbers of greatest likelihood, the factor at least 1 (theory is the least of doubt), the noise at least a tenth of what is shared out, and the factor 1 where more does not pay for itself by Schwarz's criterion
(1978; half the logarithm of the rows), as with few rows. The members' posteriors are alike, so one of them is kept: of eight, an eighth of the room. `benchmarks/deviation.py` has what was
compared, docs/networks.md what came of it: no gain for classes, so of those nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.nets import laplace
from etabli.nets.block import Chain, answer, inner
from etabli.nets.blocks.members import Heads, Members
from etabli.records import Array, TaskKind

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

BLOCK = 4096  # rows at a time
SHARES = np.linspace(0.02, 0.9, 45)  # of the variance, that go by the doubt


def parts(chain: Chain, weights: Mapping[str, Array], x: Array) -> tuple[Array, Array]:
    """(outputs [rows, members, outputs], what the last layer gets [rows, members, width]) of a chain that ends in `Heads`."""
    features = answer(_trunk(chain), weights, x)
    return np.asarray(chain.blocks[-1].apply(np, _head(chain, weights), features)), features


def posterior(
    chain: Chain, weights: Mapping[str, Array], x: Array, weight: Array, task: TaskKind, noise: float, members: int
) -> dict[str, Array]:
    """Laplace's approximation on the heads of the first members, after `laplace.posterior`. x, weight: the rows learned from; noise: the variance of a number's errors, in
    the units in which the network learns."""
    own = tuple(f"{place}." for place, block in enumerate(chain.blocks) if isinstance(block, Members | Heads))  # what has the member first
    weights = {name: value[:members] if name.startswith(own) else value for name, value in weights.items()}
    head = _head(chain, weights)
    last = np.concatenate([head["weight"], head["bias"][:, None]], axis=1)

    def blocks() -> Iterator[tuple[Array, Array, Array]]:
        for start in range(0, len(x), BLOCK):
            raw, features = parts(chain, weights, x[start : start + BLOCK])
            yield features, curvature(raw, task, noise), weight[start : start + BLOCK] * (len(x) / weight.sum())

    return laplace.posterior(blocks(), last)


def curvature(raw: Array, task: TaskKind, noise: float = 1.0) -> Array:
    """[rows, members, outputs, outputs]: second derivatives of the loss in the outputs."""
    if task == "regression":
        return np.full((*raw.shape, 1), 1 / noise)
    if task == "binary":
        p = np.exp(-np.logaddexp(0, -raw))
        return np.asarray(p * (1 - p))[..., None]
    powers = np.exp(raw - raw.max(axis=2, keepdims=True))
    p = powers / powers.sum(axis=2, keepdims=True)
    return np.asarray(p[..., None] * np.eye(p.shape[2]) - p[..., None] * p[..., None, :])


def learned(chain: Chain, weights: Mapping[str, Array], x: Array, y: Array, weight: Array, held: Array) -> dict[str, Array]:
    """What `write` takes. x [rows, features], y [rows] in the units in which the network learns, weight [rows]; held: bool [rows], the rows that decided when to stop."""
    outside = held if held.any() else ~held
    raw, features = parts(chain, weights, x[outside])
    square, mine = (y[outside] - raw[..., 0].mean(axis=1)) ** 2, weight[outside]
    noise = max(float(np.average(square, weights=mine)), 1e-12)
    kept = posterior(chain, weights, x[~held], weight[~held], "regression", noise, 1)
    doubt = raw[..., 0].var(axis=1) + laplace.variance(kept, features[:, :1])[:, 0, 0]
    left, factor = fitted(square, doubt, mine)
    return kept | {"noise": np.array(left), "factor": np.array(factor)}


def fitted(square: Array, doubt: Array, weight: Array) -> tuple[float, float]:
    """(noise, factor), as above. square: [rows] of the errors; doubt: [rows] variances; weight: [rows]."""
    error, mean = float(np.average(square, weights=weight)), float(np.average(doubt, weights=weight))
    plain = max(error - mean, error / 4), 1.0
    if not (error > 0 and mean > 0):
        return plain

    def surprise(noise: float, factor: float) -> float:
        variance = noise + factor * doubt
        return float(np.average(np.log(variance) + square / variance, weights=weight)) / 2

    made = []
    for share in SHARES:
        size = float(np.average(square / (1 - share + share * doubt / mean), weights=weight))
        made.append((size * (1 - share), size * share / mean))
    able = [pair for pair in made if pair[1] >= 1]
    worth = float(weight.sum() ** 2 / (weight**2).sum())  # rows (Kish 1965)
    best = min(able, key=lambda pair: surprise(*pair), default=plain)
    return best if worth * (surprise(*plain) - surprise(*best)) > np.log(worth) / 2 else plain


def deviation(chain: Chain, weights: Mapping[str, Array], kept: Mapping[str, Any], x: Array) -> Array:
    """[rows, 1]: the standard deviation of a new value, in the units in which the network learns."""
    raw, features = parts(chain, weights, x)
    doubt = raw[..., 0].var(axis=1) + laplace.variance(kept, features[:, :1])[:, 0, 0]
    return np.asarray(np.sqrt(kept["noise"] + kept["factor"] * doubt))[:, None]


def write(graph: Graph, chain: Chain, weights: Mapping[str, Array], kept: Mapping[str, Any], x: str) -> str:
    """The nodes of `deviation`; those of the network are shared with its answer's. [rows, 1] double."""
    features = _trunk(chain).write(graph, weights, x)
    head = _head(chain, weights)
    members = head["weight"].shape[0]
    middle = graph.const([1], np.int64)
    first = graph.op("Gather", features, graph.const([0], np.int64), axis=1) if members > 1 else features
    doubt = graph.op("ReduceSum", laplace.write_variance(graph, kept, first), middle, keepdims=0)
    if members > 1:
        raw = chain.blocks[-1].write(graph, head, features)
        count = graph.const(float(members), np.float64)
        apart = graph.op("Sub", raw, graph.op("Div", graph.op("ReduceSum", raw, middle, keepdims=1), count))
        spread = graph.op("Div", graph.op("ReduceSum", graph.op("Mul", apart, apart), middle, keepdims=0), count)
        doubt = graph.op("Add", doubt, spread)
    scaled = graph.op("Mul", doubt, graph.const(np.reshape(kept["factor"], 1), np.float64))
    return graph.op("Sqrt", graph.op("Add", scaled, graph.const(np.reshape(kept["noise"], 1), np.float64)))


def _trunk(chain: Chain) -> Chain:
    return Chain(chain.blocks[:-1])


def _head(chain: Chain, weights: Mapping[str, Array]) -> dict[str, Any]:
    return inner(weights, f"{len(chain.blocks) - 1}.")
