"""An additive model: a smooth curve for each number column, a weight for each category.

The score is a sum of one function a column (Hastie & Tibshirani 1986), so it can be drawn, one picture a column, and nothing is hidden
(`shapes`). Each curve is a natural cubic spline with up to seven knots at quantiles (`curves.py`), straight beyond the outer knots.
A curve is a line plus bends; the bends are turned so that a squared penalty on their coefficients is the integral of the squared second
derivative, the penalty of smoothing splines, in units of the column's own spread. So the whole model is ridge or logistic regression on
the columns and their bends, all penalties of a path in one computation, and one penalty rules lines and bends.
Columns with fewer than four distinct values, or nearly always one value, stay lines; one-hot columns come as they are.
Where no value of the target is below zero there are settings with a logarithmic link too: the curves then add up to the logarithm of the
expected value, by Poisson's deviance and with the bounds of `glm.py`. In three folds of 6 000 diamonds that took the root mean squared error
from 1 110 to 731, of 6 000 hours of air quality in Beijing from 69.0 to 64.9, of the houses of Ames from 26 100 to 23 700.
It sees no interaction: where two columns only matter together, trees and kernels do better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np

from etabli.families import curves
from etabli.families.family import Family, Stop
from etabli.families.glm import GLM
from etabli.families.logistic import Logistic
from etabli.families.penalised import shares
from etabli.families.ridge import Ridge, dense, recipes, write_dense
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Feature, Fitted, Setting, TaskKind

# Half decades from 1e-5 to 0.3, the usual middle first.
PENALTIES = tuple(sorted((float(f"{10 ** (k / 2):.3g}") for k in range(-10, 0)), key=lambda p: abs(np.log10(p) + 2.5)))
POINTS = 60  # of a drawn curve


@dataclass(frozen=True)
class Bend:
    """The curves of one column. at: knots [m]. table: the bends as pieces [m + 1, 4, m - 2]."""

    column: int
    at: Array
    table: Array


@final
class Spline(Family):
    """Smooth curves, one a column, added up."""

    name: ClassVar[str] = "spline"
    title: ClassVar[str] = "Additive spline model"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "Hastie & Tibshirani 1986; Eilers & Marx 1996"
    rank: ClassVar[int] = 2
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "One smooth curve for each number column, added up: it bends where a line cannot, and every curve can be drawn. Use it when effects "
        "are smooth and add up, and the answer must be explained."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Ten penalties for each of two recipes; for targets of at least zero with a logarithmic link as well."""
        links = ["identity", "log"] if facts.task == "regression" and facts.range != "real" else ["identity"]
        return [
            Setting(
                self.name,
                {"penalty": penalty} | ({"link": link} if link == "log" else {}),
                wants,
                path=f"{link} penalty",
                origin="half decades",
            )
            for wants in recipes(facts)
            for link in links
            for penalty in PENALTIES
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """The bends, then ridge or logistic regression on up to six times the columns (those of categories, some six each, do not bend)."""
        shown = min(facts.largest_category, 30) + 6 * (facts.categories - 1) if facts.categories else 0
        curved = max(facts.width / 6, facts.width - shown)
        width = facts.columns + 5 * curved
        work = 0.02 + 1.7e-7 * facts.rows * curved + 3e-4 * curved
        if "link" in setting.values:
            work += 1.5e-8 * facts.rows * len(PENALTIES) * (width + 60) + 1.5e-9 * min(width, 800) ** 3
        elif facts.task == "regression":
            small, large = sorted((float(facts.rows), width))
            work += 1.2e-10 * large * small**2 + 3e-10 * small**3
        else:
            outputs = 1 if facts.task == "binary" else facts.classes
            work += (2.2e-8 if outputs == 1 else 4e-8) * facts.rows * outputs * len(PENALTIES) * (width + 20)
        return Cost(
            work=work, memory=8.0 * (4 * facts.rows * width + 8 * min(facts.rows * max(facts.classes, 1) * len(PENALTIES), 3_000_000))
        )

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One penalty."""
        return self.fit_path([setting], data, stop)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """All penalties at once, by the linear families."""
        share = shares(data.weight, len(data.y))
        bends = learn(data.x, share)
        parts = [data.x] + [curves.evaluate(data.x[:, bend.column], bend.at, bend.table) for bend in bends]
        x = np.ascontiguousarray(np.hstack(parts))
        features = tuple(Feature(f"column {i}", ()) for i in range(x.shape[1]))  # no directions: a bend rises and falls
        inner = replace(data, x=x, features=features, together=())
        if "link" in settings[0].values:
            linear = GLM().fit_path([replace(s, values={"power": 1.0, "penalty": s.values["penalty"]}) for s in settings], inner, stop)
            linear = [replace(one, setting=setting) for one, setting in zip(linear, settings, strict=True)]
        else:
            linear = (Ridge() if data.task == "regression" else Logistic()).fit_path(settings, inner, stop)
        return [_fitted(one, bends, data.x, share) for one in linear]

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """A product for the lines, one block of nodes for all curves."""
        kept = fitted.arrays
        made = write_dense(graph, x, kept)
        if len(kept["curved"]):
            at, tables = _split(kept)
            made = graph.op("Add", made, curves.write(graph, x, [int(column) for column in kept["curved"]], at, tables))
        return graph.op("Clip", made, *(graph.const(end, np.float64) for end in kept["bounds"])) if len(kept["bounds"]) else made


def learn(x: Array, share: Array) -> list[Bend]:
    """The bends of every column that is not too simple for one. x: float64 [rows, features]. share: weights that add to one."""
    found = []
    for column in range(x.shape[1]):
        cells = np.ascontiguousarray(x[:, column])
        at = curves.knots(cells)
        if len(at):
            found.append(Bend(column, at, curves.waves(cells, share, at)[0]))
    return found


def _fitted(linear: Fitted, bends: Sequence[Bend], x: Array, share: Array) -> Fitted:
    """The curves as pieces, the coefficients of their bends put in."""
    features, weights = x.shape[1], np.asarray(linear.arrays["weights"])
    tables, place = [np.zeros((0, 4, weights.shape[1]))], features
    for bend in bends:
        width = bend.table.shape[2]
        tables.append(bend.table @ weights[place : place + width])
        place += width
    kept = {
        "weights": weights[:features].copy(),
        "bias": linear.arrays["bias"],
        "curved": np.array([bend.column for bend in bends], np.int64),
        "knots": np.concatenate([np.zeros(0)] + [bend.at for bend in bends]),
        "counts": np.array([len(bend.at) for bend in bends], np.int64),  # of knots, a curve
        "tables": np.concatenate(tables),  # [pieces of all curves, 4, outputs]
        "bounds": np.array([linear.arrays[name] for name in ("low", "high") if name in linear.arrays]),  # of a logarithm
        "low": x.min(axis=0),
        "high": x.max(axis=0),
        "mean": share @ x,
    }
    return Fitted(linear.setting, kept, linear.link, lambda rows: predict(kept, rows))


def _split(kept: Mapping[str, Any]) -> tuple[list[Array], list[Array]]:
    """(knots, pieces) of each curve."""
    counts = kept["counts"]
    return np.split(kept["knots"], np.cumsum(counts)[:-1]), np.split(kept["tables"], np.cumsum(counts + 1)[:-1])


def predict(kept: Mapping[str, Any], x: Array) -> Array:
    """Raw outputs [rows, outputs]."""
    made = dense(x, kept["weights"], kept["bias"])
    if len(kept["curved"]):
        for column, at, table in zip(kept["curved"], *_split(kept), strict=True):
            made = made + curves.evaluate(x[:, column], at, table)
    return np.clip(made, *kept["bounds"]) if len(kept["bounds"]) else made


def shapes(kept: Mapping[str, Any]) -> list[tuple[int, Array, Array]]:
    """What to draw: (feature number, grid [points], effect [points, outputs]) a column of the prepared matrix, over the range of the
    training rows. Effects are on the scale of the raw output; a line's is zero at the column's mean, a bend's mean is zero."""
    curve = {int(c): (at, table) for c, at, table in zip(kept["curved"], *_split(kept), strict=True)} if len(kept["curved"]) else {}
    made = []
    for column, (low, high, mean) in enumerate(zip(kept["low"], kept["high"], kept["mean"], strict=True)):
        grid = np.linspace(low, high, POINTS if column in curve else 2)
        effect = (grid - mean)[:, None] * kept["weights"][column]
        if column in curve:
            effect = effect + curves.evaluate(grid, *curve[column])
        made.append((column, grid, effect))
    return made
