"""Optical random features: what a camera sees behind a scattering medium, and a linear model on top.

A row x, with one pixel that is always on, is multiplied by a complex Gaussian matrix and squared: |x M|^2, the transform of an optical
processing unit (Saade et al. 2016). Its kernel is |x|^2 |y|^2 + (x'y)^2: with the constant pixel these are all products of two columns,
so for p columns no more than (p + 1) (p + 2) / 2 features say anything new, and no more are made. A ridge or logistic regression follows,
all penalties at once; the features' means and spreads are multiplied into its coefficients.

The transform is simulated here, or done while fitting by a real device: each one that is installed is offered beside the simulated medium.
A device is an entry point of the group `etabli.optical` with two methods, `intensities(x, features, seed)`, [rows, features] as measured, and
`transmission(columns, features, seed)`, its complex matrix M, [columns, features] (`optics.py`). A file runs without the device: it holds
M and computes |x M|^2 itself. So a device that does not know its matrix, or whose measurements M does not explain within 5 % of their
spread, is refused before anything is written.

Measured on rows that were held out: california_housing, 6 000 rows, relative error 0.481 (ridge 0.574); adult_income, 6 000 rows, log-loss
0.307 (logistic regression 0.311); letters, 4 000 rows, 0.376 (0.909). A Gaussian kernel with as many landmarks (`randomfeatures`) was better
on all three: 0.456, 0.302, 0.267.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from etabli.families import head, kernel, optics
from etabli.families.family import Family, Stop
from etabli.families.ridge import recipes
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind


@final
class Optical(Family):
    """Intensities behind a random medium, and a penalised linear model."""

    name: ClassVar[str] = "optical"
    title: ClassVar[str] = "Optical random features"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "Saade et al. 2016"
    rank: ClassVar[int] = 3
    kin: ClassVar[str] = "kernel"
    doc: ClassVar[str] = (
        "A linear model on squared random mixtures of the columns, as light behind a scattering medium gives them. Use it for effects of "
        "pairs of columns, and where an optical device can do the mixing."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Two recipes for the simulated medium and for each installed device, a path of penalties each."""
        features, (scaled, rank) = head.count(facts), recipes(facts)
        return [
            Setting(
                self.name,
                {"device": device, "features": features, "penalty": penalty},
                wants,
                path=f"penalty on {device}",
                origin="penalties that were best on four public sets",
            )
            for device in optics.devices()
            for wants in (rank, scaled)
            for penalty in head.penalties(facts.task)
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Two products and the linear model on top; the same for a device, whose speed is not known."""
        features = _count(int(setting.values["features"]), facts.columns)
        work = 0.02 + facts.rows * features * (6e-9 + 1e-10 * facts.columns) + head.work(facts, features, 1.0)
        return Cost(work=work, memory=8.0 * (2 * facts.rows * facts.columns + 4 * facts.rows * features + 4 * features**2))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One transform, all penalties."""
        from threadpoolctl import threadpool_limits

        values = settings[0].values
        with threadpool_limits(1):  # the same bits on any number of cores
            on = np.sqrt(kernel.variance(kernel.clipped(data.x)))  # the constant pixel, as bright as a row
            x = _pixels(data.x, on)
            seen, matrix = optics.measure(str(values["device"]), x, _count(int(values["features"]), data.x.shape[1]), data.seed)
            mean, spread = seen.mean(axis=0), seen.std(axis=0) * np.sqrt(seen.shape[1])
            spread[spread == 0] = np.inf
            made = head.fit((seen - mean) / spread, data, [float(setting.values["penalty"]) for setting in settings], stop)
        return [
            _fitted(setting, matrix, on, weights / spread[:, None], bias - (mean / spread) @ weights, data.task)
            for setting, (weights, bias) in zip(settings, made, strict=True)
        ]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Two products, two squares, a sum, and the linear model."""
        kept = fitted.arrays
        inside = graph.op("Clip", x, graph.const(-kernel.CLIP, np.float64), graph.const(kernel.CLIP, np.float64))
        total = ""
        for part in ("real", "imaginary"):
            field = graph.op("Add", graph.op("MatMul", inside, graph.const(kept[part])), graph.const(kept[f"{part} on"]))
            square = graph.op("Mul", field, field)
            total = graph.op("Add", total, square) if total else square
        return graph.op("Add", graph.op("MatMul", total, graph.const(kept["weights"])), graph.const(kept["bias"]))


def _count(wanted: int, columns: int) -> int:
    """Features that say something new."""
    return min(wanted, (columns + 1) * (columns + 2) // 2)


def _pixels(x: Array, on: float) -> Array:
    return np.hstack([kernel.clipped(x), np.full((len(x), 1), on)])


def _fitted(setting: Setting, matrix: Array, on: float, weights: Array, bias: Array, task: TaskKind) -> Fitted:
    kept = {
        "real": np.ascontiguousarray(matrix[:-1].real),
        "imaginary": np.ascontiguousarray(matrix[:-1].imag),
        "real on": on * matrix[-1].real,
        "imaginary on": on * matrix[-1].imag,
        "weights": weights,
        "bias": bias,
    }
    return Fitted(setting, kept, head.LINKS[task], lambda x: optics.squared(_pixels(x, on), matrix) @ weights + bias)
