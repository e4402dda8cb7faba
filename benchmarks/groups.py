"""How often `etabli cluster` claims groups: on tables without any, and on two groups that move apart. No label is seen, no number is told.

    .venv/bin/python benchmarks/groups.py none  [times]       claims on tables without groups
    .venv/bin/python benchmarks/groups.py apart [times]       claims against the distance of two groups, plain and skewed

300 rows, 5 columns, k-means and Ward, `--effort glance`. Besides the claims the two p-values are told, by how often each lies at or below 0.05
and 0.25: were the test exact and used up, these would be 5 and 25 in a hundred. These laws were written down before any of them was run.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import etabli
from etabli.judge.stability import adjusted_rand

ROWS, COLUMNS = 300, 5
Random = np.random.Generator
Draw = Callable[[Random], Any]


def correlated(random: Random) -> Any:
    """Normal, with a covariance drawn anew."""
    return random.normal(size=(ROWS, COLUMNS)) @ random.normal(size=(COLUMNS, COLUMNS))


def factor(random: Random) -> Any:
    """One common factor, and noise of half its width."""
    return random.normal(size=(ROWS, 1)) @ random.uniform(0.5, 1.5, (1, COLUMNS)) + 0.5 * random.normal(size=(ROWS, COLUMNS))


def mixed(random: Random) -> Any:
    """Three normal columns and two categories that nothing binds to them."""
    letters = [random.choice(list("abcd"), ROWS, p=p) for p in ((0.4, 0.3, 0.2, 0.1), (0.7, 0.1, 0.1, 0.1))]
    return np.column_stack([random.normal(size=(ROWS, 3)).astype(object), *letters])


def bound(random: Random) -> Any:
    """Exponential columns that grow together: skewed and correlated."""
    return random.gamma(1.0, size=(ROWS, 1)) + random.gamma(0.5, size=(ROWS, COLUMNS))


NONE: dict[str, Draw] = {
    "normal, correlated": correlated,
    "even": lambda random: random.uniform(size=(ROWS, COLUMNS)),
    "exponential": lambda random: random.exponential(size=(ROWS, COLUMNS)),
    "lognormal": lambda random: random.lognormal(size=(ROWS, COLUMNS)),
    "t, 5 degrees": lambda random: random.standard_t(5, (ROWS, COLUMNS)),
    "gamma, shape 0.5": lambda random: random.gamma(0.5, size=(ROWS, COLUMNS)),
    "gamma, bound together": bound,
    "one factor": factor,
    "numbers and categories": mixed,
    "counts (Poisson, 2)": lambda random: random.poisson(2.0, (ROWS, COLUMNS)),
}


def two(random: Random, apart: float, skewed: bool) -> tuple[Any, Any]:
    """(two equal groups whose centres lie so many standard deviations apart, in all columns alike; which). skewed: both with exponential tails."""
    which = random.integers(0, 2, ROWS)
    x = random.exponential(size=(ROWS, COLUMNS)) if skewed else random.normal(size=(ROWS, COLUMNS))
    return x + which[:, None] * apart / np.sqrt(COLUMNS), which


def told(x: Any, seed: int) -> tuple[dict[str, Any], Any]:
    """(the result, the group of each row)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([[f"c{i}" for i in range(x.shape[1])], *x.tolist()])
        study = etabli.cluster(
            path, out=str(Path(folder) / "run"), effort="glance", methods=("kmeans", "ward"), seed=seed, watch=lambda *_, **__: None
        )
        own = np.asarray(study.model.predict(str(path))["prediction"]).ravel()
        return study.result, own


def lines(what: str, times: int) -> Iterator[str]:
    """The table, a line at a time."""
    if what == "none":
        yield "| law | claimed | valley <= 0.05 | <= 0.25 | gain <= 0.05 | <= 0.25 |\n|---|--:|--:|--:|--:|--:|"
        for i, (name, draw) in enumerate(NONE.items()):
            made = [told(draw(np.random.default_rng([11, i, t])), t)[0]["structure"] for t in range(times)]
            shares = [sum(one[p] <= level for one in made) for p in ("valley", "gain") for level in (0.05, 0.25)]
            yield f"| {name} | {sum(one['found'] for one in made)} of {times} | " + " | ".join(map(str, shares)) + " |"
        return
    yield "| apart | plain: claimed | two groups | agreement | skewed: claimed | two groups | agreement |\n|--:|--:|--:|--:|--:|--:|--:|"
    for apart in (2.0, 3.0, 4.0, 5.0):
        cells = [f"{apart:.0f}"]
        for skewed in (False, True):
            claims, right, agree = 0, 0, list[float]()
            for t in range(times):
                x, which = two(np.random.default_rng([12, int(apart), skewed, t]), apart, skewed)
                result, own = told(x, t)
                claims += result["structure"]["found"]
                if result["structure"]["found"]:
                    right += result["winner"]["clusters"] == 2
                    agree.append(adjusted_rand(own, which))
            cells += [f"{claims} of {times}", str(right), f"{np.mean(agree):.2f}" if agree else ""]
        yield "| " + " | ".join(cells) + " |"


def main(what: str = "none", times: str = "20") -> None:
    """Prints the table."""
    began = time.process_time()
    for line in lines(what, int(times)):
        print(line, flush=True)
    print(f"\n{time.process_time() - began:.0f} CPU seconds")


if __name__ == "__main__":
    main(*sys.argv[1:])
