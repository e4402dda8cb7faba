"""Bayesian linear regression: every weight with its doubt, and every answer with its own.

The weights are normal with a variance that they share, which has a prior of its own; the errors are normal or, second, Student's with degrees of freedom
that the data decide. All of it is sampled together (`nuts.py`), so the doubt about the variances is in the answer's, which evidence alone
(`bayesridge`) leaves out. Where rows or columns are many that doubt is small and the sampler dear: Laplace's approximation takes its place (`pooled.py`).

The file holds 200 draws of the posterior (`drawn.py`). NumPyro is needed (`pip install etabli[bayes]`); without it the family is not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import ClassVar, final

from etabli.families import drawn
from etabli.families.family import Family, Stop
from etabli.families.ridge import recipes
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind

CELLS = 2e5  # rows times columns up to which the posterior is sampled


@final
class BayesLinear(Family):
    """Linear regression by draws from its posterior."""

    name: ClassVar[str] = "bayeslinear"
    title: ClassVar[str] = "Bayesian linear regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("regression",)
    needs: ClassVar[tuple[str, ...]] = ("numpyro",)
    citation: ClassVar[str] = "Hoffman & Gelman 2014; Phan, Pradhan & Jankowiak 2019"
    rank: ClassVar[int] = 2
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "bayeslogistic"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A weighted sum of the columns, kept as draws from what the rows leave possible. Use it when rows are few and the answer's own "
        "doubt must count everything that was learned, or when errors have long tails."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Normal errors, then Student's; the normal approximation where the table is large."""
        if not find_spec("numpyro"):
            return []
        wants = recipes(facts)[0]
        if facts.rows * facts.columns > CELLS:
            return [Setting(self.name, {"method": "laplace", "errors": "normal"}, wants, origin="MacKay 1992")]
        return [
            Setting(self.name, {"method": "nuts", "errors": errors}, wants, origin="Gelman et al. 2013") for errors in ("normal", "student")
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Of sampling, some thousand passes over the rows and a program to compile."""
        return spent(str(setting.values["method"]), facts, facts.width, 1)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """Draws from the posterior; from its normal approximation when there is no time for more."""
        return drawn.fitted(setting, data, stop)

    def deviation(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Of the posterior predictive."""
        return drawn.write_deviation(graph, x, fitted.arrays)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The mean of the draws."""
        return drawn.write(graph, x, fitted.arrays)


def spent(method: str, facts: Facts, columns: float, outputs: int) -> Cost:
    """The estimate for one fit."""
    size = columns * outputs
    passes = 12
    work = 0.05 + passes * (facts.rows * columns * 2e-9 * (1 if facts.task == "regression" else columns * outputs**2 / 8) + 3e-10 * size**3)
    memory = 8.0 * (2 * facts.rows * facts.columns + 6 * size**2)
    if method == "nuts":
        work += 5.0 + 8_000 * (3e-5 + 2e-9 * facts.rows * size + 1e-9 * size**2)
        memory += 5e8 + 8.0 * 1_600 * size
    return Cost(work=work, memory=memory)
