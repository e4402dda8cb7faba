"""Bayesian logistic regression, two classes or several: probabilities that know how little the rows say.

The weights are normal with a variance that they share, which has a prior of its own; all is sampled together (`nuts.py`), or approximated by Laplace's
method where rows or columns are many (`pooled.py`). A probability is the mean over 200 draws of the posterior (`drawn.py`), so it is nearer to even where
the weights are in doubt (MacKay 1992, "The evidence framework applied to classification networks"). NumPyro is needed (`pip install etabli[bayes]`);
without it the family is not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import ClassVar, final

from etabli.families import drawn
from etabli.families.bayeslinear import CELLS, spent
from etabli.families.family import Family, Stop
from etabli.families.ridge import recipes
from etabli.graph.graph import Graph
from etabli.records import Cost, Data, Facts, Fitted, Setting, TaskKind


@final
class BayesLogistic(Family):
    """Logistic regression by draws from its posterior."""

    name: ClassVar[str] = "bayeslogistic"
    title: ClassVar[str] = "Bayesian logistic regression"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    needs: ClassVar[tuple[str, ...]] = ("numpyro",)
    citation: ClassVar[str] = "MacKay 1992; Hoffman & Gelman 2014; Phan, Pradhan & Jankowiak 2019"
    rank: ClassVar[int] = 2
    kin: ClassVar[str] = "linear"
    counterpart: ClassVar[str] = "bayeslinear"
    additive: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Linear log-odds, kept as draws from what the rows leave possible, and probabilities averaged over them. Use it when rows are few "
        "and probabilities must not claim more than the rows say."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """One; the normal approximation where the table is large."""
        if not find_spec("numpyro"):
            return []
        outputs = facts.classes if facts.task == "multiclass" else 1
        method = "nuts" if facts.rows * facts.columns * outputs <= CELLS else "laplace"
        return [Setting(self.name, {"method": method}, recipes(facts)[0], origin="Gelman et al. 2013")]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Of sampling, some thousand passes over the rows and a program to compile."""
        return spent(str(setting.values["method"]), facts, facts.width, facts.classes if facts.task == "multiclass" else 1)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """Draws from the posterior; from its normal approximation when there is no time for more."""
        return drawn.fitted(setting, data, stop)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The mean of the draws' probabilities."""
        return drawn.write(graph, x, fitted.arrays)
