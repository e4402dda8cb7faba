"""Made tables of pure noise whose rows depend on each other: groups that share luck, and rows in time order.

The target has a part that the rows of a group have in common, or that wanders in time, and so has every second column; none has to do
with another. A judge that drew rows would see something there. Folds hold whole groups; in time each part is predicted from the
earlier ones.
"""

from __future__ import annotations

import numpy as np

from tests.promises.made import COLUMNS, FOLDS, Array, Made, rows

LATENT = 1.0  # deviation of the common part
STAYS = 0.6  # of what wanders, from a row to the next


def grouped(binary: bool, n: int, seed: int, groups: int) -> Made:
    """A table of so many groups of equal size."""
    rng = np.random.default_rng([seed, n, int(binary), groups])
    group = np.arange(n) % groups
    X, y = rows(binary, n, False, rng, LATENT * rng.normal(size=groups)[group])
    X[:, ::2] = rng.normal(size=(groups, COLUMNS))[group][:, ::2]
    return Made(X, y, (rng.permutation(groups) % FOLDS)[group], None, binary, group, latent=LATENT)


def wandering(n: int, columns: int, rng: np.random.Generator) -> Array:
    """Autoregressive columns [n, columns] of variance 1."""
    steps = rng.normal(size=(n, columns))
    for i in range(1, n):
        steps[i] = STAYS * steps[i - 1] + np.sqrt(1 - STAYS**2) * steps[i]
    return steps


def in_time(binary: bool, n: int, seed: int) -> Made:
    """A table in time order; the first sixth of the rows only teaches."""
    rng = np.random.default_rng([seed, n, int(binary)])
    X, y = rows(binary, n, False, rng, LATENT * wandering(n, 1, rng)[:, 0])
    X[:, ::2] = wandering(n, COLUMNS // 2, rng)
    return Made(X, y, np.arange(n) * (FOLDS + 1) // n - 1, None, binary, forward=True, latent=LATENT)
