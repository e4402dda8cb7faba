"""The continuous ranked probability score (Matheson & Winkler 1976; Gneiting & Raftery 2007): the absolute error of a distribution.

CRPS(F, y) is the integral of (F(x) - 1{x >= y})^2, twice the mean pinball loss over all quantiles, and E|X - y| - E|X - X'| / 2; it
is in the target's unit, and for a single number it is the absolute error. It scores a predictive distribution
(judge/distribution.py), so it is told of the winner and ranks nobody: candidates are compared by one number a row.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array


def ensemble(values: Array, y: Array) -> Array:
    """The CRPS [n] of the distribution that gives each of the values [k] (rising) the same probability, for outcomes y [n]."""
    k = len(values)
    total = np.concatenate([[0.0], np.cumsum(values)])
    under = np.searchsorted(values, y, side="right")
    near = (y * under - total[under] + (total[-1] - total[under]) - y * (k - under)) / k
    spread = float((2 * np.arange(1, k + 1) - k - 1) @ values) / k**2
    return np.asarray(near - spread)
