"""Which cluster a row belongs to, and how surely: the head of a clustering's file.

The method's scores say which cluster is nearest; how sure that is they do not (a mixture is sure of itself far from any row, k-means says
nothing). So the softmax of the scores has a temperature, and it is learned from what resampling does: the winner is fitted on halves of the
rows, each half's clusters are matched to the final ones, and the other half's rows are placed. A membership of 0.8 then means: of such rows, eight in ten stayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.graph.graph import Graph
from etabli.judge.stability import adjusted_rand
from etabli.records import Array, Cost
from etabli.structure import file
from etabli.structure.compare import never
from etabli.structure.method import Clustering, Found, Stop, Values

NONE = "none"  # the label of rows that belong to no cluster
HEATS = np.geomspace(1e-3, 1e4, 141)
LEAST = 1e-3  # the share that any cluster keeps in the likelihood, so that one surprise does not decide


class One(Clustering):
    """All rows in one cluster: the answer where there are no groups."""

    name, title, citation, rank, counted = "one", "one group", "", -1, False
    doc = "No groups: every row belongs to the same one. It is the answer where none were found, and not offered."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Nothing to try."""
        return [{}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Nothing."""
        return Cost(work=1e-9, memory=1.0)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """The number of coordinates."""
        return Found(self.name, values, {"zeros": np.zeros((x.shape[1], 1))}, np.zeros(len(x), np.int64))

    def apply(self, found: Found, x: Array) -> Array:
        """0 for each row."""
        return np.asarray(x @ found.arrays["zeros"])

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """0 for each row."""
        return graph.op("MatMul", x, graph.const(found.arrays["zeros"]))


@dataclass(frozen=True)
class Membership(file.Head):
    """The label of the nearest cluster and the membership of all: the softmax of the method's scores over a temperature. order: int
    [outputs], the method's clusters in the order of their labels, the largest first, "none" last."""

    method: Clustering
    found: Found
    temperature: float
    order: Array
    classes: tuple[str, ...]

    def write(self, graph: Graph, x: str) -> file.Outputs:
        """prediction (text) and probability [rows, clusters]."""
        score = graph.op("Gather", self.method.write(self.found, graph, x), graph.const(self.order, np.int64), axis=1)
        share = graph.op("Softmax", graph.op("Div", score, graph.const(self.temperature, np.float64)), axis=1)
        label = graph.op("Gather", graph.const(list(self.classes)), graph.op("ArgMax", share, axis=1, keepdims=0), axis=0)
        label = graph.op("Unsqueeze", label, graph.const([1], np.int64))
        return {"prediction": (label, "string", 1), "probability": (share, "double", len(self.classes))}

    def shares(self, x: Array) -> Array:
        """[rows, clusters], each row sums to 1."""
        return softmax(self.method.apply(self.found, x)[:, self.order], self.temperature)

    def apply(self, x: Array) -> dict[str, Array]:
        """The same in numpy."""
        share = self.shares(x)
        return {"prediction": np.array(self.classes, object)[share.argmax(axis=1)][:, None], "probability": share}


def softmax(score: Array, temperature: float) -> Array:
    """[rows, n] -> shares."""
    score = score / temperature
    share = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Sure:
    """What resampling said of the winner. stability: the mean adjusted Rand index of halves that nothing was chosen by; error: its standard
    error over the halvings (which share their rows). says, kept: bins of rows by membership: what the file says in the mean, and how often such rows stayed.
    off: the mean distance of both, weighed by rows; memberships here are at temperatures that the row had no part in. stays: [clusters], how often a row of each stayed."""

    temperature: float
    stability: float
    error: float
    says: tuple[float, ...]
    kept: tuple[float, ...]
    off: float
    stays: tuple[float, ...]


def membership(method: Clustering, found: Found, x: Array) -> Membership:
    """The head before its temperature is known: clusters named "1", "2", ... by falling size; those without a row stay behind."""
    label = method.apply(found, x).argmax(axis=1)
    width = method.apply(found, x[:1]).shape[1]
    clusters = width - method.noise
    sizes = np.bincount(label, minlength=width)
    order = np.argsort(-sizes[:clusters], kind="stable")
    names = tuple(str(i + 1) for i in range(clusters)) + ((NONE,) if method.noise else ())
    return Membership(method, found, 1.0, np.concatenate([order, np.arange(clusters, width)]).astype(np.int64), names)


def tempered(
    head: Membership,
    values: Mapping[str, Any],
    x: Array,
    pairs: Sequence[tuple[Array, Array]],
    seed: int,
    after: Callable[[], None] = lambda: None,
) -> tuple[Membership, Sure]:
    """The head with the temperature that makes the memberships most likely, and what resampling said. x: [rows, d]. pairs: fresh halves. after:
    called after each pair."""
    if len(head.classes) == 1:
        return head, Sure(1.0, 1.0, 0.0, (1.0,), (1.0,), 0.0, (1.0,))
    score = head.method.apply(head.found, x)[:, head.order]
    own, width = score.argmax(axis=1), len(head.classes)
    agree, seen, went = list[float](), list[Array](), list[Array]()
    for pair in pairs:
        labels = []
        for part in pair:
            made = head.method.fit(values, x[part], seed, never)
            answer = head.method.apply(made, x)
            labels.append(answer.argmax(axis=1))
            matched = _matched(labels[-1], own, answer.shape[1], width, head.method.noise)
            others = np.setdiff1d(np.arange(len(x)), part)
            seen.append(others)
            went.append(matched[labels[-1][others]])
        agree.append(adjusted_rand(*labels))
        after()
    rows, to = np.concatenate(seen), np.concatenate(went)
    heat = _heat(score, rows, to)
    head = replace(head, temperature=heat)
    sure = _unseen(score, rows, to, seed)
    stayed = to == own[rows]
    edges = np.unique(np.quantile(sure, np.linspace(0, 1, 6)[1:-1]))
    place = np.searchsorted(edges, sure, side="right")
    bins = [place == b for b in np.unique(place)]
    says = tuple(float(sure[b].mean()) for b in bins)
    kept = tuple(float(stayed[b].mean()) for b in bins)
    off = float(sum(b.sum() * abs(s - k) for b, s, k in zip(bins, says, kept, strict=True)) / len(sure))
    stays = tuple(float(stayed[own[rows] == c].mean()) if (own[rows] == c).any() else 0.0 for c in range(width))
    error = float(np.std(agree, ddof=1) / np.sqrt(len(agree))) if len(agree) > 1 else 0.0
    return head, Sure(heat, float(np.mean(agree)), error, says, kept, off, stays)


def _unseen(score: Array, rows: Array, to: Array, seed: int) -> Array:
    """The largest membership of each of `rows`, at the temperature that the other half of the table's rows gives: what is said of calibration is not said of the rows that set it."""
    side = np.random.default_rng([seed, 5]).permutation(len(score)) % 2
    made = np.empty(len(rows))
    for half in (0, 1):
        mine = side[rows] == half
        if mine.any():
            others = ~mine if not mine.all() else mine
            made[mine] = softmax(score, _heat(score, rows[others], to[others])).max(axis=1)[rows[mine]]
    return made


def _matched(other: Array, own: Array, their: int, width: int, noise: bool) -> Array:
    """int [their]: which of our clusters each of theirs is, one for one by the rows they share (Kuhn 1955); -1 for one too many."""
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((their, width))
    np.add.at(table, (other, own), 1)
    made = np.full(their, -1)
    theirs, ours = linear_sum_assignment(-(table[:-1, :-1] if noise else table))
    made[theirs] = ours
    if noise:
        made[-1] = width - 1
    return made


def _heat(score: Array, rows: Array, to: Array) -> float:
    """The temperature under which the rows went most likely to where they went."""
    spread = float(np.median(score.max(axis=1) - score.mean(axis=1))) or 1.0
    counts = np.zeros(score.shape)
    np.add.at(counts, (rows[to >= 0], to[to >= 0]), 1)
    every = spread * HEATS

    def likelihood(heat: float) -> float:
        return float((counts * np.log((1 - LEAST) * softmax(score, heat) + LEAST / score.shape[1])).sum())

    return float(every[int(np.argmax([likelihood(heat) for heat in every]))])
