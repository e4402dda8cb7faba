"""Do rows lie in more than one heap? A valley between two heaps, found in one half of the rows, is looked for in the other half.

If a density has one peak, then of three stretches of a line of equal length, side by side in order, the middle one holds at least as much as
one of the outer ones: wherever the peak is, the density does not fall between it and the outer stretch that lies beyond the middle. So under
"one heap" the count in the middle is not smaller than both outer counts but by chance, and two binomial tests of one half, the larger
p-value of both, are an exact test that knows no distribution: Gaussian, even, skewed and heavy-tailed clouds alike have one heap (the dip test of Hartigan & Hartigan
1985 asks the same of a whole line). The direction and the stretches are sought in one half of the rows, the p-value is that of the other half; the
p-values of several halvings are joined by twice their median (Meinshausen, Meier & Bühlmann 2009).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from etabli.judge.stability import halves
from etabli.records import Array

WIDTHS = (0.5, 0.25)  # of a stretch, as a share of the distance between two centres
PLACES = np.linspace(0.25, 0.75, 11)  # of the middle of the valley, between the two centres
RIDGE = 0.1
Cut = Callable[[Array, int], Array]  # rows [n, d], k -> int [n], k groups


def valley(x: Array, cut: Cut, times: int, seed: int) -> float:
    """The p-value of "the rows x [n, d] are one heap". cut: makes groups, between which the valleys are sought."""
    if len(x) < 20:
        return 1.0
    return float(min(1.0, 2 * np.median([_tested(x[a], x[b], cut) for a, b in halves(len(x), times, [seed, 1])])))


def _tested(learn: Array, test: Array, cut: Cut) -> float:
    best = (2.0, np.zeros(learn.shape[1]), np.zeros(4))
    for direction, low, high in _directions(learn, cut):
        line = np.sort(learn @ direction)
        for width in WIDTHS:
            for place in PLACES:
                middle, reach = low + place * (high - low), width * (high - low)
                bounds = middle + reach * np.array([-1.5, -0.5, 0.5, 1.5])
                p = _chance(line, bounds)
                if p < best[0]:
                    best = (p, direction, bounds)
    return _chance(np.sort(test @ best[1]), best[2]) if best[0] < 1 else 1.0


def _directions(x: Array, cut: Cut) -> list[tuple[Array, float, float]]:
    """(direction, where the one group's middle is on it, the other's): between the centres, plainly and by the inverse of the covariance within."""
    made = []
    for k in (2, 3, 4, 6):
        label = cut(x, k)
        names, sizes = np.unique(label, return_counts=True)
        names = names[sizes >= 3]
        if len(names) < 2:  # of ten rows in six groups none may hold three
            continue
        centres = {int(name): x[label == name].mean(axis=0) for name in names}
        rest = x[np.isin(label, names)] - np.array([centres[int(name)] for name in label[np.isin(label, names)]])
        within = rest.T @ rest / max(1, len(rest))
        within += RIDGE * max(np.trace(within) / len(within), 1e-12) * np.eye(len(within))
        for i, one in enumerate(names):
            for two in names[i + 1 :]:
                apart = centres[int(two)] - centres[int(one)]
                for direction in (apart, np.linalg.solve(within, apart)):
                    made.append((direction, float(centres[int(one)] @ direction), float(centres[int(two)] @ direction)))
    return made


def _chance(line: Array, bounds: Array) -> float:
    """line: sorted. The p-value of "the middle stretch holds no less than one of the outer ones"."""
    from scipy.special import bdtr

    left, middle, right = np.diff(np.searchsorted(line, bounds))
    return float(max(bdtr(middle, middle + outer, 0.5) for outer in (left, right)))


def smoothed(x: Array, random: np.random.Generator) -> Array:
    """Numbers [n, d] with the steps of a scale smeared out: each cell is moved by chance within half the way to the column's next values, so
    that equal cells are no heap of their own."""
    made = np.empty_like(x, dtype=float)
    for j in range(x.shape[1]):
        values, place = np.unique(x[:, j], return_inverse=True)
        if len(values) == len(x) or len(values) < 2:
            made[:, j] = x[:, j]
            continue
        gaps = np.diff(values) / 2
        low, high = np.r_[gaps[0], gaps], np.r_[gaps, gaps[-1]]
        made[:, j] = x[:, j] + random.uniform(-low[place], high[place])
    return made
