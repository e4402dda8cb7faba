"""How the model fares by the levels of a column, on request (`--by COL`): the result's key `by` (words: `model/by.py`).

Any column of the file but the target will do, also one that the model never saw: `--ignore sex --by sex`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.judge import covered, groups
from etabli.judge.levels import Levels, levels
from etabli.model.by import told
from etabli.records import Array, Table
from etabli.work.assemble import Assembled
from etabli.work.material import Material
from etabli.work.verdict import Verdict

LEVEL = 0.9


def rows(material: Material, verdict: Verdict, assembled: Assembled) -> groups.Rows:
    """The winner's out-of-fold rows with what their intervals or sets hold at 90 %."""
    table, target, interval = verdict.table, material.target, assembled.composition.interval
    kind = getattr(interval, "kind", None)
    if target.task == "regression":
        wide = verdict.scores if assembled.ends is None else np.hstack([verdict.scores, assembled.ends])
        seen = covered.numbers(kind, table.y, wide, table.fold, LEVEL, table.weight) if kind else None
    else:
        by_class = bool(getattr(interval, "by_class", False))
        seen = covered.classes(by_class, table.y, verdict.scores, table.fold, len(target.classes), LEVEL, table.weight)
    hit, size = seen if seen is not None else (None, None)
    return groups.Rows(
        target.task, verdict.metric, table.y, verdict.scores, table.fold, table.weight, table.groups, material.cost, hit, size, LEVEL
    )


def by(columns: Sequence[str], material: Material, verdict: Verdict, seen: groups.Rows, seed: int) -> list[dict[str, Any]]:
    """An entry a column: see docs/result.md."""
    return [_by(material.table, name, material.target.classes, verdict.table.rows, seen, seed) for name in dict.fromkeys(columns)]


def _by(table: Table, name: str, classes: Sequence[str], taken: Array, seen: groups.Rows, seed: int) -> dict[str, Any]:
    column = table.column(name)
    return told(column, levels_of(table, name, taken), seen, classes, seed)


def levels_of(table: Table, name: str, taken: Array, fewest: int | None = None) -> Levels:
    """The levels of a column of the table, at these rows."""
    column, values = table.column(name), np.asarray(table.values[name])[taken]
    if column.is_double:
        return levels(values)
    return levels(values, table.levels[name]) if fewest is None else levels(values, table.levels[name], fewest)
