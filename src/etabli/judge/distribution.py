"""The predictive distribution of a number: any quantile of the answer, and how probable it is to stay below a value.

A conformal predictive distribution (Vovk, Shen, Manokhin & Xie 2019, Machine Learning 108): around the prediction lie the signed
out-of-fold residuals, in units of the row's width and of the cell that the intervals use (judge/conformal.py). The i-th smallest of
n is the quantile at i / (n + 1), with straight lines between; below 1 / (n + 1) and above n / (n + 1) the rows say nothing, and
the quantile is infinite. The two directions are one table read in two ways, so `cdf(quantile(t))` is t. Where the intervals have two
tails (normalised) their ends are quantiles of this distribution, to the rank that the finite sample asks for on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge import conformal
from etabli.judge.conformal import Intervals, Kind
from etabli.judge.coverage import parts
from etabli.judge.lookup import below, write_below
from etabli.judge.metrics.crps import ensemble
from etabli.judge.ranks import KNOTS, ROUND
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # what the file answers when none is asked for


@dataclass(frozen=True)
class Distribution:
    """shape: whose cells and widths are used. table [cells, K]: scaled residuals, rising, at K evenly spaced levels from low to
    high [cells]. rows [cells]: how many residuals a cell is worth."""

    shape: Intervals
    table: Array
    low: Array
    high: Array
    rows: Array

    @property
    def kind(self) -> Kind:
        """That of the shape."""
        return self.shape.kind

    @property
    def _rise(self) -> Array:
        """Table entries a unit of level [cells]."""
        gap = self.high - self.low
        return np.where(gap > 0, (self.table.shape[1] - 1) / np.where(gap > 0, gap, 1.0), 0.0)

    def quantile(self, p: Array, levels: Sequence[float] | Array) -> Array:
        """[n, m]: the quantiles at m levels for predictions p [n, 1]."""
        t, cells, last = np.asarray(levels, np.float64)[None], len(self.table), self.table.shape[1] - 1
        x = (t - self.low[:, None]) * self._rise[:, None]
        place = np.clip(np.floor(x), 0, last - 1)
        entry = place.astype(np.int64) + (np.arange(cells) * (last + 1))[:, None]
        flat = self.table.reshape(-1)
        value = flat[entry] + np.clip(x - place, 0.0, 1.0) * (flat[entry + 1] - flat[entry])
        value = np.where(t < self.low[:, None] - ROUND, -np.inf, value)
        value = np.where(t > self.high[:, None] + ROUND, np.inf, value)
        return np.asarray(p + value[below(p, self.shape.edges)[:, 0]] * self.shape.width(p))

    def cdf(self, p: Array, at: Array | float) -> Array:
        """[n, 1]: the probability of at most `at` (a number, or [n, 1]); NaN where `at` is NaN or infinite."""
        z = (at - p) / self.shape.width(p)
        cell = below(p, self.shape.edges)
        knots, anchor, base, slope, offsets = self._segments()
        j = np.concatenate([below(z, known) + start for known, start in zip(knots, offsets, strict=True)], axis=1)
        j = np.take_along_axis(j, cell, 1)
        with np.errstate(invalid="ignore"):
            return np.asarray(base[j] + (z - anchor[j]) * slope[j])

    def write(self, graph: Graph, p: str, levels: str, at: str) -> tuple[str, str]:
        """(quantile [rows, m], cdf [rows, 1]) in the graph. p: [rows, 1]; levels: [m]; at: a scalar or [rows, 1]; all double."""
        cells, width = self.table.shape
        many = bool(len(self.shape.edges))
        scale = self.shape.write_width(graph, p)
        cell = write_below(graph, p, self.shape.edges) if many else ""

        def c(value: object, kind: type = np.float64) -> str:
            return graph.const(value, kind)

        # quantiles: entries of the table [cells, m] first, as there are fewer cells than rows
        x = graph.op("Mul", graph.op("Sub", levels, c(self.low[:, None])), c(self._rise[:, None]))
        place = graph.op("Clip", graph.op("Floor", x), c(0.0), c(float(width - 2)))
        entry = graph.op("Cast", place, to=7)
        if cells > 1:
            entry = graph.op("Add", entry, c((np.arange(cells) * width)[:, None], np.int64))
        flat = self.table.reshape(-1)
        first = graph.op("Gather", c(flat), entry)
        rise = graph.op("Gather", c(np.append(np.diff(flat), 0.0)), entry)
        part = graph.op("Clip", graph.op("Sub", x, place), c(0.0), c(1.0))
        value = graph.op("Add", first, graph.op("Mul", part, rise))
        value = graph.op("Where", graph.op("Less", levels, c(self.low[:, None] - ROUND)), c(-np.inf), value)
        value = graph.op("Where", graph.op("Greater", levels, c(self.high[:, None] + ROUND)), c(np.inf), value)
        if many:
            value = graph.op("Gather", value, graph.op("Squeeze", cell, c([1], np.int64)), axis=0)
        if scale:
            value = graph.op("Mul", value, scale)
        quantile = graph.op("Add", p, value)
        # the other direction: how many knots lie at or below the value, and the line from there
        z = graph.op("Sub", at, p)
        if scale:
            z = graph.op("Div", z, scale)
        knots, anchor, base, slope, offsets = self._segments()
        if many:
            from etabli.graph.steps import searchsorted

            wide = graph.op("Concat", *[z] * cells, axis=1)
            j = graph.op("GatherElements", graph.op("Cast", searchsorted(graph, wide, knots, offsets), to=7), cell, axis=1)
        else:
            j = write_below(graph, z, knots[0])
        found = [graph.op("Gather", c(part), j) for part in (anchor, base, slope)]
        cdf = graph.op("Add", found[1], graph.op("Mul", graph.op("Sub", z, found[0]), found[2]))
        return quantile, cdf

    def _segments(self) -> tuple[list[Array], Array, Array, Array, list[int]]:
        """(knots to search, anchor, base, slope, where each cell's entries begin). A value on a knot lies above it: each knot is
        one ulp lower than the residual it stands for. Equal residuals are one knot, where the probability jumps."""
        knots: list[Array] = []
        anchor: list[float] = []
        base: list[float] = []
        slope: list[float] = []
        offsets: list[int] = []
        for place, row in enumerate(self.table):
            levels = np.linspace(self.low[place], self.high[place], len(row))
            known, first = np.unique(row, return_index=True)
            last = np.append(first[1:], len(row)) - 1
            rise = (levels[first[1:]] - levels[last[:-1]]) / np.diff(known)
            offsets.append(len(anchor))
            knots.append(np.unique(np.nextafter(known, -np.inf)))
            anchor += [0.0, *known[:-1], 0.0]
            base += [levels[0] / 2, *levels[last[:-1]], (1 + levels[-1]) / 2]  # beyond all residuals: half of what the rows cannot tell
            slope += [0.0, *rise, 0.0]
        return knots, np.array(anchor), np.array(base), np.array(slope), offsets


def fit(kind: Kind, y: Array, S: Array, weight: Array | None = None, shape: Intervals | None = None) -> Distribution:
    """Learns from targets y [n] and out-of-fold predictions S [n, 1], with cells and widths of that kind, or of the shape given.
    weight: [n] or None."""
    shape = conformal.fit(kind, y, S, weight) if shape is None else shape
    z = (np.asarray(y, np.float64) - S[:, 0]) / shape.width(S)[:, 0]
    cell = below(S[:, 0].astype(np.float64), shape.edges)
    cells = len(shape.edges) + 1
    counts = np.bincount(cell, minlength=cells)
    width = int(np.clip(counts.max(), 2, max(20, KNOTS // cells)))
    table, low, high, rows = np.zeros((cells, width)), np.empty(cells), np.empty(cells), np.empty(cells)
    for place in range(cells):
        here = np.flatnonzero(cell == place)
        here = here[np.argsort(z[here], kind="stable")]
        w = np.ones(len(here)) if weight is None else np.maximum(weight[here], 1e-300)
        worth = float(w.sum() ** 2 / (w @ w))
        reached = np.cumsum(w) / w.sum() * (worth / (worth + 1))
        low[place], high[place], rows[place] = reached[0], reached[-1], worth
        table[place] = np.interp(np.linspace(low[place], high[place], width), reached, z[here])
    return Distribution(shape, table, low, high, rows)


def crps(kind: Kind, y: Array, S: Array, fold: Array, weight: Array | None = None, forward: bool = False) -> tuple[Array, Array]:
    """(CRPS of each row [n], the same of the constant distribution of the other rows' targets [n]), both by the other folds; forward: by
    earlier folds alone, and NaN in the first."""
    made, plain = np.full((2, len(y)), np.nan)
    for here, other in parts(fold, forward):
        learned = fit(kind, y[other], S[other], None if weight is None else weight[other])
        p = S[here].astype(np.float64)
        size, cell = learned.shape.width(p)[:, 0], below(p[:, 0], learned.shape.edges)
        z, own = (y[here] - p[:, 0]) / size, np.empty(len(p))
        for place, row in enumerate(learned.table):
            own[cell == place] = ensemble(row, z[cell == place])
        made[here] = own * size
        w = None if weight is None else weight[other]
        plain[here] = ensemble(fit("constant", y[other], np.zeros((int(other.sum()), 1)), w).table[0], y[here])
    return made, plain
