"""What the winner uses, how, and where it fails: asked of the models of the run folder, told as part of the result.

Nothing is fitted. What it uses is asked of the fold models on rows they did not see (`judge/importance.py`); how, of the final model,
or where that is the mean of its fold members, of each row's own (`moved.py`, `judge/effects.py`); where it fails is read from the
out-of-fold table (`judge/slices.py`).

How much is asked depends on the size of the graphs and never on the clock, so that a seed gives the same answer everywhere. Under a cap
each of the three is left out (null) when there is no time for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from etabli.judge import draws
from etabli.judge.cells import Cells
from etabli.judge.importance import REPEATS, givers, importances, worse
from etabli.judge.metrics import DEFAULTS, METRICS, Metric, labels
from etabli.judge.relations import groups as related_groups
from etabli.judge.relations import related
from etabli.judge.slices import Search, search
from etabli.records import Array
from etabli.work.answering import Asked, Model, cells_of, of_folds
from etabli.work.assemble import Assembled
from etabli.work.compare import Ground
from etabli.work.material import Material
from etabli.work.moved import effects, pairs
from etabli.work.race import Standing
from etabli.work.told import told
from etabli.work.verdict import Verdict

ROWS, FEWEST_ROWS = 2_000, 300
COLUMNS, SEARCHED = 40, 20  # columns that are exchanged, and that slices are made of; of more, those most related to the answer
SLICE_ROWS = 8_000
IMPORTANCE, EFFECTS, SLICES = 2.5, 1.5, 0.6  # seconds of one core that each may take, roughly
Fits = Callable[[float], bool]


def explanation(ground: Ground, verdict: Verdict, standing: Standing, assembled: Assembled, fits: Fits) -> dict[str, Any]:
    """The key `explanation` of the result (docs/result.md). fits: whether there is time for so many seconds of work."""
    material, table = ground.material, verdict.table
    groups = draws.blocks(len(table.y)) if ground.scores.split.forward and table.groups is None else table.groups
    chosen = _columns(material, verdict)
    made: dict[str, Any] = {"columns_left_out": len(material.used) - len(chosen), "slices": None, "importance": None, "effects": None}
    if fits(min(SLICES, 0.1 + 2e-4 * len(table.rows))):
        made["slices"] = _slices(ground, verdict, groups, chosen[:SEARCHED])
    models = of_folds(ground, verdict, standing)
    asked, taken = _asked(models, verdict, material, ROWS, ground.seed)
    each = asked.seconds * len(taken)  # one question about all rows
    if not fits(min(IMPORTANCE, 0.1 + REPEATS * each * len(chosen)) + asked.loading):
        return made
    made["importance"] = used = _importance(ground, verdict, asked, taken, None if groups is None else groups[taken], chosen)
    inside = assembled.inside or {}
    if "effects" in inside:  # an additive winner's curves are there already, exact
        return made
    if assembled.final == "refit":
        composition = assembled.composition
        asked = replace(asked, models={0: Model(material, composition.members, composition.calibrator)}, fold=np.zeros_like(asked.fold))
    if fits(min(1.5 * EFFECTS, 0.1 + 60 * each) + asked.loading * (assembled.final == "refit")):
        strongest = _strongest(used)
        weight = np.ones(len(taken)) if table.weight is None else table.weight[taken]
        unit = None if groups is None else groups[taken]
        made["effects"] = {
            "columns": effects(asked, material, strongest, weight, unit, EFFECTS, ground.seed),
            "pairs": pairs(asked, material, strongest, weight, EFFECTS / 2, ground.seed),
        }
    return made


def _cells(material: Material, name: str, rows: Array) -> Cells:
    column = material.table.column(name)
    return Cells(
        name, column.kind, np.asarray(material.table.values[name])[rows], None if column.is_double else material.table.levels[name]
    )


def _columns(material: Material, verdict: Verdict) -> list[str]:
    """The columns in use, those that are most related to the winner's answers first; no more than COLUMNS. Texts stay."""
    rows, scores = verdict.table.rows, verdict.scores
    if len(rows) > ROWS:
        step = len(rows) // ROWS
        rows, scores = rows[::step], scores[::step]
    if len(material.target.classes) > 2:
        answer = Cells("", "category", labels(scores), material.target.classes)
    else:
        answer = Cells("", "number", scores[:, 0])
    strength = {}
    for name in material.used:
        text = material.table.column(name).kind == "text"
        strength[name] = 1.0 if text else related(_cells(material, name, rows), answer)
    return sorted(material.used, key=lambda name: -strength[name])[:COLUMNS]


def _asked(models: dict[int, Model], verdict: Verdict, material: Material, limit: int, seed: int) -> tuple[Asked, Array]:
    """Out-of-fold rows with the models that did not see them, and their numbers in the table."""
    table = verdict.table
    taken = np.arange(len(table.rows))
    if len(taken) > limit:
        taken = np.sort(np.random.default_rng(seed).choice(len(taken), limit, replace=False))
    fold = table.fold[taken] if len(models) > 1 else np.full(len(taken), next(iter(models)))
    return Asked(models, fold, cells_of(material, table.rows[taken])), taken


# what it uses ----------------------------------------------------------------------------------------------------------


