"""How far usual values reach beyond those seen: the tails of a sample, continued by generalised Pareto laws (Pickands 1975).

The law is learned between two quantiles; values above the upper one count only as being above, so that odd values among them (of rows up to one in
fifty, of one column up to one in two hundred) do not bend it. It begins the further out the more values there are, as extreme value theory asks (its law holds in the limit). Shape and scale are
not picked but averaged over, weighed by how well each pair explains the sample (a flat prior on the shape from the exponential to the Cauchy law's, and
on the logarithm of the scale): what is not known of the shape is in the answer, so no constant for caution is needed. Few values leave the heavy
shapes in, many do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import Array

HIGH = 0.98  # above it scores of rows count only as being above
RARE = 0.995  # the same for the values of one column: of the odd rows few are odd in the same one
LOW, LOWEST, ENOUGH = 0.95, 0.80, 150
# the law is learned from LOW on, or lower, so that about ENOUGH values lie between
SHAPES = np.linspace(0.0, 1.0, 21)
SCALES = 61
POINTS = 200  # a larger sample is summed up by so many of its quantiles, each worth its share of the values
SMALLEST = 1e-12
LUMP = 5  # equal values that count as a lump: a code (999) or a cap (99 999), which is as rare as it is frequent


@dataclass(frozen=True)
class Tail:
    """start: where it begins. end: above it values only counted. share: of the values above the start. shapes, scales, weights [pairs]: the laws
    and how likely each is."""

    start: float
    end: float
    share: float
    shapes: Array
    scales: Array
    weights: Array

    @property
    def shape(self) -> float:
        """The mean shape."""
        return float((self.shapes * self.weights).sum())

    def above(self, values: Array) -> Array:
        """The share of usual values beyond each of `values` [n] (not below the start)."""
        y = np.maximum(np.asarray(values, float) - self.start, 0.0)
        return np.asarray(self.share * (_survival(y[:, None], self.shapes, self.scales) * self.weights).sum(axis=1))

    def knots(self, first: float, count: int) -> tuple[Array, Array]:
        """(values, shares beyond them): `count` steps of equal ratio from the value `first` down to SMALLEST."""
        top = float(self.above(np.array([first]))[0])
        levels = np.geomspace(top, min(SMALLEST, top / 2), count)
        low, high = np.full(count, first), np.full(count, first)
        width = float((self.scales * self.weights).sum())
        while (over := self.above(high) > levels).any():
            high = np.where(over, self.start + 2 * (high - self.start) + width, high)
        for _ in range(50):
            middle = low + (high - low) / 2
            over = self.above(middle) > levels
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        return high, levels


def tail(ordered: Array, least: int = 2, high: float = HIGH, enough: int = ENOUGH) -> Tail | None:
    """From values [n] sorted upwards. least: None where fewer different values lie between the quantiles, or none above."""
    n = len(ordered)
    low = min(float(np.clip(high - enough / max(n, 1), LOWEST, LOW)), high)
    start, end = (float(ordered[min(int(share * n), n - 1)]) for share in (low, high))
    inside = ordered[np.searchsorted(ordered, start, side="right") : np.searchsorted(ordered, end, side="right")] - start
    above = n - int(np.searchsorted(ordered, end, side="right"))
    if not len(inside) or not above or len(np.unique(inside)) < least:
        return None
    count, width = len(inside), end - start
    if count > POINTS:
        inside = np.quantile(inside, (np.arange(POINTS) + 0.5) / POINTS)
    shapes, scales = (grid.ravel() for grid in np.meshgrid(SHAPES, np.geomspace(width / 20, width * 20, SCALES), indexing="ij"))
    ratio, heavy = inside[:, None] / scales, shapes > 0
    terms = np.where(heavy, (1 + 1 / np.where(heavy, shapes, 1.0)) * np.log1p(np.where(heavy, shapes, 0.0) * ratio), ratio)
    fit = -count * np.log(scales) - terms.sum(axis=0) * (count / len(inside)) + above * np.log(_survival(width, shapes, scales))
    weights = np.exp(fit - fit.max())
    kept = weights > 1e-6
    return Tail(start, end, (count + above) / n, shapes[kept], scales[kept], weights[kept] / weights[kept].sum())


def _survival(y: Array | float, shapes: Array, scales: Array) -> Array:
    heavy = shapes > 0
    safe = np.where(heavy, shapes, 1.0)
    return np.asarray(np.where(heavy, np.exp(-np.log1p(safe * y / scales) / safe), np.exp(-y / scales)))


def curve(values: Array, most: int, both: bool = True) -> tuple[Array, Array]:
    """(knots, height): minus the log of how rare a value is by itself, straight between the knots and level beyond them. values: [n]. most: about so many
    knots. both: rare on either side (twice the smaller share), else large values only."""
    ordered = np.sort(values)
    sides = [_side(ordered, most // 2)] + ([_side(-ordered[::-1], most // 2)] if both else [])
    knots = np.unique(np.concatenate([sides[0][0], *(-at for at, _ in sides[1:])]))
    heights = [np.interp(knots if not k else -knots, *side) for k, side in enumerate(sides)]
    return knots, np.asarray(np.maximum(np.maximum.reduce(heights) - (np.log(2) if both else 0.0), 0.0))


def surprising(values: Array, most: int) -> tuple[Array, Array]:
    """As `curve` for values that are minus the log of a chance already: ranks, and one for one beyond the largest (no law: they lie on few steps)."""
    distinct, p = _ranks(np.sort(values), most)
    return np.append(distinct, distinct[-1] - np.log(SMALLEST)), np.append(-np.log(p), -np.log(p[-1]) - np.log(SMALLEST))


def _ranks(ordered: Array, most: int) -> tuple[Array, Array]:
    """(different values, the share at least as large), thinned to about `most`."""
    n = len(ordered)
    distinct, first = np.unique(ordered, return_index=True)
    p = (1 + n - first) / (n + 1)
    if len(distinct) > most:
        steps = np.concatenate([np.linspace(1, 0, most // 2), np.geomspace(1, p[-1], most // 2)])
        place = np.unique(np.concatenate([np.searchsorted(-p, -steps).clip(0, len(p) - 1), [0, len(p) - 1]]))
        distinct, p = distinct[place], p[place]
    return distinct, p


def _side(ordered: Array, most: int) -> tuple[Array, Array]:
    """Of the upper tail: ranks up to RARE, from there on the law; but no value is rarer than the share of rows that have it, where several do."""
    law = tail(ordered, high=RARE)
    if law is None:
        spread = float(np.std(ordered)) or 1.0
        share = float((1 + (ordered == ordered[-1]).sum()) / (len(ordered) + 1))
        law = Tail(float(ordered[-1]), float(ordered[-1]), share, np.array([0.5]), np.array([spread]), np.ones(1))
    distinct, p = _ranks(ordered[: np.searchsorted(ordered, law.end, side="right")], most)
    p = 1 - (1 - p) * (np.searchsorted(ordered, law.end, side="right") + 1) / (len(ordered) + 1)  # a share of all, not only of those
    beyond, counts = np.unique(ordered[ordered > law.end], return_counts=True)
    lumps = beyond[counts >= LUMP]
    reach, shares = law.knots(law.end, max(8, most // 2))
    at = np.concatenate([reach, lumps, np.nextafter(lumps, np.inf)])
    least = np.array([counts[(beyond >= value) & (counts >= LUMP)].max(initial=0) for value in at]) / (len(ordered) + 1)
    knots, place = np.unique(np.concatenate([distinct, at]), return_index=True)
    every = np.concatenate([p, np.maximum(np.concatenate([shares, law.above(at[len(reach) :])]), least)])
    return knots, -np.log(np.minimum.accumulate(np.maximum(every, SMALLEST)[place]))
