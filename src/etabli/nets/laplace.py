"""Laplace's approximation on the last layer of a trained network: how far the rows it learned from leave the last weights open, and so the answer of a row.

All layers but the last count as given: what comes out of them, and a one for the bias, are the features f of a row, and the last layer is a linear model of them (Daxberger et al.
2021; MacKay 1992). Around the trained weights its log-posterior is taken as quadratic: the precision of the weights is H + l, with H the sum over rows of c f f', c the
curvature of the row's loss (generalised Gauss-Newton: 1 / noise of a number, p (1 - p) of two classes, diag(p) - p p' of several) and l the precision of the prior. Of a
number that is the exact posterior of the last layer, for given noise and prior. For several classes H is Kronecker's product of the sum of f f' and the mean curvature
(Ritter, Botev & Barber 2018), since outputs times features would square a large number.

The prior's precision is the one of greatest evidence at the trained weights W: where l |W|^2 = sum_j h_j / (h_j + l), h the eigenvalues of H (MacKay 1992: as many weights are
determined as their size says). The left side grows with l, the right one falls, so there is one such l, and bisection finds it.

Kept is what a quadratic form needs: of a row's features f the shares along the eigenvectors, squared, over h + l. A direction with h below a hundredth of l is left out, and takes
the prior's variance like whatever the rows do not span: that errs by a hundredth, to the side of doubt. Members of a network are each by themselves, each with a prior of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

LOOSE = 0.01  # of the prior's precision: directions that the rows determine by less are left to the prior
HALVINGS, REACH = 100, 40.0  # of the search for the prior's precision, in logarithms about the largest eigenvalue


def posterior(blocks: Iterable[tuple[Array, Array, Array]], weights: Array) -> dict[str, Array]:
    """What `variance` and `write_variance` take, of rows that come in blocks (features, curvature, weight), so that many rows need no room.

    features: float64 [rows, members, width], without the one of the bias. curvature: [rows, members, outputs, outputs] of the loss in the outputs. weight: [rows], as how many
    rows each counts. weights: [members, width + 1, outputs], the last layer as trained, its bias last.

    axes [members, width + 1, kept]: directions that the rows determine. gain [members, kept, outputs]: by how much they make the prior's variance smaller there, for each
    direction of the outputs. turn [members, outputs, outputs]: those directions, column by column. prior [members]: the variance of a weight before any row."""
    members, width, outputs = weights.shape
    gram, bend, total = np.zeros((members, width, width)), np.zeros((members, outputs, outputs)), 0.0
    for features, curvature, weight in blocks:
        pull = weight[:, None] * curvature[:, :, 0, 0] if outputs == 1 else np.broadcast_to(weight[:, None], features.shape[:2])
        across = np.swapaxes(np.concatenate([features, np.ones((*features.shape[:2], 1))], axis=2), 0, 1)
        gram += np.swapaxes(across * pull.T[:, :, None], 1, 2) @ across
        bend += np.einsum("r,rmij->mij", weight, curvature)
        total += float(weight.sum())
    inside, axes = np.linalg.eigh(gram)
    outside, turn = np.linalg.eigh(bend / max(total, 1e-300)) if outputs > 1 else (np.ones((members, 1)), np.ones((members, 1, 1)))
    if outputs > 1:  # what moves the margins of all classes alike moves no probability
        turn = turn - turn.mean(axis=1, keepdims=True)
    values = np.maximum(inside, 0.0)[:, :, None] * np.maximum(outside, 0.0)[:, None, :]  # [members, width + 1, outputs]
    precision = np.array([evident(values[m], float((weights[m] ** 2).sum())) for m in range(members)])
    kept = int(
        (values.max(axis=2) > LOOSE * precision[:, None]).sum(axis=1).max(initial=0)
    )  # eigenvalues rise: the last ones, as many of every member
    gain = 1 / precision[:, None, None] - 1 / (values + precision[:, None, None])
    return {
        "axes": np.ascontiguousarray(axes[:, :, width - kept :]),
        "gain": np.ascontiguousarray(gain[:, width - kept :]),
        "turn": np.ascontiguousarray(turn),
        "prior": 1 / precision,
    }


def evident(values: Array, size: float) -> float:
    """The prior's precision of greatest evidence. values: eigenvalues of the curvature, one a weight; size: the sum of the squares of the weights as trained."""
    determined, size = values[values > 0], max(size, 1e-12)
    if not len(determined):
        return values.size / size
    low, high, scale = -REACH, REACH, float(determined.max())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        precision = scale * np.exp(middle)
        less = precision * size < float((determined / (determined + precision)).sum())
        low, high = (middle, high) if less else (low, middle)
    return float(scale * np.exp((low + high) / 2))


def variance(kept: Mapping[str, Array], features: Array) -> Array:
    """[rows, members, outputs]: the posterior variance of every output (of margins of several classes: about their mean). features: as above."""
    across = np.swapaxes(features, 0, 1)  # [members, rows, width]
    share = (across @ kept["axes"][:, :-1] + kept["axes"][:, -1:]) ** 2
    size = (across**2).sum(axis=2, keepdims=True) + 1
    own = np.maximum(size * kept["prior"][:, None, None] - share @ kept["gain"], 0.0)
    return np.asarray(np.swapaxes(own @ np.swapaxes(kept["turn"] ** 2, 1, 2), 0, 1))


def write_variance(graph: Graph, kept: Mapping[str, Array], features: str) -> str:
    """The nodes of `variance`: double [rows, members, outputs]. features: the name of [rows, members, width] double."""

    def c(value: Array) -> str:
        return graph.const(np.ascontiguousarray(value), np.float64)

    across = graph.op("Transpose", features, perm=[1, 0, 2])
    share = graph.op("Add", graph.op("MatMul", across, c(kept["axes"][:, :-1])), c(kept["axes"][:, -1:]))
    share = graph.op("MatMul", graph.op("Mul", share, share), c(kept["gain"]))
    size = graph.op("ReduceSum", graph.op("Mul", across, across), graph.const([2], np.int64), keepdims=1)
    size = graph.op("Mul", graph.op("Add", size, graph.const(1.0, np.float64)), c(kept["prior"][:, None, None]))
    own = graph.op("Relu", graph.op("Sub", size, share))
    made = own if kept["turn"].shape[1] == 1 else graph.op("MatMul", own, c(np.swapaxes(kept["turn"] ** 2, 1, 2)))
    return graph.op("Transpose", made, perm=[1, 0, 2])
