"""What can be read in a winner that is simple: a decision tree as its questions, an additive model as one curve a column.

Both are read from the graphs that ship, not from the fitting library: the tree from its TreeEnsemble node, the curves by asking the
model with one column moving and everything else where it usually is (in an additive model that is the column's effect, exactly).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.model.compose import Part
from etabli.records import PREPARED, Array, Feature
from etabli.work.fitted import part
from etabli.work.material import Material

if TYPE_CHECKING:
    from etabli.work.compare import Ground
    from etabli.work.race import Standing
    from etabli.work.verdict import Verdict

ROWS, STEPS, COLUMNS, LEVELS = 2_000, 41, 8, 12
LEAVES, BESIDE = 40, 16  # a larger tree is not for reading, nor one beside another model


def inside(ground: Ground, verdict: Verdict, parts: Sequence[Part], features: Sequence[Feature]) -> dict[str, Any] | None:
    """{"tree": ...} or {"effects": [...]} of a winner that is one model, None for any other."""
    if len(verdict.members) != 1 or len(parts) != 1:
        return None
    family = ground.families[verdict.members[0].setting.family]
    rows = ground.scores.split.development
    rows = rows[:: max(1, len(rows) // ROWS)]
    if family.name == "tree":
        found = tree(parts[0], features, ground.material, rows)
        return None if found is None else {"tree": found}
    if family.additive:
        return {"effects": effects(parts[0], ground.material, rows)}
    return None


def beside(ground: Ground, verdict: Verdict, standing: Standing) -> dict[str, Any] | None:
    """The best decision tree that competed and can be read, beside a winner that cannot: {"name", "score", "winner", "tree"}; None where there
    is none. It is the model of the first fold. score, winner: of the tree and of the winner, on the rows that the tree was judged on (it may have
    left the race before the others)."""
    if len(verdict.members) == 1 and ground.families[verdict.members[0].setting.family].name == "tree":
        return None
    scores, rows = ground.scores, ground.scores.split.development
    rows = rows[:: max(1, len(rows) // ROWS)]
    known = [setting for name, setting in standing.settings.items() if setting.family == "tree" and scores.folds_of(name, standing)]
    order = np.argsort(verdict.table.rows, kind="stable")
    for setting in sorted(known, key=lambda setting: scores.loss(setting, standing)):
        folds = scores.folds_of(setting.hash, standing)
        place = standing.places[setting.hash][folds[0], 1.0]
        found = tree(part(ground, setting, place), prepared_features(ground, place[0]), ground.material, rows, BESIDE)
        if found is not None and "feature" in found:
            judged = scores.rows(folds)
            same = order[np.searchsorted(verdict.table.rows[order], judged)]
            y, weight = ground.material.target.y[judged], scores.weight(judged)
            column = scores.column(setting.hash, standing, folds)[0]
            ends = {"score": column, "winner": verdict.scores[same]}
            return {"name": setting.name, **{key: verdict.metric.value(y, S, weight) for key, S in ends.items()}, "tree": found}
    return None


def prepared_features(ground: Ground, place: str) -> tuple[Feature, ...]:
    """The features of the matrix that a task's models read."""
    from etabli.work.tasks import Task

    result = ground.journal.result(place)
    assert result is not None
    base = ground.journal.folder / "data" / "prepared" / f"{Task.from_json(result['task']).recipe}.json"
    return tuple(Feature(f["name"], tuple(f["source"]), f["levels"]) for f in json.loads(base.read_text(encoding="utf-8")))