def _importance(
    ground: Ground, verdict: Verdict, asked: Asked, taken: Array, groups: Array | None, chosen: Sequence[str]
) -> dict[str, Any]:
    """{"rows", "repeats", "score", "columns", "groups"}."""
    table, metric = verdict.table, verdict.metric
    known = [_cells(ground.material, name, table.rows[taken]) for name in chosen]
    same = related_groups([cells for cells in known if cells.kind != "text"])
    plain = [cells.name for cells in known if cells.kind != "text"]
    together = [(tuple(plain[i] for i in members), strength) for members, strength in same]
    every: list[tuple[str, ...]] = [*((name,) for name in chosen), *(names for names, _ in together)]
    most = max(1.0, IMPORTANCE / (asked.seconds * len(every)))  # answers for each of them
    rows = int(min(len(taken), max(FEWEST_ROWS, most / 2)))
    repeats = int(min(REPEATS, max(2, most // rows)))
    part = np.sort(np.random.default_rng(ground.seed).choice(len(taken), rows, replace=False))
    fold, here = table.fold[taken[part]], taken[part]
    weight = None if table.weight is None else table.weight[here]
    y = table.y[here]

    def losses(scores: Array) -> Array:
        return metric.rows(y, scores, weight, fold)

    before = losses(asked.answers({}, part))
    given = givers(fold, repeats, ground.seed)
    after = np.empty((len(every), repeats, rows))
    for place, names in enumerate(every):
        source = part[given.ravel()]
        answers = asked.answers({name: asked.values[name][source] for name in names}, np.tile(part, repeats))
        after[place] = [losses(scores) for scores in answers.reshape(repeats, rows, -1)]
    found = importances(metric, before, after, given, None if groups is None else groups[part], ground.seed)
    lines = [{"value": one.value, "low": one.low, "high": one.high} for one in found]
    columns = [{"column": name, **line} for name, line in zip(chosen, lines, strict=False)]
    sets = [
        {"columns": list(names), "relation": strength, **line}
        for (names, strength), line in zip(together, lines[len(chosen) :], strict=True)
    ]
    return {
        "rows": rows,
        "repeats": repeats,
        "score": metric.report(float(before.mean())),
        "columns": sorted(columns, key=lambda one: -one["value"]),
        "groups": sorted(sets, key=lambda one: -one["value"]),
    }


def _strongest(used: dict[str, Any]) -> list[str]:
    """Columns worth a picture: their importance is above 0 beyond chance, or the strongest of a group whose is."""
    names = [one["column"] for one in used["columns"] if one["low"] > 0]
    order = [one["column"] for one in used["columns"]]
    names += [min(one["columns"], key=order.index) for one in used["groups"] if one["low"] > 0 and not set(one["columns"]) & set(names)]
    return sorted(names, key=order.index)


# where it fails --------------------------------------------------------------------------------------------------------


def _slices(ground: Ground, verdict: Verdict, groups: Array | None, chosen: Sequence[str]) -> dict[str, Any]:
    """{"metric", "rows", "looked", "list"}."""
    table, material = verdict.table, ground.material
    metric = verdict.metric if verdict.metric.exact else METRICS[DEFAULTS[material.target.task]]
    taken = np.arange(len(table.rows))
    if len(taken) > SLICE_ROWS:
        taken = np.sort(np.random.default_rng(ground.seed).choice(len(taken), SLICE_ROWS, replace=False))
    y, scores = table.y[taken], verdict.scores[taken]
    loss = metric.rows(y, scores)
    weight = None if table.weight is None else table.weight[taken]
    found = Search((), 0, np.inf)
    if np.isfinite(loss).all():
        columns = [_cells(material, name, table.rows[taken]) for name in chosen]
        found = search(columns, loss, weight, None if groups is None else groups[taken], ground.seed)
    lines = []
    for one in found.slices:
        ends = sorted(metric.report(end) for end in (max(one.low, min(0.0, float(loss.min()))), one.high))
        lines.append(
            {
                "where": told(one.conditions, material.table),
                "columns": [condition.column for condition in one.conditions],
                "rows": len(one.rows),
                "share": len(one.rows) / len(taken),
                "score": metric.report(one.loss),
                "low": ends[0],
                "high": ends[1],
                "elsewhere": metric.report(one.elsewhere),
                "constant": _constant(metric, y[one.rows], None if weight is None else weight[one.rows], scores.shape[1]),
            }
        )
    return {
        "metric": metric.name,
        "greater_is_better": metric.greater_is_better,
        "rows": len(taken),
        "looked": found.looked,
        "list": lines,
    }


def _constant(metric: Metric, y: Array, weight: Array | None, outputs: int) -> float:
    """What one and the same answer for all rows of the slice would score, had one known their mean (or their shares)."""
    if y.dtype.kind == "f":
        middle = np.median(y) if weight is None and metric.name == "mae" else np.average(y, weights=weight)
        score = np.full((len(y), 1), middle)
    else:
        shares = np.bincount(y, weight, max(2, outputs)) / (len(y) if weight is None else weight.sum())
        score = np.tile(shares[1:] if outputs == 1 else shares, (len(y), 1))
    return metric.value(y, score, weight)


__all__ = ["explanation", "worse"]
