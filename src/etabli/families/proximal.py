"""Logistic regressions with an absolute penalty or declared signs, two classes or many, by a proximal Newton method (no family of its
own: `logistic.py` uses it).

Minimises  mean loss + penalty (l1_ratio |W|_1 + (1 - l1_ratio) |W|^2 / 2), the intercepts free. The penalties go from strong to weak, each
from the last solution. In each step the loss is replaced by its second-order expansion, which with an absolute penalty is a quadratic that
`quadratic.py` solves exactly, the intercepts eliminated; then a line search on the true objective (Friedman, Hastie & Tibshirani 2010
take the same steps by coordinate descent; Lee, Sun & Saunders 2014 show the rate). It is Newton's method: four steps a penalty end below
1e-8. Only columns that have a weight, or want one, enter a step: on wide data a step is two passes over the matrix and a small
system. When many classes have many weights, the classes take their steps in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from etabli.families import quadratic
from etabli.records import Array

TOLERANCE = 1e-8  # of the optimality conditions, in the gradient of the mean loss
ENTER = 20  # columns that may get their first weight in one step
JOINT = 2_500  # weights up to which all classes take one step together
SYSTEMS = 12  # that one step may solve: where it needs more, the next expansion is worth more than the end of this one
SWEEPS, HALVINGS = 200, 30
ROUNDING = 1e-15  # of the objective: a fall that is none


class _Margins:
    """The state of one path: weights [columns, outputs], intercepts [outputs], margins [rows, outputs]. x: [rows, columns]."""

    def __init__(self, x: Array, y: Array, outputs: int, share: Array, told: Array) -> None:
        self.x, self.share, self.told = x, share, told
        self.wanted = (y[:, None] if outputs == 1 else y[:, None] == np.arange(outputs)).astype(np.float64)
        self.w, self.bias = np.zeros((x.shape[1], outputs)), np.zeros(outputs)
        self.z = np.zeros((len(x), outputs))

    def probabilities(self) -> Array:
        """[rows, outputs]; of class 1 when there are two."""
        if self.z.shape[1] == 1:
            return np.asarray(np.tanh(self.z / 2) / 2 + 0.5)
        power = np.exp(self.z - self.z.max(axis=1, keepdims=True))
        return np.asarray(power / power.sum(axis=1, keepdims=True))

    def loss(self, z: Array) -> float:
        """The mean loss at margins z."""
        if z.shape[1] == 1:
            each = np.logaddexp(0, z[:, 0]) - self.wanted[:, 0] * z[:, 0]
        else:
            top = z.max(axis=1)
            each = np.log(np.exp(z - top[:, None]).sum(axis=1)) + top - (self.wanted * z).sum(axis=1)
        return float(self.share @ each)


def path(
    x: Array,
    y: Array,
    outputs: int,
    weight: Array | None,
    penalties: Sequence[float],
    l1_ratio: float,
    direction: Array | None,
    stop: Callable[[], bool],
) -> Array:
    """Weights [columns + 1, outputs, penalties], the last row the intercepts. y: class numbers [rows]. outputs: 1 for two classes.
    direction: the sign each column's weight may have, or None. When `stop` says so, the weaker penalties get the last solution."""
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    state = _Margins(x, y, outputs, share, np.zeros(x.shape[1], np.int64) if direction is None else direction)
    made = np.zeros((x.shape[1] + 1, outputs, len(penalties)))
    for place in np.argsort(penalties)[::-1]:
        l1, l2 = float(penalties[place]) * l1_ratio, float(penalties[place]) * (1 - l1_ratio)
        for _ in range(SWEEPS):
            if stop() or not _sweep(state, l1, l2):
                break
        made[:-1, :, place], made[-1, :, place] = state.w, state.bias
    if outputs > 1:  # a softmax does not know the level of its margins: the intercepts add to zero
        made[-1] -= made[-1].mean(axis=0)
    return made


def _sweep(state: _Margins, l1: float, l2: float) -> bool:
    """A step of all classes together when their system is small, else class after class; False when none was needed, or none goes down
    at this precision."""
    outputs = np.arange(state.w.shape[1])
    if len(outputs) == 1 or np.count_nonzero(state.w) + ENTER * len(outputs) <= JOINT:
        return _step(state, outputs, l1, l2)
    return any([_step(state, outputs[k : k + 1], l1, l2) for k in range(len(outputs))])


