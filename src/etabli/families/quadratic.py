"""Quadratics with absolute penalties and sign constraints, solved exactly by an active set (no family of its own).

Minimises  b'Gb/2 - c'b + l1 |b|_1 + l2 |b|^2/2,  where a coefficient with a declared direction may not have the other sign. Lasso,
elastic net and sign-constrained least squares are this very problem on their normal equations, and the steps of L1-penalised
logistic regression are it too. Once it is known which coefficients are not zero, and their signs, the answer is one linear system:
so signs are guessed (those of the last solution of the path), the system is solved, and the guess is mended until the optimality
conditions hold. That takes two or three systems a penalty where coordinate descent takes hundreds of sweeps, and the answer is exact
to rounding. The feature-sign search of Lee et al. 2007 is the fallback: when mending all signs at once does not lower the objective, the
step ends where the first coefficient meets zero, and coefficients that would enter on the wrong side wait. The objective falls with every
step, so no pattern of signs comes twice and the search ends.

Several problems of equal width (the folds) are solved side by side in stacked arrays. Each one's arithmetic is its own: a fold solved
alone gives the same bits.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array

STEPS = 500  # systems a problem may take; a few are the rule
TIGHT = 1e-11  # of the largest |c|: how far an optimality condition may be missed
STACKED = 48  # up to this width all systems are solved by one call, above each on its own active columns
JITTER = 1e-13  # of the largest diagonal entry, added to it: equal columns leave no system without an answer


def minimise(gram: Array, linear: Array, l1: float, l2: float, start: Array, direction: Array | None = None, steps: int = STEPS) -> Array:
    """Solutions [problems, width]. gram: [problems, width, width] positive semidefinite. linear, start: [problems, width]; the start must
    obey the directions. direction: int [width] of -1, 0, +1, or None. steps: systems to solve at most; after fewer than the answer needs,
    the objective is lower than at the start. The same for one problem as for many, bit for bit."""
    sign_of = np.zeros(linear.shape[1]) if direction is None else direction
    guarded = (l1 > 0) | (sign_of != 0)  # these may not cross zero unseen
    diagonal = gram[:, np.arange(gram.shape[1]), np.arange(gram.shape[1])].max(axis=1, initial=0.0)
    shift = l2 + JITTER * diagonal + 1e-300
    tight = TIGHT * np.abs(linear).max(axis=1, initial=0.0)[:, None]
    b, going = start.copy(), np.ones(len(linear), bool)
    slope = linear - _times(gram, b) - l2 * b
    value = _value(b, slope, linear, l1)
    barred = np.zeros(linear.shape, bool)  # would have entered on the wrong side: not again before the others have moved
    solved = np.zeros(len(linear), bool)  # b answers the system of its own signs
    for _ in range(steps):
        held = (b == 0) & guarded
        excess = np.where(held & (sign_of * slope >= 0), np.abs(slope) - l1, -np.inf)
        entering = excess > tight
        still = solved | (np.where(held, 0.0, np.abs(slope - l1 * np.sign(b))) <= tight).all(axis=1)
        going &= ~(still & ~entering.any(axis=1))
        if not going.any():
            break
        none = still & ~(entering & ~barred).any(axis=1)  # then the keenest alone: it cannot go wrong
        entering &= ~barred | (none[:, None] & (excess == excess.max(axis=1, keepdims=True)))
        sign = np.where(entering, np.sign(slope), np.sign(b))
        active = (~held | entering) & going[:, None]
        target = np.where(active, _systems(gram, linear - l1 * sign, active, shift), b)
        crossing = active & guarded & (target * sign < 0)
        made = np.where(crossing, 0.0, target)
        new_slope = linear - _times(gram, made) - l2 * made
        new_value = _value(made, new_slope, linear, l1)
        fine = going & (~crossing.any(axis=1) | (new_value < value))
        short = going & ~fine
        if short.any():  # to the first coefficient that meets zero; those that would enter on the wrong side do not
            wrong = (crossing & entering).any(axis=1)
            barred |= crossing & entering & short[:, None]
            ends = np.where(crossing & (b != 0), b / np.where(b != target, b - target, 1.0), np.inf)
            first = ends.min(axis=1, initial=np.inf, keepdims=True)
            cut = np.where(ends == first, 0.0, b + np.where(np.isfinite(first), first, 0.0) * (target - b))
            made = np.where(short[:, None], np.where((wrong | ~np.isfinite(first[:, 0]))[:, None], b, cut), made)
            new_slope = linear - _times(gram, made) - l2 * made
            new_value = _value(made, new_slope, linear, l1)
        b = np.where(going[:, None], made, b)
        slope, value = np.where(going[:, None], new_slope, slope), np.where(going, new_value, value)
        solved = fine & ~crossing.any(axis=1)
        barred &= ~fine[:, None]
    return b


def _times(gram: Array, b: Array) -> Array:
    return np.asarray((gram @ b[:, :, None])[:, :, 0])


def _value(b: Array, slope: Array, linear: Array, l1: float) -> Array:
    """The objective [problems], from minus the gradient of its smooth part."""
    return np.asarray((l1 * np.abs(b) - (linear + slope) * b / 2).sum(axis=1))


def _systems(gram: Array, right: Array, active: Array, shift: Array) -> Array:
    """The answers of (G + shift) b = right on the active coefficients of each problem; the others are arbitrary."""
    if gram.shape[1] <= STACKED:
        masked = gram * active[:, :, None] * active[:, None, :]
        places = np.arange(gram.shape[1])
        masked[:, places, places] += np.where(active, shift[:, None], 1.0)
        return np.asarray(np.linalg.solve(masked, np.where(active, right, 0.0)[:, :, None])[:, :, 0])
    made = np.zeros_like(right)
    for problem, (matrix, mask) in enumerate(zip(gram, active, strict=True)):
        places = np.flatnonzero(mask)
        if len(places):
            small = matrix if len(places) == len(mask) else matrix[np.ix_(places, places)]
            made[problem, places] = np.linalg.solve(small + shift[problem] * np.eye(len(places)), right[problem, places])
    return made
