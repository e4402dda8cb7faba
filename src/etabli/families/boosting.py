"""What XGBoost and CatBoost share as families: settings from a portfolio file, ladders of numbers of trees (LightGBM's too), and targets (no
family of its own).

A portfolio's entry is one boosting run with a ladder of numbers of trees, which are its checkpoints. Numbers are learned on a
standardised target, because both libraries keep labels in float32 and their penalties depend on the target's scale; an objective
with a logarithm for link learns the target divided by its mean. A class that the training rows lack gets the margin of one row in n.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.records import Array, Data, Facts, Fitted, Link, Setting, Wants

PORTFOLIOS = Path(__file__).with_name("portfolios")
Kept = dict[str, Any]
Entry = Mapping[str, Any]


def settings(family: str, facts: Facts, capped: Callable[[Entry, Facts], dict[str, Any]]) -> list[Setting]:
    """The entries of the family's portfolio that fit the task and the data, each with its ladder. capped: their values, for so many rows."""
    made: dict[str, Setting] = {}
    for entry in json.loads((PORTFOLIOS / f"{family}.json").read_text(encoding="utf-8"))["settings"]:
        if not fits(entry, facts):
            continue
        for count in ladder(entry["trees"], facts):
            values = {**capped(entry["values"], facts), "n_estimators": count}
            title = f"{family} {entry['name']}, {count} trees"
            asked = {name: value for name, value in entry.get("wants", {}).items() if name != "categories" or facts.categories}
            setting = Setting(family, values, Wants(**asked), entry["name"], entry["origin"], title)
            made.setdefault(setting.hash, setting)
    return list(made.values())


def fits(entry: Entry, facts: Facts) -> bool:
    """Whether an entry of a portfolio is for this task and these data."""
    low, high = entry.get("rows", (0, None))
    return (
        facts.task in entry.get("tasks", (facts.task,))
        and facts.rows >= low
        and (high is None or facts.rows < high)
        and facts.categories >= entry.get("categories", 0)
        and facts.range in entry.get("ranges", (facts.range,))
        and facts.skewed >= entry.get("skewed", False)
    )


def ladder(counts: Sequence[int], facts: Facts) -> list[int]:
    """Fewer trees on little data and for many classes (each iteration grows one tree a class)."""
    most = 300 if facts.rows < 500 else 700 if facts.rows < 2_500 else 10_000
    if facts.task == "multiclass":
        most = min(most, max(counts[0], 8_000 // facts.classes))
    return [count for count in counts if count <= most]


@dataclass(frozen=True)
class Labels:
    """y: what the library learns. present: classes of the training rows (two stand-ins for numbers). raw = margin * scale + centre.
    outputs: of the family. places: the output of each of the library's margins."""

    y: Array
    present: Array
    centre: float
    scale: float
    link: Link
    outputs: int
    places: Array
    absent: float  # the margin of a class that no row has

    @property
    def kept(self) -> Kept:
        """What `write` needs."""
        return {"outputs": np.int64(self.outputs), "scale": np.float64(self.scale), "centre": np.float64(self.centre)}


def labels(data: Data, logarithm: bool = False) -> Labels:
    """Of a family's data. logarithm: the margin is the logarithm of the target divided by its mean."""
    absent = float(np.float32(-np.log(len(data.y) + 1.0)))
    if data.task == "regression":
        mean = float(np.average(data.y, weights=data.weight))
        if logarithm:
            mean = mean or 1.0
            return Labels(data.y / mean, np.arange(2), float(np.log(mean)), 1.0, "exp", 1, np.zeros(1, np.int64), absent)
        scale = float(np.sqrt(np.average((data.y - mean) ** 2, weights=data.weight))) or 1.0
        return Labels((data.y - mean) / scale, np.arange(2), mean, scale, "identity", 1, np.zeros(1, np.int64), absent)
    present, y = np.unique(data.y, return_inverse=True)
    if data.task == "binary":
        return Labels(y.astype(np.float64), present, 0.0, 1.0, "sigmoid", 1, np.zeros(1, np.int64), absent)
    return Labels(y.astype(np.float64), present, 0.0, 1.0, "softmax", data.classes, present, absent)


def constants(labels: Labels) -> trees.Trees:
    """Trees of one leaf for the classes that no row has."""
    made = trees.Trees()
    for target in np.setdiff1d(np.arange(labels.outputs), labels.places):
        made.constant(labels.absent, int(target))
    return made


def fitted(setting: Setting, flat: Kept, labels: Labels, margins: Callable[[Array], Array]) -> Fitted:
    """From the trees and the library's own margins ([rows] or [rows, classes present])."""

    def native(x: Array) -> Array:
        made = np.full((len(x), labels.outputs), labels.absent)
        made[:, labels.places] = np.reshape(margins(x), (len(x), len(labels.places)))
        return made if data_is_classes else made * labels.scale + labels.centre

    data_is_classes = labels.link in ("sigmoid", "softmax")
    return Fitted(setting, flat | labels.kept, labels.link, native, exact=True)


def alone(setting: Setting, labels: Labels, rows: int, kept: Kept) -> Fitted:
    """One class only: nothing to boost. The margin of one row in n + 2."""
    rare = float(np.float32(np.log(rows + 1.0)))
    if labels.outputs == 1:
        margins = np.array([rare if labels.present[0] == 1 else -rare])
    else:
        margins = np.where(np.arange(labels.outputs) == labels.present[0], 0.0, -rare)
    made = trees.Trees()
    for target, margin in enumerate(margins):
        made.constant(float(margin), target)
    return Fitted(setting, made.arrays() | kept | labels.kept, labels.link, lambda x: np.repeat(margins[None], len(x), axis=0), exact=True)


def prior(setting: Setting, labels: Labels, weight: Array | None, kept: Kept) -> Fitted:
    """No column has two values: the mean of a target of numbers, or the logarithms of the classes' shares."""
    margins = np.full(labels.outputs, labels.absent)
    if labels.link in ("identity", "exp"):
        margins[:] = 0.0
    else:
        shares = np.bincount(labels.y.astype(np.int64), weights=weight) / (len(labels.y) if weight is None else weight.sum())
        logs = np.log(shares)
        margins[labels.places] = logs[1] - logs[0] if labels.outputs == 1 else logs
    made = trees.Trees()
    for target, margin in enumerate(margins):
        made.constant(float(margin), target)
    return fitted(setting, made.arrays() | kept, labels, lambda x: np.repeat(margins[None, labels.places], len(x), axis=0))


def scaled(graph: Graph, margins: str, fitted: Fitted) -> str:
    """Raw outputs from margins ([rows, outputs] double): back to the target's own scale."""
    if fitted.link in ("sigmoid", "softmax"):
        return margins
    product = graph.op("Mul", margins, graph.const(float(fitted.arrays["scale"]), np.float64))
    return graph.op("Add", product, graph.const(float(fitted.arrays["centre"]), np.float64))
