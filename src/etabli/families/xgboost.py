"""XGBoost: gradient-boosted trees with a second-order penalty, native categories and missing values, bit for bit.

Each tree is grown on the gradient and the curvature of the loss, level by level (or best leaf first) over histograms of the columns,
with penalties on the size of the leaves (`reg_lambda`, `reg_alpha`) and on their number. A missing value goes the way that the
training found better, categories are split into two sets, declared directions and groups of columns are obeyed. One run serves every
number of trees: the settings of a path are the same booster cut at checkpoints, and its JSON is read once
(`estimators/xgboost_trees.py`, where the rules that cost bit equality are). Everything is float32 in XGBoost, so values, splits,
leaves and the running sum are float32 in the file too; then the sum becomes a double on the target's own scale. One thread is used
always: histograms are added thread by thread, so that their last bits could depend on the number of threads.
The settings are data: `portfolios/xgboost.json`. On positive targets with a long tail, gamma and Tweedie losses are tried last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from etabli.estimators import xgboost_trees
from etabli.families import boosting, cart
from etabli.families.family import Family, Stop
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind

LOGARITHM = frozenset(["reg:gamma", "reg:tweedie", "count:poisson"])


@final
class XGBoost(Family):
    """Gradient-boosted decision trees."""

    name: ClassVar[str] = "xgboost"
    title: ClassVar[str] = "XGBoost (boosted trees)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("xgboost-cpu",)
    citation: ClassVar[str] = "Chen & Guestrin 2016"
    rank: ClassVar[int] = 5
    kin: ClassVar[str] = "boosting"
    bagged: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    together: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Hundreds of small trees, each correcting the sum of those before it, with penalties on large leaves. As accurate as LightGBM "
        "on tables, often on other ones; takes categories and missing values as they are."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """The portfolio's entries that fit the task and size, each with its ladder of numbers of trees (fitted as one run)."""
        return boosting.settings(self.name, facts, _capped)

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Histograms of every column for each level of each tree. A path costs what its largest number of trees costs."""
        values = setting.values
        width = facts.width * float(values.get("colsample_bytree", 1.0)) * float(values.get("colsample_bynode", 1.0))
        depth = float(values["max_depth"])
        leaves = min(2.0**depth, float(values.get("max_leaves", 1e9)), max(2.0, facts.rows / 4))
        tree = 2e-4 + facts.rows * (2e-8 + 1.7e-9 * width * np.log2(leaves + 1)) + 3e-6 * leaves * width
        outputs = facts.classes if facts.task == "multiclass" else 1
        work = 0.03 + 2.5e-7 * facts.rows * facts.columns + float(values["n_estimators"]) * outputs * tree
        return Cost(work=work, memory=16.0 * facts.rows * facts.columns + 4e7 + 500.0 * leaves * float(values["n_estimators"]) * outputs)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One number of trees; fewer when `stop` says so."""
        return _fit([setting], data, stop, partial=True)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One run to the largest number of trees. When `stop` ends it, the settings that are complete (perhaps none)."""
        return _fit(settings, data, stop, partial=False)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """XGBoost's reading of values, the trees in float32, and for numbers the target's scale."""
        kept = fitted.arrays
        single = xgboost_trees.read(graph, x, kept["categories"].tolist(), int(kept["features"]))
        margins = trees.write(graph, single, kept, int(kept["outputs"]), single=True)
        return boosting.scaled(graph, graph.op("Cast", margins, to=11), fitted)


def _capped(values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Published values were tuned on thousands of rows: on fewer, trees are shallower. Without categories theirs mean nothing."""
    made = dict(values)
    made["max_depth"] = max(2, min(int(made["max_depth"]), int(np.log2(max(facts.rows, 2) / 10 + 1))))
    if not facts.categories:
        made.pop("max_cat_to_onehot", None)
    return made


# fitting ---------------------------------------------------------------------------------------------------------------


def _fit(settings: Sequence[Setting], data: Data, stop: Stop, partial: bool) -> list[Fitted]:
    """Fitted models in the order of `settings` (equal but for n_estimators). partial: keep the largest even if cut short."""
    values = settings[0].values
    labels = boosting.labels(data, values.get("objective") in LOGARITHM)
    counts = [int(setting.values["n_estimators"]) for setting in settings]
    kept: boosting.Kept = {
        "categories": np.array([i for i, feature in enumerate(data.features) if feature.levels > 0], np.int64),
        "features": np.int64(data.x.shape[1]),
    }
    if len(labels.present) == 1:
        return [boosting.alone(setting, labels, len(data.y), kept) for setting in settings]
    booster, grown = _boost(values, max(counts), labels, data, stop)
    saved = xgboost_trees.learner(booster)
    made = boosting.constants(labels)
    starts = labels.outputs
    xgboost_trees.grow(made, saved, xgboost_trees.start(saved), targets=labels.places.tolist())
    flat = made.arrays() | kept
    return [
        boosting.fitted(setting, trees.first(flat, starts + len(labels.places) * count), labels, _margins(booster, data, count))
        for setting, count in zip(settings, counts, strict=True)
        if count <= grown or partial
    ]


def _boost(values: Mapping[str, Any], count: int, labels: boosting.Labels, data: Data, stop: Stop) -> tuple[Any, int]:
    """(booster, rounds grown). At least one round is made."""
    import xgboost

    plain = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[data.task]
    params = {
        "objective": plain,
        **{name: value for name, value in values.items() if name != "n_estimators"},
        "tree_method": "hist",
        "seed": data.seed,
        "nthread": 1,
        "verbosity": 0,
        **({"num_class": len(labels.present)} if data.task == "multiclass" else {}),
        **_constraints(data),
    }
    weight = None if data.weight is None else data.weight * (len(labels.y) / data.weight.sum())
    known = xgboost.QuantileDMatrix(
        cart.learnable(data.x),
        labels.y,
        weight=weight,
        feature_types=_types(data),
        enable_categorical=True,
        max_bin=int(values.get("max_bin", 256)),
        nthread=1,
    )
    booster = xgboost.Booster(params, [known])
    for grown in range(count):
        booster.update(known, grown)
        if stop():
            break
    return booster, int(booster.num_boosted_rounds())


def _types(data: Data) -> list[str]:
    return ["c" if feature.levels > 0 else "q" for feature in data.features]


def _constraints(data: Data) -> dict[str, Any]:
    """What the user declared: directions (numbers and two classes) and which features may interact (the others with none)."""
    made: dict[str, Any] = {}
    directions = [feature.direction if feature.levels == 0 else 0 for feature in data.features]
    if any(directions) and data.task != "multiclass":
        made["monotone_constraints"] = "(" + ",".join(map(str, directions)) + ")"
    if data.together:
        alone = set(range(len(data.features))) - {place for group in data.together for place in group}
        made["interaction_constraints"] = str([list(group) for group in data.together] + [[place] for place in sorted(alone)])
    return made


def _margins(booster: Any, data: Data, count: int) -> Any:
    """The library's own margins of the first `count` rounds."""
    types = _types(data)

    def margins(x: Array) -> Array:
        import xgboost

        rows = xgboost.DMatrix(cart.learnable(x), feature_types=types, enable_categorical=True, nthread=1)
        cut = (0, min(count, booster.num_boosted_rounds()))
        return np.asarray(booster.predict(rows, output_margin=True, iteration_range=cut), np.float64)

    return margins