def tree(made: Part, features: Sequence[Feature], material: Material, rows: Array, most: int = LEAVES) -> dict[str, Any] | None:
    """The tree as nested questions: {"feature", "split", "missing" (which way), "rows", "value", "yes", "no"}; leaves have no feature.
    value: a number, or a share for each class. None when it has more than `most` leaves."""
    import onnx
    from onnx import numpy_helper

    from etabli.data.feeds import feeds
    from etabli.graph.run import run

    model = onnx.load_from_string(made.graph)
    node = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
    found = {attribute.name: attribute for attribute in node.attribute}
    numbers = {name: list(attribute.ints) for name, attribute in found.items() if attribute.ints}
    split, weight = (numpy_helper.to_array(found[name].t) for name in ("nodes_splits", "leaf_weights"))
    roots, target = numbers["tree_roots"], numbers["leaf_targetids"]
    if len(weight) // len(roots) > most:
        return None
    x = run(made.prepared_coded, feeds(material.table, material.used, rows, coded=True))[PREPARED].astype(np.float32)

    def leaf_values(copies: Sequence[tuple[int, bool]]) -> list[float]:
        made = [0.0] * len(copies)
        for number, _ in copies:
            made[target[number]] = float(weight[number])
        return made

    def read(copies: Sequence[tuple[int, bool]], here: Array) -> dict[str, Any]:
        number, leaf = copies[0]
        if leaf:
            return {"rows": len(here), "value": leaf_values(copies)}
        feature = numbers["nodes_featureids"][number]
        values = x[here, feature].astype(np.float64)
        missing = bool(numbers["nodes_missing_value_tracks_true"][number]) if "nodes_missing_value_tracks_true" in numbers else False
        yes = np.where(np.isnan(values), missing, values <= split[number])
        ways = [
            [(numbers[f"nodes_{way}nodeids"][copy], bool(numbers[f"nodes_{way}leafs"][copy])) for copy, _ in copies]
            for way in ("true", "false")
        ]
        name = features[feature].name
        return {
            "feature": name,
            "split": float(split[number]),
            "missing": "yes" if missing else "no",
            "rows": len(here),
            "yes": read(ways[0], here[yes.astype(bool)]),
            "no": read(ways[1], here[~yes.astype(bool)]),
        }

    return read([(root, False) for root in roots], np.arange(len(rows)))


def effects(model: Part, material: Material, rows: Array) -> list[dict[str, Any]]:
    """Of each column, the change of the raw output as it moves (numbers: between its 1 % and 99 % quantiles; categories: its commonest
    levels), its mean over the rows taken off; the largest first. {"column", "kind", "x", "effect", "size", "slope" (of a straight line, else None)}."""
    from etabli.data.feeds import feeds
    from etabli.graph.run import run

    table, made = material.table, []
    middle = {name: _usual(np.asarray(table.values[name])[rows], table.column(name).is_double) for name in material.used}
    for name in material.used:
        column = table.column(name)
        if column.kind == "text":
            continue
        seen = np.asarray(table.values[name])[rows]
        if column.is_double:
            known = seen[~np.isnan(seen)]
            if not len(known):
                continue
            low, high = (float(end) for end in np.quantile(known, [0.01, 0.99]))
            steps = np.linspace(low, high, STEPS) if column.kind != "flag" else np.array([0.0, 1.0])
            share = (
                np.histogram(known, np.append(steps, np.inf))[0] if column.kind != "flag" else np.array([(known == 0).sum(), known.sum()])
            )
        else:
            counts = np.bincount(seen[seen >= 0], minlength=1)
            steps = np.argsort(-counts, kind="stable")[:LEVELS]
            steps = steps[counts[steps] > 0]
            share = counts[steps]
        if not len(steps):
            continue
        values = {other: np.repeat(middle[other], len(steps)) for other in material.used}
        values[name] = steps.astype(seen.dtype)
        moved = replace(table, rows=len(steps), values={**table.values, **values})
        prepared = run(model.prepared_coded, feeds(moved, material.used, coded=True))[PREPARED]
        raw = run(model.graph, {"X": prepared})["raw"][:, -1]
        effect = raw - np.average(raw, weights=np.maximum(share, 1e-9))
        size = float(np.sqrt(np.average(effect**2, weights=np.maximum(share, 1e-9))))
        label: list[Any] = steps.tolist() if column.is_double else [table.levels[name][int(code)] for code in steps]
        slope = _slope(steps, effect) if column.is_double and column.kind != "flag" else None
        made.append({"column": name, "kind": column.kind, "x": label, "effect": effect.tolist(), "size": size, "slope": slope})
    return sorted(made, key=lambda one: -one["size"])[:COLUMNS]


def _slope(x: Array, effect: Array) -> float | None:
    """The coefficient of a straight line, or None where the effect is none."""
    width = float(x[-1] - x[0])
    if not width > 0:
        return None
    slope = float(effect[-1] - effect[0]) / width
    line = effect[0] + slope * (x - x[0])
    return slope if np.abs(effect - line).max() <= 1e-6 * max(1e-12, np.ptp(effect)) else None


def _usual(values: Array, double: bool) -> Any:
    """The median, or the commonest level."""
    if double:
        known = values[~np.isnan(values)]
        return np.median(known) if len(known) else np.nan
    counts = np.bincount(values[values >= 0], minlength=1)
    return np.int32(counts.argmax()) if counts.sum() else np.int32(-1)
