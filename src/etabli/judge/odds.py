"""How often a usual row scores so high: p-values of scores, which of many to call odd, and how far each may be trusted.

Scores of held-out rows, each by a model that did not know it, are pooled: the share of them at least as high is a p-value for a new row (Vovk 2015;
Bates, Candès, Lei, Romano & Sesia 2023). Where these rows are known to be usual (a reference), that is all, and Benjamini & Hochberg's promise
is a theorem. For rows of the file itself such shares are ranks: the oddest of n rows has p about 1/n whatever it is, and no correction for many tests
can ever flag it. There the usual rows must be told from the file's own (Efron 2004 calls it the empirical null): above the 98 % point the share is
continued by the law that the scores below it follow (`tails.py`), an assumption that no data can prove. How many of the rows beyond the point are usual is not taken from their number, since
the odd rows are among them, but from what the law of those below makes likely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.lookup import below, write_below
from etabli.judge.novelty import table
from etabli.judge.tails import tail
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

ENOUGH = 1_000  # scores between the points that a tail is learned from, where there are as many
LEAST = 30  # different scores below the 98 % point, for a tail to be learned
STEPS = 300
TIE = 1e-9  # of a score's size: so near above a held-out score counts as tied with it, which makes p larger


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


def fit(scores: Array, reference: bool = False) -> Odds:
    """From scores [n] of held-out rows. reference: these are known to be usual, and other rows are asked about: shares alone."""
    scores = np.sort(scores)
    knots, p = table(scores)
    spread = scores.std()
    knots = knots + TIE * (np.abs(knots) + spread)  # a row of these itself ties with its own score, whatever rounding makes of it
    law = None if reference else tail(scores, LEAST, enough=ENOUGH, odd=True)
    if law is None:
        return Odds(knots, p, False)
    reach, levels = law.knots(law.end, STEPS)
    reach = reach + TIE * (np.abs(reach) + spread)  # the first is a row's own too
    kept = knots < reach[0]
    every, place = np.unique(np.concatenate([knots[kept], reach]), return_index=True)
    p = np.concatenate([p[: int(kept.sum()) + 1], levels])
    return Odds(every, np.minimum.accumulate(np.concatenate([p[:1], p[1:][place]])), True, law.shape)


def flagged(p: Array, rate: float) -> tuple[Array, float]:
    """Benjamini & Hochberg 1995: (bool [n], the p at or below which a row is flagged; rate / n when none is). Of the flagged, a share of at most
    `rate` are usual rows on average, where p-values are valid and positively dependent (PRDS; Benjamini & Yekutieli 2001), which conformal
    p-values of one calibration set are (Bates et al. 2023)."""
    odd = adjusted(p) <= rate
    return odd, float(p[odd].max()) if odd.any() else rate / len(p)


def adjusted(p: Array) -> Array:
    """q-values [n]: the least rate at which each row is flagged, that is the expected share of usual rows among those at least as odd."""
    order = np.argsort(p, kind="stable")
    q = np.minimum.accumulate((p[order] * (len(p) / np.arange(1, len(p) + 1)))[::-1])[::-1]
    made = np.empty(len(p))
    made[order] = np.minimum(q, 1.0)
    return made
