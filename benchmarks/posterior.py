"""Is the posterior calibrated? Data drawn from the model itself, 100 times, and what the posterior predictive's 90 % interval holds of new rows.

    nice python -m benchmarks.posterior            one line a model: coverage with its standard error, and the mean width over the true one

Weights, levels and errors are drawn anew each time from the model's own family: 60 rows to learn from, 4 numbers, 12 groups (for `hierarchical`, some
of the new rows' groups without a row to learn from). A sound posterior covers 90 %.
"""

from __future__ import annotations

import sys

import numpy as np

from etabli.families import drawn
from etabli.records import Data, Feature, Setting, Wants

TIMES, ROWS, NEW, COLUMNS, GROUPS = 100, 60, 200, 4, 12
MODELS = {"linear, sampled": ("nuts", False), "linear, normal approximation": ("laplace", False), "hierarchical, sampled": ("nuts", True)}
MODELS |= {"hierarchical, normal approximation": ("laplace", True)}


def drawn_from(random, grouped):
    """(rows, targets, features) of ROWS + NEW rows."""
    x = random.normal(size=(ROWS + NEW, COLUMNS))
    sigma = np.abs(random.normal()) + 0.1
    mean = x @ (np.abs(random.normal()) * random.normal(size=COLUMNS))
    features = [Feature(f"x{j}", (f"x{j}",)) for j in range(COLUMNS)]
    if grouped:
        group = np.floor(GROUPS * random.random(len(x)) ** 2)
        mean = mean + (np.abs(random.normal()) * random.normal(size=GROUPS))[group.astype(int)]
        x = np.column_stack([x, group])
        features.append(Feature("g", ("g",), GROUPS + 1))
    return x, mean + sigma * random.normal(size=len(x)), tuple(features), sigma


def measured(method, grouped, times):
    """(coverage of each draw, mean width of each over that of the errors alone)."""
    got, wide = [], []
    for turn in range(times):
        x, y, features, sigma = drawn_from(np.random.default_rng(turn), grouped)
        data = Data(x[:ROWS], y[:ROWS], features, "regression", seed=turn)
        values = {"method": method, "slopes": 0, "errors": "normal"}
        kept = drawn.fitted(Setting("posterior", values, Wants()), data, lambda: False).arrays
        deviation = drawn.deviation(x[ROWS:], kept)
        got.append((np.abs(y[ROWS:, None] - drawn.answer(x[ROWS:], kept)) <= 1.645 * deviation).mean())
        wide.append(deviation.mean() / sigma)
    return np.array(got), np.array(wide)


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    for name, (method, grouped) in MODELS.items():
        got, wide = measured(method, grouped, times)
        print(
            f"{name}: {100 * got.mean():.1f} % ± {100 * got.std() / np.sqrt(times):.1f}, {wide.mean():.2f} times the errors' own width",
            flush=True,
        )


if __name__ == "__main__":
    main()
