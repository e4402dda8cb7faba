"""How many components are found in made tables of known rank: the rule of `etabli map` beside the classical ones.

    .venv/bin/python benchmarks/components.py            the tables of docs/map.md (some 5 minutes of one core)
    .venv/bin/python benchmarks/components.py --quick    the small tables only

A table is scores times loadings plus noise, each column then brought to deviation 1, as `etabli map` does. A factor's strength is its variance over that of
the noise; below the root of columns / rows no method can see it (Baik, Ben Arous & Péché 2005), so every factor made here lies above that.
even: equal strengths, four fifths noise. steep: ten to one, half noise. giant: one factor has half of all spread, the others are thrice the
limit. Kinds: gaussian; heavy: scores and noise of Student's t with 3 degrees of freedom; mixed: noise that differs tenfold from column to
column; binary: every other column cut into 0 and 1 somewhere between its 20 % and 80 % points.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from etabli.judge.components import beyond, held_out, leading, parallel, variances

MOST = 20
SHAPES = ((50, 10), (50, 50), (50, 500), (500, 10), (500, 50), (1000, 500), (5000, 10), (5000, 50))
RANKS = (0, 1, 2, 4, 8)
STRENGTHS = ("even", "steep", "giant")
KINDS = ("gaussian", "heavy", "mixed", "binary")


def made(shape: tuple[int, int], rank: int, strength: str, kind: str, seed: int) -> Any:
    """[rows, columns], standardised."""
    n, p = shape
    random = np.random.default_rng(seed)

    def draw(*size: int) -> Any:
        return random.standard_t(3, size=size) / np.sqrt(3) if kind == "heavy" else random.normal(size=size)

    limit = np.sqrt(p / n)
    if strength == "even":
        theta = np.full(rank, 0.25 * p / max(rank, 1))
    elif strength == "steep":
        theta = np.geomspace(10, 1, rank) if rank else np.zeros(0)
        theta *= p / max(theta.sum(), 1)
    else:
        theta = np.r_[float(p), np.full(max(rank - 1, 0), 3 * limit)][:rank]
    theta = np.maximum(theta, 2 * limit)
    axes = np.linalg.qr(random.normal(size=(p, max(rank, 1))))[0][:, :rank]
    noise = np.exp(random.uniform(-1.15, 1.15, p)) if kind == "mixed" else np.ones(p)
    x = (draw(n, rank) * np.sqrt(theta)) @ axes.T * noise + draw(n, p) * noise
    if kind == "binary":
        for j in range(0, p, 2):
            x[:, j] = x[:, j] > np.quantile(x[:, j], random.uniform(0.2, 0.8))
    return (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)


def by_parallel(x: Any, seed: int) -> int:
    """Larger than in shuffled columns: what a map keeps."""
    values, chance = parallel(x, np.arange(x.shape[1]), min(MOST, *x.shape), np.random.default_rng(seed))
    return leading(values > chance)


def again(x: Any, seed: int) -> int:
    """The same, and on from there with what the components found leave."""
    return beyond(x, np.arange(x.shape[1]), by_parallel(x, seed), min(MOST, *x.shape), np.random.default_rng([seed, 1]))


def by_cells(x: Any, seed: int) -> int:
    """The fewest within a standard error of the least error of held-out cells."""
    errors, spread = held_out(x, np.arange(x.shape[1]), min(MOST, len(x) - 1, x.shape[1]), np.random.default_rng(seed))
    least = int(errors.argmin())
    return int(np.flatnonzero(errors <= errors[least] + spread)[0])


def kaiser(x: Any, seed: int) -> int:
    """Eigenvalues of the correlations above 1 (Kaiser 1960)."""
    return int((variances(x, min(x.shape)) > 1).sum())


def stick(x: Any, seed: int) -> int:
    """Larger than the pieces of a stick broken by chance (Frontier 1976)."""
    values = variances(x, min(x.shape))
    m = len(values)
    pieces = np.cumsum(1 / np.arange(m, 0, -1))[::-1] / m
    return leading(values / values.sum() > pieces)


def crossed(x: Any, seed: int, times: int = 5) -> int:
    """Bi-cross-validation: half the rows by half the columns (Owen & Perry 2009)."""
    random, n, p = np.random.default_rng(seed), *x.shape
    most = min(MOST, n // 2 - 1, p // 2 - 1)
    error = np.zeros(most + 1)
    for _ in range(times):
        top, left = np.zeros(n, bool), np.zeros(p, bool)
        top[random.permutation(n)[: n // 2]], left[random.permutation(p)[: p // 2]] = True, True
        for rows in (top, ~top):
            for columns in (left, ~left):
                a, b, c, d = (x[np.ix_(r, k)] for r in (rows, ~rows) for k in (columns, ~columns))
                u, s, v = np.linalg.svd(d, full_matrices=False)
                one, two = b @ v[:most].T / np.maximum(s[:most], 1e-12), u[:, :most].T @ c
                rest = a.copy()
                error[0] += (rest**2).sum()
                for k in range(most):
                    rest -= np.outer(one[:, k], two[k])
                    error[k + 1] += (rest**2).sum()
    return int(error.argmin())


RULES: dict[str, Callable[[Any, int], int]] = {
    "parallel analysis": by_parallel,
    "and beyond": again,
    "held-out cells": by_cells,
    "bi-cross-validation": crossed,
    "Kaiser": kaiser,
    "broken stick": stick,
}


def cases(quick: bool) -> Iterator[tuple[tuple[int, int], int, str, str, int]]:
    """(shape, rank, strength, kind, seed)."""
    for shape in SHAPES:
        big = shape[0] * shape[1] > 100_000
        if quick and shape[0] * shape[1] > 30_000:
            continue
        for rank in RANKS:
            if rank * 3 > shape[1]:
                continue
            for strength in STRENGTHS if rank else ("even",):
                if strength == "giant" and rank == 1:
                    continue
                for kind in KINDS:
                    for seed in range((1 if rank else 4) if big else (2 if rank else 10)):
                        yield shape, rank, strength, kind, seed


def main(words: list[str]) -> None:
    """Prints the tables."""
    rules = {name: rule for name, rule in RULES.items() if name in words} or RULES
    found: dict[str, list[tuple[Any, int, str, str, int]]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    for shape, rank, strength, kind, seed in cases("--quick" in words):
        x = made(shape, rank, strength, kind, seed)
        for name, rule in rules.items():
            began = time.process_time()
            found[name].append((shape, rank, strength, kind, rule(x, 1000 + seed)))
            spent[name] += time.process_time() - began

    def row(title: str, chosen: Callable[[Any], bool]) -> None:
        cells = []
        for made_by in found.values():
            some = [one for one in made_by if chosen(one)]
            hits = np.mean([one[4] == one[1] for one in some]) if some else np.nan
            cells.append(f"{hits:.0%} ({np.mean([one[4] - one[1] for one in some]):+.2f})" if some else "")
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)

    print("| tables | " + " | ".join(found) + " |\n|---|" + "---|" * len(found))
    row("all of rank 1 to 8", lambda one: one[1] > 0)
    for rank in RANKS:
        row(f"rank {rank}", lambda one, rank=rank: one[1] == rank)
    for strength in STRENGTHS:
        row(strength, lambda one, strength=strength: one[1] > 0 and one[2] == strength)
    for kind in KINDS:
        row(kind, lambda one, kind=kind: one[1] > 0 and one[3] == kind)
        row(f"{kind}, rank 0", lambda one, kind=kind: one[1] == 0 and one[3] == kind)
    for shape in SHAPES:
        row(f"{shape[0]:,} x {shape[1]}", lambda one, shape=shape: one[1] > 0 and one[0] == shape)
    print("| CPU seconds | " + " | ".join(f"{spent[name]:.0f}" for name in found) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
