"""The linear model on top of made features: all penalties at once (no family: `randomfeatures.py` and `optical.py` use it)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.families import margins
from etabli.families.family import Stop
from etabli.families.newton import minimise
from etabli.families.ridge import path
from etabli.records import Array, Data, Facts, Link, TaskKind

NUMBERS = (1e-5, 1e-4, 1e-3, 1e-2)  # penalties of ridge regression, on features whose variances add to about one
CLASSES = (1e-5, 1e-4, 1e-6, 1e-3)  # and of logistic regression
MOST, LEAST, CELLS, MARGINS = 1_500, 200, 60_000_000, 250_000_000
LINKS: dict[TaskKind, Link] = {"regression": "identity", "binary": "sigmoid", "multiclass": "softmax"}
Linear = tuple[Array, Array]  # weights [features, outputs], bias [outputs]


def penalties(task: TaskKind) -> tuple[float, ...]:
    """The path, the usual middle first."""
    return NUMBERS if task == "regression" else CLASSES


def count(facts: Facts) -> int:
    """How many features: ten times the root of the rows, fewer where the matrix or many classes would cost too much."""
    outputs = facts.classes if facts.task == "multiclass" else 1
    rows = max(facts.rows, 1)
    most = min(MOST, 10 * int(np.sqrt(rows)), CELLS // rows, MARGINS // (rows * outputs))
    return max(LEAST, most // 50 * 50)


def work(facts: Facts, features: int, hardness: float = 1.0) -> float:
    """Seconds for the whole path on `features` made features. hardness: 1 for features that are nearly independent of each other (narrow
    kernels), less where a few directions hold nearly everything."""
    rows, inner = facts.rows, min(features, facts.rows)
    normal = 4e-11 * rows * features**2 + 4e-10 * inner**3
    if facts.task == "regression":
        return 0.01 + normal
    if facts.task == "binary":
        return 0.03 + normal + 5e-10 * hardness * rows * features**2
    return 0.05 + normal + 1e-6 * rows * features * float(np.sqrt(hardness) * facts.classes**0.7)


def fit(z: Array, data: Data, tried: Sequence[float], stop: Stop) -> list[Linear]:
    """A ridge (numbers) or logistic regression (classes) for each penalty; a class that no row has gets one row in n + 2."""
    if data.task == "regression":
        weights, bias = path(z, data.y, data.weight, tried)
        return [(weights[:, [i]], bias[[i]]) for i in range(len(tried))]
    outputs = 1 if data.task == "binary" else data.classes
    present, y = np.unique(data.y, return_inverse=True)
    if len(present) == 1:
        return [margins.constant(z.shape[1], outputs, int(present[0]), len(y)) for _ in tried]
    w = minimise(z, y, 1 if data.task == "binary" else len(present), data.weight, tried, stop)
    made = [(w[:-1, :, i], w[-1, :, i]) for i in range(len(tried))]
    if data.task == "binary":
        return made
    return [margins.spread(weights, bias, present, outputs, z @ weights + bias) for weights, bias in made]
