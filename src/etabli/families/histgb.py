"""Histogram gradient boosting of scikit-learn, bit for bit.

A cousin of LightGBM: the same leaf-wise trees on columns cut into 255 bins, with native categories (sets of levels), missing values sent
where they help, directions and groups of interacting columns. It differs in its regularisation and in how it orders categories, so that
the two seldom make the same errors. One run serves every number of trees: it is continued from checkpoint to checkpoint (which gives the
same bits as one long run), and each setting is the run cut there.

Its gradients are float32, so numbers are learned on a standardised target. A skewed target that is nowhere negative is offered Poisson
deviance too, whose answer is the exponential of the sum: errors then count in proportion to the level. Its root sums are split among threads,
so it always fits in one: the bits do not depend on the cores. Columns of more than 255 levels come as target statistics instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, final

import numpy as np

from etabli.estimators import histgb as writing
from etabli.estimators.writing import Frame, Part
from etabli.families.family import Family, Stop
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Cost, Data, Facts, Feature, Fitted, Link, Setting, TaskKind, Wants

LEVELS = 255  # categories of a column that its bins can hold
STEP = 50  # iterations before the first look at the clock
WAYS: tuple[tuple[str, dict[str, Any], tuple[int, ...], str], ...] = (
    (
        "narrow",
        {"learning_rate": 0.05, "max_leaf_nodes": 15, "min_samples_leaf": 10, "l2_regularization": 1.0, "max_features": 0.5},
        (50, 100, 200, 400, 800),
        "etabli: small trees on half of the columns a split",
    ),
    ("default", {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20}, (25, 50, 100, 200, 400), "scikit-learn default"),
)
POISSON = {**WAYS[0][1], "loss": "poisson"}


@final
class HistGB(Family):
    """Gradient-boosted trees on binned columns."""

    name: ClassVar[str] = "histgb"
    title: ClassVar[str] = "Histogram boosting (scikit-learn)"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    citation: ClassVar[str] = "Friedman 2001; Ke et al. 2017; Pedregosa et al. 2011"
    rank: ClassVar[int] = 5
    kin: ClassVar[str] = "boosting"
    bagged: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    together: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "Hundreds of small trees, each correcting the sum of those before it, in scikit-learn's own implementation. As accurate as LightGBM on "
        "most tables, and a good partner of it; takes categories and missing values as they are."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """Two runs and their checkpoints, and a third with Poisson deviance for a skewed target that is nowhere negative."""
        ways = list(WAYS)
        if facts.task == "regression" and facts.range != "real" and facts.skewed:
            ways.insert(1, ("poisson", POISSON, WAYS[0][2], "etabli: narrow, with Poisson deviance"))
        most = 200 if facts.rows < 500 else 400 if facts.rows < 2_500 else 10_000
        if facts.task == "multiclass":
            most = min(most, max(50, 4_000 // facts.classes))
        wants = Wants(categories="target") if facts.largest_category > LEVELS else Wants()
        return [
            Setting(
                self.name,
                {**values, "min_samples_leaf": max(1, min(values["min_samples_leaf"], facts.rows // 40)), "max_iter": count},
                wants,
                path=name,
                origin=origin,
                title=f"{self.name} {name}, {count} trees",
            )
            for name, values, ladder, origin in ways
            for count in ladder
            if count <= most
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Histograms of every column for each tree. A path costs what its largest number of trees costs."""
        values = setting.values
        leaves = min(float(values["max_leaf_nodes"]), max(2.0, facts.rows / float(values["min_samples_leaf"])))
        width = facts.columns * (0.6 + 0.4 * float(values.get("max_features", 1.0)))
        tree = 3e-4 + facts.rows * (2.5e-8 + 9e-10 * width * np.log2(leaves + 1)) + 1.2e-5 * leaves + 2.5e-6 * leaves * width
        outputs = facts.classes if facts.task == "multiclass" else 1
        work = 0.04 + 2e-7 * facts.rows * facts.columns + float(values["max_iter"]) * outputs * tree
        return Cost(work=work, memory=20.0 * facts.rows * facts.columns + 5e7 + 300.0 * leaves * float(values["max_iter"]) * outputs)

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One number of trees; fewer when `stop` says so."""
        return _fit([setting], data, stop, partial=True)[0]

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One run to the largest number of trees. When `stop` ends it, the settings that are complete (perhaps none)."""
        return _fit(settings, data, stop, partial=False)

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Codes of the categories, the trees, and for numbers the target's scale."""
        kept = fitted.arrays
        known = dict(zip(kept["categories"].tolist(), np.split(kept["levels"], kept["bounds"]), strict=False))
        codes = writing.seen(self.name, graph, Frame((Part(x, int(kept["features"])),)), known)
        raw = trees.write(graph, codes, kept, int(kept["outputs"]))
        if fitted.link != "identity":
            return raw
        scaled = graph.op("Mul", raw, graph.const(float(kept["scale"]), np.float64))
        return graph.op("Add", scaled, graph.const(float(kept["centre"]), np.float64))


