"""Natural cubic splines as pieces of polynomials (no family of its own: `spline.py` uses it).

A spline is told by its values at its knots (Green & Silverman 1994; Wood 2017, section 5.3.1): between the knots it is the smoothest curve
through them, beyond the ends a straight line. Each piece is a cubic polynomial of the distance from its left knot, with coefficients
of the size of the values: no truncated powers, which cancel. In a graph a whole block of curves is one search of the
pieces, four Gathers and a Horner chain, whatever the number of curves and knots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.graph.graph import Graph
from etabli.graph.steps import searchsorted
from etabli.records import Array

# Harrell's seven: the outer ones leave out the tails, where a curve would follow a few rows.
LEVELS = np.array([0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975])
FEWEST = 4  # knots below which a column stays a line
SAME = 0.95  # a column of which a larger share is one value stays a line


def knots(cells: Array) -> Array:
    """Sorted knots for a column, values of its own: quantiles of the cells, or of the distinct values where those fall together; none
    when the column is too simple for a curve (flags, indicators, words)."""
    distinct, counts = np.unique(cells, return_counts=True)
    if len(distinct) < FEWEST or counts.max() > SAME * len(cells):
        return np.zeros(0)
    found = np.unique(np.quantile(cells, LEVELS, method="inverted_cdf"))
    if len(found) < FEWEST:
        found = np.unique(np.quantile(distinct, LEVELS, method="inverted_cdf"))
    apart = np.append(True, np.diff(found) > 1e-9 * (found[-1] - found[0] + np.abs(found).max()))
    return found[apart] if apart.sum() >= FEWEST else np.zeros(0)


def pieces(at: Array) -> tuple[Array, Array]:
    """From m knots the polynomials [m + 1, 4, m] of the natural splines that are 1 at one knot and 0 at the others, and the roughness
    [m, m]: values' S values is the integral of the squared second derivative.

    Piece i is before knot i; its variable is the distance from knot max(i - 1, 0). Constant first.
    """
    m, h = len(at), np.diff(at)
    rise = np.zeros((m - 2, m))  # second differences of the values
    band = np.zeros((m - 2, m - 2))
    for i in range(m - 2):
        rise[i, i : i + 3] = 1 / h[i], -1 / h[i] - 1 / h[i + 1], 1 / h[i + 1]
        band[i, i] = (h[i] + h[i + 1]) / 3
        if i:
            band[i, i - 1] = band[i - 1, i] = h[i] / 6
    inner = np.linalg.solve(band, rise)
    second = np.vstack([np.zeros(m), inner, np.zeros(m)])  # second derivatives at the knots, zero at the ends
    value = np.eye(m)
    made = np.zeros((m + 1, 4, m))
    made[1:m, 0] = value[:-1]
    made[1:m, 1] = np.diff(value, axis=0) / h[:, None] - h[:, None] * (2 * second[:-1] + second[1:]) / 6
    made[1:m, 2] = second[:-1] / 2
    made[1:m, 3] = np.diff(second, axis=0) / (6 * h[:, None])
    made[0, 0], made[0, 1] = value[0], made[1, 1]
    made[m, 0] = value[-1]
    made[m, 1] = (value[-1] - value[-2]) / h[-1] + h[-1] * (second[-2] + 2 * second[-1]) / 6
    return made, rise.T @ inner


def anchors(at: Array) -> Array:
    """Where each of the m + 1 pieces is measured from."""
    return np.append(at[0], at)


def evaluate(cells: Array, at: Array, table: Array) -> Array:
    """The curves [rows, outputs] of one column; table: [m + 1, 4, outputs]."""
    segment = np.searchsorted(at, cells)
    away = (cells - anchors(at)[segment])[:, None]
    c = table[segment]
    return np.asarray(((c[:, 3] * away + c[:, 2]) * away + c[:, 1]) * away + c[:, 0])


def waves(cells: Array, share: Array, at: Array) -> tuple[Array, Array]:
    """The bends of a column, smoothest first, [m + 1, 4, m - 2] as pieces, and how rough each is, the smoothest 1.

    They are uncorrelated with each other, with a line and with a constant on these rows, and of unit variance before they are divided by
    the root of their roughness (Demmler & Reinsch 1975): so a squared penalty on their coefficients is the smoothing spline's, and
    the smoothest bend is penalised as a line of unit variance is. share: the rows' weights, adding to one.
    """
    table, rough = pieces(at)
    basis = evaluate(cells, at, table)
    gram = (basis * share[:, None]).T @ basis
    gram += 1e-10 * np.trace(gram) / len(at) * np.eye(len(at))
    straight = gram @ np.column_stack([np.ones(len(at)), at])
    free = np.linalg.svd(straight.T)[2][2:].T  # values [m, m - 2] at the knots, of curves without a straight part
    whiten = np.linalg.inv(np.linalg.cholesky(free.T @ gram @ free)).T
    roughness, turn = np.linalg.eigh(whiten.T @ (free.T @ rough @ free) @ whiten)
    roughness = roughness / roughness[0]
    return table @ (free @ whiten @ turn / np.sqrt(roughness)), roughness


def write(graph: Graph, x: str, columns: Sequence[int], at: Sequence[Array], tables: Sequence[Array]) -> str:
    """The sum of the curves of some columns of x: [rows, outputs] double. tables: [m + 1, 4, outputs] a column."""
    starts = np.cumsum([0] + [len(table) for table in tables[:-1]])
    table = np.concatenate(tables)
    cells = graph.op("Gather", x, graph.const(list(columns), np.int64), axis=1)
    segment = graph.op("Cast", searchsorted(graph, cells, at, [int(start) for start in starts]), to=7)
    left = graph.op("Gather", graph.const(np.concatenate([anchors(a) for a in at]), np.float64), segment, axis=0)
    away = graph.op("Sub", cells, left)  # [rows, columns]
    many = table.shape[2] > 1
    if many:
        away = graph.op("Unsqueeze", away, graph.const([2], np.int64))
    picked = [
        graph.op("Gather", graph.const(np.ascontiguousarray(table[:, i] if many else table[:, i, 0]), np.float64), segment, axis=0)
        for i in range(4)
    ]
    made = picked[3]
    for lower in (picked[2], picked[1], picked[0]):
        made = graph.op("Add", graph.op("Mul", made, away), lower)
    return graph.op("ReduceSum", made, graph.const([1], np.int64), keepdims=0 if many else 1)
