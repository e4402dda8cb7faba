"""What every task of a run works on: the table, the target, the columns in use, and what the user knows beforehand.

Kept beside the table in the run folder, so that a worker needs nothing but the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from etabli.records import Array, Data, Facts, Feature, Table, Target, Wants
from etabli.work.directions import Together, directed, interacting
from etabli.work.journal import write_arrays


@dataclass(frozen=True)
class Material:
    """weight: float64 [rows] or None. used: names of the columns models may see. directions, together: see `directions.py`.
    class_weight: how much a row of each class counts in fitting alone, () for all alike. cost: [classes, classes] of the answer (column)
    where the truth is the row, or None. exposure: the column that the target was divided by, "" for none."""

    table: Table
    target: Target
    used: tuple[str, ...]
    weight: Array | None = None
    directions: Mapping[str, int] = field(default_factory=dict)
    together: Together = ()
    class_weight: tuple[float, ...] = ()
    cost: Array | None = None
    exposure: str = ""

    @property
    def bound(self) -> bool:
        """Whether crosses of columns are ruled out: they would mix a declared column with others."""
        return bool(self.directions or self.together)

    def data(self, x: Array, rows: Array, features: Sequence[Feature], seed: int, threads: int) -> Data:
        """What a family learns from: prepared rows x [rows, features] with their targets and weights."""
        y = self.target.y[rows]
        weight = None if self.weight is None else self.weight[rows]
        if self.class_weight:
            weight = (1.0 if weight is None else weight) * np.asarray(self.class_weight)[y]
        return Data(
            x=x,
            y=y,
            features=directed(features, self.directions),
            task=self.target.task,
            classes=len(self.target.classes),
            weight=weight,
            seed=seed,
            threads=threads,
            together=interacting(features, self.together),
        )


def facts_of(material: Material, rows: int, features: Sequence[Feature] = (), wants: Wants | None = None) -> Facts:
    """What families may know, of the raw columns (or of the prepared ones: those given, or those that `wants` will likely make)."""
    from etabli.data.preparation.categories import MOST_LEVELS
    from etabli.data.preparation.text import TERMS

    columns = [material.table.column(name) for name in material.used]
    categories = [column for column in columns if column.kind == "category"]
    text = [column.name for column in columns if column.kind == "text"]
    words = sum(feature.source[0] in text for feature in features)
    width = len(features) or len(columns)
    if wants is not None and not features:
        words = 0 if wants.text == "none" else min(TERMS, rows) * bool(text)
        shown = sum(min(column.distinct, MOST_LEVELS) for column in categories) if wants.categories == "one-hot" else len(categories)
        width = len(columns) - len(categories) - len(text) + shown + words + wants.crosses + wants.map + wants.clusters + wants.codes
    return Facts(
        task=material.target.task,
        classes=len(material.target.classes),
        rows=rows,
        columns=width,
        categories=len(categories),
        largest_category=max((column.distinct for column in categories), default=0),
        text=len(text),
        words=words,
        range=material.target.range,
        skewed=material.target.skewed,
        monotone=len(material.directions),
    )


def save_material(folder: Path, material: Material) -> None:
    """What workers need beside the table."""
    target = material.target
    facts = {
        "name": target.name,
        "task": target.task,
        "classes": list(target.classes),
        "used": list(material.used),
        "directions": dict(material.directions),
        "together": [list(group) for group in material.together],
        "class_weight": list(material.class_weight),
        "cost": None if material.cost is None else material.cost.tolist(),
        "exposure": material.exposure,
    }
    weight = material.weight if material.weight is not None else np.empty(0)
    write_arrays(folder / "data" / "target.npz", y=target.y, weight=weight, facts=np.array(json.dumps(facts)))


def load_material(folder: Path) -> Material:
    """What `save_material` kept, with the table memory-mapped."""
    from etabli.data.store import load

    with np.load(folder / "data" / "target.npz") as stored:
        facts, y, weight = json.loads(str(stored["facts"])), stored["y"], stored["weight"]
    target = Target(facts["name"], facts["task"], y, tuple(facts["classes"]))
    return Material(
        load(folder / "data"),
        target,
        tuple(facts["used"]),
        weight if len(weight) else None,
        facts["directions"],
        tuple(tuple(group) for group in facts["together"]),
        tuple(facts["class_weight"]),
        None if facts["cost"] is None else np.array(facts["cost"], np.float64),
        facts["exposure"],
    )


def per_exposure(table: Table, target: Target, name: str) -> tuple[Target, Array]:
    """(the target per unit of exposure, the exposure [rows]): a count model with the logarithm of the exposure as offset is the
    model of the rate with the exposure as weight (McCullagh & Nelder 1989, 6.2), for every family at once."""
    exposure = np.asarray(table.values[name], np.float64)
    return replace(target, y=target.y / exposure), exposure
