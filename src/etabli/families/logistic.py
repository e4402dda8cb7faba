"""Logistic regression, two classes or many: all penalties of a path in one Newton computation (`newton.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families.family import Family, Stop
from etabli.families.newton import minimise
from etabli.families.ridge import dense, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

# Half decades from 3e-6 to 1, the usual middle first. Per unit of weight: scikit-learn's C = 1 / (penalty * sum of weights).
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-11, 1)), key=lambda p: abs(np.log10(p) + 3)))


@final
class Logistic(Family):
    """Linear margins, sigmoid or softmax, with a squared penalty on the coefficients."""

    name: ClassVar[str] = "logistic"
    title: ClassVar[str] = "Logistic regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    citation: ClassVar[str] = "Cox 1958; le Cessie & van Houwelingen 1992"
    rank: ClassVar[int] = 1
    doc: ClassVar[str] = (
        "The log-odds are a weighted sum of the columns, with small coefficients preferred. Use it when effects are roughly additive, "
        "rows are few, or the answer must be explained; its probabilities are usually well calibrated."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Twelve penalties for each of two recipes."""
        return [
            Setting(self.name, {"penalty": penalty}, wants, path="penalty", origin="half decades")
            for wants in recipes(facts)
            for penalty in PENALTIES
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Some hundred passes over the matrix for the whole path; ten times as many for classes that are easy to tell apart."""
        outputs = 1 if facts.task == "binary" else facts.classes
        margins = facts.rows * outputs * len(PENALTIES)
        work = 0.06 + (2.2e-8 if outputs == 1 else 1.2e-7) * margins * (facts.width + 40) + 1.5e-9 * min(facts.columns, 800) ** 3
        return Cost(work=work, memory=8.0 * (2 * facts.rows * facts.columns + 8 * min(margins, 3_000_000)))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties at once, each to a gradient below 1e-9. A class that no training row has gets the margin of one row in n + 2."""
        from threadpoolctl import threadpool_limits

        present, y = np.unique(data.y, return_inverse=True)
        outputs = 1 if data.task == "binary" else data.classes
        made = np.zeros((data.x.shape[1] + 1, outputs, len(settings)))
        rare = -np.log(len(data.y) + 1.0)
        if len(present) == 1:
            made[-1] = rare
            made[-1, :, :] *= -1 if data.task == "binary" and present[0] == 1 else 1
            if data.task == "multiclass":
                made[-1, present[0]] = 0
        else:
            with threadpool_limits(data.threads):
                used = 1 if data.task == "binary" else len(present)
                found = minimise(data.x, y, used, data.weight, [float(s.values["penalty"]) for s in settings], stop)
                if data.task == "binary":
                    made = found
                else:
                    made[:, present] = found
                    if len(present) < outputs:
                        made[-1, np.setdiff1d(np.arange(outputs), present)] = _level(data.x, found) + rare
        return [_fitted(setting, made[:, :, i], data.task) for i, setting in enumerate(settings)]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """One product and one sum."""
        return write_dense(graph, x, fitted.arrays)


def _level(x: Array, w: Array) -> Array:
    """Mean over the rows of log sum exp of the margins: [penalties]."""
    z = np.einsum("np,pkl->nkl", x, w[:-1]) + w[-1]
    top = z.max(axis=1)
    return np.asarray((np.log(np.exp(z - top[:, None]).sum(axis=1)) + top).mean(axis=0))


def _fitted(setting: Setting, w: Array, task: TaskKind) -> Fitted:
    weights, bias = w[:-1].copy(), w[-1].copy()
    return Fitted(
        setting, {"weights": weights, "bias": bias}, "sigmoid" if task == "binary" else "softmax", lambda x: dense(x, weights, bias)
    )
