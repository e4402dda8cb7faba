"""A hierarchical linear model: a value for every level of every category column, drawn towards the population as far as its rows are few.

Levels of a category column have intercepts of their own, normal around the population's with a variance that is learned (random intercepts: Henderson
1975; Gelman & Hill 2007). A level of three rows is drawn far towards the others, one of three hundred hardly (partial pooling); a level without training rows
gets the population's value, with the levels' variance in its doubt. Second, levels have slopes of their own on the two numbers nearest to the target.
Classes have the same sums in their log-odds.

The variances are the most likely ones and the weights normal given them (`pooled.py`): that needs nothing beyond numpy. Where NumPyro is installed
(`pip install etabli[bayes]`) and the table is small, all of it is sampled as well (`nuts.py`). The file holds 200 draws (`drawn.py`). A cell that is missing
is a level, or a number with an indicator. Tables without category columns are left to the linear models.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import ClassVar, final

from etabli.families import drawn
from etabli.families.bayeslinear import CELLS, spent
from etabli.families.family import Family, Stop
from etabli.families.pooled import MOST
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

SLOPES = 2


@final
class Hierarchical(Family):
    """Random intercepts, and slopes, of the levels of category columns."""

    name: ClassVar[str] = "hierarchical"
    title: ClassVar[str] = "Hierarchical model"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    citation: ClassVar[str] = "Henderson 1975; Gelman & Hill 2007"
    rank: ClassVar[int] = 2
    kin: ClassVar[str] = "linear"
    levels: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the numbers, with a value of its own for every level of every category, drawn towards the common one where its rows are "
        "few. Use it when rows come from schools, shops or patients, many of them with few rows, and new ones will come."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Intercepts, then slopes too; each sampled as well where NumPyro is there and the table small."""
        if not facts.categories:
            return []
        wants = Wants(numbers="scaled", categories="codes")
        outputs = facts.classes if facts.task == "multiclass" else 1
        small = facts.rows * (facts.columns + _levels(facts)) * outputs <= CELLS
        methods = ["laplace", "nuts"] if small and find_spec("numpyro") else ["laplace"]
        return [
            Setting(self.name, {"method": method, "slopes": slopes}, wants, origin="Gelman & Hill 2007")
            for slopes in (0, SLOPES)
            for method in methods
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """A Gram matrix and some inverses of the size of all levels; sampling besides."""
        columns = facts.width + _levels(facts) * (1 + int(setting.values["slopes"]))
        return spent(
            str(setting.values["method"]), facts, min(columns, facts.width + MOST), facts.classes if facts.task == "multiclass" else 1
        )

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """The posterior, by the setting's method."""
        return drawn.fitted(setting, data, stop)

    def deviation(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Of the posterior predictive: errors, weights, and the levels' variance where a level is new."""
        return drawn.write_deviation(graph, x, fitted.arrays)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The mean of the draws."""
        return drawn.write(graph, x, fitted.arrays)


def _levels(facts: Facts) -> float:
    """About how many levels there are in all: those of the largest column, and a few in each other."""
    return min(float(facts.largest_category + 5 * max(facts.categories - 1, 0)), float(MOST))