def _step(state: _Margins, classes: Array, l1: float, l2: float) -> bool:
    """One proximal Newton step of those classes' weights."""
    probability, w = state.probabilities()[:, classes], state.w[:, classes]
    residual = state.share[:, None] * (probability - state.wanted[:, classes])
    slope, level = -(state.x.T @ residual) - l2 * w, -residual.sum(axis=0)
    entering = np.where((w == 0) & (state.told[:, None] * slope >= 0), np.abs(slope) - l1, 0.0)
    unmet = np.where(w != 0, np.abs(slope - l1 * np.sign(w)), np.maximum(entering, 0.0))
    if max(unmet.max(initial=0.0), np.abs(level).max()) <= TOLERANCE:
        return False
    places = [_chosen(state, w[:, k], entering[:, k], l1) for k in range(len(classes))]
    parts = [state.x if len(chosen) == len(w) else np.ascontiguousarray(state.x[:, chosen]) for chosen in places]
    hessian, border, corner = _curvature(state, probability, parts)
    eliminated = np.linalg.pinv(corner, hermitian=True)
    hessian -= border @ eliminated @ border.T
    here = np.concatenate([w[chosen, k] for k, chosen in enumerate(places)])
    pull = (
        np.concatenate([slope[chosen, k] for k, chosen in enumerate(places)]) + l2 * here - border @ (eliminated @ level) + hessian @ here
    )
    told = np.concatenate([state.told[chosen] for chosen in places])
    step = quadratic.minimise(hessian[None], pull[None], l1, l2, here[None], told, SYSTEMS)[0] - here
    shift = eliminated @ (level - border.T @ step)
    ends = np.cumsum([0, *map(len, places)])
    moved = np.zeros_like(w)
    for k, chosen in enumerate(places):
        moved[chosen, k] = step[ends[k] : ends[k + 1]]
    dz = np.stack([part @ moved[chosen, k] for k, (part, chosen) in enumerate(zip(parts, places, strict=True))], axis=1) + shift
    return _search(state, classes, moved, shift, dz, l1, l2)


def _chosen(state: _Margins, w: Array, entering: Array, l1: float) -> Array:
    """The columns of one class that a step may move: those with a weight, and the keenest of those that want one."""
    if not l1:
        return np.flatnonzero((w != 0) | (state.told == 0) | (entering > 0))
    count = np.count_nonzero(w)
    new = np.argsort(entering)[::-1][: max(ENTER, count // 2)]
    return np.sort(np.concatenate([np.flatnonzero(w), new[entering[new] > 0]]))


def _curvature(state: _Margins, probability: Array, parts: Sequence[Array]) -> tuple[Array, Array, Array]:
    """(Hessian of the chosen weights, its products with the intercepts [weights, classes], that of the intercepts)."""
    count = len(parts)
    rows: list[list[Array]] = []
    border = [np.empty((part.shape[1], count)) for part in parts]
    corner = np.zeros((count, count))
    for a in range(count):
        line: list[Array] = []
        for b in range(count):
            d = state.share * probability[:, a] * (float(a == b) - probability[:, b])
            corner[a, b] = d.sum()
            line.append((parts[a].T * d) @ parts[b] if b >= a else rows[b][a].T)
            border[a][:, b] = d @ parts[a]
        rows.append(line)
    return np.block(rows), np.concatenate(border), corner


def _search(state: _Margins, classes: Array, step: Array, shift: Array, dz: Array, l1: float, l2: float) -> bool:
    """Goes along the step until the objective does not rise; whether it fell by more than rounding."""
    here, z = state.w[:, classes], state.z.copy()

    def penalised(w: Array) -> float:
        return float(l1 * np.abs(w).sum() + l2 * (w * w).sum() / 2)

    before, length = state.loss(z) + penalised(here), 1.0
    for _ in range(HALVINGS):
        z[:, classes] = state.z[:, classes] + length * dz
        there = here + length * step
        fall = before - state.loss(z) - penalised(there)
        if fall >= -ROUNDING * abs(before):
            state.w[:, classes] = there
            state.bias[classes] += length * shift
            state.z = z
            return fall > ROUNDING * abs(before)
        length /= 2
    return False
