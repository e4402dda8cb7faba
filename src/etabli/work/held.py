"""`--guarantee split`: the quantiles of intervals and sets from rows that nothing has learned from.

The finished composition answers the rows held back; their errors, and nothing else, set the quantiles. Split conformal prediction
(Papadopoulos et al. 2002; Vovk, Gammerman & Shafer 2005; Lei et al. 2018) then covers a new row with a probability of at least the level,
and of at most the level plus 1 / (n + 1) where no two errors are equal, whatever the models and the data, as long as the new row might as
well have been one of those held back. What the shape of the interval needs (cells, widths) comes from the out-of-fold rows. Weights are not
used here: the theorem counts rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.errors import DataError
from etabli.judge import conformal, distribution, sets
from etabli.judge.coverage import Coverage
from etabli.judge.lookup import below
from etabli.model.compose import Composition
from etabli.records import Array, Split, Words
from etabli.work.material import Material

CELL = 20  # rows that each fifth of the prediction should have, or the width is the same everywhere
PARTS = 5  # in which coverage is measured
KNOTS = 20_000


@dataclass(frozen=True)
class Guarantee:
    """rows: held back. level: the file's default. low, high: between which the probability to cover a new row lies (high None: not
    bounded above). most: the highest level that so few rows carry. cell: the fewest rows of a cell (a class, a fifth of the prediction).
    by: "rows", "class" or "fifth". text: the same for people."""

    rows: int
    level: float
    low: float
    high: float | None
    most: float
    cell: int
    by: str
    text: Words


def guaranteed(
    composition: Composition, material: Material, split: Split, seed: int
) -> tuple[Composition, tuple[Coverage, ...], Guarantee]:
    """The composition with quantiles from the rows held back, what they covered in parts of each other, and what is guaranteed."""
    target, held = material.target, split.held
    y, S = target.y[held], scores(replace(composition, interval=None, distribution=None), material, held)
    fold = np.random.default_rng(seed).permutation(len(held)) % PARTS
    groups = None if split.groups is None else _groups(split, held)
    level = composition.confidence
    tails = 1
    learned: Any
    if target.task == "regression":
        shape = composition.interval
        wide = S if not composition.ends else np.hstack([S, scores_of(composition, material, held)])
        if shape.kind == "mondrian" and len(held) < CELL * (len(shape.edges) + 1):
            shape = replace(shape, kind="constant", edges=np.empty(0))
        learned = conformal.learn(shape.kind, y, wide, shape=shape, knots=KNOTS)
        covered = conformal.coverage(shape.kind, y, wide, fold, groups, shape=shape)
        cells = np.bincount(below(S[:, 0], shape.edges), minlength=len(shape.edges) + 1)
        by, tails = ("fifth" if len(cells) > 1 else "rows"), 2 if shape.kind == "normalised" else 1
        if composition.distribution is not None:
            composition = replace(
                composition, distribution=distribution.fit(composition.distribution.kind, y, S, shape=composition.distribution.shape)
            )
    else:
        learned = sets.fit(y, S, len(target.classes), None if composition.interval.by_class else False, knots=KNOTS)
        covered = sets.coverage(y, S, fold, len(target.classes), learned.by_class, names=target.classes, groups=groups)
        cells = np.bincount(y, minlength=len(target.classes)) if learned.by_class else np.array([len(y)])
        by = "class" if learned.by_class else "rows"
    fewest = int(cells.min())
    most = max(0.0, 1 - tails / (fewest + 1))
    if most < level - 1e-9:
        raise DataError(
            f"the rows held back must carry a level of {level:.0%}",
            f"{fewest} rows carry {most:.1%} at most",
            "give more rows, or leave --guarantee out",
        )
    high = level + tails / (fewest + 1) + (tails / KNOTS if cells.max() > KNOTS else 0.0) if target.task == "regression" else None
    told = Guarantee(len(held), level, level, None if high is None else min(1.0, high), most, fewest, by, {})
    told = replace(told, text=_words(told, split, weighed=material.weight is not None))
    return replace(composition, interval=learned), tuple(covered), told


def scores(composition: Composition, material: Material, rows: Array) -> Array:
    """The composition's final scores of rows of the table [n, outputs], per unit of exposure where there is one."""
    answer: dict[str, Any] = composition.answer(material.table, rows)
    if material.target.task == "regression":
        found = answer["prediction"]
        return np.asarray(found / np.asarray(material.table.values[material.exposure])[rows, None] if material.exposure else found)
    return np.asarray(answer["probability"][:, 1:] if material.target.task == "binary" else answer["probability"])


def scores_of(composition: Composition, material: Material, rows: Array) -> Array:
    """What the two quantile models say of rows of the table [n, 2]."""
    from etabli.data.feeds import feeds
    from etabli.graph.run import run
    from etabli.records import PREPARED

    fed = feeds(material.table, composition.columns, rows, coded=True)
    return np.hstack([run(one.graph, {"X": run(one.prepared_coded, fed)[PREPARED]})["score"] for one in composition.ends])


def _groups(split: Split, held: Array) -> Array | None:
    assert split.groups is not None
    found = split.groups[held]
    return None if (found < 0).all() else np.where(found < 0, -2 - np.arange(len(found)), found)


def _words(told: Guarantee, split: Split, weighed: bool = False) -> Words:
    """The guarantee in one sentence, with what it rests on."""

    digits = 1
    while told.high is not None and digits < 4 and round(100 * told.low, digits) == round(100 * told.high, digits):
        digits += 1

    def share(value: float) -> str:
        return f"{100 * value:.{digits}f}".rstrip("0").rstrip(".")

    low, high, n = share(told.low), "" if told.high is None else share(told.high), told.rows
    each = {
        "rows": ("", ""),
        "class": (" of each class", " de chaque classe"),
        "fifth": (" of each fifth of the prediction", " de chaque cinquième des prédictions"),
    }[told.by]
    between = (
        (f"between {low} and {high} %", f"comprise entre {low} et {high} %") if high else (f"of at least {low} %", f"d'au moins {low} %")
    )
    english = f"Split conformal: {n:,} rows, seen by nothing else, set the quantiles; a new row{each[0]} is covered with a probability {between[0]}"
    french = f"Conforme par partage : {n} lignes, que rien d'autre n'a vues, fixent les quantiles ; une nouvelle ligne{each[1]} est couverte avec une probabilité {between[1]}"
    if split.forward:
        english += ", if it might as well have been one of the newest rows held back: that time changes nothing is assumed"
        french += ", pourvu qu'elle ressemble aux plus récentes, mises de côté : on suppose que le temps ne change rien"
    elif split.kind == "grouped":
        english += ", if groups are as good as drawn at random and its group is like those held back"
        french += ", pourvu que les groupes soient comme tirés au hasard et le sien comme ceux mis de côté"
    else:
        english += ", if it might as well have been one of them"
        french += ", pourvu qu'elle soit tirée comme elles"
    if weighed:
        english += "; every row counts the same here, whatever its weight or exposure"
        french += " ; chaque ligne y compte autant, quels que soient son poids ou son exposition"
    return {"en": english + ".", "fr": french.replace(" %", "\u202f%").replace(".", ",") + "."}
