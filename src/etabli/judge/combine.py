"""The combination of candidates: greedy selection with repetition on the out-of-fold table (Caruana et al. 2004).

It starts from the best single candidate and adds, step by step, the one whose addition lowers the loss most; weights are how
often each was taken. A weighted mean of probabilities needs only each candidate's probability of the true class, and squared
error only the products of residuals, so a step is a few milliseconds. The answer is the shortest beginning of the path that keeps
nearly all of the gain. The combination is one more candidate: its own column is cross-fitted, weights learned on other folds (on earlier ones
where folds go forward in time; the first has none and borrows from the later ones: no row has a say in its own weights).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etabli.judge.calibration import others
from etabli.judge.metrics import TINY, probabilities
from etabli.records import Array, TaskKind

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

STEPS = 40
ROWS = 10_000  # rows the search looks at; more are thinned by chance
NEAR = 0.02  # share of the gain that may be given up for fewer members


@dataclass(frozen=True)
class Combination:
    """counts [C]: how often each candidate was taken (0: not a member). loss: mean loss on the rows searched."""

    counts: Array
    loss: float

    @property
    def weights(self) -> Array:
        """[C], sum 1."""
        return np.asarray(self.counts / self.counts.sum())

    @property
    def members(self) -> tuple[int, ...]:
        """Candidates taken, the heaviest first."""
        return tuple(int(c) for c in np.argsort(-self.counts, kind="stable") if self.counts[c] > 0)


def blend(P: Array, counts: Array) -> Array:
    """The weighted mean [n, outputs] of P [n, C, outputs]. Whole counts are added and divided once, so that a mean of
    probabilities never leaves [0, 1]."""
    used = np.flatnonzero(counts)
    return np.asarray(np.tensordot(P[:, used], counts[used].astype(np.float64), axes=([1], [0])) / counts.sum())


def greedy(
    P: Array,
    y: Array,
    task: TaskKind,
    limit: int = 8,
    cost: Array | None = None,
    budget: float = np.inf,
    absolute: bool = False,
    seed: int = 0,
    steps: int = STEPS,
    rows: int = ROWS,
    weight: Array | None = None,
) -> Combination:
    """P: [n, C, outputs] calibrated columns. limit: most distinct members. cost, budget: what a member costs (bytes, seconds)
    [C], and what all members together may cost; the best affordable single candidate is always allowed. absolute: absolute in
    place of squared error (regression). weight: [n] or None."""
    w = np.ones(len(y)) if weight is None else weight
    if len(y) > rows:
        taken = np.sort(np.random.default_rng(seed).choice(len(y), rows, replace=False))
        P, y, w = P[taken], y[taken], w[taken]
    score = _scorer(P, y, task, absolute, w / w.sum())
    price = np.zeros(P.shape[1]) if cost is None else np.asarray(cost, np.float64)
    counts, best, path = np.zeros(P.shape[1], np.int64), np.inf, []
    for step in range(steps):
        allowed = counts > 0
        if allowed.sum() < limit:
            allowed |= price[allowed].sum() + price <= budget
        if not allowed.any():
            allowed[int(price.argmin())] = True
        losses = np.where(allowed, score(counts), np.inf)
        pick = int(losses.argmin())
        known = np.flatnonzero((counts > 0) & (losses <= losses[pick] + 1e-9 * abs(losses[pick])))
        pick = int(known[0]) if len(known) else pick  # ties go to who is already a member
        counts[pick] += 1
        path.append((float(losses[pick]), counts.copy()))
        best = min(best, path[-1][0])
        if step >= 9 and best < min((loss for loss, _ in path[-8:]), default=np.inf):
            break
    gain = path[0][0] - best
    loss, counts = min(
        ((loss, counts) for loss, counts in path if loss <= best + NEAR * gain), key=lambda pair: (np.count_nonzero(pair[1]), pair[0])
    )
    shared = int(np.gcd.reduce(counts))
    return Combination(counts // shared, loss)


def _scorer(P: Array, y: Array, task: TaskKind, absolute: bool, share: Array) -> Callable[[Array], Array]:
    """counts [C] -> the mean loss [C] after one more of each candidate."""
    if task != "regression":
        truth = np.stack([probabilities(P[:, c])[np.arange(len(y)), y] for c in range(P.shape[1])]).astype(np.float32)

        def log_loss(counts: Array) -> Array:
            mixed = (counts.astype(np.float32) @ truth + truth) / np.float32(counts.sum() + 1)
            return np.asarray(-np.log(np.maximum(mixed, np.float32(TINY))).astype(np.float64) @ share)

        return log_loss
    R = P[:, :, 0].T - np.asarray(y, np.float64)
    if absolute:

        def mean_absolute(counts: Array) -> Array:
            return np.asarray(np.abs((counts @ R + R) / (counts.sum() + 1)) @ share)

        return mean_absolute
    gram = (R * share) @ R.T

    def squared(counts: Array) -> Array:
        shared = gram @ counts
        return np.asarray((counts @ shared + 2 * shared + gram.diagonal()) / (counts.sum() + 1) ** 2)

    return squared


def crossfit(
    P: Array,
    y: Array,
    fold: Array,
    task: TaskKind,
    limit: int = 8,
    cost: Array | None = None,
    budget: float = np.inf,
    absolute: bool = False,
    seed: int = 0,
    weight: Array | None = None,
    forward: bool = False,
) -> Array:
    """The combination's own column [n, outputs]: in each fold the weights that the other folds give (forward: the earlier ones)."""
    answer = np.empty((len(y), P.shape[2]))
    for k in np.unique(fold):
        here, other = fold == k, others(fold, k, forward)
        used = other if other.any() else here
        learned = greedy(P[used], y[used], task, limit, cost, budget, absolute, seed, weight=None if weight is None else weight[used])
        answer[here] = blend(P[here], learned.counts)
    return answer


def write(graph: Graph, members: Sequence[str], counts: Sequence[int], outputs: int) -> str:
    """Concat, MatMul, Div: the weighted mean of tensors [rows, outputs]. One member alone adds nothing."""
    if len(members) == 1:
        return members[0]
    matrix = np.kron(np.asarray(counts, np.float64)[:, None], np.eye(outputs))
    total = graph.op("MatMul", graph.op("Concat", *members, axis=1), graph.const(matrix))
    return graph.op("Div", total, graph.const(float(sum(counts)), np.float64))