def _fit(settings: Sequence[Setting], data: Data, stop: Stop, partial: bool) -> list[Fitted]:
    """Fitted models in the order of `settings` (equal but for max_iter). partial: keep the largest even if cut short."""
    y, present, centre, scale = _targets(data, str(settings[0].values.get("loss", "squared_error")))
    if len(present) < 2:
        return [_constant(setting, data, present) for setting in settings]
    counts = [int(setting.values["max_iter"]) for setting in settings]
    categories = [place for place, feature in enumerate(data.features) if feature.levels > 0]
    order = writing.moved(data.x.shape[1], categories)
    model = _boost(settings[0], counts, y, data, stop, order)
    start, targets, outputs = _starts(model, data, present)
    flat, grown = writing.arrays(model._predictors, start, order, targets), len(model._predictors)
    levels = [np.asarray(level, np.float64) for level in writing.levels(model).values()]
    kept = {
        "categories": np.array(categories, np.int64),
        "levels": np.concatenate([np.zeros(0), *levels]),
        "bounds": np.cumsum([len(level) for level in levels], dtype=np.int64)[:-1],
        "features": np.int64(data.x.shape[1]),
        "outputs": np.int64(outputs),
        "scale": np.float64(scale),
        "centre": np.float64(centre),
    }
    return [
        _fitted(setting, trees.first(flat, outputs + count * len(targets)) | kept, _cut(model, count), order, start, targets, data)
        for setting, count in zip(settings, counts, strict=True)
        if count <= grown or partial
    ]


def _targets(data: Data, loss: str) -> tuple[Array, Array, float, float]:
    """(what scikit-learn learns, classes present (two stand-ins for numbers, none when Poisson has nothing to learn), centre, scale)."""
    if data.task != "regression":
        present, y = np.unique(data.y, return_inverse=True)
        return y, present, 0.0, 1.0
    if loss == "poisson":
        counted = data.y if data.weight is None else data.y * data.weight
        return data.y, np.arange(2 if data.y.min() >= 0 and counted.sum() > 0 else 0), 0.0, 1.0
    centre = float(np.average(data.y, weights=data.weight))
    scale = float(np.sqrt(np.average((data.y - centre) ** 2, weights=data.weight))) or 1.0
    return (data.y - centre) / scale, np.arange(2), centre, scale


