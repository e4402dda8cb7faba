"""How far usual values reach beyond those seen: the tails of a sample, continued by generalised Pareto laws (Pickands 1975).

The law is learned between two quantiles; values above the upper one count only as being above, so that odd values among them (of rows up to one in
fifty, of one column up to one in two hundred) do not bend it. Of scores even that count is an upper bound only, as any of them may be odd (`odd`). It begins the further out the more values there are, as extreme value theory asks (its law holds in the limit). Shape and scale are
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
STEPS, CLOSE = 100, 1e-11  # of the search for a value: at most so many; of the log of a share
NONE, NOTHING = 1e-300, 1e-100
FLAT = 0.5  # the shape where nothing can be learned
LUMP = 5  # equal values that count as a lump: a code (999) or a cap (99 999), which is as rare as it is frequent


@dataclass(frozen=True)
class Tail:
    """start: where it begins. end: above it values only counted. shapes, scales, weights [laws]: the laws, and how likely each is times the share of usual
    values above the start by it; the weights add up to the mean of that share."""

    start: float
    end: float
    shapes: Array
    scales: Array
    weights: Array

    @property
    def shape(self) -> float:
        """The mean shape."""
        return float((self.shapes * self.weights).sum() / self.weights.sum())

    def above(self, values: Array) -> Array:
        """The share of usual values beyond each of `values` [n] (not below the start)."""
        y = np.maximum(np.asarray(values, float) - self.start, 0.0)
        return np.asarray((_survival(y[:, None], self.shapes, self.scales) * self.weights).sum(axis=1))

    def knots(self, first: float, count: int) -> tuple[Array, Array]:
        """(values, shares beyond them): `count` steps of equal ratio from the value `first` down to SMALLEST. Each value is found as if the laws together were one
        of their own shape there, which a single law is, so that few steps of Newton's are left for a mixture; where a step leaves what is known to hold the value, or brings too
        little, the middle is tried."""
        top = float(self.above(np.array([first]))[0])
        levels = np.geomspace(top, min(SMALLEST, top / 2), count)
        goal, y = np.log(levels), np.full(count, first - self.start)
        low, high, before = y.copy(), np.full(count, np.inf), np.full(count, np.inf)
        for _ in range(STEPS):
            rate = 1 / (self.scales + self.shapes * y[:, None])
            share = _survival(y[:, None], self.shapes, self.scales) * self.weights
            total = np.maximum(share.sum(axis=1), NONE)  # a step may lead far beyond all laws
            off, slope = np.log(total) - goal, np.maximum((share * rate).sum(axis=1) / total, NOTHING)
            shape = (share * rate**2 * (1 + self.shapes)).sum(axis=1) / total / slope**2 - 1
            far = np.abs(off) > CLOSE
            if not far.any():
                break
            low, high = np.where(off > 0, y, low), np.where(off < 0, y, high)
            bent = np.where(np.abs(shape * off) > SMALLEST, shape, 1.0)
            step = np.where(bent == shape, np.expm1(np.minimum(bent * off, 50.0)) / bent, off) / slope
            middle = np.where(np.isfinite(high), (low + high) / 2, 2 * low + 1 / slope)
            quick = (y + step >= low) & (y + step <= high) & (np.abs(off) < before / 2)
            y, before = np.where(far, np.where(quick, y + step, middle), y), np.abs(off)
        values = self.start + y
        values[0] = first
        return np.maximum.accumulate(values), levels


def tail(ordered: Array, least: int = 2, high: float = HIGH, enough: int = ENOUGH, odd: bool = False) -> Tail | None:
    """From values [n] sorted upwards. least: None where fewer different values lie between the quantiles, or none above. odd: any number of those above may be no
    usual values. Then not all of them were made by the law, but at most all: how many usual ones lie above, when so many lie between, is negative binomial. (Were all
    counted as usual, odd ones would themselves make the law longer, and hide.)"""
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
    beyond = _survival(width, shapes, scales)
    fit = -count * np.log(scales) - terms.sum(axis=0) * (count / len(inside))
    usual = np.full(len(shapes), float(above))
    if odd:
        from scipy.special import betainc

        within = np.maximum(1 - beyond, SMALLEST)
        fit += np.log(np.maximum(betainc(count + 1, above + 1, within), NONE)) - (count + 1) * np.log(within)
        usual = np.minimum(usual, count * beyond / within)
    else:
        fit += above * np.log(beyond)
    weights = np.exp(fit - fit.max())
    kept = weights > 1e-6
    share = (count + usual) / (n - above + usual)
    return Tail(start, end, shapes[kept], scales[kept], (weights * share)[kept] / weights[kept].sum())


def _survival(y: Array | float, shapes: Array, scales: Array) -> Array:
    heavy = shapes > 0
    safe = np.where(heavy, shapes, 1.0)
    return np.asarray(np.where(heavy, np.exp(-np.log1p(safe * y / scales) / safe), np.exp(-y / scales)))


def curve(values: Array, most: int) -> tuple[Array, Array]:
    """(knots, height): minus the log of how rare a value is by itself (twice the smaller share of those beyond it), straight between the knots and level beyond them.
    values: [n]. most: about so many knots."""
    ordered = np.sort(values)
    (up, rare), (down, rare_down) = _side(ordered, most // 2), _side(-ordered[::-1], most // 2)
    knots = np.unique(np.concatenate([up, -down]))
    return knots, _two(np.interp(knots, up, rare), np.interp(-knots, down, rare_down))


def columns(x: Array, most: int) -> list[tuple[Array, Array]]:
    """`curve` of every column of x [n, d]. Where rows are too few for a law and no two values are equal, ranks and levels are the same for all columns: these are
    made at once, which for thousands of columns is a hundred times faster."""
    ordered = np.sort(x, axis=0).T
    if x.shape[1] < 2 or len(x) < 2 or int(RARE * len(x)) < len(x) - 1:
        return [curve(x[:, j], most) for j in range(x.shape[1])]
    knots, heights = _alike(ordered, most)
    plain = np.diff(knots, axis=1).min(axis=1) > 0
    return [(knots[j], heights[j]) if plain[j] else curve(x[:, j], most) for j in range(x.shape[1])]


def _alike(ordered: Array, most: int) -> tuple[Array, Array]:
    """(knots, heights) [d, k] of columns ordered [d, n] of different values, as `curve` makes them."""
    n, spread = ordered.shape[1], ordered.std(axis=1)
    place, rare = _side(np.arange(n, dtype=float), most // 2)
    kept = place[place <= n - 1].astype(int)
    reach = (place[len(kept) :] - (n - 1)) / np.arange(n).std()  # in deviations, beyond the largest
    steps = spread[:, None] * reach
    seen = np.union1d(kept, n - 1 - kept)
    knots = np.hstack([ordered[:, :1] - steps[:, ::-1], ordered[:, seen], ordered[:, -1:] + steps])
    up, down = (_between(values, kept, rare[: len(kept)], at) for values, at in ((ordered, seen), (-ordered[:, ::-1], n - 1 - seen[::-1])))
    ends = np.broadcast_to(rare[len(kept) :], steps.shape)
    first = np.full(steps.shape, rare[0])
    return knots, _two(np.hstack([first, up, ends]), np.hstack([ends[:, ::-1], down[:, ::-1], first]))


def _between(values: Array, kept: Array, heights: Array, at: Array) -> Array:
    """[d, len(at)]: the heights of the kept places, straight between their values [d, n], at the places `at`; rising both, the first and last place kept."""
    after = np.searchsorted(kept, at).clip(1)
    low, high = kept[after - 1], kept[after]
    part = (values[:, at] - values[:, low]) / np.maximum(values[:, high] - values[:, low], NONE)
    return np.asarray(heights[after - 1] + part * (heights[after] - heights[after - 1]))


def _two(up: Array, down: Array) -> Array:
    return np.asarray(np.maximum(np.maximum(up, down) - np.log(2), 0.0))


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
        law = Tail(float(ordered[-1]), float(ordered[-1]), np.array([FLAT]), np.array([spread]), np.array([share]))
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
