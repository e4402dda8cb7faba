"""How many coordinates a table holds, asked three times.

Parallel analysis (Horn 1965, with permuted columns: Buja & Eyuboglu 1992): a component counts while it is larger than the same component of
tables whose columns were shuffled apart, 95 times in 100. A strong component makes those of shuffled columns large too, and weaker ones hide behind
it. So a component more is asked for again and again, held against tables of a factor model of those found so far (Green et al. 2012; Dobriban & Owen 2019
on the same trouble): how many are more than chance. Of many rows nearly every direction is, however little it holds; so the first number is for a map, the second for whoever counts
causes. Cross-validated reconstruction: principal components are learned from other rows, and
each column of a held-out row is predicted from the row's other columns, as a probabilistic PCA does (Tipping & Bishop 1999); rows and
cells are both held out, as bi-cross-validation asks (Wold 1978; Owen & Perry 2009), since a row that helps to place itself is rebuilt
the better the more components there are. The features of one raw column are shuffled and held out together.

`benchmarks/components.py` measures all three on made tables of known rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import Array

ROWS = 4_000  # looked at; more are thinned by chance
CELLS, FEWEST = 1_000_000, 500  # and in wide tables so many cells, but never fewer rows
DRAWS, LEVEL = 39, 0.95  # the 38th of 39: reached by chance 5 times in 100, exactly
FOLDS, PARTS = 5, 10  # of rows; of columns
ROUNDS, OWN = 30, 0.02  # of fitting a factor model; the least share of a column's variance that is its own
WIDE = 400  # columns from which the products of rows are used


@dataclass(frozen=True)
class Components:
    """parallel: the number by parallel analysis (0: nothing beyond chance). beyond: the number beyond chance once stronger ones are set
    aside (`beyond`). values, chance: [most], the components' variances and what shuffled columns reach. held_out: the number by
    cross-validation. errors, spread: [most + 1], the mean squared error of held-out
    cells with 0, 1, ... components as a share of that with none, and the standard error of its difference to the least."""

    parallel: int
    beyond: int
    values: Array
    chance: Array
    held_out: int
    errors: Array
    spread: Array


def components(x: Array, owner: Array, most: int, seed: int) -> Components:
    """x: [rows, features], centred columns. owner: int [features], the raw column of each. most: the largest number looked at."""
    random = np.random.default_rng(seed)
    rows = min(ROWS, max(FEWEST, CELLS // x.shape[1]))
    if len(x) > rows:
        x = x[np.sort(random.choice(len(x), rows, replace=False))]
    most = max(1, min(most, len(x) - 1, x.shape[1]))
    values, chance = parallel(x, owner, most, random)
    found = leading(values > chance)
    more = beyond(x, owner, found, most, np.random.default_rng([seed, 1]))
    errors, spread = held_out(x, owner, most, random)
    least = int(errors.argmin())
    fewest = int(np.flatnonzero(errors <= errors[least] + spread)[0])
    return Components(found, more, values, chance, fewest, errors, spread)


def leading(above: Array) -> int:
    """How many are true before the first that is not."""
    return len(above) if above.all() else int(above.argmin())


def beyond(x: Array, owner: Array, found: int, most: int, random: np.random.Generator) -> int:
    """From the number that parallel analysis found on: the next component counts while it is larger than in tables made of that many factors and
    of what they leave, shuffled apart and as large as the factor model says (principal axes alone would leave columns that hang together
    where their noise differs, and count far too many)."""
    x = x - x.mean(axis=0)
    varies = x.std(axis=0) > 0
    x, owner = x[:, varies], owner[varies]
    while 0 < found < min(most, x.shape[1] - 1, len(x) - 2):
        loadings, own, weight, scores = factors(x, owner, found)
        rest = x - scores @ loadings.T
        rest *= np.sqrt(own / np.maximum(rest.var(axis=0), 1e-12) * (len(x) - 1) / (len(x) - 1 - found))
        values, turn = np.linalg.eigh(scores.T @ scores / len(x))
        kept = scores @ (turn / np.sqrt(np.maximum(values, 1e-12))) @ turn.T @ loadings.T
        scale = np.sqrt(weight)  # a column of much noise of its own would hide what others share
        if variances(x / scale, found + 1)[found] <= parallel(rest / scale, owner, found + 1, random, kept / scale)[1][found]:
            break
        found += 1
    return found


def factors(x: Array, owner: Array, count: int) -> tuple[Array, Array, Array, Array]:
    """(loadings [features, count], own variances [features], the same of the whole raw column [features], scores [rows, count]) of a factor model of centred
    x, near its greatest likelihood (Joreskog 1967): principal axes of the columns over their own deviations, and own variances from these, in turn."""
    total = x.var(axis=0)
    own = 0.5 * total
    for _ in range(ROUNDS):
        weight = np.bincount(owner, own)[owner]
        sizes, axes = _principal(x / np.sqrt(weight), count)
        loadings = np.sqrt(weight)[:, None] * axes * np.sqrt(np.maximum(sizes - 1, 1e-9))
        before, own = own, np.maximum(total - (loadings**2).sum(axis=1), OWN * total)
        if (np.abs(own - before) <= 1e-3 * total).all():
            break
    weighed = loadings / weight[:, None]
    return loadings, own, weight, x @ np.linalg.solve(np.eye(loadings.shape[1]) + loadings.T @ weighed, weighed.T).T


def variances(x: Array, most: int) -> Array:
    """The largest eigenvalues of the covariance, [most], falling."""
    x = x - x.mean(axis=0)
    product = x @ x.T if x.shape[1] > max(WIDE, len(x)) else x.T @ x
    return np.maximum(np.linalg.eigvalsh(product)[::-1][:most] / max(1, len(x) - 1), 0.0)


def parallel(x: Array, owner: Array, most: int, random: np.random.Generator, kept: Array | None = None) -> tuple[Array, Array]:
    """The variances of the components, and what shuffled columns reach at LEVEL, both [most]. kept: [rows, features], added unshuffled."""
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
        made.append(variances(shuffled if kept is None else shuffled + kept, most))
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
