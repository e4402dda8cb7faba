"""New rows against the training rows, all columns together: can they be told apart, and what is the old score worth on them.

Dates are left out: rows that come later are later, and that alone says nothing of the rest (the column's drift does). A text counts
by its length. Levels of fewer than ten rows are one, so that names which never repeat do not look like news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.judge.metrics import DEFAULTS, metric
from etabli.judge.samples import too_small
from etabli.judge.worth import WARN, Worth, word, worth
from etabli.model.batch import doubles
from etabli.model.training import Training

if TYPE_CHECKING:
    from etabli.judge.domain import Domain
    from etabli.model.load import Model
    from etabli.records import Array

RARE, MOST = 10, 250
LEVELS = (0.01, 0.05, 0.1)


@dataclass(frozen=True)
class Shift:
    """auc: of a model that tells new rows from training rows, with its 95 % interval; null: the most that chance gives. differs: more than
    chance. columns: ({"column", "lost"}, ...), the AUC lost without a column, the largest first. rows: training rows there are;
    effective: as many as they are worth on rows like the new ones, share: of `rows`. alone: share of the new rows that hardly any
    training row is like. left_out: columns not looked at. source: "run" or "file". word: "expected", "at best" or "nothing": how far the old score may be trusted."""

    auc: float
    low: float
    high: float
    null: float
    differs: bool
    columns: tuple[Mapping[str, Any], ...]
    rows: int
    effective: float
    share: float
    alone: float
    left_out: tuple[str, ...]
    source: str
    word: str

    @property
    def warns(self) -> bool:
        """Whether it is worth a warning."""
        return self.differs and self.auc > WARN


@dataclass(frozen=True)
class Novel:
    """The novelty p-values of the new rows, which rows like the training rows have uniform. below: share at or below "0.01", "0.05", "0.1".
    excess: the most by which a share passes its level, p: the chance of that (one-sided Kolmogorov-Smirnov)."""

    below: Mapping[str, float]
    excess: float
    p: float


def novel(p: Array, trained: int) -> Novel | None:
    """Whether novelty p-values [n] are smaller than those of rows like the `trained` ones; None without any."""
    if not len(p):
        return None
    excess, chance = too_small(p, trained)
    return Novel({f"{level:g}": float(np.mean(p <= level)) for level in LEVELS}, excess, chance)


def shift(model: Model, old: Training, feeds: Mapping[str, Array], seed: int = 0) -> tuple[Shift, Worth | None] | None:
    """Compares the rows of `feeds` with the training rows; None with too few rows, or where scikit-learn is not installed."""
    try:
        from etabli.judge.domain import domain

        before, now, names, categorical, left = matrices(model, old.feeds, feeds)
        found = domain(before, now, categorical, seed, old.total)
    except ImportError:
        return None
    if found is None:
        return None
    columns = tuple({"column": names[place], "lost": lost} for place, lost in found.carried)
    made = Shift(
        found.auc,
        found.low,
        found.high,
        found.null,
        found.differs,
        columns,
        old.total,
        found.effective,
        found.share,
        found.alone,
        left,
        old.source,
        word(found),
    )
    return made, _worth(model, old, found, seed)


def _worth(model: Model, old: Training, found: Domain, seed: int) -> Worth | None:
    if "scores" not in old.judged or not model.card.get("honest"):
        return None
    card, task = model.card, model.card["task"]
    first = card.get("metric") or DEFAULTS[task]
    first = str(first["name"] if isinstance(first, Mapping) else first)
    stated = (card.get("cost") or {}).get("matrix")
    chosen = metric(first, task, None if stated is None else np.asarray(stated, np.float64))
    honest, judged = float(card["honest"]["value"]), old.judged
    return worth(chosen, judged["y"], judged["scores"], found, judged.get("weight"), judged.get("fold"), honest, seed)


def matrices(
    model: Model, old: Mapping[str, Array], new: Mapping[str, Array]
) -> tuple[Array, Array, tuple[str, ...], Array, tuple[str, ...]]:
    """(old [n, d], new [m, d], names, which are categories [d], columns left out)."""
    before, now, names, categorical, left = list[Any](), list[Any](), list[str](), list[bool](), list[str]()
    for (raw, then), (_, later) in zip(doubles(model, old), doubles(model, new), strict=True):
        if raw.kind == "date":
            left.append(raw.name)
            continue
        before.append(then)
        now.append(later)
        names.append(raw.name)
        categorical.append(False)
    kinds = {raw.name: raw.kind for raw in model.columns}
    for entry in model.card["inputs"]:
        if entry["type"] != "string":
            continue
        name = str(entry["columns"][0])
        cells = [side[str(entry["input"])][:, 0].tolist() for side in (old, new)]
        text = kinds[name] == "text"
        made = [np.array([len(cell) or np.nan for cell in side], np.float64) for side in cells] if text else _coded(*cells)
        before.append(made[0])
        now.append(made[1])
        names.append(name)
        categorical.append(not text)
    empty = (len(next(iter(old.values()))), len(next(iter(new.values()))))
    return (
        np.column_stack(before) if before else np.empty((empty[0], 0)),
        np.column_stack(now) if now else np.empty((empty[1], 0)),
        tuple(names),
        np.array(categorical, bool),
        tuple(left),
    )


def _coded(old: list[str], new: list[str]) -> list[Array]:
    """Level numbers, the commonest first; 0 for all the rare ones, NaN for missing."""
    levels, place, count = np.unique(np.array([*old, *new], dtype=str), return_inverse=True, return_counts=True)
    count = np.where(levels == "", 0, count)
    order = np.argsort(-count, kind="stable")[:MOST]
    number = np.zeros(len(levels))
    number[order] = np.where(count[order] >= RARE, np.arange(1, len(order) + 1), 0)
    number[levels == ""] = np.nan
    coded = number[place]
    return [coded[: len(old)], coded[len(old) :]]
