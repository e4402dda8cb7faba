"""What a block of numbers goes through, whatever it came from (numbers, calendar parts, crosses): filling, then scaling.

Kept apart from the steps because all columns of a block share the nodes: one IsNaN, one Where, one Sub, one Div for all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.graph.steps import fill, interpolate
from etabli.records import Array, Wants

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

KNOTS = 200  # quantile knots a column
ALL_KNOTS = 60_000  # and in all columns together: a wide block gets fewer each, never less than 16


@dataclass(frozen=True)
class Scaling:
    """fill: [k] medians or None. flagged: columns with missing training cells, whose indicator is added.
    shift, scale: [k] or None. knots, scores: one array a column, or None."""

    fill: Array | None = None
    flagged: tuple[int, ...] = ()
    shift: Array | None = None
    scale: Array | None = None
    knots: tuple[Array, ...] | None = None
    scores: tuple[Array, ...] | None = None


def learn(column: Callable[[int], Array], count: int, wants: Wants, flags: Collection[int] = (), indicators: bool = True) -> Scaling:
    """column(j): float64 [training rows] of column j, asked for one at a time (a copy of the whole block is never made).
    flags: columns of 0 and 1, which "rank" leaves as they are. indicators: whether filled columns get one."""
    medians, flagged, shifts, scales = np.zeros(count), [], np.zeros(count), np.ones(count)
    knots: list[Array] = []
    scores: list[Array] = []
    limit = int(np.clip(ALL_KNOTS // max(count, 1), 16, KNOTS))
    for j in range(count if wants.filled or wants.numbers != "raw" else 0):
        cells = column(j)
        empty = np.isnan(cells)
        if empty.any():
            known = cells[~empty]
            medians[j] = np.median(known) if len(known) else 0.0
            flagged.append(j)
            cells = np.where(empty, medians[j], cells) if wants.filled else known
        elif wants.filled:
            medians[j] = np.median(cells) if len(cells) else 0.0
        if wants.numbers == "scaled":
            shifts[j], scales[j] = moments(cells)
        elif wants.numbers == "rank":
            at, score = (np.array([0.0, 1.0]), np.array([0.0, 1.0])) if j in flags else quantile_knots(cells, limit)
            knots.append(at)
            scores.append(score)
    return Scaling(
        fill=medians if wants.filled else None,
        flagged=tuple(flagged) if wants.filled and indicators else (),
        shift=shifts if wants.numbers == "scaled" else None,
        scale=scales if wants.numbers == "scaled" else None,
        knots=tuple(knots) if wants.numbers == "rank" else None,
        scores=tuple(scores) if wants.numbers == "rank" else None,
    )


def write(scaling: Scaling, graph: Graph, x: str) -> list[str]:
    """[the block, and its indicators if any]."""
    flags = ""
    if scaling.fill is not None:
        x, flags = fill(graph, x, scaling.fill, scaling.flagged)
    if scaling.shift is not None and scaling.scale is not None:
        x = graph.op("Div", graph.op("Sub", x, graph.const(scaling.shift[None, :])), graph.const(scaling.scale[None, :]))
    if scaling.knots is not None and scaling.scores is not None:
        x = interpolate(graph, x, scaling.knots, scaling.scores)
    return [x, flags] if flags else [x]


def moments(cells: Array) -> tuple[float, float]:
    """(mean, standard deviation with divisor n) of finite cells; (0, 1) of none, deviation 1 where all are equal.

    Two passes on values divided by a power of two, so that neither 1e300 nor 1e-300 over- or underflows.
    """
    if not len(cells):
        return 0.0, 1.0
    low, high = float(cells.min()), float(cells.max())
    if low == high:
        return low, 1.0
    unit = float(np.ldexp(1.0, int(np.frexp(max(abs(low), abs(high)))[1]) - 1))
    small = cells / unit
    mean = float(small.mean())
    small -= mean
    spread = float(np.sqrt(np.mean(small * small)))
    if spread <= 1e-15 * abs(mean):  # nothing but rounding
        return mean * unit, 1.0
    return mean * unit, spread * unit


def quantile_knots(cells: Array, limit: int = KNOTS) -> tuple[Array, Array]:
    """(knots, normal scores there): a value's score is the normal quantile of its mid-rank (rank - 1/2) / n, ties together
    (Blom 1958 discusses the choice; Conover 1999, 5.10). All distinct values up to `limit`. Else a quarter of the knots evenly
    in rank, a quarter evenly in score, so that the tails are followed, and the rest for the values with the widest ties (a
    spike at 0, a cap) and their neighbours, between which a straight line would be far off."""
    if not len(cells):
        return np.zeros(1), np.zeros(1)
    from scipy.special import ndtr, ndtri

    values, counts = np.unique(cells, return_counts=True)
    values = values + 0.0  # -0.0 is 0.0
    place = (np.cumsum(counts) - counts / 2) / len(cells)
    if len(values) > limit:
        even = np.linspace(place[0], place[-1], limit // 4)
        tails = ndtr(np.linspace(ndtri(place[0]), ndtri(place[-1]), limit // 4))
        wanted = np.searchsorted(place, np.concatenate([even, tails]))
        edge = np.cumsum(counts) / len(cells)
        inside = 0.5 / len(cells)
        width = ndtri(np.minimum(edge, 1 - inside)) - ndtri(np.maximum(edge - counts / len(cells), inside))
        ties = np.argsort(-width, kind="stable")[: limit // 6]
        ties = ties[counts[ties] > 1]
        chosen = np.unique(np.concatenate([wanted, ties - 1, ties, ties + 1, [0]]).clip(0, len(values) - 1))
        values, place = values[chosen], place[chosen]
    return values, np.asarray(ndtri(place), np.float64)
