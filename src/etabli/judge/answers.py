"""What a score says: the probability of every class, and the most probable one."""

from __future__ import annotations

import numpy as np

from etabli.records import Array

TINY = 1e-15  # probabilities are kept this far from 0, so that a sure mistake costs 34.5 and not infinity


def probabilities(S: Array) -> Array:
    """[n, K] from a score: a binary [n, 1] becomes [1 - p, p]."""
    return np.concatenate([1 - S, S], axis=1) if S.shape[1] == 1 else S


def labels(S: Array) -> Array:
    """The most probable class numbers [n]; among equals the first."""
    return (S[:, 0] > 0.5).astype(np.int64) if S.shape[1] == 1 else S.argmax(axis=1)