def _boost(setting: Setting, counts: Sequence[int], y: Array, data: Data, stop: Stop, order: Array) -> Any:
    """The model, grown from checkpoint to checkpoint; at least to the first.

    It is given the columns in `order`, categories in front, where it would move them itself: scikit-learn (1.9) moves declared
    directions along, but not groups of interacting columns. A column of nothing but missing values, which it cannot cut, is constant.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    make = HistGradientBoostingRegressor if data.task == "regression" else HistGradientBoostingClassifier
    values = {name: value for name, value in setting.values.items() if name != "max_iter"}
    features = [data.features[place] for place in order]
    places = {int(place): number for number, place in enumerate(order)}
    together = [[places[place] for place in group] for group in data.together]
    x = data.x[:, order]
    x[:, np.isnan(x).all(axis=0)] = 0.0
    model = make(
        random_state=data.seed,
        early_stopping=False,
        warm_start=True,
        categorical_features=[number for number, feature in enumerate(features) if feature.levels > 0] or None,
        monotonic_cst=_directions(features) if data.task != "multiclass" else None,
        interaction_cst=_groups(together, len(features)) if together else None,
        **values,
    )
    weight = None if data.weight is None else data.weight * (len(y) / data.weight.sum())
    with threadpool_limits(1):
        looks = [STEP << place for place in range(8)]  # each costs a pass over all trees so far, so they are spaced by doubling
        for count in sorted({*counts, *[look for look in looks if look < max(counts)]}):
            model.set_params(max_iter=count).fit(x, y, sample_weight=weight)
            if stop():
                break
    return model


def _directions(features: Sequence[Feature]) -> list[int] | None:
    made = [feature.direction if feature.levels == 0 else 0 for feature in features]
    return made if any(made) else None


def _groups(together: Sequence[Sequence[int]], width: int) -> list[set[int]]:
    """The groups of columns that may interact; a column of none is alone."""
    named = {place for group in together for place in group}
    return [set(group) for group in together] + [{place} for place in range(width) if place not in named]


def _starts(model: Any, data: Data, present: Array) -> tuple[Array, Array, int]:
    """(start value of each output, the outputs of an iteration's trees, the number of outputs). A class that the training rows lack has
    the margin of one row in n + 1; of several classes of which two are there, the second's margin is the model's and the first's is zero."""
    base = np.ravel(model._baseline_prediction)
    if data.task != "multiclass":
        return base, np.zeros(1, np.int64), 1
    start = np.full(data.classes, -np.log(len(data.y) + 1.0))
    start[present] = 0.0
    targets = present if len(base) > 1 else present[1:]
    start[targets] = base
    return start, targets, data.classes


def _cut(model: Any, count: int) -> Any:
    short = copy(model)
    short._predictors = model._predictors[:count]
    return short


def _fitted(setting: Setting, kept: dict[str, Any], model: Any, order: Array, start: Array, targets: Array, data: Data) -> Fitted:
    scale, centre = float(kept["scale"]), float(kept["centre"])
    poisson = setting.values.get("loss") == "poisson"
    link: Link = {"binary": "sigmoid", "multiclass": "softmax", "regression": "exp" if poisson else "identity"}[data.task]

    def native(x: Array) -> Array:
        made = np.repeat(start[None], len(x), axis=0)
        made[:, targets] = model._raw_predict(x[:, order], n_threads=1)
        return made * scale + centre if link == "identity" else made

    return Fitted(setting, kept, link, native, exact=True)


def _constant(setting: Setting, data: Data, present: Array) -> Fitted:
    """Nothing to boost: one class (the margin of one row in n + 2), or counts that are all zero."""
    rare = np.log(len(data.y) + 1.0)
    if data.task == "regression":
        margins, link = np.array([-rare]), "exp"
    elif data.task == "binary":
        margins, link = np.array([rare if present[0] == 1 else -rare]), "sigmoid"
    else:
        margins, link = np.where(np.arange(data.classes) == present[0], 0.0, -rare), "softmax"
    made = trees.Trees()
    for target, margin in enumerate(margins):
        made.constant(float(margin), target)
    none = np.zeros(0, np.int64)
    kept = {"categories": none, "levels": np.zeros(0), "bounds": none, "features": data.x.shape[1], "outputs": len(margins)}
    arrays = made.arrays() | {name: np.asarray(value) for name, value in (kept | {"scale": 1.0, "centre": 0.0}).items()}
    return Fitted(setting, arrays, link, lambda x: np.repeat(margins[None], len(x), axis=0), exact=True)  # type: ignore[arg-type]
