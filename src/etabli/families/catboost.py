"""CatBoost: gradient-boosted symmetric trees, bit for bit.

A symmetric tree asks the same question of all rows at a level, so it is a table with one number for each row of answers: hard to
overfit and steady from one sample to the next, which is why its defaults are good ones. Missing values are the smallest of their
column. CatBoost's own statistics of categories need texts and an order of rows; here categories come as established ones, target
statistics learned out of fold or columns of 0 and 1 (a model fitted elsewhere with CatBoost's own is written by
`estimators/catboost_columns.py`). One run serves every number of trees, its JSON is read once (`estimators/catboost_trees.py`), and one
thread is used always. The family is offered where the package is installed (`pip install etabli[catboost]`).
The settings are data: `portfolios/catboost.json`. On targets of zero and more with a long tail a Tweedie loss is tried last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar, final

import numpy as np

from etabli.estimators import catboost_trees
from etabli.families import boosting, cart
from etabli.families.family import Family, Stop
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind


@final
class CatBoost(Family):
    """Gradient-boosted symmetric trees."""

    name: ClassVar[str] = "catboost"
    title: ClassVar[str] = "CatBoost (boosted trees)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("catboost",)
    citation: ClassVar[str] = "Prokhorenkova et al. 2018"
    rank: ClassVar[int] = 5
    bagged: ClassVar[bool] = True
    kin: ClassVar[str] = "boosting"
    monotone: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Hundreds of small symmetric trees, each correcting the sum of those before it. Slower to train than LightGBM and XGBoost, and often "
        "the best of the three without tuning."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """The portfolio's entries that fit the task and size, each with its ladder of numbers of trees; none where CatBoost is missing."""
        return boosting.settings(self.name, facts, _capped) if find_spec("catboost") else []

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Passes over the rows, and scores of 254 borders of every column for each leaf. A path costs what its largest number of trees costs."""
        values = setting.values
        depth = float(values["depth"])
        outputs = facts.classes if facts.task == "multiclass" else 1
        tree = 4e-4 + facts.rows * (1.5e-7 + 7e-9 * facts.width) + 2.2e-6 * 2**depth * facts.width
        tree *= (2.0 if "grow_policy" in values else 1.0) * (0.3 + 0.7 * outputs)
        work = 0.05 + 2.5e-7 * facts.rows * facts.columns + float(values["n_estimators"]) * tree
        return Cost(work=work, memory=16.0 * facts.rows * facts.columns + 1e8 + 60.0 * 2**depth * float(values["n_estimators"]) * outputs)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One number of trees; fewer when `stop` says so."""
        return _fit([setting], data, stop, partial=True)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One run to the largest number of trees. When `stop` ends it, the settings that are complete (perhaps none)."""
        return _fit(settings, data, stop, partial=False)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Numbers as float32, the trees in double, and for numbers the target's scale."""
        kept = fitted.arrays
        single = graph.op("Cast", graph.op("Cast", x, to=1), to=11)
        return boosting.scaled(graph, trees.write(graph, single, kept, int(kept["outputs"])), fitted)


def _capped(values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Published values were tuned on thousands of rows: on fewer, trees are shallower."""
    return {**values, "depth": max(2, min(int(values["depth"]), int(np.log2(max(facts.rows, 2) / 10 + 1))))}


# fitting ---------------------------------------------------------------------------------------------------------------


class _Stopping:
    """Tells CatBoost after each tree whether to go on."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop

    def after_iteration(self, info: Any) -> bool:
        """CatBoost's callback: False ends the run."""
        del info
        return not self.stop()


def _fit(settings: Sequence[Setting], data: Data, stop: Stop, partial: bool) -> list[Fitted]:
    """Fitted models in the order of `settings` (equal but for n_estimators). partial: keep the largest even if cut short."""
    values = settings[0].values
    labels = boosting.labels(data, "loss_function" in values)
    counts = [int(setting.values["n_estimators"]) for setting in settings]
    if len(labels.present) == 1:
        return [boosting.alone(setting, labels, len(data.y), {}) for setting in settings]
    x = cart.learnable(data.x)
    if not _varies(x):
        return [boosting.prior(setting, labels, data.weight, {}) for setting in settings]
    model = _boost(values, max(counts), x, labels, data, stop)
    whole = catboost_trees.saved(model)
    made = boosting.constants(labels)
    starts = labels.outputs - len(labels.places)
    catboost_trees.grow(whole, catboost_trees.questions(catboost_trees.of_numbers(whole)), made, labels.places.tolist())
    flat, grown = made.arrays(), int(model.tree_count_)
    return [
        boosting.fitted(setting, trees.first(flat, starts + len(labels.places) * count), labels, _margins(model, min(count, grown)))
        for setting, count in zip(settings, counts, strict=True)
        if count <= grown or partial
    ]


def _varies(x: Array) -> bool:
    """Whether any column has two values (missing is one): CatBoost refuses to learn otherwise."""
    same = (x == x[:1]) | (np.isnan(x) & np.isnan(x[:1]))
    return not bool(same.all())


def _boost(values: Mapping[str, Any], count: int, x: Array, labels: boosting.Labels, data: Data, stop: Stop) -> Any:
    import catboost

    loss = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}[data.task]
    options = {
        "loss_function": loss,
        **{name: value for name, value in values.items() if name != "n_estimators"},
        "iterations": count,
        "random_seed": data.seed,
        "thread_count": 1,
        "boosting_type": "Plain",
        "boost_from_average": False,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    directions = [feature.direction for feature in data.features]
    if any(directions) and data.task != "multiclass":
        options |= {"monotone_constraints": directions, "grow_policy": "SymmetricTree"}  # free trees cannot obey
    weight = None if data.weight is None else data.weight * (len(labels.y) / data.weight.sum())
    return catboost.CatBoost(options).fit(catboost.Pool(x, labels.y, weight=weight), callbacks=[_Stopping(stop)])


def _margins(model: Any, count: int) -> Callable[[Array], Array]:
    """The library's own raw values of the first `count` trees."""

    def margins(x: Array) -> Array:
        found = model.predict(cart.learnable(x), prediction_type="RawFormulaVal", ntree_end=count, thread_count=1)
        return np.asarray(found, np.float64)

    return margins
