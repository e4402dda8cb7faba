"""Logistic regression, two classes or many, with a squared, an absolute or a mixed penalty: all penalties of a path in one computation.

Minimises  mean loss + penalty (l1_ratio |W|_1 + (1 - l1_ratio) |W|^2 / 2)  with free intercepts, to a gradient below 1e-8; means are
weighted by the rows' weights, so the penalty is per unit of weight (scikit-learn's C = 1 / (penalty * sum of weights)).

The squared penalty comes first: two classes by a quasi-Newton method on one Hessian for all penalties (`quasi.py`), more classes by
truncated Newton on all penalties at once (`newton.py`). On 2 000 x 20, five folds and twelve penalties that takes 14 ms, scikit-learn's
grid search with lbfgs 290 ms. Then absolute and mixed penalties, which leave columns out, by proximal Newton (`proximal.py`). Where
directions are declared (two classes), the weights that would have the other sign are zero, by the same method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families import gaussian, proximal
from etabli.families.family import Family, Stop
from etabli.families.newton import minimise
from etabli.families.ridge import by_penalty, dense, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

# Half decades from 3e-6 to 1, the usual middle first. Per unit of weight: scikit-learn's C = 1 / (penalty * sum of weights).
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-11, 1)), key=lambda p: abs(np.log10(p) + 3)))
# Of absolute penalties, half decades from 1e-4 to 0.1: on scaled columns none above 0.5 leaves any weight.
SPARSE = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-8, -1)), key=lambda p: abs(np.log10(p) + 2.4)))


@final
class Logistic(Family):
    """Linear margins, sigmoid or softmax, with a penalty on the coefficients."""

    name: ClassVar[str] = "logistic"
    title: ClassVar[str] = "Logistic regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    citation: ClassVar[str] = "Cox 1958; le Cessie & van Houwelingen 1992; Friedman, Hastie & Tibshirani 2010"
    rank: ClassVar[int] = 1
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "ridge"
    monotone: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "The log-odds are a weighted sum of the columns, with small coefficients preferred. Use it when effects are roughly additive, "
        "rows are few, or the answer must be explained; its probabilities are usually well calibrated."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Twelve squared penalties for each of two recipes; then seven absolute and seven mixed ones for the first."""
        wanted = recipes(facts)
        squared = by_penalty(self.name, facts, PENALTIES, "half decades")
        return squared + [
            Setting(self.name, {"l1_ratio": ratio, "penalty": penalty}, wanted[0], path=f"l1_ratio={ratio:g}", origin="half decades")
            for ratio in (1.0, 0.5)
            for penalty in SPARSE
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Of the whole path: some ten passes over the matrix for two classes, some hundred for more; or a Hessian a step."""
        outputs = 1 if facts.task == "binary" else facts.classes
        rows, margins = facts.rows, facts.rows * outputs * len(PENALTIES)
        if "l1_ratio" in setting.values or (facts.monotone and outputs == 1):
            size = min(facts.columns, 0.6 * rows)
            pairs = outputs * (outputs + 1) / 2
            system = 1e-10 * min(outputs * size, proximal.JOINT) ** 3
            work = 4 * len(SPARSE) * (4e-4 + rows * (1.5e-7 * outputs + 2e-9 * facts.columns + 4e-11 * pairs * size**2) + system)
        elif outputs == 1 and not facts.words:
            work = 0.001 + 1.9e-9 * margins * (facts.columns + 30) + 5e-10 * min(facts.columns, 800) ** 3
            if 4 * facts.columns > rows:  # a plane that separates the classes is likely, and takes more steps
                work += 4e-8 * margins * facts.columns
        else:
            apart = 1 + min(7.5, 30 * facts.width / rows)
            work = 0.02 + (2.2e-8 if outputs == 1 else 4e-8 * apart) * margins * (facts.width + 40) + 1.5e-9 * min(facts.columns, 800) ** 3
        return Cost(work=work, memory=8.0 * (2 * rows * facts.columns + 8 * min(margins, 3_000_000)))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties of a path. A class that no training row has gets the margin of one row in n + 2."""
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
            with gaussian.one_thread():
                found = _weights(settings, data, y, 1 if data.task == "binary" else len(present), stop)
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


def _weights(settings: Sequence[Setting], data: Data, y: Array, outputs: int, stop: Stop) -> Array:
    """[features + 1, outputs, penalties], by the method that the penalty and the declared directions ask for."""
    penalties = [float(setting.values["penalty"]) for setting in settings]
    ratio = float(settings[0].values.get("l1_ratio", 0.0))
    told = gaussian.directions(data) if data.task == "binary" else None
    if told is None and not ratio:
        return minimise(data.x, y, outputs, data.weight, penalties, stop)
    if told is None or ratio:
        return proximal.path(data.x, y, outputs, data.weight, penalties, ratio, told, stop)
    x, signs, back = gaussian.turned(data.x, told)
    found = proximal.path(x, y, outputs, data.weight, penalties, 0.0, signs, stop)
    return np.concatenate([back(found[:-1]), found[-1:]])


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
