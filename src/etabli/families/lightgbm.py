"""LightGBM: gradient-boosted trees with native categories and missing values, bit for bit.

One boosting run serves every number of trees: the settings of a path are the same booster cut at checkpoints, and its text is
parsed once by `estimators/lightgbm.py`, which also writes what LightGBM does to a value before it looks at a threshold (categories are
truncated towards zero, |x| <= float32(1e-35) is zero). Numbers are learned on a standardised target,
because LightGBM keeps labels in float32 and its L1 and L2 penalties depend on the target's scale.
Where no value of the target is below zero and a few large ones dwarf the rest, there are settings with a Poisson, Tweedie or gamma
deviance: the sum of the trees is then the logarithm of the expected value (nothing is transformed back), learned on the target
divided by its mean; the logarithm of that mean is added last, in double, as natively.
The settings are data: `portfolios/lightgbm.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np

from etabli.estimators import lightgbm as text
from etabli.families import boosting
from etabli.families.family import Family, Stop
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Fitted, Link, Setting, TaskKind, Wants

PORTFOLIO = Path(__file__).with_name("portfolios") / "lightgbm.json"
NOTHING = -36.0  # the logarithm given where every value is zero (2e-16)
FRUITLESS = 5  # iterations on end in which no tree could split: the run is over
Kept = dict[str, Any]


@final
class LightGBM(Family):
    """Gradient-boosted decision trees."""

    name: ClassVar[str] = "lightgbm"
    title: ClassVar[str] = "LightGBM (boosted trees)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("lightgbm",)
    citation: ClassVar[str] = "Ke et al. 2017; Friedman 2001"
    rank: ClassVar[int] = 5
    kin: ClassVar[str] = "boosting"
    head: ClassVar[bool] = True
    bagged: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    together: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Hundreds of small trees, each correcting the sum of those before it. Usually the most accurate on tables of a thousand rows and more; "
        "takes categories and missing values as they are."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """The portfolio's entries that fit the task and size, each with its ladder of numbers of trees (fitted as one run)."""
        made, seen = [], set()
        for entry in json.loads(PORTFOLIO.read_text(encoding="utf-8"))["settings"]:
            if boosting.fits(entry, facts):
                values = _capped(entry["values"], facts)
                for count in boosting.ladder(entry["trees"], facts):
                    wants = Wants(**entry.get("wants", {}))
                    setting = Setting(
                        self.name,
                        {**values, "n_estimators": count},
                        wants,
                        path=entry["name"],
                        origin=entry["origin"],
                        title=f"{self.name} {entry['name']}, {count} trees",
                    )
                    if setting.hash not in seen:
                        seen.add(setting.hash)
                        made.append(setting)
        return made

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Histograms of every column for each tree. A path costs what its largest number of trees costs."""
        values = setting.values
        width = facts.width * float(values.get("feature_fraction", 1.0))
        leaves = min(float(values.get("num_leaves", 31)), max(2.0, facts.rows / float(values.get("min_data_in_leaf", 20))))
        tree = 8e-5 + facts.rows * (3.3e-8 + 1.7e-9 * width * np.log2(leaves + 1)) + 1.7e-6 * leaves * width
        outputs = facts.classes if facts.task == "multiclass" else 1
        work = 0.03 + 2.5e-7 * facts.rows * facts.columns + float(values["n_estimators"]) * outputs * tree
        return Cost(work=work, memory=12.0 * facts.rows * facts.columns + 4e7 + 300.0 * leaves * float(values["n_estimators"]) * outputs)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One number of trees; fewer when `stop` says so."""
        return _fit([setting], data, stop, partial=True)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One run to the largest number of trees. When `stop` ends it, the settings that are complete (perhaps none)."""
        return _fit(settings, data, stop, partial=False)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """LightGBM's reading of values, the trees, and for numbers the target's scale."""
        kept = fitted.arrays
        x = text.seen(graph, x, int(kept["features"]), kept["categories"])
        raw = trees.write(graph, x, kept, int(kept["outputs"]))
        if fitted.link not in ("identity", "exp"):
            return raw
        scaled = graph.op("Mul", raw, graph.const(float(kept["scale"]), np.float64))
        return graph.op("Add", scaled, graph.const(float(kept["centre"]), np.float64))


# settings --------------------------------------------------------------------------------------------------------------


def _capped(values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Published values were tuned on thousands of rows: on fewer, leaves hold fewer rows and trees have fewer leaves."""
    made = dict(values)
    made["min_data_in_leaf"] = max(1, min(int(values.get("min_data_in_leaf", 20)), facts.rows // 40))
    made["num_leaves"] = max(2, min(int(values.get("num_leaves", 31)), max(4, facts.rows // 20)))
    if facts.categories:
        made["min_data_per_group"] = max(2, min(int(values.get("min_data_per_group", 100)), facts.rows // 40))
    else:
        for name in ("min_data_per_group", "cat_l2", "cat_smooth", "max_cat_to_onehot"):
            made.pop(name, None)
    return made


# fitting ---------------------------------------------------------------------------------------------------------------


def _fit(settings: Sequence[Setting], data: Data, stop: Stop, partial: bool) -> list[Fitted]:
    """Fitted models in the order of `settings` (equal but for n_estimators). partial: keep the largest even if cut short."""
    y, present, centre, scale = _targets(data, settings[0].values)
    counts = [int(setting.values["n_estimators"]) for setting in settings]
    kept: Kept = {
        "categories": np.array([i for i, feature in enumerate(data.features) if feature.levels > 0], np.int64),
        "features": np.int64(data.x.shape[1]),
        "outputs": np.int64(data.classes if data.task == "multiclass" else 1),
        "scale": np.float64(scale),
        "centre": np.float64(centre),
    }
    if len(present) == 1:  # nothing to boost: the margin of one row in n + 2, or the logarithm of nearly nothing
        return [_constant(setting, kept, data, int(present[0])) for setting in settings]
    booster, grown, finished = _boost(settings[0].values, max(counts), y, len(present), data, stop, kept["categories"])
    made, start = trees.Trees(), 0
    if data.task == "multiclass":
        for missing in np.setdiff1d(np.arange(data.classes), present):
            made.constant(-np.log(len(y) + 1.0), int(missing))
            start += 1
    text.parse(booster.model_to_string(), made, present if data.task == "multiclass" else np.zeros(1, np.int64))
    flat = made.arrays() | kept
    each = len(present) if data.task == "multiclass" else 1
    return [
        _fitted(setting, trees.first(flat, start + each * count), booster, count, present, data)
        for setting, count in zip(settings, counts, strict=True)
        if count <= grown or finished or partial
    ]


def _targets(data: Data, values: Mapping[str, Any]) -> tuple[Array, Array, float, float]:
    """(labels for LightGBM, classes present (two stand-ins for numbers), centre, scale)."""
    if data.task != "regression":
        present, y = np.unique(data.y, return_inverse=True)
        return y.astype(np.float64), present, 0.0, 1.0
    centre = float(np.average(data.y, weights=data.weight))
    if values.get("objective", "quantile") != "quantile":  # a logarithmic link: the centre is that of logarithms
        return (data.y / centre, np.array([0, 1]), float(np.log(centre)), 1.0) if centre > 0 else (data.y, np.zeros(1), NOTHING, 1.0)
    scale = float(np.sqrt(np.average((data.y - centre) ** 2, weights=data.weight))) or 1.0
    return (data.y - centre) / scale, np.array([0, 1]), centre, scale


def _boost(
    values: Mapping[str, Any], count: int, y: Array, classes: int, data: Data, stop: Stop, categories: Array
) -> tuple[Any, int, bool]:
    """(booster, iterations grown, whether no tree can split any more). At least one iteration is made."""
    import lightgbm

    params = {
        "objective": data.task,  # LightGBM's names are ours
        **{name: value for name, value in values.items() if name != "n_estimators"},
        "seed": data.seed,
        "deterministic": True,  # the same bits whatever the number of threads
        "force_col_wise": True,
        "num_threads": data.threads,
        "feature_pre_filter": False,
        "verbosity": -1,
        **({"num_class": classes} if data.task == "multiclass" else {}),
        **_constraints(data),
    }
    weight = None if data.weight is None else data.weight * (len(y) / data.weight.sum())
    known = lightgbm.Dataset(data.x, y, weight=weight, categorical_feature=[int(i) for i in categories], params=params, free_raw_data=True)
    booster, fruitless = lightgbm.Booster(params, known), 0
    while booster.current_iteration() < count:
        fruitless = fruitless + 1 if booster.update() else 0  # a fruitless iteration is taken back by LightGBM
        if fruitless >= FRUITLESS or stop():
            break
    booster.free_dataset()
    return booster, int(booster.current_iteration()), fruitless >= FRUITLESS


def _constraints(data: Data) -> dict[str, Any]:
    """What the user declared: directions (numbers and two classes) and which features may interact (the others with none).

    Directions are kept by LightGBM's basic method. Of 314 declared columns its advanced method broke 62 and its intermediate one 1, by up to
    18 % and 0.5 % of the scale; the basic one broke none of these and of 1 662 more, and fitted as well (mean squared error 0.540 of the variance; 0.535, 0.534).
    """
    made: dict[str, Any] = {}
    directions = [feature.direction if feature.levels == 0 else 0 for feature in data.features]
    if any(directions) and data.task != "multiclass":
        made |= {"monotone_constraints": directions, "monotone_constraints_method": "basic"}
    if data.together:
        alone = set(range(len(data.features))) - {place for group in data.together for place in group}
        made["interaction_constraints"] = [list(group) for group in data.together] + [[place] for place in sorted(alone)]
    return made


def _fitted(setting: Setting, kept: Kept, booster: Any, count: int, present: Array, data: Data) -> Fitted:
    outputs, scale, centre = int(kept["outputs"]), float(kept["scale"]), float(kept["centre"])
    link = _link(setting, data)
    used = present if data.task == "multiclass" else [0]
    absent = -np.log(len(data.y) + 1.0)

    def native(x: Array) -> Array:
        made = np.full((len(x), outputs), absent)
        made[:, used] = np.reshape(booster.predict(x, raw_score=True, num_iteration=count, num_threads=1), (len(x), len(used)))
        return made * scale + centre if link in ("identity", "exp") else made

    return Fitted(setting, kept, link, native, exact=True)


def _link(setting: Setting, data: Data) -> Link:
    if data.task == "regression":
        return "exp" if setting.values.get("objective", "quantile") != "quantile" else "identity"
    return "sigmoid" if data.task == "binary" else "softmax"


def _constant(setting: Setting, kept: Kept, data: Data, only: int) -> Fitted:
    made, rare = trees.Trees(), np.log(len(data.y) + 1.0)
    if data.task == "multiclass":
        margins = np.where(np.arange(data.classes) == only, 0.0, -rare)
    else:
        margins = np.array([NOTHING if data.task == "regression" else rare if only == 1 else -rare])
        kept = kept | {"centre": np.float64(0)}
    for target, margin in enumerate(margins):
        made.constant(float(margin), target)
    return Fitted(setting, made.arrays() | kept, _link(setting, data), lambda x: np.repeat(margins[None], len(x), axis=0), exact=True)
