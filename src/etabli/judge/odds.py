"""How often a usual row scores so high: p-values of scores, and which of many to call odd.

Scores of held-out rows, each by a model that did not know it, are pooled (cross-conformal; Vovk 2015): the share of them at least as high is a
p-value for a new row (Bates, Candès, Lei, Romano & Sesia 2023; Angelopoulos & Bates 2023). But for rows of the file itself such shares are ranks: the
oddest of n rows has p about 1/n whatever it is, and no correction for many tests can ever flag it. So above the 95 % point the share is continued
by a tail that is learned below it: a generalised Pareto law (Pickands 1975) fitted to the scores between their 80 % and 95 % points; those above
count only as being above, so up to one row in twenty may be odd without bending the law. The heaviest tail that the scores allow is taken
(one standard error of the profile likelihood), never a lighter one than the exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.lookup import below, write_below
from etabli.judge.novelty import table
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

LOW, HIGH = 0.80, 0.95
LEAST = 30  # scores between the two points, for a tail to be learned
SHAPES = np.linspace(0.0, 2.0, 81)
DROP = 0.5  # of the log likelihood: one standard error
SMALLEST, STEPS = 1e-12, 300


@dataclass(frozen=True)
class Odds:
    """knots: rising scores. p [knots + 1]: of a score above i knots. extended: whether the tail is continued beyond the rows. shape: that of the tail."""

    knots: Array
    p: Array
    extended: bool
    shape: float = 0.0

    def apply(self, score: Array) -> Array:
        """p-values, same shape."""
        return np.asarray(self.p[below(score, self.knots)])

    def write(self, graph: Graph, score: str) -> str:
        """The same in the graph: [rows, 1] double."""
        return graph.op("Gather", graph.const(self.p, np.float64), write_below(graph, score, self.knots))


def fit(scores: Array) -> Odds:
    """From scores [n] of held-out rows."""
    scores = np.sort(scores)
    knots, p = table(scores)
    low, high = (float(scores[min(int(share * len(scores)), len(scores) - 1)]) for share in (LOW, HIGH))
    inside = scores[(scores > low) & (scores <= high)] - low
    above = int((scores > high).sum())
    if len(inside) < LEAST or len(np.unique(inside)) < LEAST or not above:
        return Odds(knots, p, False)
    shape, scale = _tail(inside, above, high - low)
    start = float((scores > low).mean())
    first = float(start * _survival(high - low, shape, scale))
    levels = np.geomspace(first, min(SMALLEST, first / 2), STEPS)
    reach = low + _reach(levels / start, shape, scale)
    kept = knots < high
    knots_all = np.concatenate([knots[kept], reach])
    p_all = np.concatenate([p[: int(kept.sum()) + 1], levels])
    knots_all, place = np.unique(knots_all, return_index=True)
    p_all = np.minimum.accumulate(np.concatenate([p_all[:1], p_all[1:][place]]))
    return Odds(knots_all, p_all, True, shape)


def _tail(inside: Array, above: int, width: float) -> tuple[float, float]:
    """(shape, scale): of the scales that fit best, that of the heaviest shape within the interval."""
    scales = np.geomspace(width / 50, width * 50, 400)
    best = []
    for shape in SHAPES:
        ratio = 1 + shape * inside[None] / scales[:, None]
        density = -np.log(scales) * len(inside)
        density -= (inside[None] / scales[:, None]).sum(axis=1) if shape == 0 else (1 + 1 / shape) * np.log(ratio).sum(axis=1)
        fit = density + above * np.log(_survival(width, shape, scales))
        place = int(fit.argmax())
        best.append((float(fit[place]), float(scales[place])))
    fits = np.array([one[0] for one in best])
    last = int(np.flatnonzero(fits >= fits.max() - DROP)[-1])
    return float(SHAPES[last]), best[last][1]


def _survival(y: float, shape: float, scale: Array | float) -> Array:
    return np.asarray(np.exp(-y / scale) if shape == 0 else (1 + shape * y / scale) ** (-1 / shape))


def _reach(share: Array, shape: float, scale: float) -> Array:
    return np.asarray(-scale * np.log(share) if shape == 0 else scale / shape * (share**-shape - 1))


def flagged(p: Array, rate: float) -> tuple[Array, float]:
    """Benjamini & Hochberg 1995: (bool [n], the p at or below which a row is flagged; rate / n when none is). Of the flagged, a share of at most
    `rate` are usual rows on average, where p-values are valid and positively dependent (PRDS; Benjamini & Yekutieli 2001), which conformal
    p-values of one calibration set are (Bates et al. 2023)."""
    ordered = np.sort(p)
    passed = np.flatnonzero(ordered <= rate * np.arange(1, len(p) + 1) / len(p))
    bound = float(ordered[passed[-1]]) if len(passed) else rate / len(p)
    return p <= bound if len(passed) else np.zeros(len(p), bool), bound
