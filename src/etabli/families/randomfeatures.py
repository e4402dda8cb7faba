"""Kernel machines for many rows: the Gaussian kernel with a random sample of the rows (Nystrom features), and a linear model on top.

A few hundred training rows, drawn by chance, are the landmarks. A row's features are its kernel with the landmarks, K, times the inverse
root of the landmarks' own kernel, so that products of features are the kernel's best approximation in the span of the landmarks
(Williams & Seeger 2001). A ridge or logistic regression follows, all penalties at once. The root and the coefficients are multiplied out
before writing: the file holds landmarks and one coefficient each, like a support vector machine's.

Random Fourier features (Rahimi & Recht 2007) need no landmarks, but were worse at every size tried: california_housing, 8 000 rows, relative
error 0.464 against 0.455 with 500 features, 0.457 against 0.449 with 1 500; adult_income, log-loss 0.305 against 0.301 with 500; letters
with 4 000 rows 0.319 against 0.275; so were ames_housing and diamonds. They are not offered. Least squares on the classes instead of
logistic regression is ten times faster and was worse (adult_income 0.309, letters 0.381).

Directions of the landmarks' kernel below some millionths of the strongest are left out: they would multiply rounding by more than the file's
promise allows, and the penalties shrink them to nothing anyway. The work grows with the rows, not with their square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, final

import numpy as np

from etabli.families import head, kernel
from etabli.families.family import Family, Stop
from etabli.families.ridge import recipes
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

SMALLEST = {
    "regression": 2e-6,
    "binary": 1e-5,
    "multiclass": 1e-5,
}  # eigenvalues of the landmarks' kernel below that share of the largest are left out


@final
class RandomFeatures(Family):
    """A Gaussian kernel with randomly drawn landmarks, and a penalised linear model."""

    name: ClassVar[str] = "randomfeatures"
    title: ClassVar[str] = "Random kernel features"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "Williams & Seeger 2001; Rahimi & Recht 2007"
    rank: ClassVar[int] = 3
    kin: ClassVar[str] = "kernel"
    doc: ClassVar[str] = (
        "Rows are judged by their likeness to a few hundred rows drawn by chance. Use it where a support vector machine would be right but "
        "rows are too many: smooth, curved effects of numbers."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Widths of the kernel and two recipes, a path of penalties each; several classes want narrow kernels."""
        scaled, rank = recipes(facts)
        kernels = [(0.3, scaled, ""), (0.3, rank, ""), (1.0, rank, ""), (1.0, scaled, ""), (0.1, rank, "")]
        if facts.task == "multiclass":
            kernels = [(1.0, scaled, ""), (1.0, rank, ""), (0.3, rank, ""), (0.3, scaled, "")]
        if facts.task == "regression" and facts.skewed and facts.range == "positive":
            kernels.insert(0, (0.3, scaled, "log"))
        features = head.count(facts)
        return [
            Setting(
                self.name,
                {"gamma": gamma, "features": features, "penalty": penalty} | ({"target": target} if target else {}),
                wants,
                path=f"penalty at gamma {gamma:g} {target}".rstrip(),
                origin="widths and penalties that were best on five public sets",
            )
            for gamma, wants, target in kernels
            for penalty in head.penalties(facts.task)
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """The kernel with the landmarks, the landmarks' eigenvectors, and the linear model on top."""
        features = int(setting.values["features"])
        inner = min(features, facts.rows)
        kernel_work = facts.rows * features * (1e-8 + 4e-11 * (facts.columns + features)) + 4e-10 * inner**3
        return Cost(
            work=0.02 + kernel_work + head.work(facts, features, float(setting.values["gamma"])),
            memory=8.0 * (2 * facts.rows * facts.columns + 4 * facts.rows * features + 4 * features**2),
        )

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One kernel, all penalties."""
        from threadpoolctl import threadpool_limits

        values, x = settings[0].values, kernel.clipped(data.x)
        log = values.get("target") == "log"
        with threadpool_limits(1):  # the same bits on any number of cores
            rows = np.random.default_rng(data.seed).permutation(len(x))[: int(values["features"])]
            landmarks, gamma = x[np.sort(rows)], float(values["gamma"]) / kernel.variance(x)
            root = _root(kernel.gaussian(landmarks, landmarks, gamma), SMALLEST[data.task])
            z = kernel.gaussian(x, landmarks, gamma) @ root
            tried = [float(setting.values["penalty"]) for setting in settings]
            made = head.fit(z, replace(data, y=np.log(data.y)) if log else data, tried, stop)
        return [
            _fitted(setting, landmarks, root @ weights, bias, gamma, data.task, log)
            for setting, (weights, bias) in zip(settings, made, strict=True)
        ]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The kernel with the landmarks, then one product."""
        return kernel.write(graph, x, fitted.arrays)


def _root(near: Array, smallest: float) -> Array:
    """The inverse root of the landmarks' kernel, in the directions they span: [landmarks, directions]."""
    values, vectors = np.linalg.eigh(near)
    kept = values > smallest * values[-1]
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def _fitted(setting: Setting, landmarks: Array, coefficients: Array, bias: Array, gamma: float, task: TaskKind, log: bool) -> Fitted:
    order = kernel.alternating(coefficients[:, 0])
    kept = kernel.arrays(landmarks[order], coefficients[order], bias, gamma)
    return Fitted(setting, kept, "exp" if log else head.LINKS[task], lambda x: kernel.machine(x, kept))
