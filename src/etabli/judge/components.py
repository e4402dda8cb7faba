"""How many coordinates a table holds, asked twice.

Parallel analysis (Horn 1965, with permuted columns: Buja & Eyuboglu 1992): a component counts while it is larger than the same component of
tables whose columns were shuffled apart, 95 times in 100. Cross-validated reconstruction: principal components are learned from other rows, and
each column of a held-out row is predicted from the row's other columns, as a probabilistic PCA does (Tipping & Bishop 1999); rows and
cells are both held out, as bi-cross-validation asks (Wold 1978; Owen & Perry 2009), since a row that helps to place itself is rebuilt
the better the more components there are. The features of one raw column are shuffled and held out together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import Array

ROWS = 4_000  # looked at; more are thinned by chance
DRAWS, LEVEL = 39, 0.95  # the 38th of 39: reached by chance 5 times in 100, exactly
FOLDS, PARTS = 5, 10  # of rows; of columns
WIDE = 400  # columns from which the products of rows are used


@dataclass(frozen=True)
class Components:
    """parallel: the number by parallel analysis (0: nothing beyond chance). values, chance: [most], the components' variances and what
    shuffled columns reach. held_out: the number by cross-validation. errors, spread: [most + 1], the mean squared error of held-out
    cells with 0, 1, ... components as a share of that with none, and the standard error of its difference to the least."""

    parallel: int
    values: Array
    chance: Array
    held_out: int
    errors: Array
    spread: Array


def components(x: Array, owner: Array, most: int, seed: int) -> Components:
    """x: [rows, features], centred columns. owner: int [features], the raw column of each. most: the largest number looked at."""
    random = np.random.default_rng(seed)
    if len(x) > ROWS:
        x = x[np.sort(random.choice(len(x), ROWS, replace=False))]
    most = max(1, min(most, len(x) - 1, x.shape[1]))
    values, chance = parallel(x, owner, most, random)
    above = values > chance
    errors, spread = held_out(x, owner, most, random)
    least = int(errors.argmin())
    fewest = int(np.flatnonzero(errors <= errors[least] + spread)[0])
    return Components(int(above.argmin()) if not above.all() else most, values, chance, fewest, errors, spread)


def variances(x: Array, most: int) -> Array:
    """The largest eigenvalues of the covariance, [most], falling."""
    x = x - x.mean(axis=0)
    product = x @ x.T if x.shape[1] > max(WIDE, len(x)) else x.T @ x
    return np.maximum(np.linalg.eigvalsh(product)[::-1][:most] / max(1, len(x) - 1), 0.0)


def parallel(x: Array, owner: Array, most: int, random: np.random.Generator) -> tuple[Array, Array]:
    """The variances of the components, and what shuffled columns reach at LEVEL, both [most]."""
    order = np.argsort(owner, kind="stable")
    _, starts, widths = np.unique(owner[order], return_index=True, return_counts=True)
    alone = order[starts[widths == 1]]
    blocks = [order[start : start + width] for start, width in zip(starts, widths, strict=True) if width > 1]
    made = []
    for _ in range(DRAWS):
        shuffled = np.empty_like(x)
        shuffled[:, alone] = random.permuted(x[:, alone], axis=0)
        for block in blocks:
            shuffled[:, block] = x[np.ix_(random.permutation(len(x)), block)]
        made.append(variances(shuffled, most))
    return variances(x, most), np.quantile(made, LEVEL, axis=0, method="weibull")


def held_out(x: Array, owner: Array, most: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Errors of held-out cells with 0 ... most components, as a share of that with none, and the standard error of the difference to the
    least, both [most + 1]. One raw column: nothing foretells it, and 0 has the least error."""
    n, columns = len(x), np.unique(owner)
    if len(columns) < 2 or n < 2 * FOLDS:
        return np.r_[1.0, np.full(most, np.inf)], np.zeros(most + 1)
    fold = random.permutation(np.arange(n) % FOLDS)
    part_of = dict(zip(random.permutation(columns).tolist(), (np.arange(len(columns)) % PARTS).tolist(), strict=True))
    part = np.array([part_of[column] for column in owner.tolist()])
    rows = np.zeros((most + 1, n))  # the squared error of each row
    for k in range(FOLDS):
        train, valid = x[fold != k], x[fold == k]
        centre = train.mean(axis=0)
        train, valid = train - centre, valid - centre
        scale, axes = _principal(train, most)
        rest = max(float((train**2).sum() / max(1, len(train) - 1)), 1e-300)
        rows[0, fold == k] = (valid**2).sum(axis=1)
        for count in range(1, most + 1):
            variance = scale[: min(count, len(scale))]
            noise = max((rest - float(variance.sum())) / max(1, x.shape[1] - count), 1e-9 * rest / x.shape[1])
            loads = axes[:, : len(variance)] * np.sqrt(np.maximum(variance - noise, 0.0))
            for one in range(min(PARTS, len(columns))):
                out = part == one
                seen = loads[~out]
                placed = np.linalg.solve(seen.T @ seen + noise * np.eye(len(variance)), seen.T @ valid[:, ~out].T)
                rows[count, fold == k] += ((valid[:, out] - (loads[out] @ placed).T) ** 2).sum(axis=1)
    total = rows[0].mean() or 1.0
    errors = rows.mean(axis=1) / total
    gap = rows - rows[errors.argmin()]
    return errors, gap.std(axis=1) / np.sqrt(n) / total


def _principal(x: Array, most: int) -> tuple[Array, Array]:
    """Variances [k] and axes [features, k] of centred rows, k <= most."""
    if x.shape[1] > max(WIDE, len(x)):
        values, vectors = np.linalg.eigh(x @ x.T)
        values, vectors = values[::-1][:most], vectors[:, ::-1][:, :most]
        kept = values > 1e-12 * max(values[0], 1e-300)
        return values[kept] / max(1, len(x) - 1), x.T @ (vectors[:, kept] / np.sqrt(values[kept]))
    values, vectors = np.linalg.eigh(x.T @ x)
    return np.maximum(values[::-1][:most], 0.0) / max(1, len(x) - 1), vectors[:, ::-1][:, :most]
