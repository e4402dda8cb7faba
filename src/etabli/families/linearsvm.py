"""Linear support vector machines: the squared hinge for classes, the squared epsilon-insensitive loss for numbers.

Minimises  sum_i w_i loss_i / sum_i w_i + penalty |b|^2 / 2  with a free intercept. All penalties, all classes (each against the rest) and
all inner parts are columns of one Newton computation (`hinge.py`). scikit-learn's LinearSVC with C = 1 / (penalty * sum of weights)
minimises the same, but for its penalty on the intercept. Numbers are learned on a target of unit variance, with width 0.1 of it.

The margins become log-odds by a slope and a level (`margins.py`), learned on cross-fitted margins where there are fewer than sixty rows
a column; above, the training margins give the same within 0.001 of log-loss and a quarter of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families import margins
from etabli.families.family import Family, Stop
from etabli.families.hinge import minimise
from etabli.families.ridge import by_penalty, dense, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Link, Setting, TaskKind

# From 3e-5 to 1, the usual middle first. Per unit of weight: scikit-learn's C = 1 / (penalty * sum of weights).
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-9, 1)), key=lambda p: abs(np.log10(p) + 2)))
WIDTH = 0.1  # of the target's standard deviation: errors below are none
ENOUGH = 60  # rows a column from which training margins will do


@final
class LinearSVM(Family):
    """Linear margins that want to be beyond 1, with a squared penalty on the coefficients."""

    name: ClassVar[str] = "linearsvm"
    title: ClassVar[str] = "Linear support vector machine"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "Cortes & Vapnik 1995; Keerthi & DeCoste 2005"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the columns that only minds rows near or beyond the border between the classes (numbers: errors beyond a "
        "tenth of the spread). Use it for texts and other wide tables; its probabilities come from an inner calibration."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Ten penalties for each of two recipes."""
        return by_penalty(self.name, facts, PENALTIES, "half decades")

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Some hundred passes over the matrix for the whole path; four times as many where margins are cross-fitted."""
        outputs = facts.classes if facts.task == "multiclass" else 1
        fits = 4 if facts.task != "regression" and facts.rows < ENOUGH * facts.columns else 1
        problems = outputs * fits * len(PENALTIES)
        rate = 8e-9 if facts.task == "regression" else 2e-8
        work = 0.02 + rate * facts.rows * problems * (facts.columns + 20) + 1.5e-9 * min(facts.columns, 800) ** 3
        return Cost(work=work, memory=8.0 * (3 * facts.rows * facts.columns + 8 * min(facts.rows * problems, 3_000_000)))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties at once. A class that no training row has gets the margin of one row in n + 2."""
        from threadpoolctl import threadpool_limits

        penalties = np.array([float(setting.values["penalty"]) for setting in settings])
        weight = np.ones(len(data.y)) if data.weight is None else data.weight / data.weight.mean()
        with threadpool_limits(1):  # the same bits on any number of cores
            if data.task == "regression":
                made = _numbers(data.x, data.y, weight, penalties, stop)
            else:
                made = _classes(data, weight, penalties, stop)
        return [_fitted(setting, *one, data.task) for setting, one in zip(settings, made, strict=True)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)


Linear = tuple[Array, Array]  # weights [features, outputs], bias [outputs]
LINKS: dict[TaskKind, Link] = {"regression": "identity", "binary": "sigmoid", "multiclass": "softmax"}


def _fitted(setting: Setting, weights: Array, bias: Array, task: TaskKind) -> Fitted:
    return Fitted(setting, {"weights": weights, "bias": bias}, LINKS[task], lambda x: dense(x, weights, bias))


def _numbers(x: Array, y: Array, weight: Array, penalties: Array, stop: Stop) -> list[Linear]:
    share = weight / weight.sum()
    mean = float(share @ y)
    spread = float(np.sqrt(share @ (y - mean) ** 2)) or 1.0
    count = len(penalties)
    targets, shares = np.repeat(((y - mean) / spread)[:, None], count, 1), np.repeat(share[:, None], count, 1)
    w = minimise(x, targets, shares, penalties, WIDTH, stop)
    return [(w[:-1, [i]] * spread, w[-1, [i]] * spread + mean) for i in range(count)]


def _classes(data: Data, weight: Array, penalties: Array, stop: Stop) -> list[Linear]:
    """One machine (two classes) or one a class against the rest, each with its slope and levels."""
    x, outputs, features = data.x, 1 if data.task == "binary" else data.classes, data.x.shape[1]
    present, y = np.unique(data.y, return_inverse=True)
    if len(present) == 1:
        return [margins.constant(features, outputs, int(present[0]), len(data.y)) for _ in penalties]
    used = 1 if data.task == "binary" else len(present)
    wanted = np.where(y[:, None] == (np.array([1]) if used == 1 else np.arange(used)), 1.0, -1.0)
    split = margins.parts(y, data.seed) if len(y) < ENOUGH * features else None
    masks = [np.ones(len(y))] if split is None else [np.ones(len(y)), *((split != part).astype(float) for part in range(margins.PARTS))]
    masks = [mask * weight for mask in masks]
    masks = [mask / mask.sum() if mask.any() else masks[0] / masks[0].sum() for mask in masks]
    # problems: parts outside, then classes, then penalties
    count = used * len(penalties)
    w = minimise(
        x,
        np.tile(np.repeat(wanted, len(penalties), 1), (1, len(masks))),
        np.hstack([np.repeat(mask[:, None], count, 1) for mask in masks]),
        np.tile(penalties, used * len(masks)),
        None,
        stop,
    ).reshape(features + 1, len(masks), used, len(penalties))
    made = []
    for i in range(len(penalties)):
        z = x @ w[:-1, 0, :, i] + w[-1, 0, :, i]
        for part in range(margins.PARTS if split is not None else 0):
            z[split == part] = x[split == part] @ w[:-1, part + 1, :, i] + w[-1, part + 1, :, i]
        slope, levels = margins.scale(z, y, weight)
        weights, bias = slope * w[:-1, 0, :, i], slope * w[-1, 0, :, i] + levels
        if data.task == "binary":
            made.append((weights, bias))
        else:
            made.append(margins.spread(weights, bias, present, outputs, x @ weights + bias))
    return made
